"""A block of this room: its circuits, drawn as one row of cells that abut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.generator.circuit import Library
from somaforge.generator.draw import Canvas
from somaforge.generator.readout.row import Levels, RowPlan, Way, plan_row
from somaforge.generator.readout.row_draw import draw_row
from somaforge.pdk import Pdk
from somaforge.pdk.layout_file import write_layout


@dataclass(frozen=True)
class DrawnBlock:
    """Layout of a block, and the plans that it was drawn from."""

    layout: kdb.Layout
    plans: Mapping[str, RowPlan]
    """Circuit -> its cell's plan."""
    outline: tuple[int, int, int, int]
    """x1, y1, x2, y2 in nm, from the middles of the rails."""

    @property
    def area_um2(self) -> float:
        """From rail to rail."""
        x1, y1, x2, y2 = self.outline
        return (x2 - x1) * (y2 - y1) / 1e6

    def write(self, path: Path) -> None:
        """Write GDS (.gds) or OASIS (.oas)."""
        write_layout(self.layout, path)


def draw_block(pdk: Pdk, library: Library, shared: Sequence[str], ways: Mapping[str, Mapping[str, Way]]) -> DrawnBlock:
    """Draw a library whose top circuit is a row of calls, from left to right. `shared` nets run along the whole row;
    `ways` says for each circuit how its other ports leave it."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    whole = library.circuits[library.top]
    names = list(dict.fromkeys(call.circuit for call in whole.calls))
    cells = {name: Canvas(layout, pdk, name) for name in names}
    plans = {name: plan_row(cells[name], library.circuits[name], shared, ways[name]) for name in names}
    top = Canvas(layout, pdk, library.top)
    levels = Levels(top, tuple(plans.values()))
    for name in names:
        draw_row(cells[name], plans[name], levels)
    x, half = 0, top.r.column.width // 2
    for call in whole.calls:
        top.place(cells[call.circuit], x, 0)
        outer = dict(zip(library.circuits[call.circuit].ports, call.nets, strict=True))
        for net, way, at in plans[call.circuit].leaving:
            y = levels.height - half if way == "up" else half
            top.label("column", outer[net], x + at, y, (half, half))
        x += plans[call.circuit].width
    reach, row = top.m.bus_half, top.r.row.width // 2
    for net in shared:
        top.label("row", net, reach, levels.y(shared.index(net)), (reach, row))
    for net, y in (("gnd", 0), ("vdd", levels.height)):
        top.label("inner", net, top.m.half(x), y, (top.m.rail_half, top.m.rail_half))
    return DrawnBlock(layout, plans, (0, 0, x, levels.height))
