"""Whole devices drawn by the foundry's rules are clean in the native table and in the shuttle's deck."""

from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow.checks import drc, precheck
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.gds import LAYERS
from somaforge.pdk.sky130.process import SKY130

Box = tuple[str, int, int, int, int]


def _contact(x: int, y: int, kind: str) -> list[Box]:
    """A tap of 450 nm with implant, contact and li."""
    return [
        ("tap", x, y, x + 450, y + 450),
        (kind, x - 125, y - 125, x + 575, y + 575),
        ("licon", x + 140, y + 140, x + 310, y + 310),
        ("li", x + 60, y + 60, x + 390, y + 390),
    ]


def _nfet(x: int, y: int, length: int = 150) -> list[Box]:
    return [
        ("diff", x - 500, y, x + length + 500, y + 1000),
        ("poly", x, y - 130, x + length, y + 1130),
        ("nsdm", x - 625, y - 125, x + length + 625, y + 1125),
    ]


MIM: list[Box] = [
    ("capm", 0, 0, 2000, 2000), ("met3", -140, -140, 4000, 2140),
    ("via3", 900, 900, 1100, 1100), ("met4", 200, 200, 1800, 1800),
    ("via3", 3000, 900, 3200, 1100), ("met4", 2600, 500, 3600, 1500),
]  # fmt: skip
MIM_ABOVE: list[Box] = [
    ("cap2m", 0, 0, 2000, 2000), ("met4", -140, -140, 6000, 2140),
    ("via4", 600, 600, 1400, 1400), ("met5", 0, 0, 2000, 2000),
    ("via4", 4200, 600, 5000, 1400), ("met5", 3600, 0, 5600, 2000),
]  # fmt: skip


def _resistor(implant: str) -> list[Box]:
    return [
        ("poly", 0, -2200, 350, 4200), ("poly_res", 0, 0, 350, 2000), (implant, -460, -2400, 810, 4400),
        ("psdm", -200, -2400, 550, 4400), ("npc", -200, -2400, 550, 4400),
        ("licon", 80, -2100, 270, -100), ("li", 0, -2200, 350, 0),
        ("licon", 80, 2100, 270, 4100), ("li", 0, 2000, 350, 4200),
    ]  # fmt: skip


ISOLATED: list[Box] = [
    ("dnwell", 0, 0, 10_000, 10_000),
    ("nwell", -400, -400, 10_400, 1030), ("nwell", -400, 8970, 10_400, 10_400),
    ("nwell", -400, -400, 1030, 10_400), ("nwell", 8970, -400, 10_400, 10_400),
    *_contact(75, 4000, "nsdm"), *_contact(3000, 5000, "psdm"), *_nfet(5000, 5000),
]  # fmt: skip
FIVE_VOLTS: list[Box] = [*_nfet(0, 0, 500), ("hvi", -700, -300, 1200, 1300), *_contact(3000, 0, "psdm")]
DEVICES = {
    "mim": MIM,
    "mim_above": MIM_ABOVE,
    "resistor": _resistor("rpm"),
    "resistor_2000": _resistor("urpm"),
    "isolated": ISOLATED,
    "five_volts": FIVE_VOLTS,
}


def _opened(boxes: list[Box]) -> OpenLayout:
    layout = kdb.Layout()
    cell = layout.create_cell("device")
    for name, *box in boxes:
        cell.shapes(layout.layer(*LAYERS[name])).insert(kdb.Box(*box))
    return OpenLayout(layout, cell)


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_native(name: str) -> None:
    opened = _opened(DEVICES[name])
    assert {v.rule.name: v.count for v in drc.check(SKY130, opened) if v.count} == {}
    assert drc.unchecked(SKY130, opened) == ()


@pytest.mark.needs_pdk
def test_precheck_agrees(tmp_path: Path) -> None:
    """All of them beside each other, 30 um apart."""
    moved = [
        (layer, left + 30_000 * k, bottom, right + 30_000 * k, top)
        for k, boxes in enumerate(DEVICES.values())
        for layer, left, bottom, right, top in boxes
    ]
    _opened(moved).layout.write(str(tmp_path / "all.gds"))
    counts = precheck.run(SKY130, tmp_path / "all.gds", "device", tmp_path / "all.lyrdb", 300)
    assert {rule: n for rule, n in counts.items() if n} == {}
