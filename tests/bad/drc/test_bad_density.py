"""Every density rule: a little too much metal, and a little less; the shuttle's deck agrees."""

from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow.checks import density
from somaforge.pdk.density import DensityRule
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.checks import SHUTTLE_DENSITY
from somaforge.pdk.sky130.drc.density import DENSITY
from somaforge.pdk.sky130.gds import DRAWN
from somaforge.pdk.sky130.process import SKY130

AREAS = [rule for rule in DENSITY if rule.window_um is None]
WINDOWS = [rule for rule in DENSITY if rule.window_um is not None]


def plate(edge_um: int, *parts: tuple[tuple[int, int], int, int]) -> OpenLayout:
    """A square macro with boundary; on each layer a plate of width and height (um) from the lower left corner."""
    layout = kdb.Layout()
    cell = layout.create_cell("macro")
    cell.shapes(layout.layer(*DRAWN["boundary"])).insert(kdb.Box(0, 0, edge_um * 1000, edge_um * 1000))
    for numbers, width, height in parts:
        cell.shapes(layout.layer(*numbers)).insert(kdb.Box(0, 0, width * 1000, height * 1000))
    return OpenLayout(layout, cell)


def broken(opened: OpenLayout) -> dict[str, int]:
    return {v.rule.name: v.count for v in density.check(SKY130, opened).violations if v.count}


@pytest.mark.parametrize("rule", AREAS, ids=[r.name for r in AREAS])
def test_whole_area(rule: DensityRule) -> None:
    limit = round(rule.limit * 100)
    few = {rule.name} | ({f"{rule.conductor}.window"} if limit > 70 and rule.conductor != "met5" else set())
    assert set(broken(plate(100, (DRAWN[rule.conductor], 100, limit + 1)))) == few
    assert broken(plate(100, (DRAWN[rule.conductor], 100, limit))) == {}


@pytest.mark.parametrize("rule", AREAS, ids=[r.name for r in AREAS])
def test_fill_counts_once(rule: DensityRule) -> None:
    limit = round(rule.limit * 100)
    half = (DRAWN[rule.conductor], 100, limit // 2)
    assert set(broken(plate(100, half, (rule.fill, 100, limit + 1)))) == {rule.name}
    assert broken(plate(100, half, (rule.fill, 100, limit))) == {}


@pytest.mark.parametrize("rule", WINDOWS, ids=[r.name for r in WINDOWS])
def test_one_full_window_in_an_empty_macro(rule: DensityRule) -> None:
    """491 of 700 um is 70.1 %, of 2 mm square it is 8.6 %; the next window holds a tenth less."""
    assert broken(plate(2000, (DRAWN[rule.conductor], 700, 491))) == {rule.name: 1}
    assert broken(plate(2000, (DRAWN[rule.conductor], 700, 490))) == {}


def test_shapes_of_cells_that_overlap_count_once() -> None:
    opened = plate(100, (DRAWN["met2"], 100, 60))
    below = opened.layout.create_cell("below")
    below.shapes(opened.layout.layer(*DRAWN["met2"])).insert(kdb.Box(0, 0, 100_000, 60_000))
    opened.cell.insert(kdb.CellInstArray(below, kdb.Trans()))
    assert density.check(SKY130, opened).covered["met2"] == 0.6


def test_without_boundary_the_bounding_box_counts() -> None:
    opened = plate(100, (DRAWN["met3"], 50, 50))
    opened.cell.shapes(opened.layout.layer(*DRAWN["boundary"])).clear()
    assert density.check(SKY130, opened).covered["met3"] == 1.0
    assert broken(opened) == {"met3.window": 1, "m3.pd.1d": 1}


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
def test_the_deck_of_the_shuttle_agrees(tmp_path: Path) -> None:
    opened = plate(100, (DRAWN["met1"], 100, 61), (DRAWN["met4"], 100, 60), (DRAWN["met5"], 37, 41))
    opened.layout.write(str(tmp_path / "macro.gds"))
    counts = density.run(SKY130, tmp_path / "macro.gds", "macro", tmp_path / "density.lyrdb")
    assert {name for name, n in counts.items() if n} == {"m1.pd.1d"}
    theirs = density.run_deck(SKY130, SHUTTLE_DENSITY, opened, 120.0)
    assert theirs == pytest.approx({"li": 0, "met1": 0.61, "met2": 0, "met3": 0, "met4": 0.6, "met5": 0.1517})
    # A datatype of met2 that the native table does not look at.
    opened.cell.shapes(opened.layout.layer(69, 7)).insert(kdb.Box(0, 0, 100_000, 61_000))
    opened.layout.write(str(tmp_path / "macro.gds"))
    counts = density.run(SKY130, tmp_path / "macro.gds", "macro", tmp_path / "density.lyrdb")
    assert {name for name, n in counts.items() if n} == {"m1.pd.1d", "m2.pd.1d"}
