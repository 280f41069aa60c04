"""The nodes of a layer of somas in a step of time: one scalar equation each, in compiled loops."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.array.kernels import Scale, compiled
from somaforge.flow.engines.array.steps import Singles, Trial
from somaforge.pdk.arrays import Floats

TIME_STEP_V = 0.05
"""Largest step of Newton's method within a step of time."""
DONE_V = 2e-4
"""Such a step is the last one: Newton's method has 1e-5 V left behind it (half its square over 36 mV, and the kinks of
the tables, where slopes jump by some percent)."""
ROUNDS = 8
CARRIES = 0.1
"""Of the largest current of the layer: nodes with less may be more wrong by the ratio, because they drive less."""
LEAST = 0.03
"""Weight of a node that is off; what it has drifted by is a delay when it comes back."""

Places = npt.NDArray[np.int32]


class Nodes(NamedTuple):
    """A layer of somas."""

    first: int
    """Its first node among all: columns, then p rails, then n rails."""
    supply_V: float
    units: tuple[int, int]
    """Transistors in parallel: of M0 and of the others."""
    scale: Scale
    """Of the tables, see kernels."""
    n: Singles
    """[gates, 2, roots]: the table of the n-channel transistors at its first two sources."""
    p: Singles
    shifts: Singles
    """[5 roles, somas, points] in V: device.Device.together."""
    steps: int
    """Gate steps of the tables between two of these points."""
    maps: Floats
    """[3, somas, points] in V, rising: nodes that currents hold (the p rail's has its sign changed)."""
    map_low: float
    map_step: float
    """ln of these currents in A."""
    loads: Singles
    """[3 nodes that move, somas, levels, 4] in F: its own load, what it pushes into the two others (of column, p, n in
    that order) and draws from the supply."""
    level_low: float
    level_step: float


class Above(NamedTuple):
    """What the matrix above gives to the columns: sums over its rows."""

    points: Floats
    """[points] in V of the columns' grid."""
    positive: Floats
    """[intervals, 4, shapes]: cubics in the share of an interval."""
    negative: Floats
    given: Singles
    """[lanes, columns * shapes] in A, of the positive synapses."""
    taken: Singles
    load: Floats
    """[lanes, columns] in F."""
    pushed: Floats
    """[lanes, columns] in A by the rails that move."""


class Below(NamedTuple):
    """What the matrix below does to the rails: sums over its columns."""

    load: Floats
    """[lanes, rows] in F on the n rails."""
    pushed: Floats
    """[lanes, rows] in A into the n rails."""
    into_p: Floats
    """[lanes, rows] in A."""


@compiled
def mirror(
    sheets: Singles, scale: Scale, shifts: Singles, per_point: float, gate: float, drain: float
) -> tuple[float, float, float]:
    """Current of a transistor with its source at the body, by gate, by drain; as kernels.look."""
    first, per_gate, per_source, steps, span, thermal = scale
    x = (gate - first) * per_point
    i = min(max(math.floor(x), 0), shifts.size - 2)
    shift = float(shifts[i])
    slope = shifts[i + 1] - shift
    gate = gate - shift - (x - i) * slope
    v, low = drain, 0.0
    if drain < 0.0:
        v, low = -drain, drain
    root = math.sqrt(v / span)
    x, z = (gate - low - first) * per_gate, root * steps
    i = min(max(math.floor(x), 0), sheets.shape[0] - 2)
    k = min(max(math.floor(z), 0), sheets.shape[2] - 2)
    x, z = x - i, z - k
    a, b = float(sheets[i, 0, k]), float(sheets[i, 0, k + 1])
    c, d = float(sheets[i + 1, 0, k]), float(sheets[i + 1, 0, k + 1])
    left, right = a + z * (b - a), c + z * (d - c)
    log, by_x = left + x * (right - left), right - left
    by_z = (b - a) + x * ((d - c) - (b - a))
    by_y = 0.0
    if drain < 0.0:
        e, f = float(sheets[i, 1, k]), float(sheets[i, 1, k + 1])
        g, h = float(sheets[i + 1, 1, k]), float(sheets[i + 1, 1, k + 1])
        near, far = e + z * (f - e), g + z * (h - g)
        other = near + x * (far - near)
        y = low * per_source
        by_y = other - log
        by_x += y * ((far - near) - by_x)
        by_z += y * ((f - e) + x * ((h - g) - (f - e)) - by_z)
        log += y * by_y
    full = math.exp(log)
    u = v / thermal
    rest = math.exp(-u) if u < 40.0 else 0.0
    current = full * (1.0 - rest)
    by_gate = current * by_x * per_gate
    by_drain = current * by_z * steps / (2.0 * span * max(root, 1e-9)) + full * rest / thermal
    inner = 1.0 - slope * per_point
    if drain < 0.0:
        by_low = current * by_y * per_source - by_gate
        return -current, -by_gate * inner, by_drain - by_low
    return current, by_gate * inner, by_drain


