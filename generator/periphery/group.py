"""Bit slices stacked in rows of cells over a row of repeaters, with the group's bit lines, chain and power straps."""

import klayout.db as kdb

from somaforge.generator.draw import Canvas
from somaforge.generator.periphery.block import Block, Hook, Wire
from somaforge.generator.periphery.cells import ROW, SITE
from somaforge.generator.periphery.netlist import Gate, bit_slice, repeaters_of_group
from somaforge.generator.periphery.plan import BUS_Y, RAILS_Y, SLICE_SITES, STRAP_HALF, STRAPS, Group, PeripheryPlan
from somaforge.generator.periphery.route import TRACKS, WIRE_HALF

COLUMNS = {"data_clk": 5, "shift": 10, "write_n": 23, "read": 30, "data_in": 38}
"""met2 columns of the repeaters' outputs; the first four run up through the slices."""
INPUTS = {"data_clk": 0, "shift": 6, "write_n": 21, "read": 28, "data_in": 36}
"""met2 columns of the repeaters' inputs."""
OWN, NEXT, RETURN = 11, 12, 13
"""met2 columns: a slice's own value, that of the slice above, and the value that enters the group's highest slice."""
BUS = {"data_clk": 0, "shift": 1, "write_n": 2, "read": 3, "data_in": 4, "chain": 5}
"""Tracks of the bus at the repeaters. Each track is cut in every group, between input and output."""
SLICE_HOOKS = {"bl": 2, "blb": 5}
"""met3 tracks of the bit lines over a slice."""

SHORTEST_HOOK = 850
"""Of a met3 wire of 0.3 um: above m3.6 (0.24 um2)."""


def column_x(column: int) -> int:
    """Centre of a met2 column."""
    return SITE // 2 + SITE * column


def strap_nodes(straps: dict[str, int], rows: int) -> tuple[tuple[int, int, int], ...]:
    """met2 nodes beside the rails that the stacks of power straps cover."""
    ends = [j for k in range(rows) for j in (k * TRACKS, k * TRACKS + TRACKS - 1)]
    return tuple((2, column, j) for column in straps.values() for j in ends)


def slice_block() -> Block:
    """A bit slice: flip-flop, tap, gates and drivers; the nets are those of index 1 in group 0."""
    flop, *gates = bit_slice(1, 0, "data_2")
    wires = [Wire(f"{net}_0", COLUMNS[net], 0, TRACKS - 1) for net in ("data_clk", "shift", "write_n", "read")]
    wires += [Wire("data_1", OWN, 1, TRACKS - 2), Wire("data_2", NEXT, 1, TRACKS - 2)]
    wires.append(Wire("return", RETURN, 0, TRACKS - 1))
    hooks = tuple(Hook(f"{net}_1", track, 0, SLICE_SITES - 1) for net, track in SLICE_HOOKS.items())
    return Block("bit_slice", ((flop, None, *gates),), tuple(wires), hooks, strap_nodes(STRAPS, 1), SLICE_SITES)


def repeater_block() -> Block:
    """The row of repeaters; the nets are those of group 1."""
    clock, shift, write_n, read, data_in = repeaters_of_group(1)
    gates: tuple[Gate | None, ...] = (clock, shift, None, write_n, read, data_in)
    wires = [Wire(f"{net}_1", column, 0, TRACKS - 1) for net, column in COLUMNS.items()]
    wires += [Wire(f"{net}_0", column, 0, TRACKS - 1) for net, column in INPUTS.items()]
    wires += [Wire("own", OWN, 0, TRACKS - 1), Wire("return", RETURN, 0, TRACKS - 1)]
    return Block("bit_repeaters", (gates,), tuple(wires), (), strap_nodes(STRAPS, 1), SLICE_SITES)


