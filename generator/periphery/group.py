"""Bit slices stacked in rows of cells over a row of repeaters, with the group's bit lines, chain and power straps."""

import klayout.db as kdb

from somaforge.generator.draw import Canvas
from somaforge.generator.names import bit_line, bit_line_bar
from somaforge.generator.periphery.cell_rows import CellRows, Hook, Wire
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate, bit_slice, repeaters_of_group
from somaforge.generator.periphery.plan import SLICE_SITES, STRAPS, Group, Line, PeripheryPlan

COLUMNS = {"data_clk": 5, "shift": 10, "write_n": 23, "read": 30, "data_in": 38}
"""Columns of the repeaters' outputs; the first four run up through the slices."""
INPUTS = {"data_clk": 0, "shift": 6, "write_n": 21, "read": 28, "data_in": 36}
"""Columns of the repeaters' inputs."""
OWN, NEXT, RETURN = 11, 12, 13
"""Columns: a slice's own value, that of the slice above, and the value that enters the group's highest slice."""
BUS = {"data_clk": 0, "shift": 1, "write_n": 2, "read": 3, "data_in": 4, "chain": 5}
"""Tracks of the bus at the repeaters. Each track is cut in every group, between input and output."""
SLICE_HOOKS = (2, 5)
"""Tracks of the bit line and its complement over a slice, on `column`."""


def strap_nodes(m: PortMeasures, straps: dict[str, int], rows: int) -> tuple[tuple[int, int, int], ...]:
    """Nodes beside the rails that the stacks of power straps cover."""
    ends = [j for k in range(rows) for j in (k * m.tracks, k * m.tracks + m.tracks - 1)]
    return tuple((2, column, j) for column in straps.values() for j in ends)


def slice_rows(m: PortMeasures) -> CellRows:
    """A bit slice: flip-flop, tap, gates and drivers; the nets are those of index 1 in group 0."""
    flop, *gates = bit_slice(1, 0, "data_2")
    wires = [Wire(f"{net}_0", COLUMNS[net], 0, m.tracks - 1) for net in ("data_clk", "shift", "write_n", "read")]
    wires += [Wire("data_1", OWN, 1, m.tracks - 2), Wire("data_2", NEXT, 1, m.tracks - 2)]
    wires.append(Wire("return", RETURN, 0, m.tracks - 1))
    nets = (bit_line(1), bit_line_bar(1))
    hooks = tuple(Hook(net, track, 0, SLICE_SITES - 1) for net, track in zip(nets, SLICE_HOOKS, strict=True))
    closed = strap_nodes(m, STRAPS, 1)
    return CellRows(m, "bit_slice", ((flop, None, *gates),), tuple(wires), hooks, closed, SLICE_SITES)


def repeater_rows(m: PortMeasures) -> CellRows:
    """The row of repeaters; the nets are those of group 1."""
    clock, shift, write_n, read, data_in = repeaters_of_group(1)
    gates: tuple[Gate | None, ...] = (clock, shift, None, write_n, read, data_in)
    wires = [Wire(f"{net}_1", column, 0, m.tracks - 1) for net, column in COLUMNS.items()]
    wires += [Wire(f"{net}_0", column, 0, m.tracks - 1) for net, column in INPUTS.items()]
    wires += [Wire("own", OWN, 0, m.tracks - 1), Wire("return", RETURN, 0, m.tracks - 1)]
    return CellRows(m, "bit_repeaters", (gates,), tuple(wires), (), strap_nodes(m, STRAPS, 1), SLICE_SITES)


