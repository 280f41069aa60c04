"""Where the periphery lies: groups of bit slices below their columns, row slices left of the array, control block."""

from dataclasses import dataclass
from functools import cached_property

from somaforge.generator.address import MemoryMap
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.periphery.cells import ROW, SITE
from somaforge.generator.periphery.netlist import Plan

SLICE_SITES = 42
"""Sites of a bit slice."""
LINE_PITCH = 630
"""Of the bit lines over the slices: a via3 with its pads on met3 and met4 (0.33 um) and m3.2, m4.2."""
STRAPS = {"gnd": 3, "vdd": 8}
"""Columns of a group's power straps: between pairs of bit lines of the default synapse."""
STRAP_HALF = 300
LINE_TO_STRAP = STRAP_HALF + 300 + 165
"""From a bit line to a power strap: m4.2."""
LAST_LINE = 30
"""Last bit line before the next group: its first one is at least a column's margin behind its edge."""
COLUMN_MARGIN = 600
"""From a group's left edge to its first bit line in the array."""
BUS_Y = (2020, 1360, 700, -720, -1370, -2020)
"""met3 tracks of the bus, from the lowest row's lower edge: as many over that row as the contacts of the power straps
to its rails leave room for (m3.2), the others below."""
RAILS_Y = {"gnd": -1000, "vdd": 2200}
"""Centres of the met5 rails over the bus; there are no bit lines on met4 for their vias to meet."""
BOTTOM = -2500
"""From the lowest row's lower edge to the macro's: beyond the last track half of m3.2 and some."""
CHANNEL_FIRST = 380
"""From the slices' upper edge to the channel: the first track keeps m3.2 to the contacts of the power straps there, and
met3 from a bit line's via3 on that edge to the track is as large as m3.6 asks."""
CHANNEL_PITCH = 680
FOLDS = 3
"""Most rows of cells that a row slice is folded into: its flip-flop and its driver have one each."""
RUN_SPACE = 900
"""Least space between the rails of neighbouring runs of row slices: implants and wells of the cells end in between."""
WORD_SPACE = 800
"""Between the array's left edge and the row slices: the met3 wire from a row slice to the banks' word-line pins, and
nwell.2a from well to well."""
NITRIDE_SPACE = 270
"""npc.2."""
WELL = 180
"""What the cells' well reaches beyond them."""
EDGE = 640
"""From the outermost well to the macro's edge: half of nwell.2a."""


@dataclass(frozen=True)
class Line:
    """One bit line's way through the channel: from its place in the array to its place over the slices."""

    name: str
    above: int
    below: int
    track: int | None = None
    """None: it goes straight down."""


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
        """Tracks of the channel between array and slices; 0 if all lines go straight down."""
        return max((line.track + 1 for g in self.groups for line in g.lines if line.track is not None), default=0)

    @property
    def slices_top(self) -> int:
        """Upper edge of the slices' rows."""
        return self.floor.die[1] - (CHANNEL_FIRST + self.tracks * CHANNEL_PITCH if self.tracks else 0)

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
        gap = x - lefts[starts[-1]] - _width((k - starts[-1]) * bits)
        # The cells' nitride cuts reach to their edges: neighbouring groups abut or keep npc.2.
        if gap == 0 or gap >= NITRIDE_SPACE:
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
    return max(SLICE_SITES * SITE, _beyond(STRAPS["vdd"]) + (2 * bits - 1) * LINE_PITCH + LAST_LINE)


def _beyond(column: int) -> int:
    """First place of a bit line to the right of a power strap."""
    return SITE // 2 + column * SITE + LINE_TO_STRAP


def _lines(places: list[tuple[str, int]], left: int, right: int) -> tuple[Line, ...]:
    """Places over the slices, in the order of the array and as near to it as pitch and straps let them, and tracks.

    Lines that go left are laid from the left, each below those that it would meet; lines that go right from the right:
    so no wire crosses another one's vertical part, and one track each is enough.
    """
    below: list[int] = []
    for k, (_, x) in enumerate(places):
        low = below[-1] + LINE_PITCH if below else left
        high = right - LAST_LINE - (len(places) - 1 - k) * LINE_PITCH
        place = min(max(x, low), high)
        for column in STRAPS.values():
            after = left + _beyond(column)
            before = after - 2 * LINE_TO_STRAP
            if before < place < after:
                place = before if place - before < after - place and low <= before else after
        below.append(place)
    lines = [Line(name, x, y) for (name, x), y in zip(places, below, strict=True)]
    tracks: list[int | None] = [None] * len(lines)
    for order in (
        [k for k, n in enumerate(lines) if n.below < n.above],
        [k for k, n in reversed(list(enumerate(lines))) if n.below > n.above],
    ):
        for at, k in enumerate(order):
            span = sorted((lines[k].above, lines[k].below))
            meets = [
                tracks[j] or 0
                for j in order[:at]
                if span[0] - LINE_PITCH < max(lines[j].above, lines[j].below)
                and span[1] + LINE_PITCH > min(lines[j].above, lines[j].below)
            ]
            tracks[k] = max(meets, default=-1) + 1
    return tuple(Line(n.name, n.above, n.below, t) for n, t in zip(lines, tracks, strict=True))