@compiled
def log_of(rising: Floats, low: float, step: float, v: float, near: int) -> tuple[float, int]:
    """ln of the current that holds a node at `v`, and its place among the `rising` voltages, sought from `near` on."""
    last = rising.size - 1
    i = min(max(near, 1), last)
    while i < last and rising[i] < v:
        i += 1
    while i > 1 and rising[i - 1] >= v:
        i -= 1
    below = float(rising[i - 1])
    return low + step * (i - 1 + (v - below) / (rising[i] - below)), i


@compiled
def logs_of(rising: Floats, low: float, step: float, nodes: Floats, out: Floats) -> None:
    """Of all nodes of a layer [patterns, 3 * somas] with maps `rising` [3, somas, points]."""
    somas = rising.shape[1]
    for i in range(nodes.shape[0]):
        for kind in range(3):
            for s in range(somas):
                v = nodes[i, kind * somas + s]
                out[i, kind * somas + s] = log_of(rising[kind, s], low, step, -v if kind == 1 else v, 0)[0]


@compiled
def weight(current: float, most: float) -> float:
    """How much an error of a node counts that carries `current` in a layer with currents up to `most`."""
    return min(max(current / (CARRIES * most), LEAST), 1.0)


@compiled
def bounded(step: float) -> float:
    """A step of Newton's method."""
    return min(max(step, -TIME_STEP_V), TIME_STEP_V)


@compiled
def interval(points: Floats, v: float) -> int:
    """Of a grid; the ends reach on."""
    low, high = 0, points.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if points[middle] <= v:
            low = middle
        else:
            high = middle
    return low


