"""Draws the periphery around an array: groups, channel, bus, row select, control block and power."""

from dataclasses import dataclass
from itertools import chain, count, pairwise, permutations

import klayout.db as kdb

from somaforge.generator.draw import Canvas
from somaforge.generator.measures import up
from somaforge.generator.names import PERIPHERY
from somaforge.generator.periphery import control, rows
from somaforge.generator.periphery.cells import fill
from somaforge.generator.periphery.group import (
    BUS,
    COLUMNS,
    INPUTS,
    OWN,
    RETURN,
    GroupPainter,
    strap,
    to_rail,
)
from somaforge.generator.periphery.plan import SLICE_SITES, STRAPS, Group, Line, PeripheryPlan
from somaforge.generator.periphery.rows import RowPainter
from somaforge.pdk import Pdk

ROW_TRACKS_Y = 1000
"""First track on `column` above the control block, of the wires to the row select."""
ROW_TARGETS = {"row_clk": rows.UP, "select": rows.SELECT, "row_in_b": rows.TOKENS[1]}


@dataclass(frozen=True)
class DrawnPeriphery:
    """The periphery's cell in the core's coordinates, and its outline."""

    canvas: Canvas
    outline: tuple[int, int, int, int]
    """With the core: x1, y1, x2, y2."""
    select_left: int
    """Left edge of the row select, and of its power straps."""
    cell_area_um2: float
    """Sum of the areas of the standard cells, without the fill between them."""


def draw_periphery(layout: kdb.Layout, pdk: Pdk, plan: PeripheryPlan) -> DrawnPeriphery:
    """Draw everything below and left of the core."""
    # Below and left of the array in cells of their own: one cell around the corner would enclose the whole array, and
    # every check would look for what they share.
    m, grid = plan.m, pdk.grid_nm
    canvas = Canvas(layout, pdk, PERIPHERY)
    register = Canvas(layout, pdk, "data_register")
    painter = GroupPainter(layout, register, plan)
    for number, group in enumerate(plan.groups):
        register.place(painter.draw(number, group), group.x, plan.slices_bottom)
        for line in group.lines:
            _channel(register, plan, line)
    _fills(register, plan)
    for group, following in pairwise(plan.groups):
        _bus(register, plan, group, following)
    select = RowPainter(layout, Canvas(layout, pdk, "row_select"), plan)
    select.draw()
    canvas.place(register, 0, 0)
    canvas.place(select.canvas, 0, 0)
    x, order = _control_place(canvas, plan, select)
    canvas.place(_control(layout, plan), x, plan.slices_bottom)
    half = canvas.r.column.width // 2
    for net, track in BUS.items():
        y = plan.slices_bottom + m.bus_y[track]
        first = OWN if net == "chain" else INPUTS[net]
        start = x + m.column_x(control.CHAIN_COLUMNS[net])
        canvas.box("column", start, y - half, plan.groups[0].x + m.column_x(first), y + half)
    _to_rows(canvas, plan, select, x, order)
    left = min(select.left, x) - m.well - m.edge
    _power(canvas, plan, select, x)
    for pin, pin_y in control.pin_y(m).items():
        y = plan.slices_bottom + pin_y
        canvas.box("column", left, y - half, x + m.column_x(control.PIN_COLUMNS[pin]), y + half)
        canvas.label("column", pin, left + half, y)
    right = max(plan.floor.die[2], plan.right + m.well + m.edge, *(n.below + m.edge for n in plan.groups[-1].lines))
    bottom = plan.slices_bottom + m.bottom
    outline = (m.core.snap(left), m.core.snap(bottom), up(right, grid), plan.floor.die[3])
    area = len(plan.groups) * painter.repeaters_area + plan.floor.memory.width * painter.rows.cell_area
    area += select.cell_area + control.control_rows(m, plan.guarded).cell_area
    return DrawnPeriphery(canvas, outline, select.left, area / 1e6)


