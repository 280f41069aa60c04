"""Where the periphery lies: groups of bit slices below their columns, row slices left of the array, control block."""

from dataclasses import dataclass, replace
from functools import cached_property

from somaforge.generator.address import MemoryMap
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.names import bit_line, bit_line_bar
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Plan
from somaforge.pdk.library import StandardCells

SLICE_SITES = 42
"""Sites of a bit slice."""
STRAPS = {"gnd": 3, "vdd": 8}
"""Columns of a group's power straps: between pairs of bit lines of the default synapse."""
FOLDS = 3
"""Most rows of cells that a row slice is folded into: its flip-flop and its driver have one each."""
WORD_F = 4e-15
"""Load of a latch on its word line: two access gates and 2.5 um of wire (extracted rows: 3.6 to 4.2 fF)."""


@dataclass(frozen=True)
class Line:
    """One bit line's way through the channel: from its place in the array to its place over the slices."""

    name: str
    bar: bool
    """Whether it is the complement of its pair."""
    index: int
    """Of the pair in the word."""
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
    """Both lines of each bit in turn."""


@dataclass(frozen=True)
class PeripheryPlan:
    """Positions in the core's coordinates, in nm."""

    m: PortMeasures
    floor: Floorplan
    groups: tuple[Group, ...]
    guarded: bool = False

    @cached_property
    def gates(self) -> Plan:
        """What the netlist needs to know."""
        drive = word_drive(self.m.cells, self.floor.memory)
        return Plan(self.floor.memory, tuple(g.bits for g in self.groups), drive, guarded=self.guarded)

    @property
    def cell_rows(self) -> int:
        """Rows of cells below the array: the repeaters' and the slices'."""
        return 1 + max(g.bits for g in self.groups)

    @property
    def fold(self) -> int:
        """Rows of cells of a row slice: as many as the array's row has room for."""
        return min(FOLDS, self.floor.rows.height // self.m.row)

    def row_y(self, row: int) -> int:
        """Lower edge of a row slice.

        The row slices of a run share rails, every second one mirrored: what their rows of cells are lower than the
        array's rows comes together above the run and parts it from the next one.
        """
        height = self.floor.rows.height
        slack = height - self.fold * self.m.row
        run = -(-self.m.cells.rows_apart_nm // slack) if slack else self.floor.row_count
        run += run % 2
        return row // run * run * height + row % run * self.fold * self.m.row

    @property
    def tracks(self) -> int:
        """Tracks of the channel between array and slices; 0 if all lines go straight down."""
        return max((line.track + 1 for g in self.groups for line in g.lines if line.track is not None), default=0)

    @property
    def slices_top(self) -> int:
        """Upper edge of the slices' rows."""
        return self.floor.die[1] - (self.m.channel_first + self.tracks * self.m.channel_pitch if self.tracks else 0)

    @property
    def slices_bottom(self) -> int:
        """Lower edge of the repeaters' row."""
        return self.slices_top - self.cell_rows * self.m.row

    @property
    def right(self) -> int:
        """Right edge of the last group's slices."""
        return self.groups[-1].x + SLICE_SITES * self.m.site


WEAKEST_WORD_DRIVE = 4


def word_drive(cells: StandardCells, memory: MemoryMap) -> int:
    """Drive of the inverter for the longest word line: the weakest that moves it in 1 ns, else the strongest."""
    load = memory.width * WORD_F
    drives = [n for n in cells.drives("inverter") if n >= WEAKEST_WORD_DRIVE]
    return next((n for n in drives if load <= n * cells.drive_F), drives[-1])


def plan_periphery(m: PortMeasures, floor: Floorplan, guarded: bool = False) -> PeripheryPlan:
    """Groups of neighbouring columns, as few as give a slice its width; then each bit line's way."""
    bits = floor.memory.bits + 1
    columns = [
        (b, c) for b in range(len(floor.memory.banks)) for c in range(floor.memory.bank_columns(b))
    ]  # fmt: skip
    lefts = [min(floor.bit_line_x(b, c, k)[0] for k in range(bits)) - m.column_margin for b, c in columns]
    starts = [0]
    for k, x in enumerate(lefts):
        gap = x - lefts[starts[-1]] - _width(m, (k - starts[-1]) * bits)
        # The cells' nitride cuts reach to their edges: neighbouring groups abut or keep their space.
        if gap == 0 or gap >= floor.measures.rules.nitride_space:
            starts.append(k)
    # The last group may reach to the array's edge; if that is too near, its columns go to the group before.
    if len(starts) > 1 and lefts[starts[-1]] + _width(m, (len(columns) - starts[-1]) * bits) > floor.die[2]:
        starts.pop()
    groups = []
    for g, start in enumerate(starts):
        stop = starts[g + 1] if g + 1 < len(starts) else len(columns)
        end = lefts[stop] if stop < len(columns) else max(floor.die[2], lefts[start] + _width(m, (stop - start) * bits))
        places = [
            (floor.memory.index(b, c, k), bar, x)
            for b, c in columns[start:stop]
            for k in range(bits)
            for bar, x in zip((False, True), floor.bit_line_x(b, c, k), strict=True)
        ]
        lines = _lines(m, sorted(places, key=lambda p: p[2]), lefts[start], end)
        groups.append(Group(lefts[start], start * bits, (stop - start) * bits, lines))
    return PeripheryPlan(m, floor, tuple(groups), guarded)


def _width(m: PortMeasures, bits: int) -> int:
    """Least width of a group."""
    return max(SLICE_SITES * m.site, _beyond(m, STRAPS["vdd"]) + (2 * bits - 1) * m.line_pitch + m.last_line)


def _beyond(m: PortMeasures, column: int) -> int:
    """First place of a bit line to the right of a power strap."""
    return m.column_x(column) + m.line_to_strap


def _lines(m: PortMeasures, places: list[tuple[int, bool, int]], left: int, right: int) -> tuple[Line, ...]:
    """Places over the slices, in the order of the array and as near to it as pitch and straps let them, and tracks.

    Lines that go left are laid from the left, each below those that it would meet; lines that go right from the right:
    so no wire crosses another one's vertical part, and one track each is enough.
    """
    below: list[int] = []
    for k, (_, _, x) in enumerate(places):
        low = below[-1] + m.line_pitch if below else left
        high = right - m.last_line - (len(places) - 1 - k) * m.line_pitch
        place = min(max(x, low), high)
        for column in STRAPS.values():
            after = left + _beyond(m, column)
            before = after - 2 * m.line_to_strap
            if before < place < after:
                place = before if place - before < after - place and low <= before else after
        below.append(place)
    lines = [
        Line(bit_line_bar(index) if bar else bit_line(index), bar, index, x, y)
        for (index, bar, x), y in zip(places, below, strict=True)
    ]
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
                if span[0] - m.line_pitch < max(lines[j].above, lines[j].below)
                and span[1] + m.line_pitch > min(lines[j].above, lines[j].below)
            ]
            tracks[k] = max(meets, default=-1) + 1
    return tuple(replace(line, track=track) for line, track in zip(lines, tracks, strict=True))
