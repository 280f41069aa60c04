"""Capacitances of a matrix of synapses that depend on the row's current and on the column's voltage.

Between a positive synapse and its column hangs the branch of n mirrors that is off: with the column below the rail it
has a channel, and the synapse takes more than twice the charge. So what a column, and an n rail, carries is a sum over
synapses that moves with both ends. A synapse's capacitance is a sum of a few shapes over the row's current times a few
over the column's voltage (as its current in flow.engines.array.reduced). It is that of its code, so a column adds up
its rows' shapes code by code, and a row its columns'.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from somaforge.flow.engines.array.capacitance import COLUMNS_V, Loads
from somaforge.flow.engines.array.reduced import shapes
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats

FINER = 8
"""Steps between two measured currents: a cubic spline leads to them, then it is linear."""
STEP_V = 0.01
TOLERANCE = 1e-2
"""Of all codes together: root of the squares left out over the root of the squares. Five shapes and five."""
PINS = {"p": 0, "n": 1, "out": 2}
USUAL = COLUMNS_V.index(0.42)
"""Column voltage where it hardly matters: what p rails give and get hardly knows it anywhere."""
ENTRIES = ("out_out", "out_n", "n_n", "n_out")
"""Current into the first over the slope of the second."""


@dataclass(frozen=True)
class Levels:
    """Equal steps in the logarithm of a soma's current."""

    low: float
    step: float
    count: int

    @classmethod
    def of(cls, levels: Floats) -> "Levels":
        """FINER than those that were measured, in A."""
        logs = np.log(levels)
        count = FINER * (len(levels) - 1) + 1
        return cls(float(logs[0]), float((logs[-1] - logs[0]) / (count - 1)), count)

    def finer(self, values: Floats, axis: int = -1) -> Floats:
        """From the measured levels to these."""
        coarse = np.arange(values.shape[axis])
        found: Floats = CubicSpline(coarse, values, axis=axis)(np.linspace(0, coarse[-1], self.count))
        return found


class Cells(NamedTuple):
    """One matrix: a code stands for all its synapses."""

    level_low: float
    level_step: float
    """Of `by_row`, ln of the row's current in A; the ends reach on."""
    by_row: Floats
    """[levels, row shapes]."""
    by_column: Floats
    """[voltages in steps of STEP_V from COLUMNS_V[0], column shapes]."""
    codes: Codes
    """[rows, columns] from 0 on."""
    entries: tuple[Floats, Floats, Floats, Floats]
    """Of ENTRIES [codes, row shapes, column shapes] in F."""
    out_p: Floats
    """[codes, row shapes]: current into a column over the slope of a p rail."""
    p_out: Floats
    """[codes, 1]: current into a p rail over the slope of a column."""

    @classmethod
    def of(cls, found: Loads, codes: Codes) -> "Cells":
        """For `codes` [rows, columns]."""
        levels = Levels.of(found.levels)
        parts = (found.synapse[:, PINS[a], PINS[b]] for a, b in (e.split("_") for e in ENTRIES))
        grid = torch.tensor(np.stack([*parts]), dtype=torch.float64)  # [entries, codes, levels, voltages]
        by_p = torch.tensor(found.synapse[:, PINS["out"], PINS["p"], :, USUAL], dtype=torch.float64)
        every = torch.cat([grid.transpose(2, 3).flatten(0, 2), by_p])
        row, column = shapes(every, TOLERANCE), shapes(grid, TOLERANCE)
        out_out, out_n, n_n, n_out = (row.T @ grid @ column).numpy()
        volts = np.arange(COLUMNS_V[0], COLUMNS_V[-1] + STEP_V / 2, STEP_V)
        spread = np.stack([np.interp(volts, COLUMNS_V, shape) for shape in column.numpy().T], axis=1)
        # what a p rail gets hardly knows its current either
        p_out = found.synapse[:, PINS["p"], PINS["out"], len(found.levels) // 2, USUAL]
        return cls(
            levels.low,
            levels.step,
            levels.finer(row.numpy(), axis=0),
            spread,
            codes + len(by_p) // 2,
            (out_out, out_n, n_n, n_out),
            (by_p @ row).numpy(),
            p_out[:, None],
        )
