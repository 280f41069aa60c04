"""Sums over synapses by main shapes against the sums themselves."""

import numpy as np
from tests.flow.engines.layers import layer

from somaforge.flow.engines.array.capacitance import COLUMNS_V, Loads
from somaforge.flow.engines.array.cells import PINS, TOLERANCE, Cells, Levels
from somaforge.flow.engines.array.reduced import Matrix, Signed
from somaforge.flow.engines.array.steps import Trial
from somaforge.flow.engines.array.sums import Products
from somaforge.pdk.arrays import Floats

LEVELS = np.geomspace(1e-11, 1e-5, 7)
LOW, STEP = float(np.log(1e-13)), float(np.log(1e8))


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
    cells = Cells.of(found, codes)
    log_p, log_n = (draw.uniform(np.log(1e-12), np.log(1e-6), (4, 9)) for _ in range(2))
    v = draw.uniform(-0.02, 0.65, (4, 5))
    p_slope, n_slope, slope = (draw.normal(0, 1e5, shape) for shape in ((4, 9), (4, 9), (4, 5)))
    rows, columns = layer(0, 9, LOW, STEP), layer(27, 5, LOW, STEP)
    trial = Trial.empty(4, 42, 9)
    # a row's n rail at 1 V carries e-fold STEP above LOW
    trial.guess[:, 18:27], trial.guess[:, 27:32] = (log_n - LOW) / STEP, v
    trial.slope[:, 9:27], trial.slope[:, 27:32] = np.concatenate([p_slope, n_slope], axis=1), slope
    signed = Signed(np.zeros((1, 4, 1)), np.zeros((9, 5), dtype=np.float32), np.zeros((1, 4, 1)))
    made = Products(Matrix(np.array([LOW, LOW + STEP]), np.arange(2.0), signed, signed), cells, rows, columns, 4)
    made.before(trial, np.zeros((4, 42), dtype=np.int32))
    made.after(trial, np.stack([log_p, log_n]))
    above, below = made.above, made.below

    levels = Levels.of(LEVELS)

    def exact(pin: str, moved: str, log: Floats) -> Floats:
        """[patterns, rows, columns]."""
        table = levels.finer(found.synapse[codes + 7, PINS[pin], PINS[moved]], axis=2)  # [rows, columns, fine, volts]
        x = np.clip((log - levels.low) / levels.step, 0, levels.count - 1)
        i = np.minimum(x.astype(int), levels.count - 2)
        share = x - i
        values = np.empty((4, 9, 5))
        for k, r, c in np.ndindex(values.shape):
            line = (1 - share[k, r]) * table[r, c, i[k, r]] + share[k, r] * table[r, c, i[k, r] + 1]
            values[k, r, c] = np.interp(v[k, c], COLUMNS_V, line)
        return values

    np.testing.assert_allclose(above.load, exact("out", "out", log_n).sum(1), rtol=2 * TOLERANCE)
    right = exact("out", "n", log_n) * n_slope[..., None] + exact("out", "p", log_p) * p_slope[..., None]
    np.testing.assert_allclose(above.pushed, right.sum(1), atol=2 * TOLERANCE * np.abs(right).sum(1).max())
    np.testing.assert_allclose(below.load, exact("n", "n", log_n).sum(2), rtol=2 * TOLERANCE)
    right = exact("n", "out", log_n) * slope[:, None]
    np.testing.assert_allclose(below.pushed, right.sum(2), atol=2 * TOLERANCE * np.abs(right).sum(2).max())
    # the middle current's, which a p rail has everywhere
    into_p = found.synapse[codes + 7, PINS["p"], PINS["out"], 3, COLUMNS_V.index(0.42)]
    np.testing.assert_allclose(below.into_p, slope @ into_p.T, atol=1e-5 * np.abs(slope @ into_p.T).max() + 1e-30)
