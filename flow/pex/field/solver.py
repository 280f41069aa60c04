"""Electrostatics of conductors in dielectrics on a rectangular grid, from both sides.

Two schemes on one grid enclose the energy of the field, hence every capacitance of an electrode against all others:

- corners: potentials at the corners of the cells. It is the energy of trilinear elements with the integral taken at the
  corners, which is not less than that of the elements, which is not less than the field's (Dirichlet's principle).
- cells: potentials in the cells, the dielectrics of two neighbours in series. It is the complementary energy of
  Raviart-Thomas elements with the integral taken at the faces, not more than the field's (Thomson's principle).

That holds for the grid's own geometry and its walls (mirrors). Couplings between two of many electrodes are differences
of such energies: there the distance of the schemes is a measure of the error, not a bound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from somaforge.flow.pex.field.iteration import Links, Singles, apply, relax
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

EPS0_F_PER_M = 8.8541878128e-12
FREE = -1
"""Cell that is no electrode."""
_ROUNDS = 5000


@dataclass(frozen=True)
class Scene:
    """Conductors and dielectrics, painted on a grid."""

    x: Floats
    """[nx + 1]: planes of the grid, um."""
    y: Floats
    z: Floats
    permittivity: Floats
    """[nx, ny, nz]: relative, of each cell."""
    electrode: NDArray[np.int32]
    """[nx, ny, nz]: number of the electrode that fills the cell, or FREE. No flow is counted between two that touch."""

    @property
    def cells(self) -> int:
        """Cells of the grid."""
        return self.electrode.size


@dataclass(frozen=True)
class Charges:
    """Charge of each electrode, C, as the two schemes have it."""

    cells: Floats
    corners: Floats


def planes(edges: Iterable[float], finest: float, coarsest: float, growth: float = 1.5) -> Floats:
    """Planes of a grid through all `edges`, um: cells beside an edge are at most `finest` and grow to `coarsest`."""
    fixed = np.unique(np.round(np.fromiter(edges, dtype=float), 6))
    parts = [fixed[:1]]
    for low, high in pairwise(fixed.tolist()):
        parts.append(low + (high - low) * _graded((high - low) / finest, coarsest / finest, growth))
    return np.concatenate(parts)


def _graded(length: float, largest: float, growth: float) -> Floats:
    """Ends of cells that fill 0 to 1, small at both ends; `length` and `largest` in units of the smallest cell."""
    sizes: list[float] = []
    while 2 * sum(sizes) < length:
        sizes.append(min(growth ** len(sizes), largest))
    # One cell in the middle where that is enough.
    shared = int(2 * sum(sizes) - sizes[-1] >= length)
    ends = np.cumsum([*sizes, *sizes[::-1][shared:]])
    return np.asarray(ends / ends[-1], dtype=np.float64)


def solve(scene: Scene, volts: Sequence[float] | Floats, tolerance: float = 1e-5) -> Charges:
    """Charges with each electrode at its `volts`. CheckError where the iteration does not reach `tolerance`."""
    applied = np.asarray(volts, dtype=np.float64)
    cells = _charges(_cells(scene), scene.electrode, applied, tolerance)
    return Charges(cells, _charges(_corners(scene), _at_corners(scene.electrode), applied, tolerance))


def _charges(g: Links, electrode: NDArray[np.int32], volts: Floats, tolerance: float) -> Floats:
    _, ny, nz = electrode.shape
    strides = (ny * nz, nz, 1)
    links = (g[0].ravel(), g[1].ravel(), g[2].ravel())
    number = electrode.ravel()
    free = number == FREE
    volt = np.where(free, 0.0, volts[number])
    left, rounds = relax(links, strides, free, volt, tolerance, _ROUNDS)
    if not left <= tolerance:
        raise CheckError(f"field solution: residual {left:.1e} after {rounds} iterations, wanted {tolerance:.0e}")
    flow = np.empty_like(volt)
    apply(links, strides, volt, flow)
    charge: Floats = EPS0_F_PER_M * 1e-6 * np.bincount(number[~free], flow[~free], len(volts)).astype(np.float64)
    return charge


def _parts(array: Floats, axis: int) -> tuple[Floats, Floats]:
    """All but the last and all but the first along the axis."""
    n = array.shape[axis]
    before, after = [slice(None)] * 3, [slice(None)] * 3
    before[axis], after[axis] = slice(0, n - 1), slice(1, n)
    return array[tuple(before)], array[tuple(after)]


def _padded(array: Floats, axis: int, before: int, after: int) -> Floats:
    width = [(0, 0)] * 3
    width[axis] = (before, after)
    return np.pad(array, width)


def _steps(scene: Scene) -> list[Floats]:
    shapes = ((-1, 1, 1), (1, -1, 1), (1, 1, -1))
    return [np.diff(p).reshape(s) for p, s in zip((scene.x, scene.y, scene.z), shapes, strict=True)]


def _single(parts: list[Singles]) -> Links:
    return parts[0], parts[1], parts[2]


def _cells(scene: Scene) -> Links:
    """Half a cell in series with half a cell; the face of an electrode is at its potential."""
    d, free = _steps(scene), scene.electrode == FREE
    found = []
    for axis in range(3):
        a, b = (d[k] for k in range(3) if k != axis)
        near, far = _parts(np.where(free, d[axis] / 2 / scene.permittivity, 0.0), axis)
        length = near + far
        g = np.divide(a * b, length, out=np.zeros_like(length), where=length > 0)
        found.append(_padded(g, axis, 0, 1).astype(np.float32))
    return _single(found)


def _corners(scene: Scene) -> Links:
    """A quarter of each of the four cells around an edge; electrodes have no field in them."""
    d, weight = _steps(scene), np.where(scene.electrode == FREE, scene.permittivity, 0.0)
    found = []
    for axis in range(3):
        a, b = (k for k in range(3) if k != axis)
        g = weight * (d[a] * d[b] / 4 / d[axis])
        for k in (a, b):
            near, far = _parts(_padded(g, k, 1, 1), k)
            g = near + far
        found.append(_padded(g, axis, 0, 1).astype(np.float32))
    return _single(found)


def _at_corners(electrode: NDArray[np.int32]) -> NDArray[np.int32]:
    """A corner belongs to the highest of the electrodes that touch it."""
    nx, ny, nz = electrode.shape
    found = np.full((nx + 1, ny + 1, nz + 1), FREE, dtype=np.int32)
    for i, j, k in np.ndindex(2, 2, 2):
        view = found[i : i + nx, j : j + ny, k : k + nz]
        np.maximum(view, electrode, out=view)
    return found
