"""Wires and names between a cell's transistors: rails along rows, stacks along columns, names at everything else."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from somaforge.generator.xschem.placing import ROW, Placed
from somaforge.generator.xschem.text import GRID
from somaforge.pdk.symbols import Point

STUB = 2 * GRID
TO_RAIL = 6 * GRID
"""From the middle of a row's symbols, past the short wires at the others."""
RAILS = 2
"""Along one row; further nets that several sources share have names instead."""


@dataclass
class Wiring:
    """Wires, and the places that carry a net's name."""

    wires: list[tuple[Point, Point]] = field(default_factory=list)
    left: list[tuple[str, Point]] = field(default_factory=list)
    """Nets whose name stands at the left of the place."""
    right: list[tuple[str, Point]] = field(default_factory=list)
    _done: set[tuple[str, str]] = field(default_factory=set)

    def down(self, upper: Placed, a: str, lower: Placed, b: str) -> None:
        """From a terminal straight down to another, with the net's name if no rail has it."""
        top, end = upper.terminal(a), lower.terminal(b)
        if {(upper.name, a), (lower.name, b)} & self._done:
            self.wires.append((top, end))
        else:
            middle = (top[0], top[1] + STUB)
            self.wires += [(top, middle), (middle, end)]
            self.right.append((upper.net(a), middle))
        self._done |= {(upper.name, a), (lower.name, b)}

    def rail(self, net: str, sources: list[Placed], y: int) -> None:
        """Along a row, over or under its sources; its name at the left end."""
        xs = sorted(one.terminal("s")[0] for one in sources)
        self.wires.append(((xs[0] - 2 * STUB, y), (xs[-1], y)))
        self.left.append((net, (xs[0] - 2 * STUB, y)))
        for one in sources:
            source = one.terminal("s")
            self.wires.append((source, (source[0], y)))
            self._done.add((one.name, "s"))

    def branch(self, one: Placed, x: int) -> None:
        """From a source to a stack at its left."""
        source = one.terminal("s")
        self.wires.append(((x, source[1]), source))
        self._done.add((one.name, "s"))

    def name_the_rest(self, placed: list[Placed]) -> None:
        """Gates at the left, bodies at the right, channels at the end of a short wire."""
        for one in placed:
            self.left.append((one.net("g"), one.terminal("g")))
            self.right.append((one.net("b"), one.terminal("b")))
            for end in ("d", "s"):
                if (one.name, end) not in self._done:
                    x, y = one.terminal(end)
                    away = y + (STUB if y > one.at[1] else -STUB)
                    self.wires.append(((x, y), (x, away)))
                    self.right.append((one.net(end), (x, away)))


def wiring(placed: list[Placed]) -> Wiring:
    """Joins what is one net and in reach; names the rest."""
    made = Wiring()
    _rails(placed, made)
    stacks = _stacks(placed, made)
    by_column = {one.column: one for one in placed}
    for one in placed:
        for net, column, top, bottom in stacks:
            if one.column == column + 1 and net == one.net("s") and top < one.terminal("s")[1] < bottom:
                made.branch(one, by_column[column].terminal("d")[0])
    made.name_the_rest(placed)
    return made


def _stacks(placed: list[Placed], made: Wiring) -> list[tuple[str, int, int, int]]:
    """Joins neighbours of a column that share a net; net, column and ends of each wire."""
    columns: dict[int, list[Placed]] = defaultdict(list)
    for one in sorted(placed, key=lambda one: one.row):
        columns[one.column].append(one)
    found = []
    for column, ones in columns.items():
        for upper, lower in pairwise(ones):
            a = "d" if upper.symbol.points_down else "s"
            b = "s" if lower.symbol.points_down else "d"
            if upper.net(a) == lower.net(b):
                made.down(upper, a, lower, b)
                found.append((upper.net(a), column, upper.terminal(a)[1] + STUB, lower.terminal(b)[1]))
    return found


def _rails(placed: list[Placed], made: Wiring) -> None:
    """Sources of a row that share a net."""
    rows: dict[tuple[int, str], list[Placed]] = defaultdict(list)
    for one in placed:
        rows[one.row, one.net("s")].append(one)
    count: dict[int, int] = defaultdict(int)
    for (row, net), sources in sorted(rows.items(), key=lambda item: -len(item[1])):
        if len(sources) > 1 and count[row] < RAILS:
            away = TO_RAIL + GRID * count[row]
            count[row] += 1
            made.rail(net, sources, row * ROW + (-away if sources[0].symbol.points_down else away))
