"""Where a layout is cut into windows: along its own cells, so that repeated cells are repeated windows."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from somaforge.flow.pex.kernel import Box, Ints

SMALLEST_NM, LARGEST_NM = 8000, 16000
"""Once and twice the fringe's reach: the surroundings then cost no more than a few times the window itself."""


@dataclass(frozen=True)
class Lines:
    """Cuts in nm, ascending, one more than there are columns and rows of windows."""

    x: Ints
    y: Ints


@dataclass(frozen=True)
class Tiling:
    """Windows of one size from one corner."""

    origin: tuple[int, int]
    size: tuple[int, int]

    def lines(self, box: Box) -> Lines:
        """The cuts whose windows cover `box`."""
        cuts = []
        for k in (0, 1):
            start, step = self.origin[k], self.size[k]
            first, last = math.floor((box[k] - start) / step), math.ceil((box[k + 2] - start) / step)
            cuts.append(start + step * np.arange(first, last + 1, dtype=np.int64))
        return Lines(*cuts)


def aligned(cells: Sequence[Box], box: Box) -> Lines:
    """Cuts half way between the centres of neighbouring cells; `cells` are their outlines.

    Cells in mirrored rows then have mirrored windows. Wide gaps are divided, cuts that lie too close are left out.
    """
    outlines = np.array(cells, dtype=np.int64).reshape(-1, 4)
    return Lines(*(_cuts(outlines[:, k] + outlines[:, k + 2], box[k], box[k + 2]) for k in (0, 1)))


def _cuts(twice_centres: Ints, low: int, high: int) -> Ints:
    centres = np.unique(twice_centres)
    wanted = (centres[1:] + centres[:-1]) // 4
    # No sliver at the end either.
    wanted = wanted[(wanted > low) & (wanted < high - SMALLEST_NM // 2)]
    cuts = [low]
    for cut in [*wanted.tolist(), high]:
        start = cuts[-1]
        if cut - start >= SMALLEST_NM or cut == high:
            parts = max(1, math.ceil((cut - start) / LARGEST_NM))
            cuts += [start + (cut - start) * k // parts for k in range(1, parts + 1)]
    return np.array(cuts, dtype=np.int64)
