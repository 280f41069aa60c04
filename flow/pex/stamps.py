"""Gives every capacitance of a layout's tiles to the cell that sees both of its nets, once per kind of tile.

Two tiles of one kind whose nets play the same parts in the cells around them share one template, so that an array costs
as much as it has distinct tiles. A cell sees the nets that its transistors touch. What no cell sees from both sides
stays with the top (two shared wires side by side) or goes to ground at both ends (inner nets of two cells).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from somaforge.flow.pex.capacitance import Capacitances, Tile
from somaforge.flow.pex.geometry import Geometry
from somaforge.flow.pex.kernel import EMPTY, SUBSTRATE, Couplings, Ints
from somaforge.pdk.arrays import Floats

_NONE = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Pairs:
    """Capacitances between numbered nodes."""

    a: Ints
    b: Ints
    farad: Floats


def add_up(parts: Sequence[Pairs]) -> Pairs:
    """Every pair (a < b) once."""
    if not parts:
        return Pairs(_NONE, _NONE, np.zeros(0))
    a, b = np.concatenate([p.a for p in parts]), np.concatenate([p.b for p in parts])
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    count = int(high.max(initial=0)) + 1
    keys, index = np.unique(low * count + high, return_inverse=True)
    farad = np.bincount(index, np.concatenate([p.farad for p in parts]), len(keys)).astype(np.float64)
    keep = keys // count != keys % count
    return Pairs(keys[keep] // count, keys[keep] % count, farad[keep])


@dataclass(frozen=True)
class Cells:
    """The cells of a layout and what each sees."""

    geometry: Geometry
    ports: frozenset[str]

    @cached_property
    def nets(self) -> tuple[Ints, ...]:
        """Nets of each cell, in the order in which its transistors name them; ground is always one of them."""
        t = self.geometry.transistors
        found = []
        for rows in self.transistors:
            named = t.nets[rows].ravel()
            used, first = np.unique(np.append(named[named != EMPTY], SUBSTRATE), return_index=True)
            found.append(used[np.argsort(first, kind="stable")].astype(np.int64))
        return tuple(found)

    @cached_property
    def transistors(self) -> tuple[Ints, ...]:
        """Numbers of each cell's transistors."""
        cell = self.geometry.transistors.cell
        order = np.argsort(cell, kind="stable")
        cuts = np.searchsorted(cell[order], np.arange(len(self.geometry.transistors.instances) + 1))
        return tuple(order[a:b] for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))

    @cached_property
    def home(self) -> Ints:
        """[nets]: the one cell that has a net; -1 for nets that several share or that are pins."""
        sites = self.geometry.sites
        home = np.full(len(self.geometry.nets), -1, dtype=np.int64)
        alone = sites.count == 1
        home[alone] = sites.cell[sites.first[:-1][alone]]
        number = self.geometry.number
        home[[number[p] for p in self.ports if p in number]] = -1
        home[SUBSTRATE] = -1
        return home

    @cached_property
    def lost(self) -> NDArray[np.bool_]:
        """[nets]: metal that no transistor and no pin touches; it counts as ground."""
        lost: NDArray[np.bool_] = self.geometry.sites.count == 0
        number = self.geometry.number
        lost[[number[p] for p in self.ports if p in number]] = False
        lost[SUBSTRATE] = True
        return lost


@dataclass(frozen=True)
class Stamps:
    """Who has which capacitance."""

    templates: tuple[tuple[Pairs, ...], ...]
    """Of each template, for each cell around it: pairs of places in `Cells.nets` of that cell."""
    of_cell: tuple[tuple[tuple[int, int], ...], ...]
    """Of each cell: (template, which of its cells it is) of every tile around it, sorted."""
    shared: Pairs
    """Between nets of the layout, for the top."""

    def pairs(self, parts: Sequence[tuple[int, int]]) -> Pairs:
        """Capacitances of a cell with these entries of `of_cell`."""
        return add_up([self.templates[k][rank] for k, rank in parts])