class GroupPainter:
    """Draws groups; slice and repeaters are drawn once and placed."""

    def __init__(self, layout: kdb.Layout, canvas: Canvas, plan: PeripheryPlan) -> None:
        self.layout, self.plan = layout, plan
        self.block = slice_block()
        self.slice = Canvas(layout, canvas.pdk, self.block.name)
        self.block.draw(self.slice)
        repeaters = repeater_block()
        self.repeaters = Canvas(layout, canvas.pdk, repeaters.name)
        repeaters.draw(self.repeaters)
        self.repeaters_area = repeaters.cell_area
        self.hook_ends = {h.net.split("_")[0]: self.block.hook_ends(h) for h in self.block.hooks}
        self.line_half = canvas.pad("strap", "column", None, "h")[0]

    def draw(self, number: int, group: Group) -> Canvas:
        """The cell of one group; its origin is the lower left corner of its repeaters."""
        canvas = Canvas(self.layout, self.slice.pdk, f"bit_group_{number}")
        canvas.place(self.repeaters, 0, 0)
        for k in range(group.bits):
            canvas.place(self.slice, 0, (k + 2 if k % 2 == 0 else k + 1) * ROW, k % 2 == 0)
        self._columns(canvas, group, number + 1 == len(self.plan.groups))
        self._straps(canvas, group)
        for line in group.lines:
            self._line(canvas, group, line.name, line.below - group.x)
        return canvas

    def _columns(self, canvas: Canvas, group: Group, last: bool) -> None:
        top = (1 + group.bits) * ROW

        def column(number: int, low: int, high: int) -> None:
            canvas.line("row", column_x(number), low, column_x(number), high, 2 * WIRE_HALF)

        def to_bus(number: int, track: int) -> None:
            column(number, min(BUS_Y[track], ROW // 2), max(BUS_Y[track], ROW // 2))
            canvas.stack(column_x(number), BUS_Y[track], "row", "column")

        for net, at in COLUMNS.items():
            if net != "data_in":
                column(at, ROW // 2, top - ROW // 2)
            if not last:
                to_bus(at, BUS[net])
            to_bus(INPUTS[net], BUS[net])
        # The chain: every slice's value goes to the slice below; the lowest one's and the highest one's to the bus.
        column(OWN, 0, ROW + ROW // 4)
        for k in range(1, group.bits):
            edge = (1 + k) * ROW
            column(OWN, edge, edge + ROW // 4)
            canvas.line("row", column_x(OWN), edge, column_x(NEXT), edge, 2 * WIRE_HALF)
            column(NEXT, edge - ROW // 4, edge)
        column(NEXT, top - ROW // 4, top)
        canvas.line("row", column_x(NEXT), top, column_x(RETURN), top, 2 * WIRE_HALF)
        column(RETURN, 0, top)
        for at in (OWN, RETURN):
            to_bus(at, BUS["chain"])
        if last:
            y, half = BUS_Y[BUS["chain"]], canvas.r.column.width // 2
            to_bus(COLUMNS["data_in"], BUS["chain"])
            canvas.box("column", column_x(RETURN), y - half, column_x(COLUMNS["data_in"]), y + half)

    def _straps(self, canvas: Canvas, group: Group) -> None:
        rows = 1 + group.bits
        for net, number in STRAPS.items():
            strap(canvas, net, column_x(number), rows, rows * ROW)
        # Ground goes on to the array, whose lowest rail is ground.
        x = column_x(STRAPS["gnd"])
        canvas.box("strap", x - STRAP_HALF, rows * ROW, x + STRAP_HALF, -self.plan.slices_bottom)

    def _line(self, canvas: Canvas, group: Group, name: str, x: int) -> None:
        """A bit line from the channel down to its slice."""
        kind, index = name.split("_")
        row = 1 + int(index) - group.first
        local = ROW * (2 * SLICE_HOOKS[kind] + 1) // (2 * TRACKS)
        y = (row + 1) * ROW - local if row % 2 else row * ROW + local
        half = self.line_half
        canvas.stack(x, y, "column", "strap")
        canvas.box("strap", x - half, y - half, x + half, self.plan.slices_top - self.plan.slices_bottom)
        left, right = self.hook_ends[kind]
        # As high as the pads at its ends: a step between two of them would be a notch.
        pad = max(canvas.pad("column", "row", "column", "v"))
        end = max(right, x)
        canvas.box("column", min(left, x, end - SHORTEST_HOOK), y - pad, end, y + pad)


def strap(canvas: Canvas, net: str, x: int, rows: int, top: int) -> None:
    """A vertical met4 strap from the rail over the bus over rows of cells, joined to each rail of its net."""
    canvas.box("strap", x - STRAP_HALF, min(0, RAILS_Y[net]), x + STRAP_HALF, top + STRAP_HALF)
    canvas.stack(x, RAILS_Y[net], "strap", "top")
    for k in range(0 if net == "gnd" else 1, rows + 1, 2):
        canvas.stack(x, k * ROW, "inner", "strap", "h")
        canvas.around("column", x, k * ROW, 245, 245)  # a lone pad: m3.6 asks for 0.24 um2
