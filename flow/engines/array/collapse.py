"""Many patterns on one chip: every synapse becomes a smooth surface, and a layer one matrix product.

The output current of a synapse depends on two numbers only: the current into its row's soma, x, and the voltage v of
its column. For one chip and one program it is solved exactly (all devices, all shifts) on a small grid of both. Between
the grid's points I(x, v) / x is a cubic spline in ln x and in v. A spline is linear in its values, so the sum over all
rows is a matrix product: patterns times (rows, points in x) by (rows, points in x) times (columns, points in v). What
remains for a column is one equation in v: the spline of its sum against the current of its soma's diode.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from somaforge.flow.engines.array import sparse
from somaforge.flow.engines.array.layers import GUESS_GAIN, Solved
from somaforge.flow.engines.array.meet import meet
from somaforge.flow.engines.array.soma import Somas
from somaforge.flow.engines.array.synapse import Synapses
from somaforge.flow.engines.array.threads import in_parts
from somaforge.pdk.arrays import Floats

DECADES = 4
"""Of row currents below the highest one; a smaller current has the shape of the smallest."""
POINTS = 16
DENSER = 1.3
"""Points lie closer together at the top, where mirrors leave weak inversion: 9 per decade there, 3 at the bottom."""
LOW_V = (-0.06, -0.03, 0.0, 0.03, 0.07, 0.12, 0.18)
"""Columns that are pulled to ground: their somas carry nothing, so the points are few."""
STEP_V = 0.04
"""Between column voltages above that: 1.5 thermal voltages."""
KNEE_V, KNEE_STEP_V = 0.75, 0.01
"""Columns that come as near to the supply choke the switches, whose gates are at the supply: the current breaks off
within 0.05 V. At 1.8 V no column comes there, at 1.1 V those with some 50 nA do."""
ABOVE = 1.3
"""Highest column current in the grid over the first guess of it."""


class Spline:
    """Cubic spline (not-a-knot) on fixed points, as a linear function of its values."""

    def __init__(self, points: Tensor) -> None:
        """`points` rise, at least four."""
        self.points = points
        knots = points.numpy()
        slopes = CubicSpline(knots, np.eye(len(knots))).derivative()(knots)  # [point, value]
        self.slopes = torch.tensor(slopes, dtype=points.dtype)
        self._width = points[1:] - points[:-1]

    def place(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Interval, its width and the share of it at x."""
        i = torch.searchsorted(self.points, x.contiguous(), right=True).clamp(1, len(self.points) - 1) - 1
        h = self._width[i]
        return i, h, (x - self.points[i]) / h

    def basis(self, x: Tensor) -> Tensor:
        """Weights of the values: [...] -> [..., points]."""
        i, h, t = (part.unsqueeze(-1) for part in self.place(x))
        found = (h * t * (1 - t) ** 2) * self.slopes[i.squeeze(-1)] - (h * t**2 * (1 - t)) * self.slopes[
            i.squeeze(-1) + 1
        ]
        share = t**2 * (3 - 2 * t)
        return found.scatter_add(-1, i, 1 - share).scatter_add(-1, i + 1, share)

    def at(self, values: Tensor, slopes: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Value and derivative at x [...] of splines with these `values` and `slopes` [..., points]."""
        i, h, t = self.place(x)
        low, high = i.unsqueeze(-1), (i + 1).unsqueeze(-1)
        a, b = values.gather(-1, low).squeeze(-1), values.gather(-1, high).squeeze(-1)
        p, q = h * slopes.gather(-1, low).squeeze(-1), h * slopes.gather(-1, high).squeeze(-1)
        c, d = 3 * (b - a) - 2 * p - q, p + q - 2 * (b - a)
        return a + t * (p + t * (c + t * d)), (p + t * (2 * c + 3 * t * d)) / h


@dataclass(frozen=True, eq=False)
class Surface:
    """One matrix on its grid."""

    rows: Spline
    """In ln of the row's current in A."""
    columns: Spline
    """In the column's voltage in V."""
    current: Tensor
    """[rows * row points, columns * column points]: I / x."""
    supply: Tensor
    """Same shape: current of the p sign switches over x."""
    soma_supply: Tensor
    """[rows, row points]: current of the soma's p transistors over x."""

    def somas(self, current: Tensor) -> Tensor:
        """Supply current [patterns] of the rows' somas for their input currents [patterns, rows]."""
        log = current.clamp(min=1e-18).log().clamp(min=float(self.rows.points[0]))
        slopes = self.soma_supply @ self.rows.slopes.T
        whole = (*current.shape, len(self.rows.points))
        return (self.rows.at(self.soma_supply.expand(whole), slopes.expand(whole), log)[0] * current).sum(-1)

    def shares(self, current: Tensor) -> Tensor:
        """Row currents [patterns, rows] as weights of the grid: [patterns, rows * row points]."""
        low = float(self.rows.points[0])
        log = current.clamp(min=1e-18).log().clamp(min=low)
        return (self.rows.basis(log) * current.clamp(min=0).unsqueeze(-1)).flatten(1)


def grid(synapses: Synapses, highest: Tensor, before: Somas, after: Somas) -> Surface:
    """Solves every synapse for row currents up to `highest` [rows] and for all voltages that its column can have."""
    top = float(highest.max().clamp(min=1e-12).log()) + 1e-6
    below = torch.linspace(1, 0, POINTS, dtype=torch.float64) ** DENSER
    rows = Spline(top - DECADES * np.log(10) * below)
    x = rows.points.exp().unsqueeze(-1).expand(-1, before.count)
    p, n, own = before.rails(before.input_voltage(x))
    voltages = _voltages(synapses, highest, after)
    columns = Spline(torch.tensor(voltages, dtype=torch.float64))
    solved = sparse.swept(synapses, synapses.drive(p, n), np.array(voltages), x[:, 0].contiguous().numpy())
    current, supply = (
        torch.zeros(before.count, POINTS, synapses.columns, len(voltages), dtype=torch.float64) for _ in range(2)
    )
    for surface, values in zip((current, supply), solved, strict=True):
        surface[synapses.row, :, synapses.column] = torch.from_numpy(values)
    return Surface(rows, columns, current.flatten(2).flatten(0, 1), supply.flatten(2).flatten(0, 1), (own / x).T)


def _voltages(synapses: Synapses, highest: Tensor, after: Somas) -> list[float]:
    most = synapses.per_column((GUESS_GAIN * ABOVE * synapses.code.clamp(min=0) * highest[synapses.row]).unsqueeze(0))
    top = float(after.input_voltage(most).max())
    knee = max(LOW_V[-1], synapses.supply_V - KNEE_V)
    voltages = list(LOW_V)
    for end, step in ((min(top, knee), STEP_V), (top, KNEE_STEP_V)):
        if end > voltages[-1]:
            steps = math.ceil((end - voltages[-1]) / step)
            voltages += np.linspace(voltages[-1], end, steps + 1)[1:].tolist()
    return voltages


def columns(surface: Surface, current: Tensor, somas: Somas) -> Solved:
    """Voltages of columns that end in somas, for the rows' currents [patterns, rows]."""
    shares = surface.shares(current).to(torch.float32)
    points = surface.columns.points.numpy()

    def sums(grid: Tensor) -> tuple[Floats, Floats]:
        """Values and slopes [patterns, columns, points]; single precision is 1e-6 of what is added."""
        total = (shares @ grid.to(torch.float32)).to(torch.float64).view(len(shares), somas.count, -1)
        return total.numpy(), (total @ surface.columns.slopes.T).numpy()

    given = points, sums(surface.current), sums(surface.supply), somas.diode()
    out = np.empty((3, len(shares), somas.count))
    in_parts(out[0].size, lambda first, last: meet(*given, first, last, out))
    return Solved(*torch.from_numpy(out))
