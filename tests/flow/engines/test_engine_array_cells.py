"""Sums over synapses by main shapes against the sums themselves."""

import numpy as np
import torch

from somaforge.flow.engines.array.capacitance import COLUMNS_V, Loads
from somaforge.flow.engines.array.cells import PINS, TOLERANCE, Cells, Levels
from somaforge.pdk.arrays import Floats

LEVELS = np.geomspace(1e-11, 1e-5, 7)


def loads() -> Loads:
    """Synapses whose branch that is off has a channel where the column lies below the rail, more with a larger code."""
    code, level, volts = np.meshgrid(np.arange(-7, 8), np.arange(7), COLUMNS_V, indexing="ij")
    below = np.clip(0.15 + 0.08 * level - volts, 0, None)
    cell = 1e-15 * np.stack([8 + level, 10 + 20 * below * (code > 0), 7 + 2 * np.abs(code) + 3 * code * below])
    pins = np.stack([cell, 0.5 * cell, -0.2 * cell, 0.0 * cell])  # [pin, moved pin, codes, levels, voltages]
    synapse = pins.transpose(2, 0, 1, 3, 4)
    return Loads(LEVELS, np.zeros((4, 3, 7)), synapse)


def test_sums_of_a_matrix() -> None:
    draw = np.random.default_rng(1)
    found, codes = loads(), draw.integers(-7, 8, (9, 5))
    cells = Cells.of(found, codes, torch.device("cpu"))
    log_p, log_n = (torch.tensor(draw.uniform(np.log(1e-12), np.log(1e-6), (4, 9))) for _ in range(2))
    v = torch.tensor(draw.uniform(-0.02, 0.65, (4, 5)))
    p_slope, n_slope, slope = (torch.tensor(draw.normal(0, 1e5, shape)) for shape in ((4, 9), (4, 9), (4, 5)))
    p, n, at = cells.rows(log_p), cells.rows(log_n), cells.columns(v)
    levels = Levels.of(LEVELS)

    def exact(pin: str, moved: str, log: torch.Tensor) -> Floats:
        """[patterns, rows, columns]."""
        table = levels.finer(found.synapse[codes + 7, PINS[pin], PINS[moved]], axis=2)  # [rows, columns, fine, volts]
        i, share = (x.numpy() for x in levels.place(log))
        values = np.empty((4, 9, 5))
        for k, r, c in np.ndindex(values.shape):
            line = (1 - share[k, r]) * table[r, c, i[k, r]] + share[k, r] * table[r, c, i[k, r] + 1]
            values[k, r, c] = np.interp(float(v[k, c]), COLUMNS_V, line)
        return values

    own, into = cells.of_columns(p, n, p_slope, n_slope, at)
    np.testing.assert_allclose(own, exact("out", "out", log_n).sum(1), rtol=2 * TOLERANCE)
    right = (
        exact("out", "n", log_n) * n_slope.numpy()[..., None] + exact("out", "p", log_p) * p_slope.numpy()[..., None]
    )
    np.testing.assert_allclose(into, right.sum(1), atol=2 * TOLERANCE * np.abs(right).sum(1).max())
    own, into = cells.of_rows(n, at, slope)
    np.testing.assert_allclose(own, exact("n", "n", log_n).sum(2), rtol=2 * TOLERANCE)
    right = exact("n", "out", log_n) * slope.numpy()[:, None]
    np.testing.assert_allclose(into, right.sum(2), atol=2 * TOLERANCE * np.abs(right).sum(2).max())
