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

from somaforge.pdk.interconnect import Interconnect

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SUBSTRATE, DIFFUSION, POLY = 0, 1, 2
EMPTY = -1

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

    def touching(self, window: tuple[int, int, int, int]) -> "Rectangles":
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


def couple(shapes: Rectangles, core: tuple[int, int, int, int], process: Interconnect, substrate: int = 0) -> Couplings:
    """Capacitances that belong to `core` (left, bottom, right, top in nm).

    `shapes` must hold everything within core plus the process's halo. Plates inside the core and the fields of the
    edges inside the core are counted, so that cores that tile a layout add up to the layout. `substrate` is the net
    of the substrate outside wells.
    """
    model = _Model(process)
    halo = model.halo
    outer = (core[0] - halo, core[1] - halo, core[2] + halo, core[3] + halo)
    shapes = shapes.touching(outer)
    xs, ys = (
        np.unique(
            np.concatenate(
                (np.clip(shapes.box[:, [k, k + 2]].ravel(), outer[k], outer[k + 2]), (core[k], core[k + 2])),
            )
        )
        for k in (0, 1)
    )
    xs = np.unique(np.concatenate((xs, (outer[0], outer[2]))))
    ys = np.unique(np.concatenate((ys, (outer[1], outer[3]))))
    grid = _paint(shapes, outer, xs, ys, len(process.conductors), substrate)
    rows, columns = (
        slice(int(np.searchsorted(cuts, core[k])), int(np.searchsorted(cuts, core[k + 2])))
        for cuts, k in ((ys, 1), (xs, 0))
    )
    inside = np.zeros(grid.shape[1:], dtype=bool)
    inside[rows, columns] = True
    below_layer, below_net = _nearest(grid, range(len(grid)))
    above_layer, above_net = _nearest(grid, range(len(grid) - 1, -1, -1))
    sums = _Sums()
    _plates(sums, model, grid, below_layer, below_net, inside, xs, ys)
    column, row = np.meshgrid((xs[:-1] + xs[1:]) / 2, (ys[:-1] + ys[1:]) / 2)
    channel = grid[SUBSTRATE] == EMPTY
    for layer in range(POLY, len(grid)):
        if not (grid[layer] >= 0).any():
            continue
        around = [below_layer[layer], below_net[layer], above_layer[layer], above_net[layer]]
        planes = [grid[layer], *around, _kind(grid[layer], *around), inside, channel, column, row]
        for flip in (False, True):
            for turn in (False, True):
                # Only the lines that cross the core hold edges of it.
                view = [p[:, columns].T if turn else p[rows] for p in planes]
                along, across = (ys, np.diff(xs)[columns]) if turn else (xs, np.diff(ys)[rows])
                if flip:
                    view = [p[:, ::-1] for p in view]
                    along = -along[::-1]
                _edges(sums, model, layer, view, along, across)
    return sums.couplings()


def _paint(
    shapes: Rectangles, outer: tuple[int, int, int, int], xs: Ints, ys: Ints, layers: int, substrate: int
) -> Ints:
    """[layer, y, x] -> net or EMPTY."""
    grid = np.full((layers, len(ys) - 1, len(xs) - 1), EMPTY, dtype=np.int64)
    grid[SUBSTRATE] = substrate
    # Channels (EMPTY on the substrate's layer) must come after the wells that they lie in.
    shapes = shapes.take(np.argsort((shapes.layer == SUBSTRATE) & (shapes.net == EMPTY), kind="stable"))
    left, right = (np.searchsorted(xs, np.clip(shapes.box[:, k], outer[0], outer[2])) for k in (0, 2))
    bottom, top = (np.searchsorted(ys, np.clip(shapes.box[:, k], outer[1], outer[3])) for k in (1, 3))
    for layer, x0, x1, y0, y1, net in zip(
        shapes.layer.tolist(), left.tolist(), right.tolist(), bottom.tolist(), top.tolist(), shapes.net.tolist(),
        strict=True,
    ):  # fmt: skip
        grid[layer, y0:y1, x0:x1] = net
    return grid