class GroupPainter:
    """Draws groups; slice and repeaters are drawn once and placed."""

    def __init__(self, layout: kdb.Layout, canvas: Canvas, plan: PeripheryPlan) -> None:
        self.layout, self.plan, self.m = layout, plan, plan.m
        self.rows = slice_rows(plan.m)
        self.slice = Canvas(layout, canvas.pdk, self.rows.name)
        self.rows.draw(self.slice)
        repeaters = repeater_rows(plan.m)
        self.repeaters = Canvas(layout, canvas.pdk, repeaters.name)
        repeaters.draw(self.repeaters)
        self.repeaters_area = repeaters.cell_area
        self.hook_ends = tuple(self.rows.hook_ends(hook) for hook in self.rows.hooks)
        self.line_half = canvas.pad("strap", "column", None, "h")[0]

    def draw(self, number: int, group: Group) -> Canvas:
        """The cell of one group; its origin is the lower left corner of its repeaters."""
        canvas = Canvas(self.layout, self.slice.pdk, f"bit_group_{number}")
        canvas.place(self.repeaters, 0, 0)
        for k in range(group.bits):
            canvas.place(self.slice, 0, (k + 2 if k % 2 == 0 else k + 1) * self.m.row, k % 2 == 0)
        self._columns(canvas, group, number + 1 == len(self.plan.groups))
        self._straps(canvas, group)
        for line in group.lines:
            self._line(canvas, group, line)
        return canvas

    def _columns(self, canvas: Canvas, group: Group, last: bool) -> None:
        m, row, bus_y = self.m, self.m.row, self.m.bus_y
        top = (1 + group.bits) * row

        def column(number: int, low: int, high: int) -> None:
            canvas.line("row", m.column_x(number), low, m.column_x(number), high, 2 * m.wire_half)

        def to_bus(number: int, track: int) -> None:
            column(number, min(bus_y[track], row // 2), max(bus_y[track], row // 2))
            canvas.stack(m.column_x(number), bus_y[track], "row", "column")

        for net, at in COLUMNS.items():
            if net != "data_in":
                column(at, row // 2, top - row // 2)
            if not last:
                to_bus(at, BUS[net])
            to_bus(INPUTS[net], BUS[net])
        # The chain: every slice's value goes to the slice below; the lowest one's and the highest one's to the bus.
        column(OWN, 0, row + row // 4)
        for k in range(1, group.bits):
            edge = (1 + k) * row
            column(OWN, edge, edge + row // 4)
            canvas.line("row", m.column_x(OWN), edge, m.column_x(NEXT), edge, 2 * m.wire_half)
            column(NEXT, edge - row // 4, edge)
        column(NEXT, top - row // 4, top)
        canvas.line("row", m.column_x(NEXT), top, m.column_x(RETURN), top, 2 * m.wire_half)
        column(RETURN, 0, top)
        for at in (OWN, RETURN):
            to_bus(at, BUS["chain"])
        if last:
            y, half = bus_y[BUS["chain"]], canvas.r.column.width // 2
            to_bus(COLUMNS["data_in"], BUS["chain"])
            canvas.box("column", m.column_x(RETURN), y - half, m.column_x(COLUMNS["data_in"]), y + half)

    def _straps(self, canvas: Canvas, group: Group) -> None:
        m, rows = self.m, 1 + group.bits
        for net, number in STRAPS.items():
            strap(canvas, m, net, m.column_x(number), rows)
        # Ground goes on to the array, whose lowest rail is ground.
        x = m.column_x(STRAPS["gnd"])
        canvas.box("strap", x - m.strap_half, rows * m.row, x + m.strap_half, -self.plan.slices_bottom)

    def _line(self, canvas: Canvas, group: Group, line: Line) -> None:
        """A bit line from the channel down to its slice."""
        x, row, height = line.below - group.x, 1 + line.index - group.first, self.m.row
        local = self.m.track_y(SLICE_HOOKS[line.bar])
        y = (row + 1) * height - local if row % 2 else row * height + local
        half = self.line_half
        canvas.stack(x, y, "column", "strap")
        canvas.box("strap", x - half, y - half, x + half, self.plan.slices_top - self.plan.slices_bottom)
        left, right = self.hook_ends[line.bar]
        # As high as the pads at its ends: a step between two of them would be a notch.
        pad = max(canvas.pad("column", "row", "column", "v"))
        end = max(right, x)
        canvas.box("column", min(left, x, end - self.m.shortest_hook), y - pad, end, y + pad)


def strap(canvas: Canvas, m: PortMeasures, net: str, x: int, rows: int) -> None:
    """A vertical strap from the rail at the bus over rows of cells, joined to each rail of its net."""
    half, pad = m.strap_half, m.core.lone_pad_half
    canvas.box("strap", x - half, min(0, m.rails_y[net]), x + half, rows * m.row + half)
    to_rail(canvas, m, net, x, m.rails_y[net])
    for k in range(0 if net == "gnd" else 1, rows + 1, 2):
        canvas.stack(x, k * m.row, "inner", "strap", "h")
        canvas.around("column", x, k * m.row, pad, pad)


def to_rail(canvas: Canvas, m: PortMeasures, net: str, x: int, y: int) -> None:
    """From `strap` to the rail of a net, which may lie on `strap` itself."""
    rail = m.rails_on[net]
    if rail != "strap":
        lower, upper = sorted(("strap", rail), key=canvas.r.level)
        canvas.stack(x, y, lower, upper)
