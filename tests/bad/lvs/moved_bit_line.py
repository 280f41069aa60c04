"""One synapse of a finished array whose latch hangs on the bit line of the next column."""

from pathlib import Path

import klayout.db as kdb

from somaforge.generator.design import Design
from somaforge.generator.layout import draw
from somaforge.generator.names import matrix_role
from somaforge.generator.netlist import write_spice
from somaforge.pdk.sky130.gds import DRAWN, LABELS


def write_array(folder: Path, design: Design, place: tuple[int, int, int, int] | None) -> tuple[Path, Path]:
    """Layout and netlist of `design`; with `place` (matrix, row, column, bit) that bit line is moved in the layout."""
    drawn = draw(design)
    if place is not None:
        _move(drawn.layout, design.cell(matrix_role(place[0])), *place[1:])
    layout, netlist = folder / "array.gds", folder / "array.spice"
    drawn.write(layout)
    write_spice(design.library, netlist)
    return layout, netlist


def _move(layout: kdb.Layout, matrix: str, row: int, column: int, bit: int) -> None:
    """Take the via off the latch's own bit line and run met2 to the latch of the same bit in the next column."""
    rows = _own(layout.cell(matrix), _nth(layout.cell(matrix), row, vertical=True))
    width = _nth(rows, 1).dcplx_trans.disp.x - _nth(rows, 0).dcplx_trans.disp.x
    call = _nth(rows, column)
    corner = call.trans.disp
    synapse = _own(rows, call)
    called = _latch(synapse, bit)
    slot = called.trans.disp
    latch = _own(synapse, called)
    at = _label(latch, "met3", "bl")
    vias = latch.shapes(layout.layer(*DRAWN["via2"]))
    for shape in [s for s in vias.each() if s.bbox().contains(_point(at))]:
        vias.erase(shape)
    met2 = layout.layer(*DRAWN["met2"])
    pad = next(s.bbox() for s in latch.shapes(met2).each() if s.bbox().contains(_point(at)))
    word = _label(latch, "met2", "wl")
    merged = kdb.Region(synapse.begin_shapes_rec(met2)).merged()
    bus = next(p.bbox() for p in merged.each() if p.bbox().contains(_point(word + slot))).moved(-slot)
    third = (pad.bottom - bus.top) // 3
    wire = kdb.Box(pad.left, bus.top + third, pad.left + round(width * 1000), pad.bottom - third)
    ends = [kdb.Box(x, wire.bottom, x + pad.width() // 2, pad.bottom) for x in (wire.left, wire.right)]
    wire.right += pad.width() // 2
    for box in (wire, *ends):
        rows.shapes(met2).insert(box.moved(slot + corner))


def _nth(cell: kdb.Cell, number: int, *, vertical: bool = False) -> kdb.Instance:
    """Instances along the row, or up the column."""
    return sorted(cell.each_inst(), key=lambda i: i.bbox().bottom if vertical else i.bbox().left)[number]


def _latch(synapse: kdb.Cell, bit: int) -> kdb.Instance:
    """The latch over whose bit line the synapse has the label of that bit."""
    x = _label(synapse, "met3", f"bl_{bit}").x
    return next(i for i in synapse.each_inst() if i.trans.disp.x + _label(i.cell, "met3", "bl").x == x)


def _own(parent: kdb.Cell, call: kdb.Instance) -> kdb.Cell:
    """Give the instance a copy of its cell."""
    call.cell = call.cell.dup()
    return call.cell


def _label(cell: kdb.Cell, conductor: str, text: str) -> kdb.Vector:
    shapes = cell.shapes(cell.layout().layer(*LABELS[conductor])).each()
    return next(s.text_trans.disp for s in shapes if s.text_string == text)


def _point(vector: kdb.Vector) -> kdb.Point:
    return kdb.Point(vector.x, vector.y)