def _channel(canvas: Canvas, plan: PeripheryPlan, line: Line) -> None:
    """From the array's edge to the slices: down on `column`, across on `row`, down again, on `strap` from there on."""
    top, bottom = plan.floor.die[1], plan.slices_top
    half = canvas.r.column.width // 2
    canvas.stack(line.below, bottom, "column", "strap")
    canvas.label("column", line.name, line.above, top)
    if line.track is None:
        canvas.box("column", line.below - half, bottom - half, line.below + half, top)
        return
    y = canvas.m.snap(top - plan.m.channel_pitch * (2 * line.track + 1) // 2)
    canvas.box("column", line.above - half, y, line.above + half, top)
    wide = max(canvas.pad("column", "row", None, "h"))  # as wide as the pads at its ends: a step would be a notch
    canvas.box("column", line.below - wide, bottom, line.below + wide, y)
    left, right = sorted((line.above, line.below))
    if right - left <= plan.m.line_pitch:
        canvas.box("column", left - half, y - half, right + half, y + half)
        return
    for x in (left, right):
        canvas.stack(x, y, "row", "column", "h")
    canvas.line("row", left, y, right, y, 2 * canvas.m.bus_half)


def _fills(canvas: Canvas, plan: PeripheryPlan) -> None:
    """Rails, wells and implants between the groups."""
    for left, right in pairwise(plan.groups):
        for k in range(1 + min(left.bits, right.bits)):
            y = plan.slices_bottom + k * plan.m.row
            fill(plan.m.cells, canvas, left.x + SLICE_SITES * plan.m.site, right.x, y, k % 2 == 1)


def _bus(canvas: Canvas, plan: PeripheryPlan, left: Group, right: Group) -> None:
    """From the repeaters of one group to those of the next, and the chain of data back."""
    half, m = canvas.r.column.width // 2, plan.m
    for net, track in BUS.items():
        y = plan.slices_bottom + m.bus_y[track]
        start, end = (RETURN, OWN) if net == "chain" else (COLUMNS[net], INPUTS[net])
        canvas.box("column", left.x + m.column_x(start), y - half, right.x + m.column_x(end), y + half)


def _control(layout: kdb.Layout, plan: PeripheryPlan) -> Canvas:
    """The control block with its straps and its way to the bus."""
    m = plan.m
    cells = control.control_rows(m, plan.guarded)
    inner = Canvas(layout, m.pdk, cells.name)
    cells.draw(inner)
    canvas = Canvas(layout, m.pdk, "control_block")
    canvas.place(inner, 0, 0)
    for net, number in control.STRAPS.items():
        strap(canvas, m, net, m.column_x(number), control.ROWS)
    down = {
        **{control.PIN_COLUMNS[pin]: y for pin, y in control.pin_y(m).items()},
        **{control.CHAIN_COLUMNS[net]: m.bus_y[track] for net, track in BUS.items()},
    }
    for number, y in down.items():
        x = m.column_x(number)
        if y < 0:
            canvas.line("row", x, y, x, m.pitch, 2 * m.wire_half)
        canvas.stack(x, y, "row", "column")
    return canvas


def _control_place(canvas: Canvas, plan: PeripheryPlan, select: RowPainter) -> tuple[int, tuple[str, ...]]:
    """Left edge of the control block, and the nets to the row select from the lowest track up: such that no column
    that comes up from the block meets one that goes on to the row select, nor a power strap of one the other's.

    However wide the somas are, the block begins where the row select does or little to the right: its pins are at the
    macro's left edge, and their wires hang on nothing but a gate (antenna ratio of `column`). Where the first
    group leaves no such room it goes left, and the macro grows.
    """
    m = plan.m
    last = m.core.snap(plan.groups[0].x - m.control_space - control.SITES * m.site)
    start = up(select.left, m.pdk.grid_nm)
    straps = [select.column(number) for number in rows.STRAPS.values()]
    # On `strap` the pad of a via to the rails (see _power) beside one of the block's own.
    apart = 3 * max(canvas.pad("strap", None, "strap", "h")) - m.strap_half + canvas.r.strap.space
    for x in chain(range(start, last + 1, m.site // 2), count(min(start, last), -m.site // 2)):
        if any(abs(x + m.column_x(n) - s) < apart for n in control.STRAPS.values() for s in straps):
            continue
        for order in permutations(control.ROW_COLUMNS):
            starts = [x + m.column_x(control.ROW_COLUMNS[net]) for net in order]
            ends = [select.column(ROW_TARGETS[net]) for net in order]
            # At least a column apart, or one of the two vias of a wire would meet the other.
            if all(abs(starts[a] - ends[b]) >= m.site for a in range(len(order)) for b in range(a + 1)):
                return x, order
    raise AssertionError("count never ends")


def _to_rows(canvas: Canvas, plan: PeripheryPlan, select: RowPainter, control_x: int, order: tuple[str, ...]) -> None:
    """From the control block's upper edge to the first row slice."""
    m = plan.m
    half = max(canvas.pad("column", "row", None, "v"))  # as high as the pads: near ones would leave a notch
    top = plan.slices_bottom + control.ROWS * m.row
    for k, net in enumerate(order):
        number = control.ROW_COLUMNS[net]
        y = top + ROW_TRACKS_Y + k * m.channel_pitch
        start, end = control_x + m.column_x(number), select.column(ROW_TARGETS[net])
        canvas.line("row", start, top - m.pitch, start, y, 2 * m.wire_half)
        canvas.line("row", end, y, end, m.row // 4, 2 * m.wire_half)
        for x in (start, end):
            canvas.stack(x, y, "row", "column")
        left, right = min(start, end), max(start, end)
        canvas.box("column", min(left, right - m.shortest_hook), y - half, right, y + half)


def _power(canvas: Canvas, plan: PeripheryPlan, select: RowPainter, control_x: int) -> None:
    """Rails at the bus, joined with the straps of groups and control block and, on `strap`, with the row select's."""
    m, wide = plan.m, plan.m.strap_half
    pad_below = up(max(canvas.pad("column", None, "column", "v")), 10 * m.pdk.grid_nm)
    edge = plan.floor.die[1]
    half, pad = m.rail_half, max(canvas.pad("top", "strap", None, "h"))
    right = plan.groups[-1].x + m.column_x(max(STRAPS.values())) + pad
    for net, number in rows.STRAPS.items():
        x, y = select.column(number), plan.slices_bottom + m.rails_y[net]
        # The via's pad is wider than the strap: on the side away from the other strap.
        via = x + (1 if net == "vdd" else -1) * (max(canvas.pad("strap", None, "strap", "h")) - wide)
        left = min(via, control_x + m.column_x(control.STRAPS[net])) - pad
        canvas.box(m.rails_on[net], left, y - half, right, y + half)
        to_rail(canvas, m, net, via, y)
        canvas.box("column", x - wide, edge - 2 * pad_below, x + wide, 0)
        canvas.stack(x, edge - pad_below, "column", "strap")
        # It ends with the pad of its via: without `top` the supply's rail, on `strap`, keeps its space to that.
        end = wide if m.highest == "top" else min(wide, m.core.lone_pad_half)
        canvas.box("strap", x - wide, y - end, x + wide, edge)