def _nearest(grid: Ints, order: range) -> tuple[Ints, Ints]:
    """For each layer and cell: layer and net of the nearest conductor met before it in `order` (EMPTY if none)."""
    layer_of = np.full_like(grid, EMPTY)
    net_of = np.full_like(grid, EMPTY)
    layer_now = np.full_like(grid[0], EMPTY)
    net_now = np.full_like(grid[0], EMPTY)
    for layer in order:
        layer_of[layer], net_of[layer] = layer_now, net_now
        there = grid[layer] >= 0
        layer_now = np.where(there, layer, layer_now)
        net_now = np.where(there, grid[layer], net_now)
    return layer_of, net_of


def _kind(*planes: Ints) -> Ints:
    """One number per cell that is the same where all planes are the same."""
    kind = np.zeros_like(planes[0])
    for plane in planes:
        kind = kind * (int(plane.max()) + 2) + plane + 1
    return kind


def _run_ends(kind: Ints) -> Ints:
    """For each cell the last cell, along the second axis, of the run of equal cells that it lies in."""
    width = kind.shape[1]
    ends = np.full(kind.shape, width - 1, dtype=np.int64)
    ends[:, :-1] = np.where(kind[:, :-1] != kind[:, 1:], np.arange(width - 1), width - 1)
    return np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]


def _plates(
    sums: _Sums, model: _Model, grid: Ints, below_layer: Ints, below_net: Ints, inside: NDArray[np.bool_],
    xs: Ints, ys: Ints,
) -> None:  # fmt: skip
    area = np.diff(ys)[:, None].astype(float) * np.diff(xs)[None]
    for layer in range(POLY, len(grid)):
        iy, ix = np.nonzero((grid[layer] >= 0) & (below_layer[layer] >= 0) & inside)
        farad = area[iy, ix] * model.plate[layer, below_layer[layer][iy, ix]]
        x, y = (xs[ix] + xs[ix + 1]) / 2, (ys[iy] + ys[iy + 1]) / 2
        sums.add(grid[layer][iy, ix], below_net[layer][iy, ix], farad, x, y)


def _edges(sums: _Sums, model: _Model, layer: int, view: list[NDArray[Any]], along: Ints, lengths: Ints) -> None:
    """Sidewall and fringe of the edges of one layer that face one direction (the view's second axis, upward)."""
    own, down_layer, down_net, up_layer, up_net, kind, inside, channel, column, row = view
    ends = _run_ends(kind)
    iy, ix = np.nonzero((own[:, :-1] >= 0) & (own[:, 1:] == EMPTY) & inside[:, :-1])
    net = np.asarray(own[iy, ix])
    gate = np.asarray(channel[iy, ix]) if layer == POLY else np.zeros(len(iy), dtype=bool)
    x, y = np.asarray(column[iy, ix]), np.asarray(row[iy, ix])
    edge, length = along[ix + 1], lengths[iy].astype(float)
    cell = ix + 1
    while len(iy):
        near = (along[cell] - edge).astype(float)
        last = ends[iy, cell]
        far = np.minimum((along[last + 1] - edge).astype(float), model.halo)
        met = np.asarray(own[iy, cell])
        hit = met >= 0
        sums.add(
            net[hit], met[hit], length[hit] * model.side[layer] / (near[hit] + model.offset[layer]), x[hit], y[hit]
        )
        for layers, nets in ((down_layer, down_net), (up_layer, up_net)):
            other = np.asarray(layers[iy, cell])
            # The field of a gate's edge along its channel belongs to the transistor model, down to the bulk too.
            free = ~hit & (other >= 0) & ~(gate & (other == SUBSTRATE))
            to = other[free]
            alpha = model.alpha[layer, to]
            part = (np.arctan(alpha * far[free]) - np.arctan(alpha * near[free])) / model.full[layer, to]
            farad = length[free] * model.fringe[layer, to] * part
            sums.add(net[free], np.asarray(nets[iy, cell])[free], farad, x[free], y[free])
        cell = last + 1
        go = ~hit & (cell < len(along) - 1) & (far < model.halo)
        iy, cell, net, gate, x, y, edge, length = (v[go] for v in (iy, cell, net, gate, x, y, edge, length))
