"""Surfaces of many synapses from few points: all have the same few shapes, so a part of the grid says the rest.

A sample of each sign is solved on the whole grid and gives the main shapes over the row's current and over the column's
voltage (a truncated singular value decomposition). The others are solved where these shapes differ most (pivoted
QR, as in the discrete empirical interpolation method of Chaturantabut and Sorensen, SIAM J. Sci. Comput. 32, 2010), at
SPARE more points than there are shapes in either direction, and fitted. A synapse whose points do not fit the
shapes is solved on the whole grid, and so are all if a part of the sample that gave no shapes is not met.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from somaforge.flow.engines.array.network import Ints
from somaforge.flow.engines.array.synapse import Drive, Synapses
from somaforge.pdk.arrays import Floats

SAMPLE = 160
"""Synapses of one sign; a quarter of them tests the shapes. Up to twice as many are all solved on the whole grid."""
ROW_SHAPES, COLUMN_SHAPES, SPARE = 7, 6, 2
ALLOWED = 1e-3
"""Largest weighted error of I / x over the code's magnitude; two thirds of the table's own (tables.py)."""
DECADE = 0.5
"""Weight of a row current a tenth of the highest: smaller currents add less to a column."""
OFF_V, OFF_WEIGHT = 0.02, 0.05
"""Weight of columns below that voltage: their somas are off, and the shapes there are many."""


def swept(synapses: Synapses, drive: Drive, voltages: Floats, scale: Floats) -> Floats:
    """Synapses.swept of all, from part of the points where there are many: [2, synapses, points, voltages]."""
    found = np.empty((2, len(synapses), len(scale), len(voltages)))
    weights = np.outer(DECADE ** np.log10(scale.max() / scale), np.where(voltages < OFF_V, OFF_WEIGHT, 1.0))
    codes = synapses.code.numpy()
    for sign in (-1, 1):
        here = np.flatnonzero(np.sign(codes) == sign)
        whole = here if len(here) <= 2 * SAMPLE else here[np.linspace(0, len(here) - 1, SAMPLE).astype(int)]
        found[:, whole] = synapses.swept(drive, voltages, scale, whole)
        rest = np.setdiff1d(here, whole)
        if len(rest):
            size = np.abs(codes)[:, None, None]
            fit = _Fit.of(found[:, whole] / size[whole], weights)
            done = np.zeros(len(rest), dtype=bool)
            if fit is not None:
                part = Drive(drive.p_gate[fit.rows], drive.n_gate[fit.rows])
                seen = synapses.swept(part, voltages[fit.columns], scale[fit.rows], rest)
                found[:, rest] = fit.all(seen)
                done = (fit.wrong(found[:, rest], seen) / size[rest]).max(axis=(0, 2, 3)) < ALLOWED
            left = rest[~done]
            found[:, left] = synapses.swept(drive, voltages, scale, left)
    return found


@dataclass(frozen=True, eq=False)
class _Fit:
    """Points of the grid, and what they say of all others."""

    rows: Ints
    columns: Ints
    by_rows: Floats
    """[points, chosen ones]."""
    by_columns: Floats
    weights: Floats

    @classmethod
    def of(cls, grids: Floats, weights: Floats) -> "_Fit | None":
        """From surfaces [2, synapses, points, voltages]; None if those that it was not made from are not met."""
        weighted = (grids * weights)[:, np.arange(grids.shape[1]) % 4 != 0]
        rows, by_rows = _points(weighted.swapaxes(2, 3), ROW_SHAPES, weights[:, -1])
        columns, by_columns = _points(weighted, COLUMN_SHAPES, weights[-1])
        found = cls(rows, columns, by_rows, by_columns, weights)
        test = grids[:, ::4]
        near = np.abs((found.all(test[:, :, rows][..., columns]) - test) * weights).max() < ALLOWED
        return found if near else None

    def all(self, seen: Floats) -> Floats:
        """[2, synapses, chosen points] -> [2, synapses, points, voltages]."""
        whole: Floats = self.by_rows @ seen @ self.by_columns.T
        return whole

    def wrong(self, whole: Floats, seen: Floats) -> Floats:
        """Weighted residuals at the chosen points."""
        found: Floats = np.abs(whole[:, :, self.rows][..., self.columns] - seen)
        return found * self.weights[np.ix_(self.rows, self.columns)]


def _points(grids: Floats, shapes: int, weights: Floats) -> tuple[Ints, Floats]:
    """Where the main shapes over the last axis are seen best, and all values from those there: [points, chosen]."""
    flat = grids.reshape(-1, grids.shape[-1])
    main = np.linalg.eigh(flat.T @ flat)[1][:, -shapes:]
    chosen = qr(main.T, mode="r", pivoting=True)[1][:shapes].tolist()
    for _ in range(min(SPARE, len(main) - shapes)):
        left = [i for i in range(len(main)) if i not in chosen]
        least = [np.linalg.svd(main[[*chosen, i]], compute_uv=False)[-1] for i in left]
        chosen.append(left[int(np.argmax(least))])
    places = np.sort(np.array(chosen, dtype=np.int64))
    whole = main @ np.linalg.pinv(main[places])
    return places, whole * weights[places] / weights[:, None]
