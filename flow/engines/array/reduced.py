"""Surfaces of a matrix in the few shapes that they have: what a step in time multiplies.

The surfaces I(x, v) / x of all synapses of one sign look alike. With the main shapes over the row's current and over
the column's voltage (a truncated higher-order singular value decomposition), a synapse is a small core instead of a
grid of 16 by 20, and patterns times rows times columns costs a tenth. Positive synapses read the p rail and negative
ones the n rail. A positive one draws its output current from the supply, a negative one nothing: what flows through the
branch that is off is below a thousandth of the current in the row.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from somaforge.flow.engines.array.collapse import Spline, Surface
from somaforge.flow.engines.array.sparse import OFF_V, OFF_WEIGHT
from somaforge.flow.engines.array.steps import Singles
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats

TOLERANCE = 1e-4
"""Of all synapses of one sign together: root of the squares left out over the root of the squares."""


class Signed(NamedTuple):
    """The synapses of one sign: I / x = sum over shapes of row(ln x) core column(v)."""

    rows: Floats
    """[intervals, 4, row shapes]: cubics in the share of an interval of the rows' grid."""
    core: Singles
    """[rows * row shapes, columns * column shapes]."""
    columns: Floats
    """[intervals, 4, column shapes]: likewise of the columns' grid."""

    @classmethod
    def of(cls, surface: Surface, where: Tensor) -> "Signed":
        """Those at `where` [rows, columns]."""
        rows, columns = where.shape
        points = len(surface.rows.points)
        voltages = surface.columns.points
        weight = torch.where(voltages < OFF_V, OFF_WEIGHT, torch.ones_like(voltages))
        grid = surface.current.view(rows, points, columns, -1).permute(0, 2, 1, 3)[where] * weight
        row, column = shapes(grid.transpose(1, 2), TOLERANCE), shapes(grid, TOLERANCE)
        core = torch.zeros(rows, columns, row.shape[1], column.shape[1], dtype=torch.float32)
        core[where] = (row.T @ grid @ column).to(torch.float32)
        core = core.transpose(1, 2).reshape(rows * row.shape[1], -1)
        by_voltage = _cubics(surface.columns, column / weight.unsqueeze(-1))
        return cls(_cubics(surface.rows, row), core.numpy(), by_voltage)


class Matrix(NamedTuple):
    """A matrix of synapses."""

    rows: Floats
    """[points] of the rows' grid in ln of A; beyond it, a current has the shape of its end."""
    columns: Floats
    """[points] of the columns' grid in V."""
    positive: Signed
    negative: Signed

    @classmethod
    def of(cls, surface: Surface, codes: Codes) -> "Matrix":
        """Splits by the sign of the codes."""
        signs = torch.tensor(codes)
        grids = (surface.rows.points.numpy(), surface.columns.points.numpy())
        return cls(*grids, Signed.of(surface, signs > 0), Signed.of(surface, signs < 0))


def shapes(grid: Tensor, tolerance: float) -> Tensor:
    """[points, shapes]: orthonormal shapes over the last axis that leave `tolerance`; at least one."""
    flat = grid.reshape(-1, grid.shape[-1])
    squares, vectors = torch.linalg.eigh(flat.T @ flat)
    left = squares.clamp(min=0).cumsum(0)
    kept = int((left > tolerance**2 * left[-1]).sum()) if float(left[-1]) > 0 else 1
    found: Tensor = vectors[:, -max(kept, 1) :]
    return found


def _cubics(spline: Spline, shapes: Tensor) -> Floats:
    """The splines of [points, shapes] as cubics in the share of each interval."""
    width = (spline.points[1:] - spline.points[:-1]).unsqueeze(-1)
    slopes = spline.slopes @ shapes
    a, b, p, q = shapes[:-1], shapes[1:], width * slopes[:-1], width * slopes[1:]
    found: Floats = torch.stack([a, p, 3 * (b - a) - 2 * p - q, p + q - 2 * (b - a)], 1).numpy()
    return found
