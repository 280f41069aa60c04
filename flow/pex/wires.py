"""Wires that join cells, as segments: one node at each cell position, a resistor for each stretch of metal between.

Along a stretch the layers of the net conduct side by side: R is the integral of dx / sum(width / sheet). Row and
column wires come out as ladders, a supply grid as a grid. What joins a segment to its cell (contacts and stubs) is
not in here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from somaforge.flow.pex.geometry import Geometry
from somaforge.flow.pex.kernel import GATE, Ints
from somaforge.flow.pex.polygons import boxes_region, rectangles
from somaforge.generator.names import segment
from somaforge.pdk.arrays import Floats
from somaforge.pdk.interconnect import Interconnect

_SAME_LINE_NM = 1500
"""Cells whose centres differ by less than this across the wire stand in one row: below any cell height here."""

_WIRE_ENDS_NM = 5000
"""How far from the middle of its cell a wire may end: half a cell."""


@dataclass(frozen=True)
class Segment:
    """A stretch of wire between two sites of a net."""

    a: int
    b: int
    ohm: float


@dataclass(frozen=True)
class Wire:
    """A net that several cells share."""

    net: str
    sites: tuple[str, ...]
    """Cell (instance path without the last dot) at each node."""
    x_nm: tuple[int, ...]
    y_nm: tuple[int, ...]
    port: int
    """The node that keeps the net's name."""
    segments: tuple[Segment, ...]

    def node(self, index: int) -> str:
        """The name of a node."""
        return self.net if index == self.port else segment(self.net, index)


def build_wire(
    geometry: Geometry, process: Interconnect, net: str, cells: Sequence[str], places: Ints, port: int
) -> Wire:
    """The wire of `net` through `cells`, whose centres are `places` ([cells, 2] in nm)."""
    x, y = places[:, 0], places[:, 1]
    boxes, sheets = _metal(geometry, process, net)
    segments = [
        *_along(x, y, boxes, sheets),
        *_along(y, x, boxes[:, [1, 0, 3, 2]], sheets),
    ]
    segments += _bridges(places, segments, process)
    return Wire(net, tuple(cells), tuple(x.tolist()), tuple(y.tolist()), port, tuple(segments))


def _metal(geometry: Geometry, process: Interconnect, net: str) -> tuple[Ints, Floats]:
    """Boxes of the net's metal that do not overlap on a layer, and the sheet resistance of each. Poly is no wire: what
    it adds is part of the way from the wire to its transistors."""
    shapes = geometry.of_net(geometry.number[net])
    boxes: list[tuple[int, int, int, int]] = []
    sheets: list[float] = []
    for k, name in enumerate(process.wires[1:], 1):
        found = rectangles(boxes_region(shapes.box[shapes.layer == GATE + k].tolist()), 1.0)
        boxes += found
        sheets += [process.sheet_ohm[name]] * len(found)
    return np.array(boxes, dtype=np.int64).reshape(-1, 4), np.array(sheets)


def _along(x: Ints, y: Ints, boxes: Ints, sheets: Floats) -> list[Segment]:
    """Segments between neighbours of each row, from the shapes that run along it nearest to that row."""
    rows = _lines(y)
    centres = [float(np.mean(y[row])) for row in rows]
    known: dict[tuple[int, bytes, bytes, bytes], float | None] = {}
    segments = []
    for k, row in enumerate(rows):
        low = (centres[k - 1] + centres[k]) / 2 if k else -np.inf
        high = (centres[k + 1] + centres[k]) / 2 if k + 1 < len(rows) else np.inf
        bottom, top = np.maximum(boxes[:, 1], low), np.minimum(boxes[:, 3], high)
        use = np.flatnonzero(top > bottom)
        use = use[np.argsort(boxes[use, 0], kind="stable")]
        row_boxes, widths, row_sheets = boxes[use], (top - bottom)[use], sheets[use]
        reach = np.maximum.accumulate(row_boxes[:, 2]) if len(use) else row_boxes[:, 2]
        order = row[np.argsort(x[row], kind="stable")]
        for a, b in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
            # Boxes by their left ends: none before the first that reaches this far, none after the last that begins.
            first = int(np.searchsorted(reach, x[a], side="left"))
            near = slice(first, int(np.searchsorted(row_boxes[:, 0], x[b], side="right")))
            size = int(x[b] - x[a])
            # What lies further away than the stretch is long does not matter: equal stretches are computed once.
            here = np.clip(row_boxes[near] - x[a], -size, 2 * size)
            key = (size, here[:, [0, 2]].tobytes(), widths[near].tobytes(), row_sheets[near].tobytes())
            if key not in known:
                known[key] = stretch(here, widths[near], row_sheets[near], 0, size)
            ohm = known[key]
            if ohm is not None:
                segments.append(Segment(a, b, ohm))
    return segments


