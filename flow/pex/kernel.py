"""Capacitance of flat, net-labelled rectangles in one window: plates, fringe and sidewalls by a raster of their edges.

The window is cut at every coordinate of every rectangle. Inside a cell of that raster each conductor is either there
or not, so vertical neighbours (plates), facing edges (sidewalls) and what the field of an edge meets on its way
outward (fringe with shielding, nearest first) are found exactly, for all cells at once.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from somaforge.pdk.arrays import Floats
from somaforge.pdk.interconnect import Interconnect

Ints = NDArray[np.signedinteger[Any]]
Small = NDArray[np.int32]
Box = tuple[int, int, int, int]

SUBSTRATE, DIFFUSION, GATE = 0, 1, 2
EMPTY = -1

_LAYERS = 16
"""More than any process has conductors: net and layer in one number."""

_DENSE = 4_000_000
"""Tables of (net, net) up to this size are added up directly, larger ones by sorting."""


@dataclass(frozen=True)
class Rectangles:
    """Conductor rectangles in nm; one entry of each array per rectangle.

    On the substrate's layer they are wells (net = the well's net) or channels (net = EMPTY, below a gate).
    Rectangles of one net may overlap.
    """

    layer: Ints
    box: Ints
    """[n, 4]: left, bottom, right, top."""
    net: Ints

    def take(self, which: NDArray[np.bool_] | Ints) -> "Rectangles":
        """Some of them, in the order of `which`."""
        return Rectangles(self.layer[which], self.box[which], self.net[which])

    def touching(self, window: Box) -> "Rectangles":
        """Those that share area with the window."""
        b = self.box
        left, bottom, right, top = window
        return self.take((b[:, 0] < right) & (b[:, 2] > left) & (b[:, 1] < top) & (b[:, 3] > bottom))


@dataclass(frozen=True)
class Couplings:
    """Capacitances between nets; every pair (a < b) once."""

    a: Ints
    b: Ints
    farad: Floats
    x: Floats
    """Centre of the capacitance, nm."""
    y: Floats


def no_couplings() -> Couplings:
    """Nothing."""
    nets, values = np.zeros(0, dtype=np.int64), np.zeros(0)
    return Couplings(nets, nets, values, values, values)


class _Model:
    """The numbers of the process as arrays over (conductor, conductor), lengths in nm."""

    def __init__(self, process: Interconnect) -> None:
        names = process.conductors
        n = len(names)
        self.plate = np.zeros((n, n))
        self.fringe = np.zeros((n, n))
        self.alpha = np.ones((n, n))
        self.full = np.ones((n, n))
        self.halo = process.halo_nm
        for (upper, lower), value in process.plate_F_per_m2.items():
            i, j = names.index(upper), names.index(lower)
            self.plate[i, j] = self.plate[j, i] = value * 1e-18
            self.alpha[i, j] = self.alpha[j, i] = value * process.fringe_alpha_per_plate * 1e-9
            self.full[i, j] = self.full[j, i] = math.atan(self.alpha[i, j] * self.halo)
        for (edge, other), value in process.fringe_F_per_m.items():
            self.fringe[names.index(edge), names.index(other)] = value * 1e-9
        # Half for each of the two facing edges: both are visited.
        self.side = np.array([process.sidewall[k].farad / 2 if k in process.sidewall else 0.0 for k in names])
        self.offset = np.array([process.sidewall[k].offset_nm if k in process.sidewall else 0.0 for k in names])


class _Sums:
    """Collects (net, net, farad, place)."""

    def __init__(self) -> None:
        self.parts: list[Couplings] = []

    def add(self, a: Ints, b: Ints, farad: Floats, x: Floats, y: Floats) -> None:
        keep = (farad > 0.0) & (a != b)
        self.parts.append(Couplings(a[keep], b[keep], farad[keep], x[keep], y[keep]))

    def couplings(self) -> Couplings:
        return join(self.parts)


def join(parts: Sequence[Couplings]) -> Couplings:
    """Everything in `parts`, entries of the same pair of nets added up."""
    if not parts:
        return no_couplings()
    a, b = np.concatenate([p.a for p in parts]), np.concatenate([p.b for p in parts])
    farad = np.concatenate([p.farad for p in parts])
    x, y = np.concatenate([p.x for p in parts]), np.concatenate([p.y for p in parts])
    nets = int(max(a.max(initial=0), b.max(initial=0))) + 1
    key = np.minimum(a, b) * nets + np.maximum(a, b)
    found, index = (None, key) if nets * nets <= _DENSE else np.unique(key, return_inverse=True)
    size = nets * nets if found is None else len(found)
    total = np.bincount(index, farad, size).astype(float)
    moments = [np.bincount(index, farad * v, size) for v in (x, y)]
    used = np.flatnonzero(total)
    pair = used if found is None else found[used]
    return Couplings(pair // nets, pair % nets, total[used], *(m[used] / total[used] for m in moments))


def couple(shapes: Rectangles, core: Box, process: Interconnect, substrate: int = 0) -> Couplings:
    """Capacitances that belong to `core` (left, bottom, right, top in nm).

    `shapes` must hold everything within core plus the process's halo. Plates inside the core and the fields of the
    edges inside the core are counted, so that cores that tile a layout add up to the layout. `substrate` is the net
    of the substrate outside wells.
    """
    model = _Model(process)
    sums = _Sums()
    # Fields run along x and along y: a band of the core's height or width, as long as the halo reaches, holds each.
    swap = [1, 0, 3, 2]
    _band(sums, model, shapes, core, substrate, turned=False)
    turned = Rectangles(shapes.layer, shapes.box[:, swap], shapes.net)
    _band(sums, model, turned, (core[1], core[0], core[3], core[2]), substrate, turned=True)
    return sums.couplings()


def _band(sums: _Sums, model: _Model, shapes: Rectangles, core: Box, substrate: int, *, turned: bool) -> None:
    """Fields along the first axis from edges in the core; plates too, once (not if `turned`)."""
    outer = (core[0] - model.halo, core[1], core[2] + model.halo, core[3])
    shapes = shapes.touching(outer)
    low, high = np.array(outer[:2] * 2), np.array(outer[2:] * 2)
    shapes = Rectangles(shapes.layer, np.clip(shapes.box, low, high), shapes.net)
    xs = np.unique(np.concatenate((shapes.box[:, [0, 2]].ravel(), (outer[0], core[0], core[2], outer[2]))))
    ys = np.unique(np.concatenate((shapes.box[:, [1, 3]].ravel(), (outer[1], outer[3]))))
    grid = _paint(shapes, xs, ys, len(model.plate), substrate)
    inside = slice(int(np.searchsorted(xs, core[0])), int(np.searchsorted(xs, core[2])))
    below, above = _nearest(grid, range(len(grid))), _nearest(grid, range(len(grid) - 1, -1, -1))
    if not turned:
        _plates(sums, model, grid[:, :, inside], below[:, :, inside], xs[inside.start : inside.stop + 1], ys)
    used = np.array([k for k in range(GATE, len(grid)) if (grid[k] >= 0).any()], dtype=np.int64)
    if not len(used):
        return
    # One line of the raster per row: all layers, then the same backwards, so that every edge faces the second axis.
    own, under, over = (_both_ways(plane[used]) for plane in (grid, below, above))
    core_columns = np.zeros(len(xs) - 1, dtype=bool)
    core_columns[inside] = True
    view = _View(
        own=own,
        below=under,
        above=over,
        layer=np.tile(np.repeat(used, len(ys) - 1), 2),
        length=np.tile(np.diff(ys).astype(float), 2 * len(used)),
        along=np.stack((xs, -xs[::-1])),
        back=np.repeat(np.array([0, 1]), len(own) // 2),
        inside=np.stack((core_columns, core_columns[::-1])),
        channel=np.stack((grid[SUBSTRATE] == EMPTY, (grid[SUBSTRATE] == EMPTY)[:, ::-1])),
        across=(ys[:-1] + ys[1:]) / 2,
        turned=turned,
    )
    _edges(sums, model, view)


def _both_ways(planes: Small) -> Small:
    """[layer, across, cell] -> [line, cell], every line twice: forwards and backwards."""
    lines = planes.reshape(-1, planes.shape[2])
    return np.concatenate((lines, lines[:, ::-1]))


def _paint(shapes: Rectangles, xs: Ints, ys: Ints, layers: int, substrate: int) -> Small:
    """[layer, y, x] -> net or EMPTY."""
    grid = np.full((layers, len(ys) - 1, len(xs) - 1), EMPTY, dtype=np.int32)
    grid[SUBSTRATE] = substrate
    # Channels (EMPTY on the substrate's layer) must come after the wells that they lie in.
    shapes = shapes.take(np.argsort((shapes.layer == SUBSTRATE) & (shapes.net == EMPTY), kind="stable"))
    x, y = np.searchsorted(xs, shapes.box[:, [0, 2]]), np.searchsorted(ys, shapes.box[:, [1, 3]])
    for layer, (x0, x1), (y0, y1), net in zip(
        shapes.layer.tolist(), x.tolist(), y.tolist(), shapes.net.tolist(), strict=True
    ):
        grid[layer, y0:y1, x0:x1] = net
    return grid


def _nearest(grid: Small, order: range) -> Small:
    """For each layer and cell the nearest conductor met before it in `order`, as net * _LAYERS + layer, or EMPTY."""
    found = np.empty_like(grid)
    now = np.full_like(grid[0], EMPTY)
    for layer in order:
        found[layer] = now
        np.copyto(now, grid[layer] * _LAYERS + layer, where=grid[layer] >= 0)
    return found


def _plates(sums: _Sums, model: _Model, grid: Small, below: Small, xs: Ints, ys: Ints) -> None:
    layer, iy, ix = np.nonzero((grid >= 0) & (below >= 0))
    keep = layer >= GATE
    layer, iy, ix = layer[keep], iy[keep], ix[keep]
    under = below[layer, iy, ix].astype(np.int64)
    area = np.diff(ys)[iy] * np.diff(xs)[ix].astype(float)
    x, y = (xs[ix] + xs[ix + 1]) / 2, (ys[iy] + ys[iy + 1]) / 2
    net = grid[layer, iy, ix].astype(np.int64)
    sums.add(net, under // _LAYERS, area * model.plate[layer, under % _LAYERS], x, y)


@dataclass(frozen=True)
class _View:
    """Lines of the raster, each looked at from its first cell to its last."""

    own: Small
    """[line, cell]: net on the line's own layer."""
    below: Small
    above: Small
    layer: Ints
    """[line]"""
    length: Floats
    """[line]: how far it reaches across, nm."""
    along: Ints
    """[backwards, cut]: places of the cuts in the direction of the line; `back` says which a line has."""
    back: Ints
    inside: NDArray[np.bool_]
    """[backwards, cell]: part of the core."""
    channel: NDArray[np.bool_]
    """[backwards, across, cell]: below a gate."""
    across: Floats
    """[across]: middle of each line, nm."""
    turned: bool
    """Lines run along y, not x."""

    def run_ends(self) -> Small:
        """For each cell the last cell of the run of equal cells, seen from above and below, that it lies in."""
        width = self.own.shape[1]
        changes = np.zeros(self.own.shape, dtype=bool)
        for plane in (self.own, self.below, self.above):
            changes[:, :-1] |= plane[:, :-1] != plane[:, 1:]
        ends = np.where(changes, np.arange(width, dtype=np.int32), np.int32(width - 1))
        return np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]