@compiled
def cubic(cubics: Floats, sums: Singles, first: int) -> tuple[float, float, float, float]:
    """The sum of shapes [4, shapes] with the factors `sums` from `first` on."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for w in range(cubics.shape[1]):
        x = sums[first + w]
        a += x * cubics[0, w]
        b += x * cubics[1, w]
        c += x * cubics[2, w]
        d += x * cubics[3, w]
    return a, b, c, d


@compiled
def fed(above: Above, lane: int, column: int, v: float) -> tuple[float, float, float, float]:
    """Current into a column at the voltage `v` and its slope: of all synapses, and of the positive ones."""
    i = interval(above.points, v)
    width = above.points[i + 1] - above.points[i]
    t = (v - above.points[i]) / width
    up, down = above.positive.shape[2], above.negative.shape[2]
    a, b, c, d = cubic(above.positive[i], above.given[lane], column * up)
    given, by_given = a + t * (b + t * (c + t * d)), (b + t * (2 * c + 3 * t * d)) / width
    a, b, c, d = cubic(above.negative[i], above.taken[lane], column * down)
    taken, by_taken = a + t * (b + t * (c + t * d)), (b + t * (2 * c + 3 * t * d)) / width
    return given + taken, by_given + by_taken, given, by_given


@compiled
def solve(nodes: Nodes, above: Above, below: Below, trial: Trial, most: Floats, near: Places, logs: Floats) -> None:
    """One step of every lane through a layer: fills `found`, `slope`, `rate` and `weight` of its nodes in the trial and
    adds to `worst` and `supply`. `most` [lanes] is the largest current in A; `near` [lanes, nodes] places of the maps.

    logs [2, lanes, somas]: ln of the currents in A of the p and n rails. Slopes of nodes that are not solved yet are
    those of the prediction.
    """
    somas, levels = nodes.maps.shape[1], nodes.loads.shape[2]
    n_table, p_table, scale, shifts = nodes.n, nodes.p, nodes.scale, nodes.shifts
    first_units, units, vdd = nodes.units[0], nodes.units[1], nodes.supply_V
    per_point = scale[1] / nodes.steps
    first = nodes.first
    fed_above, fed_below = above.given.shape[1] > 0, below.into_p.shape[1] > 0
    load = np.empty((3, 4))
    log = np.empty(3)
    for s in range(somas):  # lanes find the tables of a soma in the cache
        for i in range(trial.h.size):
            a0 = trial.a0[i]
            column, at_p, at_n = first + s, first + somas + s, first + 2 * somas + s
            v, p, n = trial.guess[i, column], trial.guess[i, at_p], trial.guess[i, at_n]
            for k, x, j in ((0, v, column), (1, -p, at_p), (2, n, at_n)):
                log[k], near[i, j] = log_of(nodes.maps[k, s], nodes.map_low, nodes.map_step, x, near[i, j])
                place = min(max((log[k] - nodes.level_low) / nodes.level_step, 0.0), levels - 1.0)
                low = min(int(place), levels - 2)
                place -= low
                for w in range(4):
                    load[k, w] = nodes.loads[k, s, low, w] * (1 - place) + nodes.loads[k, s, low + 1, w] * place
            # the column
            c_v = load[0, 0]
            into = load[1, 1] * trial.slope[i, at_p] + load[2, 1] * trial.slope[i, at_n]
            if fed_above:
                c_v += above.load[i, s]
                into += above.pushed[i, s]
            else:
                into -= trial.inputs[i, s]
            history, feed, by_feed, given, by_given = trial.history[i, column], 0.0, 0.0, 0.0, 0.0
            for _ in range(ROUNDS):
                taken, by_gate, by_drain = mirror(n_table, scale, shifts[0, s], per_point, v, v)
                taken *= first_units
                conductance = first_units * (by_gate + by_drain)
                if fed_above:
                    feed, by_feed, given, by_given = fed(above, i, s, v)
                own = conductance - by_feed
                step = bounded((c_v * (a0 * v + history) + into - feed + taken) / (c_v * a0 + own))
                v -= step
                if abs(step) < DONE_V:
                    break
            trial.found[i, column], trial.rate[i, column] = v, own / c_v
            trial.weight[i, column] = weight(taken - conductance * step, most[i])
            worst = abs(v - trial.guess[i, column]) * trial.weight[i, column]
            slope_v = a0 * v + history
            trial.slope[i, column] = slope_v
            used = given - by_given * step
            # its p rail
            c_p = load[1, 0]
            into = load[0, 1] * slope_v + load[2, 2] * trial.slope[i, at_n]
            if fed_below:
                into += below.into_p[i, s]
            history = trial.history[i, at_p] + into / c_p
            for _ in range(ROUNDS):
                first_p, by_gate, by_drain = mirror(p_table, scale, shifts[2, s], per_point, vdd - p, vdd - p)
                taken, _by, by_taken = mirror(n_table, scale, shifts[1, s], per_point, v, p)
                by_first = units * (by_gate + by_drain)
                first_p *= units
                own = by_first + units * by_taken
                step = bounded((c_p * (a0 * p + history) - first_p + units * taken) / (c_p * a0 + own))
                p -= step
                if abs(step) < DONE_V:
                    break
            used += first_p + by_first * step
            trial.found[i, at_p], trial.rate[i, at_p] = p, own / c_p
            slope_p = a0 * p + trial.history[i, at_p]
            trial.slope[i, at_p] = slope_p
            log[1], near[i, at_p] = log_of(nodes.maps[1, s], nodes.map_low, nodes.map_step, -p, near[i, at_p])
            trial.weight[i, at_p] = weight(math.exp(log[1]), most[i])
            worst = max(worst, abs(p - trial.guess[i, at_p]) * trial.weight[i, at_p])
            # its n rail
            c_n = load[2, 0]
            into = load[0, 2] * slope_v + load[1, 2] * slope_p
            if fed_below:
                c_n += below.load[i, s]
                into += below.pushed[i, s]
            history = trial.history[i, at_n] + into / c_n
            for _ in range(ROUNDS):
                second_p, _by, by_second = mirror(p_table, scale, shifts[3, s], per_point, vdd - p, vdd - n)
                taken, by_gate, by_drain = mirror(n_table, scale, shifts[4, s], per_point, n, n)
                own = units * (by_gate + by_drain + by_second)
                step = bounded((c_n * (a0 * n + history) + units * (taken - second_p)) / (c_n * a0 + own))
                n -= step
                if abs(step) < DONE_V:
                    break
            used += units * (second_p + by_second * step)
            trial.found[i, at_n], trial.rate[i, at_n] = n, own / c_n
            slope_n = a0 * n + trial.history[i, at_n]
            trial.slope[i, at_n] = slope_n
            log[2], near[i, at_n] = log_of(nodes.maps[2, s], nodes.map_low, nodes.map_step, n, near[i, at_n])
            trial.weight[i, at_n] = weight(math.exp(log[2]), most[i])
            worst = max(worst, abs(n - trial.guess[i, at_n]) * trial.weight[i, at_n])
            logs[0, i, s], logs[1, i, s] = log[1], log[2]
            # charge that nodes draw from the supply: as far as they have moved
            used += load[0, 3] * slope_v
            for k, moved in ((1, slope_p), (2, slope_n)):
                place = min(max((log[k] - nodes.level_low) / nodes.level_step, 0.0), levels - 1.0)
                low = min(int(place), levels - 2)
                place -= low
                used += (nodes.loads[k, s, low, 3] * (1 - place) + nodes.loads[k, s, low + 1, 3] * place) * moved
            trial.supply[i] += used
            trial.worst[i] = max(trial.worst[i], worst)