def stretch(boxes: Ints, widths: Floats, sheets: Floats, start: int, end: int) -> float | None:
    """Ohm from `start` to `end` along the first axis; None where nothing conducts.

    A wire may end before the middle of the cell that it serves.
    """
    if end <= start:
        return None
    here = (boxes[:, 0] <= end) & (boxes[:, 2] >= start)
    boxes, widths, sheets = boxes[here], widths[here], sheets[here]
    # Beside the longest piece current needs about that piece's width to spread into another one: ends do not count.
    longest = int(np.argmax(boxes[:, 2] - boxes[:, 0])) if len(boxes) else 0
    spread = np.where(np.arange(len(boxes)) == longest, 0.0, widths[longest] / 2 if len(boxes) else 0.0)
    left, right = boxes[:, 0] + spread, boxes[:, 2] - spread
    trunk = (right > left) & (boxes[:, 2] - boxes[:, 0] >= widths)
    cuts = np.unique(np.clip(np.concatenate((boxes[:, 0], boxes[:, 2], left, right, [start, end])), start, end))
    middle = (cuts[:-1] + cuts[1:])[:, None] / 2
    # What is longer than wide carries current along; stubs and landing pads count only where nothing else does.
    conductance = ((left <= middle) & (right >= middle)) @ (trunk * widths / sheets)
    anything = ((boxes[:, 0] <= middle) & (boxes[:, 2] >= middle)) @ (widths / sheets)
    conductance = np.where(conductance > 0, conductance, anything)
    there = np.flatnonzero(conductance > 0)
    if not len(there):
        return None
    first, last = int(there[0]), int(there[-1]) + 1
    short = max(int(cuts[first]) - start, end - int(cuts[last]))
    if len(there) < last - first or short > min(_WIRE_ENDS_NM, (end - start) // 2):
        return None
    return float(np.sum(np.diff(cuts)[there] / conductance[there]))


def _lines(y: Ints) -> list[Ints]:
    """Indices of the sites in each row, rows in order."""
    order = np.argsort(y, kind="stable")
    breaks = np.flatnonzero(np.diff(y[order]) > _SAME_LINE_NM) + 1
    return [np.asarray(part) for part in np.split(order, breaks)]


def _bridges(places: Ints, segments: Iterable[Segment], process: Interconnect) -> list[Segment]:
    """Joins parts that no straight stretch joins (an L, a change of layer): nearest sites, a wire of smallest width."""
    width_nm, sheet_ohm = float(process.stack.link_width_nm), process.sheet_ohm[process.stack.link]
    ends = np.array([(s.a, s.b) for s in segments], dtype=np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(len(places), len(places)))
    _, group = connected_components(graph, directed=False)
    added: list[Segment] = []
    while True:
        first = group == group[0]
        i, j = np.flatnonzero(first), np.flatnonzero(~first)
        if not len(j):
            return added
        distance, where = KDTree(places[i]).query(places[j], p=1)
        k = int(np.argmin(distance))
        a, b = int(i[where[k]]), int(j[k])
        added.append(Segment(a, b, max(float(distance[k]), width_nm) / width_nm * sheet_ohm))
        group[group == group[b]] = group[a]


def nearest(wire: Wire, x: float, y: float) -> int:
    """The node nearest to a place in nm."""
    distance: NDArray[np.float64] = np.abs(np.array(wire.x_nm) - x) + np.abs(np.array(wire.y_nm) - y)
    return int(np.argmin(distance))


def axis(wire: Wire) -> Sequence[int]:
    """The nodes ordered along the wire's longer side."""
    spread = (max(wire.x_nm) - min(wire.x_nm), max(wire.y_nm) - min(wire.y_nm))
    along = wire.x_nm if spread[0] >= spread[1] else wire.y_nm
    return sorted(range(len(along)), key=lambda k: along[k])
