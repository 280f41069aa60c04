"""Device evaluations as compiled loops: on a processor, a table look-up costs what a tensor library's call costs.

The same equations as device.Device, which stays for other places (a GPU). One pass computes a transistor's current and
its three derivatives from the eight values around it.
"""

import math
from collections.abc import Callable
from typing import Any

import numba

from somaforge.pdk.arrays import Floats

Compiled = Callable[..., Any]


def _compiled(function: Compiled) -> Compiled:
    """Machine code, kept beside the file; releases the interpreter's lock."""
    made: Compiled = numba.njit(cache=True, nogil=True, fastmath=True, inline="never")(function)
    return made


@_compiled
def _one(
    flat: Floats,
    sizes: tuple[int, int, int],
    scale: tuple[float, float, float, float, float, float],
    gate: float,
    drain: float,
    source: float,
) -> tuple[float, float, float, float]:
    """Current and derivatives by gate, drain and source; see device.Device.

    sizes: gates, sources, roots of the table; scale: its first gate, 1 / gate step, 1 / source step, steps of the root;
    then the span and the thermal voltage.
    """
    gates, sources, roots = sizes
    first, per_gate, per_source, steps, span, thermal = scale
    v = drain - source
    reverse = v < 0.0
    low = source
    if reverse:
        v = -v
        low = drain
    root = math.sqrt(v / span)
    x, y, z = (gate - low - first) * per_gate, low * per_source, root * steps
    i = min(max(math.floor(x), 0), gates - 2)
    j = min(max(math.floor(y), 0), sources - 2)
    k = min(max(math.floor(z), 0), roots - 2)
    x, y, z = x - i, y - j, z - k
    at = (i * sources + j) * roots + k
    a, b, c, d = flat[at], flat[at + 1], flat[at + roots], flat[at + roots + 1]
    at += sources * roots
    a_x, b_x = flat[at] - a, flat[at + 1] - b
    c_x, d_x = flat[at + roots] - c, flat[at + roots + 1] - d
    a, b, c, d = a + x * a_x, b + x * b_x, c + x * c_x, d + x * d_x
    low_x, high_x = a_x + z * (b_x - a_x), c_x + z * (d_x - c_x)
    low_z, high_z = b - a, d - c
    below, above = a + z * low_z, c + z * high_z
    by_source = above - below
    full = math.exp(below + y * by_source)
    u = v / thermal
    rest = math.exp(-u) if u < 40.0 else 0.0
    current = full * (1.0 - rest)
    d_gate = current * (low_x + y * (high_x - low_x)) * per_gate
    d_low = current * by_source * per_source - d_gate
    by_root = current * (low_z + y * (high_z - low_z)) * steps
    d_drain = by_root / (2.0 * span * max(root, 1e-9)) + full * rest / thermal
    other = d_low - d_drain
    if reverse:
        return -current, -d_gate, -other, -d_drain
    return current, d_gate, d_drain, other


@_compiled
def evaluate(
    flat: Floats,
    sizes: tuple[int, int, int],
    scale: tuple[float, float, float, float, float, float],
    voltages: tuple[Floats, Floats, Floats],
    out: Floats,
) -> None:
    """Transistors in lists: gate, drain, source [n] -> out [4, n]."""
    gate, drain, source = voltages
    for n in range(gate.size):
        out[0, n], out[1, n], out[2, n], out[3, n] = _one(flat, sizes, scale, gate[n], drain[n], source[n])


@_compiled
def mirror(
    flat: Floats,
    sizes: tuple[int, int, int],
    scale: tuple[float, float, float, float, float, float],
    shifts: Floats,
    steps: int,
    units: int,
    gate: Floats,
    drain: Floats,
    out: Floats,
) -> None:
    """Parallel transistors with their sources at the body: shifts [somas, points] of device.Device.together, one in so
    many gate steps; gate and drain [patterns, somas] -> out [3, patterns, somas]: current, by gate, by drain."""
    last = shifts.shape[1] - 2
    per_point = scale[1] / steps
    for p in range(gate.shape[0]):
        for s in range(gate.shape[1]):
            x = (gate[p, s] - scale[0]) * per_point
            i = min(max(math.floor(x), 0), last)
            slope = shifts[s, i + 1] - shifts[s, i]
            one = _one(flat, sizes, scale, gate[p, s] - shifts[s, i] - (x - i) * slope, drain[p, s], 0.0)
            out[0, p, s] = units * one[0]
            out[1, p, s] = units * one[1] * (1.0 - slope * per_point)
            out[2, p, s] = units * one[2]