def stamp(capacitances: Capacitances, cells: Cells) -> Stamps:
    """Distribute everything."""
    templates: list[tuple[Pairs, ...]] = []
    top: list[Pairs] = []
    known: dict[tuple[int, bytes, bytes, bytes, int], int] = {}
    of_cell: list[list[tuple[int, int]]] = [[] for _ in cells.nets]
    shared: list[Pairs] = []
    place = np.full(len(cells.geometry.nets), -1, dtype=np.int64)
    own = _own_cells(capacitances.tiles, cells)
    for tile, mine in zip(capacitances.tiles, own, strict=True):
        home, lost = cells.home[tile.nets], cells.lost[tile.nets]
        around = list(dict.fromkeys([*home[home >= 0].tolist(), *mine]))
        seen = np.empty((len(around), len(tile.nets)), dtype=np.int64)
        for rank, cell in enumerate(around):
            place[cells.nets[cell]] = np.arange(len(cells.nets[cell]))
            seen[rank] = place[tile.nets]
            place[cells.nets[cell]] = -1
        inside = np.array([cell in mine for cell in around], dtype=bool)
        rank_of = {cell: rank for rank, cell in enumerate(around)}
        home_rank = np.array([rank_of.get(h, -1) for h in home.tolist()], dtype=np.int64)
        key = (tile.kind, seen.tobytes(), inside.tobytes() + lost.tobytes(), home_rank.tobytes(), len(around))
        number = known.get(key)
        if number is None:
            number = known[key] = len(templates)
            mine_first = np.argsort(~inside, kind="stable")
            parts, rest = _template(capacitances.kinds[tile.kind], seen, mine_first, home_rank, lost)
            templates.append(parts)
            top.append(rest)
        for rank, cell in enumerate(around):
            if len(templates[number][rank].farad):
                of_cell[cell].append((number, rank))
        rest = top[number]
        if len(rest.farad):
            shared.append(Pairs(tile.nets[rest.a], tile.nets[rest.b], rest.farad))
    return Stamps(tuple(templates), tuple(tuple(sorted(c)) for c in of_cell), add_up(shared))


def _own_cells(tiles: Sequence[Tile], cells: Cells) -> list[tuple[int, ...]]:
    """The cells whose centre lies in each tile."""
    boxes = np.array([t.box for t in tiles], dtype=np.int64).reshape(-1, 4)
    cuts = [np.unique(boxes[:, k]) for k in (0, 1)]
    centre = cells.geometry.sites.centre
    corner = [c[np.maximum(np.searchsorted(c, centre[:, k], side="right") - 1, 0)] for k, c in enumerate(cuts)]
    at: dict[tuple[int, int], list[int]] = {}
    for cell, (x, y) in enumerate(zip(corner[0].tolist(), corner[1].tolist(), strict=True)):
        at.setdefault((x, y), []).append(cell)
    return [tuple(at.get((left, bottom), ())) for left, bottom in boxes[:, :2].tolist()]


def _template(
    c: Couplings, seen: Ints, order: Ints, home: Ints, lost: NDArray[np.bool_]
) -> tuple[tuple[Pairs, ...], Pairs]:
    """Parts of the cells around a tile, and the rest between the tile's nets (0: ground)."""
    a, b = (np.where(lost[n], SUBSTRATE, n) for n in (c.a, c.b))
    open_ = a != b
    parts: list[list[Pairs]] = [[] for _ in order]
    for rank in order.tolist():
        hit = open_ & (seen[rank, a] >= 0) & (seen[rank, b] >= 0)
        # A wire and ground: the cell under it if there is one, not every neighbour that has the wire too.
        parts[rank].append(Pairs(seen[rank, a[hit]], seen[rank, b[hit]], c.farad[hit]))
        open_ &= ~hit
    rest: list[Pairs] = []
    for first, second in ((a, b), (b, a)):
        # One end is an inner net of a cell that does not see the other end.
        inner = open_ & (home[first] >= 0)
        for rank in order.tolist():
            at = inner & (home[first] == rank)
            ground = np.full(int(at.sum()), seen[rank, SUBSTRATE])
            parts[rank].append(Pairs(seen[rank, first[at]], ground, c.farad[at]))
        single = open_ & (home[first] < 0) & (home[second] >= 0)
        rest.append(Pairs(first[single], np.zeros_like(first[single]), c.farad[single]))
    both = open_ & (home[a] < 0) & (home[b] < 0)
    rest.append(Pairs(a[both], b[both], c.farad[both]))
    return tuple(add_up(p) for p in parts), add_up(rest)
