"""Where a cell's transistors stand on its sheet: current flows down in columns from the supply's p channels to the
ground's n channels, one row for each level of a stack."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from somaforge.generator.circuit import Circuit
from somaforge.generator.xschem.text import GRID, text_width
from somaforge.generator.xschem.vectors import Devices, devices
from somaforge.pdk.symbols import Point, Symbol, Symbols

DEEPEST = 6
"""Levels of a stack that are told apart; pass gates may form loops, which have none."""
ROW = 18 * GRID
TEXT, SMALL = 0.33, 0.2
"""Sizes of text: labels; what symbols say themselves."""


@dataclass(frozen=True)
class Placed:
    """A symbol on the sheet."""

    devices: Devices
    symbol: Symbol
    column: int
    row: int
    at: Point

    @property
    def name(self) -> str:
        """Of the transistor."""
        return self.devices.mos.name

    def terminal(self, name: str) -> Point:
        """Place of d, g, s or b."""
        x, y = getattr(self.symbol.terminals, name)
        return self.at[0] + x, self.at[1] + y

    def net(self, name: str) -> str:
        """What is at d, g, s or b."""
        return str(getattr(self.devices.mos, name))


def _levels(found: list[Devices], rails: set[str]) -> list[int]:
    """How many transistors of the same kind lie between each one's source and a rail."""
    above = [
        [j for j, other in enumerate(found) if j != i and other.mos.d == one.mos.s and one.mos.s not in rails]
        for i, one in enumerate(found)
    ]
    level = [0] * len(found)
    for _ in range(DEEPEST):
        level = [max((level[j] + 1 for j in parents), default=0) for parents in above]
    return level


class _Columns:
    """Which column each transistor stands in; places between two columns are fractions until all are there."""

    def __init__(self) -> None:
        self.of: dict[Devices, float] = {}
        self._taken: set[tuple[float, int]] = set()

    def put(self, one: Devices, column: float, row: int) -> bool:
        """Whether there was room."""
        if (column, row) in self._taken:
            return False
        self.of[one] = column
        self._taken.add((column, row))
        return True

    def right(self) -> float:
        """A column to the right of all."""
        return max(self.of.values(), default=-1.0) // 1 + 1

    def left(self) -> float:
        """One to the left of all."""
        return min(self.of.values(), default=1.0) // 1 - 1

    def beside(self, other: Devices) -> float:
        """One to the right of a transistor, before the next one."""
        here = self.of[other]
        return (here + min((c for c in self.of.values() if c > here), default=here + 1)) / 2


def place(circuit: Circuit, symbols: Symbols) -> list[Placed]:
    """The circuit's transistors in the order of its netlist."""
    found = devices(circuit)
    rails = {m.b for m in circuit.mos}
    down = [one for one in found if symbols(one.mos.device).points_down]
    up = [one for one in found if one not in down]
    p, n = (dict(zip(group, _levels(group, rails), strict=True)) for group in (down, up))
    depth, height = (max(levels.values(), default=-1) + 1 for levels in (p, n))
    row = {**p, **{one: depth + height - 1 - level for one, level in n.items()}}
    used = sorted(set(row.values()))
    row = {one: used.index(level) for one, level in row.items()}
    columns = _Columns()
    _put_p(p, row, columns)
    _put_n(n, row, columns, rails)
    order = sorted(set(columns.of.values()))
    index = {one: order.index(column) for one, column in columns.of.items()}
    xs = _positions([[one for one in found if index[one] == k] for k in range(len(order))])
    return [
        Placed(one, symbols(one.mos.device), index[one], row[one], (xs[index[one]], row[one] * ROW)) for one in found
    ]


def _put_p(p: dict[Devices, int], row: dict[Devices, int], columns: _Columns) -> None:
    """Each below what feeds it, or to the right of all; what it feeds comes next."""

    def put(one: Devices, column: float) -> None:
        if not columns.put(one, column, row[one]):
            columns.put(one, columns.right(), row[one])
        for other in p:
            if other not in columns.of and p[other] == p[one] + 1 and other.mos.s == one.mos.d:
                put(other, columns.of[one])

    for one in sorted(p, key=p.__getitem__):
        if one not in columns.of:
            put(one, columns.right())


def _put_n(n: dict[Devices, int], row: dict[Devices, int], columns: _Columns, rails: set[str]) -> None:
    """Below the p channel that shares the drain; else below what it feeds, or beside what feeds it."""
    ends: dict[str, list[float]] = defaultdict(list)
    lowest: dict[float, Devices] = {}
    for one, column in columns.of.items():
        lowest[column] = max(lowest.get(column, one), one, key=row.__getitem__)
    for column, one in lowest.items():
        ends[one.mos.d].append(column)
    waiting = [one for one in n if not (ends[one.mos.d] and columns.put(one, ends[one.mos.d].pop(0), row[one]))]
    while waiting:
        left = [one for one in waiting if not _beside_its_neighbours(one, n, row, columns)]
        if len(left) == len(waiting):
            one = left.pop(0)
            columns.put(one, columns.right() if one.mos.d in rails else columns.left(), row[one])
        waiting = left


def _beside_its_neighbours(one: Devices, n: Iterable[Devices], row: dict[Devices, int], columns: _Columns) -> bool:
    for other in n:
        fed = other in columns.of and other.mos.s == one.mos.d and row[other] < row[one]
        if fed and columns.put(one, columns.of[other], row[one]):
            return True
    for other in n:
        if other in columns.of and other.mos.d == one.mos.s and row[other] > row[one]:
            return columns.put(one, columns.beside(other), row[one])
    return False


def _positions(columns: list[list[Devices]]) -> list[int]:
    """x of every column: names of gates lie at its left; device, size and names of body and channel at its right."""
    xs, x = [], 0
    for k, column in enumerate(columns):
        if k:
            x += max(max(text_width(one.mos.g, TEXT), text_width(one.mos.name, SMALL)) for one in column)
        xs.append(x + 4 * GRID)
        words = [(text, size) for one in column for text, size in _beside(one)]
        x += 10 * GRID + max(text_width(text, size) for text, size in words)
    return xs


def _beside(one: Devices) -> list[tuple[str, float]]:
    m = one.mos
    size = f"{one.count} x {m.w_nm / 1000:g} / {m.l_nm / 1000:g}"
    return [(m.b, TEXT), (m.d, TEXT), (m.s, TEXT), (m.device, SMALL), (size, SMALL)]
