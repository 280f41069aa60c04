"""Capacitance of a whole layout: windows that tile it, each distinct window computed once in its surroundings.

Two windows are the same if all shapes within the halo are, nets numbered by first use, one of them upside down or not.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from somaforge.flow.pex.kernel import EMPTY, SUBSTRATE, Couplings, Ints, Rectangles, couple, join
from somaforge.flow.pex.tiling import Lines, Tiling, aligned
from somaforge.pdk.arrays import Floats
from somaforge.pdk.interconnect import Interconnect

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Tile:
    """A window of the layout."""

    kind: int
    """Which of the distinct windows it is."""
    upside_down: bool
    nets: Ints
    """The layout's net for each net of the distinct window."""
    box: Box


@dataclass(frozen=True)
class Capacitances:
    """The couplings of a layout: those of its distinct windows, and which window is which."""

    kinds: tuple[Couplings, ...]
    """Of each distinct window, with its lower left corner at 0."""
    tiles: tuple[Tile, ...]
    windows: int
    """All windows, empty ones included."""

    @property
    def distinct(self) -> int:
        """Windows that had to be computed."""
        return len(self.kinds)

    @cached_property
    def couplings(self) -> Couplings:
        """All couplings between the nets of the layout. No threshold: nothing is dropped."""
        return join([self.of(tile) for tile in self.tiles])

    def of(self, tile: Tile) -> Couplings:
        """The couplings of one window."""
        c, (left, bottom, _, top) = self.kinds[tile.kind], tile.box
        y = top - c.y if tile.upside_down else c.y + bottom
        return Couplings(tile.nets[c.a], tile.nets[c.b], c.farad, c.x + left, y)

    def totals(self, nets: int) -> Floats:
        """Total capacitance of each of the layout's `nets` nets, couplings included."""
        sizes = [0] * len(self.kinds)
        for tile in self.tiles:
            sizes[tile.kind] = len(tile.nets)
        ends = [(np.concatenate((c.a, c.b)), np.tile(c.farad, 2)) for c in self.kinds]
        if not self.tiles:
            return np.zeros(nets)
        own = [np.bincount(net, farad, size) for (net, farad), size in zip(ends, sizes, strict=True)]
        where = np.concatenate([tile.nets for tile in self.tiles])
        return np.bincount(where, np.concatenate([own[tile.kind] for tile in self.tiles]), nets).astype(np.float64)


def extract(shapes: Rectangles, box: Box, process: Interconnect, tiling: Tiling | None = None) -> Capacitances:
    """All couplings between the nets of `shapes` (net 0: substrate) in `box`."""
    return along(shapes, aligned([], box) if tiling is None else tiling.lines(box), process)


def along(shapes: Rectangles, lines: Lines, process: Interconnect) -> Capacitances:
    """All couplings between the nets of `shapes` in the windows between `lines`."""
    nets = int(shapes.net.max(initial=0)) + 1
    known: dict[bytes, tuple[int, Ints, bool]] = {}
    kinds: list[Couplings] = []
    tiles: list[Tile] = []
    order = _Order(nets)
    for box, near in _windows(shapes, lines, process.halo_nm):
        found = order.canonical(near, box, process.halo_nm)
        if found.key not in known:
            local = Rectangles(found.shapes.layer, found.shapes.box, found.shapes.net)
            size = (0, 0, box[2] - box[0], box[3] - box[1])
            for flip, other in ((True, _upside_down(local, size[3])), (False, local)):
                again = order.canonical(other, size, process.halo_nm)
                known[again.key] = (len(kinds), again.nets, flip)
            kinds.append(couple(local, size, process))
        kind, numbers, flip = known[found.key]
        names = np.empty_like(found.nets)
        names[numbers] = found.nets
        tiles.append(Tile(kind, flip, names, box))
    return Capacitances(tuple(kinds), tuple(tiles), (len(lines.x) - 1) * (len(lines.y) - 1))


def _windows(shapes: Rectangles, lines: Lines, halo: int) -> Iterator[tuple[Box, Rectangles]]:
    """Each window with the shapes that it or its halo touches; windows without any are left out."""
    x, y = lines.x, lines.y
    for row, band in _buckets(shapes, 1, y, halo):
        for column, near in _buckets(band, 0, x, halo):
            yield (int(x[column]), int(y[row]), int(x[column + 1]), int(y[row + 1])), near


def _buckets(shapes: Rectangles, axis: int, cuts: Ints, halo: int) -> Iterator[tuple[int, Rectangles]]:
    """The shapes of each interval between `cuts`, halo included; a long shape comes in many of them."""
    first = np.searchsorted(cuts[1:] + halo, shapes.box[:, axis], side="right")
    last = np.searchsorted(cuts[:-1] - halo, shapes.box[:, axis + 2], side="left") - 1
    short = last - first < _LONG
    by_first = np.flatnonzero(short)
    by_first = by_first[np.argsort(first[by_first], kind="stable")]
    starts = np.searchsorted(first[by_first], np.arange(len(cuts) + 1))
    long = np.flatnonzero(~short)
    for k in range(len(cuts) - 1):
        near = by_first[starts[max(0, k - _LONG + 1)] : starts[k + 1]]
        which = np.concatenate((near[last[near] >= k], long[(first[long] <= k) & (last[long] >= k)]))
        if len(which):
            yield k, shapes.take(which)


_LONG = 6
"""Intervals that a shape may touch before it is kept apart."""


@dataclass(frozen=True)
class _Canonical:
    shapes: Rectangles
    """Corner of the window at 0, nets by first use from 0 (EMPTY and the substrate stay)."""
    nets: Ints
    """What they were."""
    key: bytes


class _Order:
    """Numbers nets by first use; keeps a table over all nets so that no search is needed."""

    def __init__(self, nets: int) -> None:
        self.first = np.zeros(nets + 1, dtype=np.int64)

    def canonical(self, near: Rectangles, window: Box, halo: int) -> _Canonical:
        """The window's shapes, the same for two windows that look alike."""
        left, bottom, right, top = window
        corner = np.array([left - halo, bottom - halo] * 2)
        size = np.array([right - left + 2 * halo, top - bottom + 2 * halo] * 2)
        box = np.clip(near.box - corner, 0, size)
        # One number to sort by; ties differ in the last bits of the upper edge.
        word = box.astype(np.uint64)
        by = near.layer.astype(np.uint64) << np.uint64(60)
        for shift, k in ((44, 0), (28, 1), (12, 2)):
            by |= (word[:, k] & np.uint64(0xFFFF)) << np.uint64(shift)
        by |= word[:, 3] & np.uint64(0xFFF)
        order = np.lexsort((near.net == EMPTY, by))
        layer, box, net = near.layer[order], box[order], near.net[order]
        used = np.concatenate(([EMPTY, SUBSTRATE], net)) + 1
        self.first[used[::-1]] = np.arange(len(used))[::-1]
        first = self.first[used]
        is_first = first == np.arange(len(used))
        local = (np.cumsum(is_first) - 2)[first][2:]
        table = np.concatenate((box.ravel(), layer, local, size)).astype(np.int32)
        key = hashlib.blake2b(table.tobytes(), digest_size=20).digest()
        return _Canonical(Rectangles(layer, box - halo, local), used[is_first][1:] - 1, key)


def _upside_down(shapes: Rectangles, height: int) -> Rectangles:
    """Mirrored at the window's horizontal middle line."""
    box = shapes.box[:, [0, 3, 2, 1]] * np.array([1, -1, 1, -1]) + np.array([0, height, 0, height])
    return Rectangles(shapes.layer, box, shapes.net)
