"""A new check of layouts is one value: made here, without a change in the package."""

import json
from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.small import small_design

from somaforge.flow.checks import drc
from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.workers import PartStore
from somaforge.flow.steps.drc import step
from somaforge.pdk.base import Pdk
from somaforge.pdk.layout_file import open_layout


def no_top(pdk: Pdk, layout: Path, top: str | None, report: Path, limit_s: float) -> dict[str, int]:
    """The highest conductor stays free, for whoever comes after."""
    opened = open_layout(layout, top)
    shapes = kdb.Region(opened.cell.begin_shapes_rec(opened.layout.layer(*pdk.layers["top"])))
    report.write_text(f"{shapes.count()} shapes\n")
    return {"top.free": shapes.count()}


TOY = LayoutCheck("top_free", "highest conductor", "shapes on the highest conductor; 0 to pass", no_top)


@pytest.mark.parametrize("shapes", [0, 2])
def test_a_new_check_counts_and_is_demanded(shapes: int, tmp_path: Path) -> None:
    spec = small_design().spec
    pdk = Context(spec, tmp_path, Inputs({}, {}), PartStore(tmp_path / "p", "k")).design.pdk
    layout = kdb.Layout()
    cell = layout.create_cell(spec.name)
    cell.shapes(layout.layer(*pdk.layers["strap"])).insert(kdb.Box(0, 0, 2000, 2000))
    for k in range(shapes):
        cell.shapes(layout.layer(*pdk.layers["top"])).insert(kdb.Box(0, 10_000 * k, 5000, 10_000 * k + 5000))
    (tmp_path / "made").mkdir()
    layout.write(str(tmp_path / "made/layout.gds"))
    (tmp_path / "out").mkdir()
    inputs = Inputs({"generate": tmp_path / "made"}, {"generate": ("layout.gds",)})
    made = step((drc.CHECK, TOY))
    metrics = made.action(Context(spec, tmp_path / "out", inputs, PartStore(tmp_path / "parts", "key")))
    assert metrics["drc__top_free__count"] == shapes
    assert metrics["drc__top_free__rules__count"] == 1
    assert metrics["drc__native__count"] == 0
    assert "drc__top_free__count" in made.checks
    assert set(made.outputs(spec)) <= {path.name for path in (tmp_path / "out").iterdir()}
    assert json.loads((tmp_path / "out/rules.json").read_text())["top_free"] == {"top.free": shapes}
