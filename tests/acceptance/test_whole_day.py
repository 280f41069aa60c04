"""What a person with the wheel and without the repository can do, as issue and docs promise it, on the example of one's
own data in its full size: make nightly."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.browser import opened
from tests.generator.test_librelane import loads
from tests.wheel import Place

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.needs_pdk,
    pytest.mark.needs_ngspice,
    pytest.mark.needs_klayout_app,
    pytest.mark.needs_netgen,
]
HOUR_S = 3600.0
GDSFACTORY = """\
import gdsfactory as gf
import somaforge

first = somaforge.Project("mine/own.yaml").component()
second = somaforge.Project("second.yaml").component()
both = gf.Component("both")
left, right = both << first, both << second
right.xmin = left.xmax + 20
both.write_gds("own_both.gds", with_metadata=False)
"""


@pytest.fixture(scope="module")
def run(place: Place, own: Path) -> Path:
    """The run folder of the example: a table through 10-8-4 with 4 bits to a verdict."""
    done = place.somaforge("run", str(own / "own.yaml"), "--out", "run", seconds=3 * HOUR_S)
    assert (done.returncode, done.stderr) == (0, "")
    return place.folder / "run"


def test_the_macro_is_signed_off(place: Place, run: Path) -> None:
    verdict = json.loads((run / "final/signoff.json").read_text())
    assert {result["status"] for result in verdict["results"]} == {"pass"}
    layers = yaml.safe_load((place.folder / "mine/own.yaml").read_text())["array"]
    assert (layers["layers"], layers["bits"]) == ([10, 8, 4], 4)
    done = place.somaforge("verify", "run")
    assert done.returncode == 0, done.stderr
    for view in ("gds/own.gds", "lef/own.lef", "spice/own.spice", "cdl/own.cdl", "chips/1/weights.bit"):
        assert (run / "final" / view).is_file(), view


@pytest.mark.needs_chromium
def test_the_report_is_read_in_a_browser(run: Path, tmp_path: Path) -> None:
    with opened(tmp_path / "profile", run / "final/report/signoff.html") as page:
        page.wait("document.getElementById('viewer')?.dataset.ready === 'yes'")
        assert page.js("document.querySelector('.verdict').textContent") == "PASSED"
        before = float(page.js("document.getElementById('viewer').dataset.scale"))
        page.js("document.querySelector('[data-part=in]').click()")
        page.wait(f"+document.getElementById('viewer').dataset.scale > {1.4 * before}")
        page.js("document.querySelector('[data-part=search]').focus()")
        page.type("own__synapse\n")
        page.wait("document.getElementById('viewer').dataset.selected === 'own__synapse'")
        assert "112 places" in page.js("document.querySelector('[data-part=about]').textContent"), "10 x 8 and 8 x 4"
        assert page.errors == []


def test_it_lies_beside_a_second_macro_in_gdsfactory(place: Place, own: Path) -> None:
    place.script(GDSFACTORY)
    done = place.somaforge("drc", "--layout", "own_both.gds", "--top", "both", "--deck", "native")
    assert done.returncode == 0, done.stderr


def hard(place: Place, source: Path, name: str) -> None:
    """The steps to hard_macro of a spec that asks for the macro of a digital flow, in blocks/<name>."""
    spec: dict[str, Any] = yaml.safe_load(source.read_text())
    spec |= {"name": name, "chip": {"hard_macro": True}}
    spec["array"]["port"] = "scan"
    path = source.with_name(f"{name}.yaml")
    path.write_text(yaml.safe_dump(spec))
    short = ("--until", "hard_macro", "--skip", "pex")
    done = place.somaforge("run", str(path), "--out", f"blocks/{name}", *short, seconds=HOUR_S)
    assert (done.returncode, done.stderr) == (0, "")


def test_librelane_takes_it_beside_a_second_macro(place: Place, own: Path) -> None:
    hard(place, own / "own.yaml", "network")
    hard(place, place.folder / "second.yaml", "helper")
    assert place.somaforge("init", "hard_macro", "--out", "lane").returncode == 0
    config: dict[str, Any] = yaml.safe_load((place.folder / "lane/config.yaml").read_text())
    macro = json.dumps(config["MACROS"]["iris_macro"]).replace("dir::run/final/hard_macro", "dir::iris")
    config["MACROS"] = {}
    blocks = place.folder / "blocks"
    for number, name in enumerate(("network", "helper")):
        (step,) = (blocks / name).glob("*-hard_macro")
        shutil.copytree(step / "hard_macro", blocks / "config" / name)
        mine = json.loads(macro.replace("iris", name))
        mine["instances"] = {f"u_{name}": {"location": [50, 50 + 200 * number], "orientation": "N"}}
        config["MACROS"][f"{name}_macro"] = mine
    config["PDN_MACRO_CONNECTIONS"] = [f"u_{name} VPWR VGND vdd gnd" for name in ("network", "helper")]
    config["VERILOG_FILES"] = ["dir::top.v"]
    (blocks / "config/top.v").write_text(
        "module flower(); network_macro u_network(); helper_macro u_helper(); endmodule\n"
    )
    (blocks / "config/config.yaml").write_text(yaml.safe_dump(config))
    done = loads(blocks / "config/config.yaml")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["macros"] == {"network_macro": ["u_network"], "helper_macro": ["u_helper"]}


@pytest.mark.parametrize("name", ["train", "change_a_cell"])
def test_the_notebooks_as_they_come(place: Place, own: Path, name: str) -> None:
    program = str(Path(__file__).with_name("notebook.py"))
    done = place.run(str(place.python), program, str(own / f"{name}.ipynb"), seconds=2 * HOUR_S)
    assert done.returncode == 0, done.stderr[-3000:]
    if name == "train":
        assert "chip 10:" in done.stdout
        assert (own / "chip_1.bit").is_file()
    else:
        assert "drc__precheck__count 0" in done.stdout
        assert "lvs__mismatches__count 0" in done.stdout
