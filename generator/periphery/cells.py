"""The foundry's standard cells, loaded from the installed PDK data: their GDS, pins, metal and transistors."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import klayout.db as kdb

from somaforge.generator.circuit import Circuit, Mos
from somaforge.generator.draw import Canvas
from somaforge.generator.periphery.netlist import LIBRARY
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.gds import DRAWN, LABELS

SITE = 460
"""Placement grid of the hd cells in nm (their LEF: SITE unithd 0.46 x 2.72)."""
ROW = 2720
"""Height of the hd cells in nm."""
RAIL = 240
"""Half height of the rails at the lower (VGND) and upper (VPWR) edge."""
FILLER = "fill_1"
TAP = "tapvpwrvgnd_1"
POWER = {"VGND": "gnd", "VNB": "gnd", "VPWR": "vdd", "VPB": "vdd"}
"""What the power pins of every cell are joined to."""


@dataclass(frozen=True)
class HdCell:
    """Geometry of a cell in nm, origin at the lower left corner of its outline."""

    name: str
    sites: int
    pins: dict[str, kdb.Region]
    """Local interconnect of each signal pin."""
    pins_met1: dict[str, kdb.Region]
    """met1 of the signal pins that have some."""
    met1: kdb.Region
    """All met1, rails and pins included."""
    mcon: kdb.Region


def _file(name: str, suffix: str) -> Path:
    """Path of one view of a cell; ToolError if the package does not hold it."""
    full = LIBRARY + name
    path = DATA.folder("cells") / "cells" / name.rsplit("_", 1)[0] / f"{full}{suffix}"
    if not path.is_file():
        raise ToolError(f"{path.name} is not in the PDK data: run somaforge pdk install sky130")
    return path


def load_cell(layout: kdb.Layout, name: str) -> kdb.Cell:
    """The cell in `layout`, read from the PDK data if it is not there yet."""
    full = LIBRARY + name
    if layout.cell(full) is None:
        library = kdb.Layout()
        library.read(str(_file(name, ".gds")))
        if library.dbu != layout.dbu:
            raise ToolError(f"{full}: its database unit is {library.dbu} um, not {layout.dbu}")
        layout.create_cell(full).copy_tree(library.cell(full))
    return layout.cell(full)


@cache
def hd_cell(name: str) -> HdCell:
    """Geometry of a cell; its rails on met1 are as long as the cell."""
    layout = kdb.Layout()
    cell = load_cell(layout, name)

    def region(numbers: tuple[int, int]) -> kdb.Region:
        return kdb.Region(cell.begin_shapes_rec(layout.layer(*numbers))).merged()

    met1 = region(DRAWN["met1"])
    rails = met1.bbox()
    if (rails.left, rails.bottom, rails.top) != (0, -RAIL, ROW + RAIL) or rails.width() % SITE:
        raise ToolError(f"{LIBRARY}{name}: its rails {rails} are not those of a row of sites of {SITE} x {ROW} nm")
    li, pins = region(DRAWN["li"]), dict[str, kdb.Region]()
    for shape in cell.shapes(layout.layer(*LABELS["li"])).each():
        if shape.is_text() and shape.text_string not in POWER:
            point = kdb.Region(kdb.Box(-1, -1, 1, 1).moved(shape.text_trans.disp))
            pins.setdefault(shape.text_string, kdb.Region()).insert(li.interacting(point))
    merged = {pin: found.merged() for pin, found in pins.items()}
    mcon = region(DRAWN["mcon"])
    on_met1 = {pin: met1.interacting(mcon & found) for pin, found in merged.items()}
    on_met1 = {pin: found for pin, found in on_met1.items() if not found.is_empty()}
    return HdCell(name, rails.width() // SITE, merged, on_met1, met1, mcon)


def fill(canvas: Canvas, x1: int, x2: int, y: int, mirrored: bool) -> None:
    """Well, implants and rails from x1 to x2 of a row whose lower edge is at y: the foundry's filler, stretched."""
    if x2 == x1:
        return
    layout = kdb.Layout()
    cell = load_cell(layout, FILLER)
    stretched = [DRAWN[layer] for layer in ("nwell", "hvtp", "nsdm", "psdm", "li", "met1", "areaid_sc")]
    for index in layout.layer_indexes():
        numbers = layout.get_info(index)
        if (numbers.layer, numbers.datatype) not in stretched:
            continue
        target = canvas.layout.layer(numbers)
        for polygon in kdb.Region(cell.begin_shapes_rec(index)).merged().each():
            box = polygon.bbox()
            low, high = (ROW - box.top, ROW - box.bottom) if mirrored else (box.bottom, box.top)
            canvas.cell.shapes(target).insert(kdb.Box(x1, y + low, x2, y + high))


@cache
def hd_circuit(name: str) -> Circuit:
    """Transistors of a cell from the foundry's SPICE view; sizes there are in um with a written factor 1e-6."""
    ports: tuple[str, ...] = ()
    mos = []
    with _file(name, ".spice").open(encoding="utf-8") as stream:
        for line in stream:
            words = line.split()
            if not words or words[0].startswith(("*", ".ends")):
                continue
            if words[0].lower() == ".subckt":
                ports = tuple(words[2:])
                continue
            sizes = dict(word.split("=") for word in words[6:])
            if not words[0].startswith("X") or not words[5].startswith("sky130_fd_pr__") or set(sizes) != {"w", "l"}:
                raise ToolError(f"{LIBRARY}{name}: {line.strip()!r} is no transistor")
            w, l = (_nm(sizes[key]) for key in "wl")  # noqa: E741
            mos.append(Mos(words[0][1:], words[5], words[1], words[2], words[3], words[4], w, l))
    return Circuit(LIBRARY + name, ports, tuple(mos))


def _nm(text: str) -> int:
    """Nanometres of the foundry's "650000u" or "1e+06u": micrometres times a million."""
    return round(float(text.removesuffix("u")) / 1000)
