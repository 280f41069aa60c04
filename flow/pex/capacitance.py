"""Capacitance of a whole layout: windows that tile it, each distinct window computed once in its surroundings."""

import math
from dataclasses import dataclass

import numpy as np

from somaforge.flow.pex.kernel import EMPTY, SUBSTRATE, Couplings, Ints, Rectangles, couple, join
from somaforge.pdk.interconnect import Interconnect

Box = tuple[int, int, int, int]

DEFAULT_WINDOW_NM = (16000, 16000)
"""Twice the fringe's reach: the surroundings then cost no more than a few times the window itself."""


@dataclass(frozen=True)
class Tiling:
    """Windows of one size from one corner; choose the layout's own pitch, and repeated tiles are computed once."""

    origin: tuple[int, int]
    size: tuple[int, int]

    def windows(self, box: Box) -> list[Box]:
        """The windows that cover `box`, row by row, in nm."""
        (x0, y0), (w, h) = self.origin, self.size
        columns = range(math.floor((box[0] - x0) / w), math.ceil((box[2] - x0) / w))
        rows = range(math.floor((box[1] - y0) / h), math.ceil((box[3] - y0) / h))
        return [(x0 + c * w, y0 + r * h, x0 + (c + 1) * w, y0 + (r + 1) * h) for r in rows for c in columns]


@dataclass(frozen=True)
class Capacitances:
    """The couplings of a layout and how much of the work was repeated."""

    couplings: Couplings
    windows: int
    distinct: int


def extract(shapes: Rectangles, box: Box, process: Interconnect, tiling: Tiling | None = None) -> Capacitances:
    """All couplings between the nets of `shapes` (net 0: substrate). No threshold: nothing is dropped."""
    tiling = tiling or Tiling((box[0], box[1]), DEFAULT_WINDOW_NM)
    known: dict[bytes, Couplings] = {}
    parts: list[Couplings] = []
    windows = tiling.windows(box)
    halo = process.halo_nm
    for window in windows:
        left, bottom, right, top = window
        near = shapes.touching((left - halo, bottom - halo, right + halo, top + halo))
        if not len(near.layer):
            continue
        local, nets, key = _canonical(near, window, halo)
        found = known.get(key)
        if found is None:
            found = couple(local, (0, 0, right - left, top - bottom), process)
            known[key] = found
        parts.append(Couplings(nets[found.a], nets[found.b], found.farad, found.x + left, found.y + bottom))
    return Capacitances(join(parts), len(windows), len(known))


def _canonical(near: Rectangles, window: Box, halo: int) -> tuple[Rectangles, Ints, bytes]:
    """The window's shapes with its corner at 0 and nets numbered by first use; the nets; a key of all that."""
    left, bottom, right, top = window
    low = np.array([left - halo, bottom - halo, left - halo, bottom - halo])
    high = np.array([right + halo, top + halo, right + halo, top + halo])
    box = np.clip(near.box, low, high) - np.array([left, bottom, left, bottom])
    order = np.lexsort((near.net == EMPTY, box[:, 3], box[:, 2], box[:, 1], box[:, 0], near.layer))
    layer, box, net = near.layer[order], box[order], near.net[order]
    # Net 0 is the substrate and -1 no net; both keep their number.
    values, first, inverse = np.unique(
        np.concatenate(([EMPTY, SUBSTRATE], net)), return_index=True, return_inverse=True
    )
    by_use = np.argsort(first, kind="stable")
    rank = np.empty(len(values), dtype=np.int64)
    rank[by_use] = np.arange(len(values))
    local = rank[inverse.reshape(-1)][2:] - 1
    key = b"".join((np.array(window[2:]) - np.array(window[:2])).tobytes() + v.tobytes() for v in (layer, box, local))
    return Rectangles(layer, box, local), values[by_use][1:], key
