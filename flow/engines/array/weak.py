"""What a shift that acts in weak inversion alone (`voff`) is worth as a shift of the gate."""

from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from somaforge.flow.engines.array.tables import FINE_GATE_V, GATE_FROM_V, Table
from somaforge.flow.engines.response import curves
from somaforge.pdk.arrays import Floats

SHIFTS_V = (0.0, 0.01, 0.02, 0.035, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3)
"""Of both signs: 4 standard deviations of the smallest p-channel unit."""
FINE_SHIFT_V = 0.005
SMALLEST_A = 1e-13
"""Below, the curves are leakage."""


def worth(table: Table, cache: Path | None = None) -> Floats:
    """[gates of the table, shifts]: by how much in V a weak shift from -SHIFTS_V[-1] on in steps of FINE_SHIFT_V moves
    the gate; source at the body, drain at half the span. ToolError if ngspice cannot say."""
    kind = table.kind
    shifts = np.array([*(-v for v in reversed(SHIFTS_V[1:])), *SHIFTS_V])
    elements = [kind.models.bind(kind.size, kind.at, v) for v in shifts.tolist()]
    found = curves(kind.models, elements, kind.span_V / 2, kind.at.temperature_C, cache)
    gates, log = found.gates, found.log
    dense = np.linspace(gates[0], gates[-1], 10 * len(gates))
    plain = CubicSpline(gates, log[:, len(SHIFTS_V) - 1])(dense)
    rising = plain > np.log(SMALLEST_A)
    moved = np.zeros(log.shape)
    for i, one in enumerate(log.T):
        # the gate at which the transistor without the shift carries that current
        at = np.interp(one, np.maximum.accumulate(plain[rising]), dense[rising])
        inside = (one > plain[rising][0]) & (one < plain[rising][-1])
        moved[:, i] = np.interp(gates, gates[inside], (gates - at)[inside])
    fine = np.arange(shifts[0], shifts[-1] + FINE_SHIFT_V / 2, FINE_SHIFT_V)
    moved = CubicSpline(shifts, moved, axis=1)(fine)
    wanted = np.clip(GATE_FROM_V + FINE_GATE_V * np.arange(table.values.shape[0]), gates[0], gates[-1])
    worth: Floats = CubicSpline(gates, moved, axis=0)(wanted)
    return worth
