"""Device evaluations as compiled loops: on a processor, a table look-up costs what a tensor library's call costs.

One pass computes a transistor's current and its three derivatives from the eight values around it.
"""

import math
from collections.abc import Callable
from typing import Any

import numba

from somaforge.pdk.arrays import Floats

Compiled = Callable[..., Any]
Sizes = tuple[int, int, int]
Scale = tuple[float, float, float, float, float, float]
Numbers = tuple[float, float, float, float, float]
Law = tuple[Floats, Floats, Floats, Numbers]


def compiled(function: Compiled) -> Compiled:
    """Machine code, kept beside the file; releases the interpreter's lock and does not look for zero divisors."""
    made: Compiled = numba.njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function)
    return made


def exact(function: Compiled) -> Compiled:
    """The same where a number that is none must be seen."""
    made: Compiled = numba.njit(cache=True, nogil=True, fastmath={"contract", "reassoc", "arcp", "nsz"})(function)
    return made


@compiled
def look(
    flat: Floats,
    sizes: Sizes,
    scale: Scale,
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


@compiled
def evaluate(
    flat: Floats,
    sizes: Sizes,
    scale: Scale,
    voltages: tuple[Floats, Floats, Floats],
    out: Floats,
) -> None:
    """Transistors in lists: gate, drain, source [n] -> out [4, n]."""
    gate, drain, source = voltages
    for n in range(gate.size):
        out[0, n], out[1, n], out[2, n], out[3, n] = look(flat, sizes, scale, gate[n], drain[n], source[n])


@compiled
def one_mirror(
    flat: Floats,
    sizes: Sizes,
    scale: Scale,
    shifts: Floats,
    steps: int,
    units: int,
    gate: float,
    drain: float,
) -> tuple[float, float, float]:
    """Parallel transistors with their sources at the body: shifts [points] of device.Device.together, one in so many
    gate steps. Current, by gate, by drain."""
    per_point = scale[1] / steps
    x = (gate - scale[0]) * per_point
    i = min(max(math.floor(x), 0), len(shifts) - 2)
    slope = shifts[i + 1] - shifts[i]
    one = look(flat, sizes, scale, gate - shifts[i] - (x - i) * slope, drain, 0.0)
    return units * one[0], units * one[1] * (1.0 - slope * per_point), units * one[2]


@compiled
def mirror(
    flat: Floats,
    sizes: Sizes,
    scale: Scale,
    shifts: Floats,
    steps: int,
    units: int,
    gate: Floats,
    drain: Floats,
    out: Floats,
) -> None:
    """one_mirror of shifts [somas, points]; gate and drain [patterns, somas] -> out [3, patterns, somas]."""
    for p in range(gate.shape[0]):
        for s in range(gate.shape[1]):
            found = one_mirror(flat, sizes, scale, shifts[s], steps, units, gate[p, s], drain[p, s])
            out[0, p, s], out[1, p, s], out[2, p, s] = found


@exact
def _worth(worth: Floats, span: float, per_shift: float, place: float, weak: float) -> float:
    """Shift of the gate in V that a weak shift is worth, at a place of the table's gates."""
    gates, across = worth.shape
    x, y = min(max(place, 0.0), gates - 1.0), (weak + span) * per_shift
    i, j = min(int(x), gates - 2), min(max(math.floor(y), 0), across - 2)
    x, y = x - i, y - j
    low, high = worth[i, j], worth[i + 1, j]
    found: float = (1 - x) * (low + y * (worth[i, j + 1] - low)) + x * (high + y * (worth[i + 1, j + 1] - high))
    return found


@exact
def _stand_in(law: Law, shifts: Floats, weak: Floats, gate: float) -> float:
    """See stand_in, which does it for many."""
    curve, bends, worth, numbers = law
    first, step, margin, span, per_shift = numbers
    here = (gate - first) / step
    at = min(max(math.floor(here + 0.5), 0), bends.shape[1] - 1)
    once, again = bends[0, at], bends[1, at]
    last, mean, top, steps = len(curve) - 2, 0.0, 0.0, 0.0
    for u in range(len(shifts)):
        steps = shifts[u] * (1 + once + again * shifts[u]) / step
        if len(weak) > 0:
            steps += _worth(worth, span, per_shift, here - steps, weak[u]) / step
        if len(shifts) > 1:
            moved = here + margin - steps
            i = min(max(math.floor(moved), 0), last)
            mean += math.exp(curve[i] + (moved - i) * (curve[i + 1] - curve[i]))
            top += moved
    if len(shifts) > 1:
        mean = math.log(mean / len(shifts))
        i = min(max(math.floor(top / len(shifts)), 0), last)
        while i > 0 and curve[i] >= mean:
            i -= 1
        while i < last and curve[i + 1] < mean:
            i += 1
        steps = here + margin - i - (mean - curve[i]) / (curve[i + 1] - curve[i])
    found: float = steps * step
    return found


@exact
def stand_in(
    laws: Floats,
    bends: Floats,
    worth: Floats,
    numbers: Numbers,
    gates: Floats,
    shifts: Floats,
    weak: Floats,
    out: Floats,
) -> None:
    """One shift in V that gives parallel transistors their mean current, for gates [rows, places or 1] over the source.

    laws [rows or 1, points]: ln of the current over the gate, which begins `margin` steps before the table. bends [2,
    gates]: a threshold shift moves the gate by a little more or less than its value (Sweep.shift_excess). worth: see
    weak.worth; weak is empty where there are no such shifts. numbers: first gate, its step, margin; span and 1 / step
    of weak shifts. shifts and weak [places, units], out [rows, places].
    """
    for r in range(gates.shape[0]):
        law = (laws[min(r, laws.shape[0] - 1)], bends, worth, numbers)
        for p in range(shifts.shape[0]):
            gate = gates[r, min(p, gates.shape[1] - 1)]
            out[r, p] = _stand_in(law, shifts[p], weak[p] if weak.shape[0] > 0 else weak[0:0, 0], gate)
