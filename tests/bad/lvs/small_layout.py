"""A small array that is right, drawn by hand: an inverter, rows of two, a matrix of two rows. Tests break it.

Lengths in nm; 1 database unit is 1 nm. The inverter's rails only meet in the rows, as in every abutted layout.
"""

from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

LAYERS = {
    "nwell": (64, 20), "diff": (65, 20), "tap": (65, 44), "poly": (66, 20), "npc": (95, 20), "nsdm": (93, 44),
    "psdm": (94, 20), "licon": (66, 44), "li": (67, 20), "mcon": (67, 44), "met1": (68, 20), "via": (68, 44),
    "met2": (69, 20), "li_label": (67, 5), "met1_label": (68, 5), "met2_label": (69, 5), "met1_pin": (68, 16),
    "hvtp": (78, 44),
}  # fmt: skip

NETLIST = """* two rows of two inverters
.subckt inv a y vdd gnd
Xn y a gnd gnd sky130_fd_pr__nfet_01v8 w=0.84 l=0.15
Xp vdd a y vdd sky130_fd_pr__pfet_01v8 w=1.68 l=0.15
.ends
.subckt row a y vdd gnd
Xfirst a mid vdd gnd inv
Xsecond mid y vdd gnd inv
.ends
.subckt matrix a_0 y_0 a_1 y_1 vdd gnd
Xrow_0 a_0 y_0 vdd gnd row
Xrow_1 a_1 y_1 vdd gnd row
.ends
"""


@dataclass(frozen=True)
class Options:
    """What is drawn differently from the right layout."""

    nfet_w: int = 840
    merged_rows: bool = False
    missing_device: bool = False
    open_supply: bool = False
    gnd_by_substrate: bool = False
    swapped_labels: bool = False
    unlabelled: str = ""
    twice_labelled: bool = False
    extra_pin_shape: bool = False
    hvt: bool = False
    without_taps: bool = False
    wrapped: bool = False
    flat: bool = False


PITCH = 2000
ROW = 8000


def draw(path: Path, options: Options = Options()) -> Path:
    """Write the array to `path`."""
    layout = kdb.Layout()
    inverter = layout.create_cell("inv")
    _inverter(inverter, options)
    row = layout.create_cell("row")
    _row(row, inverter, options)
    matrix = layout.create_cell("matrix")
    _matrix(matrix, row, options)
    if options.flat:
        # Names of cells' pins are no names of the flat cell.
        for cell in (inverter, row):
            cell.shapes(layout.layer(*LAYERS["li_label"])).clear()
        matrix.flatten(True)
    layout.write(str(path))
    return path


def _box(cell: kdb.Cell, layer: str, x1: int, y1: int, x2: int, y2: int) -> None:
    cell.shapes(cell.layout().layer(*LAYERS[layer])).insert(kdb.Box(x1, y1, x2, y2))


def _label(cell: kdb.Cell, layer: str, text: str, x: int, y: int) -> None:
    cell.shapes(cell.layout().layer(*LAYERS[layer + "_label"])).insert(kdb.Text(text, kdb.Trans(x, y)))


def _contact(cell: kdb.Cell, x: int, y: int) -> None:
    _box(cell, "licon", x - 85, y - 85, x + 85, y + 85)


def _to_met1(cell: kdb.Cell, x: int, y: int) -> None:
    _box(cell, "mcon", x - 85, y - 85, x + 85, y + 85)
    _box(cell, "met1", x - 170, y - 170, x + 170, y + 170)


