"""The layout viewer: what lies in the page is the layout, and a browser shows it, zooms, and finds cells and nets."""

import base64
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import klayout.db as kdb
import pytest
from tests.browser import Page, opened
from tests.flow.report.example import HOSTILE, made_layout, made_run

from somaforge.flow.checks import drc
from somaforge.flow.report import build
from somaforge.flow.report.data import RunData
from somaforge.flow.report.layout.nets import nets
from somaforge.flow.report.layout.scene import packed, scene
from somaforge.flow.report.layout.viewer import viewer
from somaforge.pdk.extraction import extract
from somaforge.pdk.sky130.process import SKY130

RULE = next(rule for rule in SKY130.checks.native.rules if rule.name == "m1.2")
READY = "document.getElementById('viewer')?.dataset.ready === 'yes'"


def with_folders(folder: Path) -> RunData:
    """The made-up run with a layout whose wires were extracted, and a rule that three places break."""
    run = made_run(folder)
    made_layout(folder / "layout.gds", run.spec.name, SKY130)
    extraction = extract(folder / "layout.gds", run.spec.name, by=SKY130.checks.connectivity)
    for name in ("lvs", "drc"):
        (folder / name).mkdir()
    extraction.lvs.write(str(folder / "lvs/lvs.lvsdb"))
    markers = tuple(kdb.DPolygon(kdb.DBox(x, 1, x + 0.1, 1.3)) for x in (3.0, 6.0, 9.0))
    found = [drc.Violations(RULE, 3, markers)]
    drc.write_report(folder / "drc/drc_native.lyrdb", run.spec.name, HOSTILE, found)
    folders = {**run.folders, "lvs": folder / "lvs", "drc": folder / "drc"}
    return replace(run, folders=folders, rules={**run.rules, "native": {RULE.name: 3, HOSTILE: 1}})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return with_folders(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def shown(made: RunData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    build.write(made, folder)
    return folder / "signoff.html"


def flat(found: dict[str, Any], layer: str) -> kdb.Region:
    """The shapes of a layer of a scene, placed as its numbers say."""
    index = next(str(k) for k, one in enumerate(found["layers"]) if one["name"] == layer)
    region = kdb.Region()

    def place(cell: dict[str, Any], at: kdb.ICplxTrans) -> None:
        for s in cell["shapes"].get(index, []):
            points = [kdb.Point(x, y) for x, y in zip(s[::2], s[1::2], strict=True)]
            shape = kdb.Polygon(kdb.Box(*s)) if len(s) == 4 else kdb.Polygon(points)
            region.insert(shape.transformed(at))
        for child, turn, x, y, *rest in cell["places"]:
            columns, rows, ax, ay, bx, by = rest or (1, 1, 0, 0, 0, 0)
            for i in range(columns):
                for j in range(rows):
                    inner = kdb.Trans(turn % 4, turn > 3, x + i * ax + j * bx, y + i * ay + j * by)
                    place(found["cells"][child], at * kdb.ICplxTrans(inner))

    place(found["cells"][0], kdb.ICplxTrans())
    return region


def test_what_lies_in_the_page_is_the_layout(made: RunData) -> None:
    found = scene(SKY130, made.folders, made.spec.name, 1.0)
    assert json.loads(gzip.decompress(base64.b64decode(packed(found)))) == found
    layout = kdb.Layout()
    layout.read(str(made.folders["generate"] / "layout.gds"))
    for layer in ("inner", "well", "n_implant"):
        drawn = kdb.Region(layout.top_cell().begin_shapes_rec(layout.layer(*SKY130.layers[layer])))
        assert not drawn.is_empty()
        assert (flat(found, layer) ^ drawn).is_empty(), layer
    assert [one["name"] for one in found["layers"]] == ["well", "inner", "n_implant"]
    assert [one["shown"] for one in found["layers"]] == [True, True, False]
    assert found["labels"] == [["in_0", 1500, 1100]]
    assert [(rule["rule"], rule["count"], rule["places"][0]) for rule in found["rules"]] == [
        ("m1.2", 3, [3000, 1000, 3100, 1300])
    ]


def test_a_net_has_its_wire_and_no_other(made: RunData) -> None:
    found = scene(SKY130, made.folders, made.spec.name, 1.0)
    (net,) = [net for net in found["nets"] if net["name"] == "in_0"]
    assert net["shapes"] == {"1": [[1000, 1000, 3000, 1300]]}
    assert net["whole"]
    assert scene(SKY130, made.folders, made.spec.name, 1e6)["nets"] == [], "of a large macro"
    assert nets(SKY130, made.folders["lvs"] / "lvs.lvsdb", "another", ["inner"]) == []


def test_a_layout_that_cannot_be_read_leaves_the_picture(made: RunData, tmp_path: Path) -> None:
    (tmp_path / "layout.gds").write_bytes(b"no layout")
    bare = replace(made, folders={**made.folders, "generate": tmp_path})
    found = viewer(bare)
    assert (found.scene, found.told.startswith("The layout viewer is missing: layout ")) == ("", True)


def data(page: Page, name: str) -> str:
    return str(page.js(f"document.getElementById('viewer').dataset.{name}"))


@pytest.mark.needs_chromium
def test_a_browser_shows_zooms_and_finds(shown: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "profile", shown) as page:
        page.wait(READY)
        before = float(data(page, "scale"))
        x, y = page.middle("#viewer canvas")
        turn = "new WheelEvent('wheel', {deltaY: -600, cancelable: true})"
        left = page.js(f"document.querySelector('#viewer canvas').dispatchEvent({turn})")
        assert left, "the page scrolls until the layout is clicked"
        assert float(data(page, "scale")) == before
        page.click(x, y)
        page.wheel(x, y, -600)
        page.wait(f"+document.getElementById('viewer').dataset.scale > {2 * before}")
        page.js("document.querySelector('[data-part=search]').focus()")
        page.type("iris__child\n")
        page.wait("document.getElementById('viewer').dataset.selected === 'iris__child'")
        assert "7 places" in page.js("document.querySelector('[data-part=about]').textContent")
        page.js("document.querySelector('[data-part=search]').value = ''")
        page.type("in_0\n")
        page.wait("document.getElementById('viewer').dataset.selected === 'in_0'")
        page.js("document.querySelector('.fail a').click()")
        page.wait("document.getElementById('viewer').dataset.selected === 'm1.2'")
        assert abs(float(data(page, "x")) - 3050) < 1
        page.js("document.querySelector('[data-part=next]').click()")
        page.wait("Math.abs(document.getElementById('viewer').dataset.x - 6050) < 1")
        page.picture(tmp_path / "seen.png")
        assert (tmp_path / "seen.png").stat().st_size > 10_000
        assert page.errors == []


@pytest.mark.needs_chromium
def test_where_too_much_is_in_view_the_picture_stands_in(shown: Path, tmp_path: Path) -> None:
    """As in a large macro: from near there are shapes again, though the top cell has as many as before."""
    text = re.sub(r"<meta http-equiv=[^>]*>", "", shown.read_text())
    (tmp_path / "large.html").write_text(text.replace("MOST_SHAPES = 120000", "MOST_SHAPES = 10"))
    with opened(tmp_path / "profile", tmp_path / "large.html") as page:
        page.wait(READY)
        page.wait("document.getElementById('viewer').dataset.mode === 'picture'")
        assert page.js("document.querySelector('[data-part=detail]').textContent") == "picture: zoom in for layers"
        for _ in range(12):
            page.js("document.querySelector('[data-part=in]').click()")
        page.wait("document.getElementById('viewer').dataset.mode === 'shapes'")
        assert page.errors == []


@pytest.mark.needs_chromium
def test_no_other_script_runs_and_errors_are_seen(shown: Path, tmp_path: Path) -> None:
    """What a stranger's name could bring into the page; and the test above can fail."""
    text = shown.read_text().replace("<header>", "<header><script>document.title = 'hostile'</script>", 1)
    (tmp_path / "hostile.html").write_text(text)
    with opened(tmp_path / "profile", tmp_path / "hostile.html") as page:
        page.wait(READY)
        assert page.js("document.title") == "iris: failed"
        assert any("Content Security Policy" in error for error in page.errors)
