"""Conjugate gradients for a Laplacian with seven points in a box, as compiled loops.

Points are numbered z first; `g` holds the conductance to the next point along x, y and z (0 at the end of each line),
`strides` how far in the numbering that point is. Factor: modified incomplete Cholesky without fill (Bridson, Fluid
Simulation for Computer Graphics, 2nd edition, section 5.5). Three coefficients and six numbers a point, so that 1e7
points take 1 GB; an algebraic multigrid (pyamg) takes five times that.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from somaforge.pdk.arrays import Floats

Singles = NDArray[np.float32]
Strides = tuple[int, int, int]
Links = tuple[Singles, Singles, Singles]
Compiled = Callable[..., Any]

_DROPPED = np.float32(0.97)
"""Share of the dropped fill that goes to the diagonal (Bridson)."""
_SAFE = np.float32(0.25)
"""Below this part of the diagonal the factor takes the whole diagonal instead (Bridson)."""


def _compiled(function: Compiled) -> Compiled:
    """Machine code, kept beside the file."""
    made: Compiled = numba.njit(cache=True, nogil=True)(function)
    return made


@_compiled
def apply(g: Links, strides: Strides, v: Floats, out: Floats) -> None:
    """out = L v: what flows out of each point."""
    gx, gy, gz = g
    sx, sy, sz = strides
    n = v.size
    for i in range(n):
        t = 0.0
        if i + sx < n:
            t += gx[i] * (v[i] - v[i + sx])
        if i + sy < n:
            t += gy[i] * (v[i] - v[i + sy])
        if i + sz < n:
            t += gz[i] * (v[i] - v[i + sz])
        if i >= sz:
            t += gz[i - sz] * (v[i] - v[i - sz])
        if i >= sy:
            t += gy[i - sy] * (v[i] - v[i - sy])
        if i >= sx:
            t += gx[i - sx] * (v[i] - v[i - sx])
        out[i] = t


@_compiled
def _factor(g: Links, strides: Strides, free: NDArray[np.bool_]) -> Singles:
    """1 / diagonal of the factor; 0 at points that are held or have no neighbour."""
    gx, gy, gz = g
    sx, sy, sz = strides
    n = free.size
    f = np.zeros(n, np.float32)
    for i in range(n):
        if not free[i]:
            continue
        whole = gx[i] + gy[i] + gz[i]
        left = whole
        for axis in range(3):
            s = sx if axis == 0 else (sy if axis == 1 else sz)
            if i < s:
                continue
            j = i - s
            link = gx[j] if axis == 0 else (gy[j] if axis == 1 else gz[j])
            whole += link
            left += link
            if free[j]:
                # The other two links that leave j would fill in: they go to the diagonal.
                fill = np.float32(0.0)
                if axis != 0 and j + sx < n and free[j + sx]:
                    fill += gx[j]
                if axis != 1 and j + sy < n and free[j + sy]:
                    fill += gy[j]
                if axis != 2 and j + sz < n and free[j + sz]:
                    fill += gz[j]
                left -= link * (link + _DROPPED * fill) * f[j] * f[j]
        if left < _SAFE * whole:
            left = whole
        if whole > 0.0:
            f[i] = 1.0 / np.sqrt(left)
    return f


@_compiled
def _precondition(g: Links, strides: Strides, f: Singles, r: Floats, z: Floats) -> float:
    """Solve M z = r; returns r z."""
    gx, gy, gz = g
    sx, sy, sz = strides
    n = r.size
    for i in range(n):
        t = r[i]
        if i >= sz:
            t += gz[i - sz] * f[i - sz] * z[i - sz]
        if i >= sy:
            t += gy[i - sy] * f[i - sy] * z[i - sy]
        if i >= sx:
            t += gx[i - sx] * f[i - sx] * z[i - sx]
        z[i] = t * f[i]
    total = 0.0
    for i in range(n - 1, -1, -1):
        t = z[i]
        if i + sz < n:
            t += gz[i] * f[i] * z[i + sz]
        if i + sy < n:
            t += gy[i] * f[i] * z[i + sy]
        if i + sx < n:
            t += gx[i] * f[i] * z[i + sx]
        z[i] = t * f[i]
        total += z[i] * r[i]
    return total


@_compiled
def relax(
    g: Links, strides: Strides, free: NDArray[np.bool_], v: Floats, tolerance: float, rounds: int
) -> tuple[float, int]:
    """Change `v` at free points until nothing flows out of them; returns the residual left of 1, and iterations."""
    n = v.size
    f = _factor(g, strides, free)
    r, z, q = np.empty(n), np.zeros(n), np.empty(n)
    apply(g, strides, v, r)
    for i in range(n):
        r[i] = -r[i] if f[i] > 0.0 else 0.0
    rz = _precondition(g, strides, f, r, z)
    first = rz
    if first == 0.0:
        return 0.0, 0
    p = z.copy()
    left, done = 1.0, 0
    while left > tolerance and rz > 0.0 and done < rounds:
        done += 1
        apply(g, strides, p, q)
        pq = 0.0
        for i in range(n):
            if f[i] > 0.0:
                pq += p[i] * q[i]
        step = rz / pq
        for i in range(n):
            if f[i] > 0.0:
                v[i] += step * p[i]
                r[i] -= step * q[i]
        before = rz
        rz = _precondition(g, strides, f, r, z)
        left = np.sqrt(rz / first)
        for i in range(n):
            p[i] = z[i] + rz / before * p[i]
    return left, done
