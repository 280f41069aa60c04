"""Every antenna rule: just enough charge to break it, by hand, and just too little."""

from pathlib import Path

import klayout.db as kdb
import pytest
from antenna_drawing import CUT_NM, GATE_UM2, WIRE_NM, charged
from drawing import Shapes, opened

from somaforge.flow.checks import antenna
from somaforge.pdk.antenna import AntennaRule
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.drc.antenna import ANTENNA
from somaforge.pdk.sky130.gds import DRAWN
from somaforge.pdk.sky130.process import SKY130

RULES = {rule.layer: rule for rule in ANTENNA}
SMALL_NM = 10


def broken(folder: Path, shapes: Shapes) -> set[str]:
    return {v.rule.name for v in antenna.check(SKY130, opened(folder / "case.gds", shapes)) if v.count}


def height_nm(rule: AntennaRule, ratio: float) -> float:
    """Of a wire with that ratio: 2 (height + width) thickness / gate area. Poly: with the strip that is the gate."""
    perimeter = ratio * GATE_UM2 / rule.thickness_um * 1000
    below = 2 * 700 if rule.layer == "poly" else 0
    return (perimeter - below) / 2 - WIRE_NM


@pytest.mark.parametrize("layer", [r.layer for r in ANTENNA if r.thickness_um])
def test_wires(tmp_path: Path, layer: str) -> None:
    rule = RULES[layer]
    limit = round(height_nm(rule, rule.limit))
    assert broken(tmp_path, charged(rule, limit + SMALL_NM)) == {rule.name}
    assert broken(tmp_path, charged(rule, limit - SMALL_NM)) == set()


@pytest.mark.parametrize("layer", list(CUT_NM))
def test_contacts(tmp_path: Path, layer: str) -> None:
    rule = RULES[layer]
    one_um2 = (CUT_NM[layer] / 1000) ** 2
    number = int(rule.limit * GATE_UM2 / one_um2 + 1e-9)
    assert broken(tmp_path, charged(rule, number + 1)) == {rule.name}
    assert broken(tmp_path, charged(rule, number - (number > 1))) == set()


@pytest.mark.parametrize("layer", ["li", "met1", "met3"])
def test_a_diode_raises_the_limit_by_slope_and_bonus(tmp_path: Path, layer: str) -> None:
    """1 um2 of n+ diffusion: 75 + 450 for li, 400 + 400 + 2200 for a metal. The li that joins it counts too."""
    rule = RULES[layer]
    assert rule.diode_slope is not None
    limit = round(height_nm(rule, rule.limit + rule.diode_slope + rule.diode_bonus))
    joint = 2000 if layer == "li" else 0
    assert broken(tmp_path, charged(rule, limit + SMALL_NM, "nsdm")) == {rule.name}
    assert broken(tmp_path, charged(rule, limit - SMALL_NM - joint, "nsdm")) == set()


def test_a_small_diode_has_its_bonus_and_little_more(tmp_path: Path) -> None:
    rule = RULES["met1"]
    limit = round(height_nm(rule, 400 + 400 * 0.09 + 2200))
    assert broken(tmp_path, charged(rule, limit + SMALL_NM, "nsdm", 300)) == {rule.name}
    assert broken(tmp_path, charged(rule, limit - SMALL_NM, "nsdm", 300)) == set()


def test_a_diode_does_not_help_poly(tmp_path: Path) -> None:
    rule = RULES["poly"]
    limit = round(height_nm(rule, rule.limit))
    assert broken(tmp_path, charged(rule, limit + SMALL_NM, "nsdm")) == {rule.name}


def test_a_net_on_the_substrate_is_not_checked(tmp_path: Path) -> None:
    rule = RULES["met1"]
    assert broken(tmp_path, charged(rule, 4_000_000)) == {rule.name}
    assert broken(tmp_path, charged(rule, 4_000_000, "psdm")) == set()


def test_gates_of_other_cells_share_the_charge(tmp_path: Path) -> None:
    """The gate in a cell below, the wire above it; twice the gates carry twice the wire."""
    rule = RULES["met1"]
    length = round(height_nm(rule, rule.limit)) + SMALL_NM
    for instances, expected in ((1, {rule.name}), (2, set())):
        whole = opened(tmp_path / "case.gds", charged(rule, length))
        layout, top = whole.layout, whole.layout.create_cell("top")
        wire = layout.layer(*DRAWN["met1"])
        box = whole.cell.bbox(wire)
        whole.cell.shapes(wire).clear()
        top.shapes(wire).insert(box)
        # The second one 10 um to the right, joined by a wire that alone has no more than 6 % of the limit.
        for k in range(instances):
            top.insert(kdb.CellInstArray(whole.cell, kdb.Trans(10_000 * k, 0)))
        top.shapes(wire).insert(kdb.Box(0, box.bottom, 10_000 * (instances - 1) + WIRE_NM, box.bottom + WIRE_NM))
        found = antenna.check(SKY130, OpenLayout(layout, top))
        assert {v.rule.name for v in found if v.count} == expected


def test_report_holds_rule_and_place(tmp_path: Path) -> None:
    rule = RULES["met2"]
    layout = tmp_path / "case.gds"
    opened(layout, charged(rule, 400_000))
    counts = antenna.run(SKY130, layout, "case", tmp_path / "antenna.lyrdb")
    assert list(counts) == [r.name for r in ANTENNA]
    assert counts["ar.met2.1"] == 1
    assert sum(counts.values()) == 1
    text = (tmp_path / "antenna.lyrdb").read_text()
    assert "met2 perimeter area over gate area" in text
