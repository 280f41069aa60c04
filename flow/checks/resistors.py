"""The metal of one net as resistors: wires between contacts, vias one by one, as they are drawn.

Every layer is cut into rectangles. A rectangle is a resistor along its longer side, with a node wherever a via, another
rectangle or a terminal meets it; what current does across its shorter side is left out. Rectangles that touch are
joined in the middle of what they share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import klayout.db as kdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from somaforge.pdk.arrays import Floats
from somaforge.pdk.wires import Wires

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Resistors:
    """Between nodes `ends` [resistors, 2]; a resistor of layer (metals + vias)[layer] may carry `limit_A`."""

    ends: Ints
    siemens: Floats
    limit_A: Floats
    layer: Ints
    terminals: Ints
    """Node of every terminal."""
    nodes: int

    def kept(self, which: NDArray[np.bool_]) -> "Resistors":
        """Some of the resistors, with all nodes."""
        return Resistors(
            self.ends[which], self.siemens[which], self.limit_A[which], self.layer[which], self.terminals, self.nodes
        )

    def without_stubs(self) -> "Resistors":
        """Without the ends of wires where nothing is, which carry no current."""
        rest = self
        while True:
            ends = np.bincount(rest.ends.ravel(), minlength=self.nodes)
            ends[self.terminals] += 2
            stub = (ends[rest.ends] == 1).any(axis=1)
            if not stub.any():
                return rest
            rest = rest.kept(~stub)

    def drops(self, sources: Ints, sinks: Ints, ampere: Floats, feed_ohm: float) -> Floats:
        """[nodes] V below the sources, which are ideal but for `feed_ohm`, when `ampere` leave the grid at `sinks`;
        nan at nodes that no source reaches."""
        i, j = self.ends.T
        matrix = coo_array((self.siemens, (i, j)), shape=(self.nodes,) * 2)
        _, part = connected_components(matrix, directed=False)
        fed = np.isin(part, part[sources])
        number = np.cumsum(fed) - 1
        use = fed[i]
        a, b, g = number[i[use]], number[j[use]], self.siemens[use]
        at = number[np.unique(sources)]
        rows = np.concatenate((a, b, a, b, at))
        columns = np.concatenate((a, b, b, a, at))
        values = np.concatenate((g, g, -g, -g, np.full(len(at), 1 / feed_ohm)))
        taken = np.zeros(int(fed.sum()))
        np.add.at(taken, number[sinks[fed[sinks]]], ampere[fed[sinks]])
        system = coo_array((values, (rows, columns)), shape=(len(taken),) * 2).tocsc()
        # Symmetric, diagonally dominant: no pivoting, and an order that keeps the factors small.
        solved = splu(system, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        drop = np.full(self.nodes, np.nan)
        drop[fed] = solved.solve(taken)
        return drop


class Metal:
    """The rectangles of one layer, and which of them is at a place."""

    def __init__(self, region: kdb.Region) -> None:
        listed = [(b.left, b.bottom, b.right, b.top) for polygon in region.each() for b in _rectangles(polygon)]
        self.box: Ints = np.array(listed, dtype=np.int64).reshape(-1, 4)
        self._number = {(b[0], b[1]): k for k, b in enumerate(listed)}
        self._shapes = kdb.Shapes()
        for b in listed:
            self._shapes.insert(kdb.Box(*b))

    def at(self, x: int, y: int) -> int | None:
        """A rectangle that holds a point."""
        for shape in self._shapes.each_touching(kdb.Box(x, y, x, y)):
            return self._number[shape.box.left, shape.box.bottom]
        return None

    def nearest(self, within: kdb.Box) -> int | None:
        """The rectangle nearest to the middle of a box, of those that touch the box."""
        found = [self._number[s.box.left, s.box.bottom] for s in self._shapes.each_touching(within)]
        if not found:
            return None
        x, y = within.center().x, within.center().y
        left, bottom, right, top = self.box[found].T
        away = np.hypot(np.maximum(np.maximum(left - x, x - right), 0), np.maximum(np.maximum(bottom - y, y - top), 0))
        return found[int(np.argmin(away))]

    def contacts(self) -> Ints:
        """[contacts, 4] two rectangles that lie on or beside each other, and the middle of the edge that they share."""
        lying = _shared_edges(self.box)
        beside = _shared_edges(self.box[:, [1, 0, 3, 2]])
        return np.concatenate((lying, beside[:, [0, 1, 3, 2]]))


def _rectangles(polygon: kdb.Polygon) -> list[kdb.Box]:
    """A polygon cut along one direction at all its corners: the one that leaves fewer pieces, of two equal ones the one
    along its longer side. So a wire with pads or branches stays whole, and one that gets thinner is cut where it does.
    """
    if polygon.is_box():
        return [polygon.bbox()]
    turn, back = kdb.Trans(kdb.Trans.R90), kdb.Trans(kdb.Trans.R270)
    flat = [p.bbox() for p in polygon.decompose_trapezoids(kdb.Polygon.TD_simple)]
    upright = [p.bbox() for p in polygon.transformed(turn).decompose_trapezoids(kdb.Polygon.TD_simple)]
    tall = polygon.bbox().height() > polygon.bbox().width()
    if (len(upright), not tall) < (len(flat), tall):
        return [box.transformed(back) for box in upright]
    return flat


def _shared_edges(box: Ints) -> Ints:
    """[edges, 4] lower and upper one of rectangles that do not overlap, and the middle of the horizontal edge between
    them."""
    rows: list[tuple[int, int, int, int]] = []
    left, bottom, right, top = box.T.tolist()
    below = np.lexsort((box[:, 0], box[:, 3])).tolist()
    above = np.lexsort((box[:, 0], box[:, 1])).tolist()
    i = j = 0
    while i < len(below) and j < len(above):
        a, b = below[i], above[j]
        if top[a] != bottom[b]:
            i, j = (i + 1, j) if top[a] < bottom[b] else (i, j + 1)
            continue
        low, high = max(left[a], left[b]), min(right[a], right[b])
        if low < high:
            rows.append((a, b, (low + high) // 2, top[a]))
        i, j = (i + 1, j) if right[a] <= right[b] else (i, j + 1)
    return np.array(rows, dtype=np.int64).reshape(-1, 4)


@dataclass(frozen=True)
class Terminal:
    """A place on one rectangle of one layer (index into the process's `metals`)."""

    layer: int
    rectangle: int
    x: int
    y: int


def resistors(
    wires: Wires, metals: Sequence[Metal], vias: Mapping[str, kdb.Region], terminals: Sequence[Terminal]
) -> Resistors:
    """Of a net with that metal (one for each of `wires.metals`) and those vias.

    ValueError for a via that lies beside its metal.
    """
    base = np.cumsum([0, *(len(m.box) for m in metals)])
    boxes = np.concatenate([m.box for m in metals])
    layer_of = np.repeat(np.arange(len(metals)), [len(m.box) for m in metals])
    joints = np.concatenate([m.contacts() + np.array([base[k], base[k], 0, 0]) for k, m in enumerate(metals)])
    holes, kinds = _holes(metals, vias, base)
    ends = np.array([(base[t.layer] + t.rectangle, t.x, t.y) for t in terminals], dtype=np.int64).reshape(-1, 3)
    # Every point on a rectangle: both sides of a joint, both sides of a via, terminals.
    pairs = np.concatenate((joints, holes))
    box = np.concatenate((pairs[:, 0], pairs[:, 1], ends[:, 0]))
    x = np.concatenate((pairs[:, 2], pairs[:, 2], ends[:, 1]))
    y = np.concatenate((pairs[:, 3], pairs[:, 3], ends[:, 2]))
    left, bottom, right, top = boxes[box].T
    flat = right - left >= top - bottom
    along = np.where(flat, np.clip(x, left, right), np.clip(y, bottom, top))
    points, which = np.unique(np.stack((box, along), axis=1), axis=0, return_inverse=True)
    which = which.ravel()
    lower, upper, own = which[: len(pairs)], which[len(pairs) : 2 * len(pairs)], which[2 * len(pairs) :]
    same = (lower[: len(joints)], upper[: len(joints)])
    joined = coo_array((np.ones(len(joints)), same), shape=(len(points),) * 2)
    count, node = connected_components(joined, directed=False)
    # Wires: between neighbouring points of a rectangle.
    next_to = np.flatnonzero(points[1:, 0] == points[:-1, 0])
    of = boxes[points[next_to, 0]]
    width = np.minimum(of[:, 2] - of[:, 0], of[:, 3] - of[:, 1])
    length = points[next_to + 1, 1] - points[next_to, 1]
    kind = layer_of[points[next_to, 0]]
    numbers = wires.nominal
    sheet = np.array([numbers.sheet_ohm[m] for m in wires.metals])
    per_um = np.array([wires.max_A_per_um[m] for m in wires.metals])
    per_cut = np.array([wires.max_A_per_cut[v] for v in wires.vias])
    cut = np.array([1 / numbers.cut_ohm[v] for v in wires.vias])
    stretches = np.stack((node[next_to], node[next_to + 1]), axis=1)
    through = np.stack((node[lower[len(joints) :]], node[upper[len(joints) :]]), axis=1)
    return Resistors(
        np.concatenate((stretches, through)),
        np.concatenate((width / (sheet[kind] * length), cut[kinds])),
        np.concatenate((per_um[kind] * width * 1e-3, per_cut[kinds])),
        np.concatenate((kind, kinds + len(metals))),
        node[own],
        int(count),
    )


def _holes(metals: Sequence[Metal], vias: Mapping[str, kdb.Region], base: NDArray[Any]) -> tuple[Ints, Ints]:
    """[vias, 4] rectangles below and above and the place, and the kind of each via."""
    rows: list[tuple[int, int, int, int]] = []
    kinds: list[int] = []
    for k, name in enumerate(vias):
        for polygon in vias[name].each():
            at = polygon.bbox().center()
            below, above = metals[k].at(at.x, at.y), metals[k + 1].at(at.x, at.y)
            if below is None or above is None:
                raise ValueError(f"{name} at {at} nm has no metal below or above")
            rows.append((int(base[k]) + below, int(base[k + 1]) + above, at.x, at.y))
            kinds.append(k)
    return np.array(rows, dtype=np.int64).reshape(-1, 4), np.array(kinds, dtype=np.int64)
