"""Where the periphery lies: groups of bit slices below their columns, row slices left of the array, control block."""

from dataclasses import dataclass
from functools import cached_property

from somaforge.generator.address import MemoryMap
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.periphery.cells import ROW, SITE
from somaforge.generator.periphery.netlist import Plan

SLICE_SITES = 42
"""Sites of a bit slice."""
LINE_PITCH = 650
"""Of the bit lines over the slices: a via3 with its pads on met3 and met4 (0.33 um) and m3.2, m4.2."""
FIRST_LINE = 1915
"""First bit line in a group: clear of its two power straps (0.6 um wide at 0.23 and 1.15 um)."""
LAST_LINE = 535
"""Last bit line before the next group's first power strap."""
COLUMN_MARGIN = 600
"""From a group's left edge to its first bit line in the array."""
BUS_TRACKS = 8
BUS_TOP = 720
"""First met3 track below the lowest rail: m3.2 to the pads of the power straps there."""
BUS_PITCH = 680
RAIL_HALF = 400
"""Half width of the met3 rails below the bus."""
RAILS_Y = {
    "vdd": -(BUS_TOP + (BUS_TRACKS - 1) * BUS_PITCH + 165 + 300 + RAIL_HALF),
    "gnd": -(BUS_TOP + (BUS_TRACKS - 1) * BUS_PITCH + 165 + 600 + 3 * RAIL_HALF),
}
"""Centres of those rails, from the lowest row's lower edge."""
CHANNEL_VIA = 500
"""From the slices' upper edge to the bit lines' via3."""
CHANNEL_FIRST = 1500
"""From there to the first track of the channel: met3 in between is as large as m3.6 asks."""
CHANNEL_PITCH = 680
FOLDS = 3
"""Most rows of cells that a row slice is folded into: its flip-flop and its driver have one each."""
RUN_SPACE = 900
"""Least space between the rails of neighbouring runs of row slices: implants and wells of the cells end in between."""
WORD_SPACE = 1400
"""Between the array's left edge and the row slices: the met3 wire from a row slice to the banks' word-line pins."""
EDGE = 600
"""From the lowest rail and the leftmost well to the macro's edge."""


@dataclass(frozen=True)
class Line:
    """One bit line's way through the channel: from its place in the array to its place over the slices."""

    name: str
    above: int
    below: int
    track: int = 0


@dataclass(frozen=True)
class Group:
    """Bit slices that share repeaters; x in nm."""

    x: int
    first: int
    """Lowest index in the word."""
    bits: int
    lines: tuple[Line, ...]
    """bl and blb of each bit in turn; names bl_<index>, blb_<index>."""


