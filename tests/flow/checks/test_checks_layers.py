"""Layers that no rule looks at are named and are not clean; labels, pins and outlines are no masks."""

import json
from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow import cli
from somaforge.flow.checks import drc
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.gds import DRAWN, LABELS, LAYERS, PINS, SUBSTRATE_LABEL
from somaforge.pdk.sky130.process import SKY130
from somaforge.pdk.sky130.purposes import NO_MASK, WITHOUT_RULES

SQUARE = kdb.Box(0, 0, 2000, 2000)


def _layout(*layers: tuple[int, int], dbu: float = 0.001) -> OpenLayout:
    """Clean met1 in the top cell, and a square on each of `layers` in a cell below it."""
    layout = kdb.Layout()
    layout.dbu = dbu
    top, below = layout.create_cell("top"), layout.create_cell("below")
    top.shapes(layout.layer(*DRAWN["met1"])).insert(SQUARE)
    for numbers in layers:
        below.shapes(layout.layer(*numbers)).insert(SQUARE)
    top.insert(kdb.CellInstArray(below.cell_index(), kdb.Trans(10_000, 0)))
    return OpenLayout(layout, top)


def test_the_lists_do_not_contradict_each_other() -> None:
    rules = set(LAYERS.values()) - {DRAWN["boundary"]}
    assert drc.looked_at(SKY130.checks.native) == rules
    assert not rules & NO_MASK.keys()
    assert not (rules | NO_MASK.keys()) & WITHOUT_RULES.keys()
    assert all(len(reason) > 10 for _, reason in NO_MASK.values())
    assert {*PINS.values(), *LABELS.values(), SUBSTRATE_LABEL, DRAWN["boundary"]} <= NO_MASK.keys()


@pytest.mark.parametrize(
    ("numbers", "named"),
    [
        ((82, 64), "82/64 (vpp capacitor)"),
        ((81, 2), "81/2 (areaid.ce, memory core with rules of its own)"),
        ((36, 28), "36/28 (met1 fill)"),
        ((74, 22), "74/22 (uhvi, 20 V)"),
        ((68, 21), "68/21 (no layer of sky130 known here)"),
        ((200, 7), "200/7 (no layer of sky130 known here)"),
    ],
)
def test_a_layer_without_rules_is_named(numbers: tuple[int, int], named: str) -> None:
    assert drc.unchecked(SKY130, _layout(numbers)) == (named,)


def test_what_carries_no_mask_is_left_alone() -> None:
    assert drc.unchecked(SKY130, _layout(*NO_MASK, *LAYERS.values())) == ()


def test_any_shape_counts_and_text_does_not() -> None:
    opened = _layout()
    shapes = opened.cell.shapes(opened.layout.layer(200, 0))
    shapes.insert(kdb.Text("note", kdb.Trans(0, 0)))
    assert drc.unchecked(SKY130, opened) == ()
    for number, shape in enumerate((kdb.Path([kdb.Point(0, 0), kdb.Point(900, 0)], 10), SQUARE, kdb.Polygon(SQUARE))):
        opened.cell.shapes(opened.layout.layer(201 + number, 0)).insert(shape)  # type: ignore[call-overload]
    assert [layer.split()[0] for layer in drc.unchecked(SKY130, opened)] == ["201/0", "202/0", "203/0"]


def test_cells_that_the_top_does_not_call_do_not_count() -> None:
    opened = _layout()
    other = opened.layout.create_cell("other")
    other.shapes(opened.layout.layer(200, 0)).insert(SQUARE)
    assert drc.unchecked(SKY130, opened) == ()


@pytest.mark.parametrize("deck", ["native", "antenna"])
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], deck: str) -> None:
    path = tmp_path / "odd.gds"
    _layout((82, 64), (201, 3)).layout.write(str(path))
    code = cli.run(["drc", "--layout", str(path), "--top", "top", "--deck", deck, "--json"])
    printed = capsys.readouterr()
    data = json.loads(printed.out)
    if deck == "antenna":
        assert code == 0
        assert "drc__unchecked_layers__count" not in data
        return
    assert code == 1
    assert data["drc__native__count"] == 0
    assert data["drc__unchecked_layers__count"] == 2
    assert "no rule looks at layer 82/64 (vpp capacitor), 201/3 (no layer of sky130 known here)" in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("dbu", [0.001, 0.0005, 0.00025, 0.005, 0.0025, 0.002, 0.01, 0.0004, 0.003, 0.0013])
def test_any_database_unit(tmp_path: Path, dbu: float) -> None:
    """Met1 that is just wide enough and that is not, in sizes that are whole numbers of units."""
    for wide_um, narrow_um in ((0.14, 0.135), (0.14, 0.138), (0.141, 0.138), (0.14, 0.13), (13.0, 0.13)):
        wide, narrow = wide_um / dbu, narrow_um / dbu
        if abs(wide - round(wide)) > 1e-6 or abs(narrow - round(narrow)) > 1e-6:
            continue
        layout = kdb.Layout()
        layout.dbu = dbu
        for name, width, expected in (("good", round(wide), False), ("bad", round(narrow), True)):
            cell = layout.create_cell(name)
            cell.shapes(layout.layer(*DRAWN["met1"])).insert(kdb.Box(0, 0, width, round(39 / dbu)))
            layout.write(str(tmp_path / "x.oas"))
            found = {v.rule.name for v in drc.check(SKY130, open_layout(tmp_path / "x.oas", name)) if v.count}
            assert ("m1.1" in found) == expected, (name, found)
        return
    pytest.fail("no width was tried")


def test_a_database_unit_that_cannot_be_divided_is_refused(tmp_path: Path) -> None:
    opened = _layout(dbu=0.001 * 2**0.5)
    opened.layout.write(str(tmp_path / "x.gds"))
    with pytest.raises(
        InputError, match=r"no part of the database unit .* divides the 5 nm grid; write it with 0\.001"
    ):
        open_layout(tmp_path / "x.gds", "top")
    far = _layout(dbu=0.0013)
    far.cell.clear()  # nothing at the origin: far away, not wide
    far.cell.shapes(far.layout.layer(*DRAWN["met1"])).insert(kdb.Box(2**31 - 3000, 0, 2**31 - 1000, 2000))
    far.layout.write(str(tmp_path / "y.gds"))
    with pytest.raises(InputError, match="coordinates do not fit a database unit"):
        open_layout(tmp_path / "y.gds", "top")
