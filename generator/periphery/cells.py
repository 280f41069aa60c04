"""Cells of the process's library as a drawing needs them: their GDS, pins, metal and transistors."""

from dataclasses import dataclass
from functools import cache

import klayout.db as kdb

from somaforge.generator.circuit import Circuit, Element, Mos
from somaforge.generator.draw import Canvas
from somaforge.pdk.errors import ToolError
from somaforge.pdk.library import StandardCells


@dataclass(frozen=True)
class CellGeometry:
    """Geometry of a cell in nm, origin at the lower left corner of its outline."""

    name: str
    sites: int
    pins: dict[str, kdb.Region]
    """The conductor `local` of each signal pin, by the foundry's name."""
    pins_inner: dict[str, kdb.Region]
    """`inner` of the signal pins that have some."""
    inner: kdb.Region
    """All of it, rails and pins included."""
    cuts: kdb.Region
    """Between the two."""


@cache
def _library(cells: StandardCells, full: str) -> kdb.Layout:
    """The library's file of a cell, read once."""
    library = kdb.Layout()
    library.read(str(cells.file(full, ".gds")))
    return library


def load_cell(cells: StandardCells, layout: kdb.Layout, name: str) -> kdb.Cell:
    """The cell in `layout`, read from the library if it is not there yet."""
    full = cells.full(name)
    if layout.cell(full) is None:
        library = _library(cells, full)
        if library.dbu != layout.dbu:
            raise ToolError(f"{full}: its database unit is {library.dbu} um, not {layout.dbu}")
        layout.create_cell(full).copy_tree(library.cell(full))
    return layout.cell(full)


@cache
def cell_geometry(cells: StandardCells, name: str) -> CellGeometry:
    """Geometry of a cell; its rails on `inner` are as long as the cell."""
    layout = kdb.Layout()
    cell = load_cell(cells, layout, name)

    def region(role: str) -> kdb.Region:
        return kdb.Region(cell.begin_shapes_rec(layout.layer(*cells.layers[role]))).merged()

    inner = region("inner")
    rails, half, row = inner.bbox(), cells.rail_half_nm, cells.row_nm
    if (rails.left, rails.bottom, rails.top) != (0, -half, row + half) or rails.width() % cells.site_nm:
        raise ToolError(
            f"{cells.full(name)}: its rails {rails} are not those of a row of sites of {cells.site_nm} x {row} nm"
        )
    local, pins = region("local"), dict[str, kdb.Region]()
    for shape in cell.shapes(layout.layer(*cells.layers["local_label"])).each():
        if shape.is_text() and shape.text_string not in cells.power:
            point = kdb.Region(kdb.Box(-1, -1, 1, 1).moved(shape.text_trans.disp))
            pins.setdefault(shape.text_string, kdb.Region()).insert(local.interacting(point))
    merged = {pin: found.merged() for pin, found in pins.items()}
    cuts = region("local_via")
    on_inner = {pin: inner.interacting(cuts & found) for pin, found in merged.items()}
    on_inner = {pin: found for pin, found in on_inner.items() if not found.is_empty()}
    return CellGeometry(name, rails.width() // cells.site_nm, merged, on_inner, inner, cuts)


def fill(cells: StandardCells, canvas: Canvas, x1: int, x2: int, y: int, mirrored: bool) -> None:
    """Well, implants and rails from x1 to x2 of a row whose lower edge is at y: the library's filler, stretched."""
    if x2 == x1:
        return
    row = cells.row_nm
    for numbers, bottom, top in _bands(cells):
        low, high = (row - top, row - bottom) if mirrored else (bottom, top)
        canvas.cell.shapes(canvas.layout.layer(*numbers)).insert(kdb.Box(x1, y + low, x2, y + high))


@cache
def _bands(cells: StandardCells) -> tuple[tuple[tuple[int, int], int, int], ...]:
    """What the filler has across it: GDS layer and datatype, lower and upper edge."""
    layout = kdb.Layout()
    cell = load_cell(cells, layout, cells.filler)
    found = []
    for index in layout.layer_indexes():
        info = layout.get_info(index)
        numbers = info.layer, info.datatype
        if numbers in cells.through:
            boxes = (polygon.bbox() for polygon in kdb.Region(cell.begin_shapes_rec(index)).merged().each())
            found += [(numbers, box.bottom, box.top) for box in boxes]
    return tuple(found)


@cache
def cell_circuit(cells: StandardCells, name: str) -> Circuit:
    """Transistors and diodes of a cell from the library's netlist."""
    found = cells.circuit(cells.full(name))
    mos = tuple(Mos(t.name, t.device, t.d, t.g, t.s, t.b, t.w_nm, t.l_nm) for t in found.transistors)
    diodes = tuple(
        Element(d.name, "X", d.device, (d.anode, d.cathode), (("area", d.area_um2), ("perim", d.perimeter_um)))
        for d in found.diodes
    )
    return Circuit(cells.full(name), found.ports, mos, elements=diodes)