@dataclass(frozen=True)
class PeripheryPlan:
    """Positions in the core's coordinates, in nm."""

    floor: Floorplan
    groups: tuple[Group, ...]

    @cached_property
    def gates(self) -> Plan:
        """What the netlist needs to know."""
        return Plan(self.floor.memory, tuple(g.bits for g in self.groups), word_driver(self.floor.memory))

    @property
    def hd_rows(self) -> int:
        """Rows of cells below the array: the repeaters' and the slices'."""
        return 1 + max(g.bits for g in self.groups)

    @property
    def fold(self) -> int:
        """Rows of cells of a row slice: as many as the array's row has room for."""
        return min(FOLDS, self.floor.rows.height // ROW)

    def row_y(self, row: int) -> int:
        """Lower edge of a row slice.

        The row slices of a run share rails, every second one mirrored: what their rows of cells are lower than the
        array's rows comes together above the run and parts it from the next one.
        """
        height = self.floor.rows.height
        slack = height - self.fold * ROW
        run = -(-RUN_SPACE // slack) if slack else self.floor.row_count
        run += run % 2
        return row // run * run * height + row % run * self.fold * ROW

    @property
    def tracks(self) -> int:
        """Tracks of the channel between array and slices."""
        return 1 + max(line.track for g in self.groups for line in g.lines)

    @property
    def slices_top(self) -> int:
        """Upper edge of the slices' rows."""
        return self.floor.die[1] - CHANNEL_FIRST - self.tracks * CHANNEL_PITCH

    @property
    def slices_bottom(self) -> int:
        """Lower edge of the repeaters' row."""
        return self.slices_top - self.hd_rows * ROW

    @property
    def right(self) -> int:
        """Right edge of the last group's slices."""
        return self.groups[-1].x + SLICE_SITES * SITE


def word_driver(memory: MemoryMap) -> str:
    """The inverter for the longest word line. Each latch hangs two gates of 0.42 x 0.15 um and 2.5 um of met2 and poly
    on it, 4 fF in all (the extracted netlist of a row says 3.6 to 4.2 fF); a drive of n moves n x 0.15 pF in 1 ns.
    """
    load = memory.width * 4e-15
    return next((f"inv_{n}" for n in (4, 8) if load <= n * 0.15e-12), "inv_16")


def plan_periphery(floor: Floorplan) -> PeripheryPlan:
    """Groups of neighbouring columns, as few as give a slice its width; then each bit line's way."""
    bits = floor.memory.bits + 1
    columns = [
        (b, c) for b in range(len(floor.memory.banks)) for c in range(floor.memory.bank_columns(b))
    ]  # fmt: skip
    lefts = [min(floor.bit_line_x(b, c, k)[0] for k in range(bits)) - COLUMN_MARGIN for b, c in columns]
    starts = [0]
    for k, x in enumerate(lefts):
        if x - lefts[starts[-1]] >= _width((k - starts[-1]) * bits):
            starts.append(k)
    # The last group may reach to the array's edge; if that is too near, its columns go to the group before.
    if len(starts) > 1 and lefts[starts[-1]] + _width((len(columns) - starts[-1]) * bits) > floor.die[2]:
        starts.pop()
    groups = []
    for g, start in enumerate(starts):
        stop = starts[g + 1] if g + 1 < len(starts) else len(columns)
        end = lefts[stop] if stop < len(columns) else max(floor.die[2], lefts[start] + _width((stop - start) * bits))
        places = [
            (f"{name}_{(start + n) * bits + k}", x)
            for n, (b, c) in enumerate(columns[start:stop])
            for k in range(bits)
            for name, x in zip(("bl", "blb"), floor.bit_line_x(b, c, k), strict=True)
        ]
        lines = _lines(sorted(places, key=lambda p: p[1]), lefts[start], end)
        groups.append(Group(lefts[start], start * bits, (stop - start) * bits, lines))
    return PeripheryPlan(floor, tuple(groups))


def _width(bits: int) -> int:
    """Least width of a group."""
    return max(SLICE_SITES * SITE, FIRST_LINE + (2 * bits - 1) * LINE_PITCH + LAST_LINE)


def _lines(places: list[tuple[str, int]], left: int, right: int) -> tuple[Line, ...]:
    """Places over the slices, in the order of the array and as near to it as the pitch lets them, and tracks.

    Lines that go left are laid from the left, each below those that it would meet; lines that go right from the right:
    so no wire crosses another one's vertical part, and one track each is enough.
    """
    below: list[int] = []
    for k, (_, x) in enumerate(places):
        low = below[-1] + LINE_PITCH if below else left + FIRST_LINE
        high = right - LAST_LINE - (len(places) - 1 - k) * LINE_PITCH
        below.append(min(max(x, low), high))
    lines = [Line(name, x, y) for (name, x), y in zip(places, below, strict=True)]
    tracks = [0] * len(lines)
    for order in (
        [k for k, n in enumerate(lines) if n.below < n.above],
        [k for k, n in reversed(list(enumerate(lines))) if n.below > n.above],
    ):
        for at, k in enumerate(order):
            span = sorted((lines[k].above, lines[k].below))
            meets = [
                tracks[j]
                for j in order[:at]
                if span[0] - LINE_PITCH < max(lines[j].above, lines[j].below)
                and span[1] + LINE_PITCH > min(lines[j].above, lines[j].below)
            ]
            tracks[k] = max(meets, default=-1) + 1
    return tuple(Line(n.name, n.above, n.below, t) for n, t in zip(lines, tracks, strict=True))