def _edges(sums: _Sums, model: _Model, view: _View) -> None:
    """Sidewall and fringe of the edges that face along the lines."""
    own, width = view.own, view.own.shape[1]
    line, at = np.nonzero((own[:, :-1] >= 0) & (own[:, 1:] == EMPTY) & view.inside[view.back, :-1])
    if not len(line):
        return
    ends = view.run_ends()
    layer, back, row = view.layer[line], view.back[line], line % len(view.across)
    net = own[line, at].astype(np.int64)
    gate = (layer == GATE) & view.channel[back, row, at]
    middle = np.where(back == 0, 1.0, -1.0) * (view.along[back, at] + view.along[back, at + 1]) / 2
    place = (view.across[row], middle) if view.turned else (middle, view.across[row])
    edge, length, cell = view.along[back, at + 1], view.length[line], at + 1
    live = np.arange(len(line))
    while len(live):
        b, k = back[live], cell[live]
        near = (view.along[b, k] - edge[live]).astype(float)
        last = ends[line[live], k]
        far = np.minimum((view.along[b, last + 1] - edge[live]).astype(float), model.halo)
        met = own[line[live], k]
        hit = met >= 0
        who, to = live[hit], met[hit].astype(np.int64)
        side = length[who] * model.side[layer[who]] / (near[hit] + model.offset[layer[who]])
        sums.add(net[who], to, side, place[0][who], place[1][who])
        for plane in (view.below, view.above):
            other = plane[line[live], k]
            # The field of a gate's edge along its channel belongs to the transistor model, down to the bulk too.
            free = ~hit & (other >= 0) & ~(gate[live] & (other % _LAYERS == SUBSTRATE))
            who, code = live[free], other[free].astype(np.int64)
            own_layer, to = layer[who], code % _LAYERS
            alpha = model.alpha[own_layer, to]
            part = (np.arctan(alpha * far[free]) - np.arctan(alpha * near[free])) / model.full[own_layer, to]
            farad = length[who] * model.fringe[own_layer, to] * part
            sums.add(net[who], code // _LAYERS, farad, place[0][who], place[1][who])
        cell[live] = last + 1
        live = live[~hit & (last + 1 < width) & (far < model.halo)]
