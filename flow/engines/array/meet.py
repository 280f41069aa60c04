"""Where the sum of a column's synapses, a spline of its voltage, meets the current of its soma's diode: compiled."""

import numpy as np

from somaforge.flow.engines.array.inner import Diode
from somaforge.flow.engines.array.kernels import exact, one_mirror
from somaforge.pdk.arrays import Floats

ROUNDS = 60
NEAR_V = 1e-8
"""Last step of a column's voltage."""


@exact
def _at(points: Floats, values: Floats, slopes: Floats, v: float) -> tuple[float, float]:
    """Value and derivative of a cubic spline."""
    i = min(max(int(np.searchsorted(points, v, side="right")), 1), len(points) - 1) - 1
    h = points[i + 1] - points[i]
    t, a, b, p, q = (v - points[i]) / h, values[i], values[i + 1], h * slopes[i], h * slopes[i + 1]
    c, d = 3 * (b - a) - 2 * p - q, p + q - 2 * (b - a)
    return a + t * (p + t * (c + t * d)), (p + t * (2 * c + 3 * t * d)) / h


@exact
def meet(
    points: Floats,
    given: tuple[Floats, Floats],
    used: tuple[Floats, Floats],
    diode: Diode,
    first: int,
    last: int,
    out: Floats,
) -> None:
    """Columns `first` to `last` of all patterns [patterns * columns]: values and slopes [patterns, columns, points] of
    what their synapses give and of what these use of the supply -> out [3, patterns, columns]: voltage, given, used.

    Newton's method inside a bracket that shrinks.
    """
    flat, sizes, scale, shifts, steps, units = diode
    columns = given[0].shape[1]
    for task in range(first, last):
        a, c = task // columns, task % columns
        values, slopes = given[0][a, c], given[1][a, c]
        low, high = points[0], points[-1]
        v = 0.5 * (low + high)
        for _ in range(ROUNDS):
            fed, by_fed = _at(points, values, slopes, v)
            taken, by_gate, by_drain = one_mirror(flat, sizes, scale, shifts[c], steps, units, v, v)
            gap = fed - taken
            if gap > 0:
                low = v
            else:
                high = v
            moved = v + gap / max(by_gate + by_drain - by_fed, 1e-16)
            if not low < moved < high:
                moved = 0.5 * (low + high)
            done = abs(moved - v) < NEAR_V
            v = moved
            if done:
                break
        out[0, a, c] = v
        out[1, a, c] = _at(points, values, slopes, v)[0]
        out[2, a, c] = _at(points, used[0][a, c], used[1][a, c], v)[0]