def _inverter(cell: kdb.Cell, options: Options) -> None:
    """Gate at x = 1000; n device below, p device above; gnd at y = 0, vdd at y = 6000 (met1)."""
    w = options.nfet_w
    _box(cell, "diff", 300, 800, 1700, 800 + w)
    _box(cell, "nsdm", 100, 600, 1900, 1000 + w)
    _box(cell, "diff", 300, 3600, 1700, 5280)
    _box(cell, "psdm", 100, 3400, 1900, 5480)
    _box(cell, "nwell", -200, 3100, 2200, 6900)
    if options.hvt:
        _box(cell, "hvtp", 0, 3300, 2000, 5600)
    _box(cell, "poly", 925, 600, 1075, 5500)
    # Gate contact between the devices.
    _box(cell, "poly", 600, 2400, 1000, 2700)
    _contact(cell, 750, 2550)
    _box(cell, "npc", 560, 2360, 940, 2740)
    _box(cell, "li", 580, 2450, 835, 2650)
    # Sources to the rails, drains together.
    for y1, y2, rail in ((800, 800 + w, 0), (3600, 5280, 6000)):
        for x in (500, 1500):
            _contact(cell, x, (y1 + y2) // 2)
        _box(cell, "li", 400, min(y1, rail), 600, max(y2, rail))
        _to_met1(cell, 500, rail)
    _box(cell, "li", 1400, 800, 1600, 5280)
    _box(cell, "met1", 0, -200, PITCH, 200)
    _box(cell, "met1", 0, 5800, PITCH, 6200)
    for name, x, y in (("a", 700, 2550), ("y", 1500, 3000)):
        _label(cell, "li", name, x, y)


def _row(cell: kdb.Cell, inverter: kdb.Cell, options: Options) -> None:
    layout = cell.layout()
    cell.insert(kdb.CellInstArray(inverter.cell_index(), kdb.Trans(0, 0)))
    if not options.missing_device:
        cell.insert(kdb.CellInstArray(inverter.cell_index(), kdb.Trans(PITCH, 0)))
    # Output of the first to the input of the second.
    _box(cell, "li", 1400, 2450, PITCH + 835, 2650)
    tap = layout.create_cell("tap_column") if not options.without_taps else None
    if tap is not None:
        _taps(tap)
        cell.insert(kdb.CellInstArray(tap.cell_index(), kdb.Trans(2 * PITCH, 0)))
    _box(cell, "nwell", -200, 3100, 2 * PITCH + 1200, 6900)


def _taps(cell: kdb.Cell) -> None:
    for y, implant in ((0, "psdm"), (6000, "nsdm")):
        _box(cell, "tap", 300, y - 300, 800, y + 300)
        _box(cell, implant, 100, y - 500, 1000, y + 500)
        _contact(cell, 550, y)
        _box(cell, "li", 400, y - 200, 700, y + 200)
        _to_met1(cell, 550, y)
        _box(cell, "met1", 0, y - 200, 1000, y + 200)


def _matrix(cell: kdb.Cell, row: kdb.Cell, options: Options) -> None:
    layout = cell.layout()
    inner = row
    if options.wrapped:
        inner = layout.create_cell("wrapper")
        inner.insert(kdb.CellInstArray(row.cell_index(), kdb.Trans(0, 0)))
    for i in range(2):
        cell.insert(kdb.CellInstArray(inner.cell_index(), kdb.Trans(0, i * ROW)))
        for text, layer, x, y in (
            (f"a_{i}", "li", 700, 2550), (f"y_{i}", "li", PITCH + 1500, 3000),
        ):  # fmt: skip
            name = {"y_0": "y_1", "y_1": "y_0"}.get(text, text) if options.swapped_labels else text
            if text != options.unlabelled:
                _label(cell, layer, name, x, y + i * ROW)
    # Supply columns in met2, left: gnd at x = -600, vdd at x = -1200.
    for i in range(2):
        for x, y in ((-600, i * ROW), (-1200, i * ROW + 6000)):
            if (options.open_supply and x == -1200 and i == 1) or (options.gnd_by_substrate and x == -600 and i == 1):
                continue
            _box(cell, "met1", x - 200, y - 200, 0, y + 200)
            _box(cell, "via", x - 75, y - 75, x + 75, y + 75)
    for x, name in ((-600, "gnd"), (-1200, "vdd")):
        _box(cell, "met2", x - 200, -300, x + 200, 2 * ROW)
        _label(cell, "met2", name, x, 3000)
    if options.open_supply and options.twice_labelled:
        _label(cell, "met1", "vdd", 2000, ROW + 6000)
    _box(cell, "met1_pin", 100, -100, 300, 100)
    if options.extra_pin_shape:
        _box(cell, "met1_pin", 5000, 20000, 5200, 20200)
    if options.merged_rows:
        _box(cell, "met1", 1330, 3000, 1670, ROW + 3000)
        for y in (3000, ROW + 3000):
            _box(cell, "mcon", 1415, y - 85, 1585, y + 85)


PAIR = """* two transistors in parallel
.subckt pair d g s b
X1 d g s b sky130_fd_pr__nfet_01v8 w=0.84 l=0.15
X2 d g s b sky130_fd_pr__nfet_01v8 w=0.84 l=0.15
.ends
"""


def draw_pair(path: Path, second_w: int) -> Path:
    """Two n transistors in parallel, the second `second_w` wide; the substrate is labelled as in a standard cell."""
    layout = kdb.Layout()
    cell = layout.create_cell("pair")
    _box(cell, "diff", 0, 0, 1000, 840)
    _box(cell, "diff", 1000, 0, 2000, second_w)
    _box(cell, "nsdm", -125, -125, 2125, max(840, second_w) + 125)
    for x in (500, 1500):
        _box(cell, "poly", x - 75, -200, x + 75, 1200)
    _box(cell, "poly", 425, 1100, 1575, 1300)
    for x in (200, 1000, 1800):
        _contact(cell, x, 400)
        _box(cell, "li", x - 100, 200, x + 100, 600)
    _box(cell, "li", 100, -400, 300, 400)
    _box(cell, "li", 1700, -400, 1900, 400)
    _box(cell, "li", 100, -500, 1900, -300)
    _label(cell, "li", "s", 200, 0)
    _label(cell, "li", "d", 1000, 400)
    cell.shapes(layout.layer(66, 5)).insert(kdb.Text("g", kdb.Trans(1000, 1200)))
    cell.shapes(layout.layer(64, 59)).insert(kdb.Text("b", kdb.Trans(0, 0)))
    layout.write(str(path))
    return path
