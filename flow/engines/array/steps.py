"""A step in time as compiled loops: the formula of a step, its acceptance, and sums over the synapses of a matrix.

Tensors of a few patterns are so small that calling a library costs more than their numbers. Everything here works on a
few lanes (patterns on their way, each with its own step) and lets other threads run.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.array.kernels import compiled
from somaforge.pdk.arrays import Bools, Floats

Singles = npt.NDArray[np.float32]
SMALLEST_STEP = 1e-6
"""Of the pattern time."""
LARGEST_GAIN, SMALLEST_GAIN, CAUTION = 2.0, 0.2, 0.9
"""Of a step over the one before it."""
ORDER = (0.0, 0.5, 0.5, 1 / 3)
"""Power of the error that the next step follows, for so many known states."""


class Lanes(NamedTuple):
    """Patterns on their way: [lanes] and [lanes, nodes]."""

    time: Floats
    """Since the pattern's start in s."""
    step: Floats
    """To try next, in s."""
    gap: Floats
    """From `before` to `now`."""
    older: Floats
    """From `oldest` to `before`."""
    known: npt.NDArray[np.int64]
    """How many of these states there are, 3 at most."""
    now: Floats
    before: Floats
    oldest: Floats
    left: Floats
    """What is left of a small change of that node alone at the start of the pattern."""
    peak: Floats
    """Largest weight of the node in the pattern."""
    old: Floats
    """[lanes, inputs] in A at the start."""
    new: Floats

    def of(self, which: Bools) -> "Lanes":
        """Some of them."""
        known = self.known[which]
        floats = {name: getattr(self, name)[which] for name in self._fields if name != "known"}
        return Lanes(known=known, **floats)


class Trial(NamedTuple):
    """A step that is tried: [lanes] and [lanes, nodes].

    BDF2 with steps of any size: derivative = a0 x + history. The parabola through the last three points is its
    prediction `guess`, and `slope` the prediction's. With one or two points only: backward Euler from a constant, BDF2
    from a line.
    """

    h: Floats
    time: Floats
    """At the end of the step."""
    a0: Floats
    share: Floats
    """Local error over the distance from the prediction."""
    worst: Floats
    """Largest distance from the prediction in V, weighted."""
    supply: Floats
    """In A, without the output synapses."""
    guess: Floats
    history: Floats
    slope: Floats
    found: Floats
    rate: Floats
    """Conductance over capacitance in 1/s."""
    weight: Floats
    """How much an error counts."""
    inputs: Floats
    """[lanes, inputs] in A at the end."""

    @classmethod
    def empty(cls, lanes: int, nodes: int, inputs: int) -> "Trial":
        """Room for it."""
        one, every = (lanes,), (lanes, nodes)
        shapes = (one, one, one, one, one, one, every, every, every, every, every, every, (lanes, inputs))
        return cls(*(np.zeros(shape) for shape in shapes))


@compiled
def predict(lanes: Lanes, rise: float, period: float, trial: Trial) -> None:
    """Fills in the formula of every lane's next step, the inputs at its end and nothing else."""
    for i in range(lanes.time.size):
        time, step, gap, known = lanes.time[i], lanes.step[i], lanes.gap[i], lanes.known[i]
        # inputs change their slope at the end of the rise: a step ends there
        edge = rise if time < rise else period
        h, to = step, time + step
        if step > (edge - time) * (1 - 1e-9):
            h, to = edge - time, edge
        older = gap + lanes.older[i]
        if known == 1:
            a0, a1, a2, e1, e2 = 1 / h, -1 / h, 0.0, 0.0, 0.0
            share = 0.5
        else:
            w = h / gap
            a0, a1, a2 = (1 + 2 * w) / (h * (1 + w)), -(1 + w) / h, w * w / (h * (1 + w))
            e1, e2, share = -w, 0.0, 0.2
            if known == 3:
                e1 = -h * (h + older) / (gap * lanes.older[i])
                e2 = h * (h + gap) / (older * lanes.older[i])
                # third derivative / 6 * h (h + gap) times (h + older) is the prediction's error, times 1 / a0 BDF2's
                share = 1 / (1 + a0 * (h + older))
        trial.h[i], trial.time[i], trial.a0[i], trial.share[i] = h, to, a0, share
        e0 = 1 - e1 - e2
        for j in range(lanes.now.shape[1]):
            now, before, oldest = lanes.now[i, j], lanes.before[i, j], lanes.oldest[i, j]
            guess, history = e0 * now + e1 * before + e2 * oldest, a1 * now + a2 * before
            trial.guess[i, j], trial.history[i, j] = guess, history
            trial.slope[i, j] = a0 * guess + history
        part = min(to / rise, 1.0)
        trial.worst[i], trial.supply[i] = 0.0, 0.0
        for j in range(lanes.old.shape[1]):
            trial.inputs[i, j] = lanes.old[i, j] + (lanes.new[i, j] - lanes.old[i, j]) * part
            trial.supply[i] += trial.inputs[i, j]


@compiled
def accept(lanes: Lanes, trial: Trial, tolerance: float, smallest: float, good: Bools) -> None:
    """Moves lanes on whose step was good, and says which; sets the next step of all. `smallest` in s is always good."""
    for i in range(lanes.time.size):
        h = trial.h[i]
        ratio = trial.share[i] * trial.worst[i] / tolerance
        gain = CAUTION * max(ratio, 1e-6) ** -ORDER[lanes.known[i]]
        lanes.step[i] = h * min(max(gain, SMALLEST_GAIN), LARGEST_GAIN)
        good[i] = ratio <= 1.0 or h <= smallest
        if not good[i]:
            continue
        lanes.time[i] = trial.time[i]
        lanes.older[i], lanes.gap[i] = lanes.gap[i], h
        lanes.known[i] = min(lanes.known[i] + 1, 3)
        for j in range(lanes.now.shape[1]):
            lanes.oldest[i, j], lanes.before[i, j] = lanes.before[i, j], lanes.now[i, j]
            lanes.now[i, j] = trial.found[i, j]
            lanes.left[i, j] /= 1 + h * max(trial.rate[i, j], 0.0)
            lanes.peak[i, j] = max(lanes.peak[i, j], trial.weight[i, j])


@compiled
def times(x: Singles, core: Singles, out: Singles) -> None:
    """x [lanes, k] by core [k, n] -> out [lanes, n]; four lanes at a time, which share what they read of the core."""
    lanes, last = x.shape[0], x.shape[1] - x.shape[1] % 4
    n = core.shape[1]
    out[:] = 0
    at = 0
    while at + 4 <= lanes:
        o0, o1, o2, o3 = out[at], out[at + 1], out[at + 2], out[at + 3]
        for k in range(0, last, 4):
            a0, a1, a2, a3 = x[at, k], x[at, k + 1], x[at, k + 2], x[at, k + 3]
            b0, b1, b2, b3 = x[at + 1, k], x[at + 1, k + 1], x[at + 1, k + 2], x[at + 1, k + 3]
            c0, c1, c2, c3 = x[at + 2, k], x[at + 2, k + 1], x[at + 2, k + 2], x[at + 2, k + 3]
            d0, d1, d2, d3 = x[at + 3, k], x[at + 3, k + 1], x[at + 3, k + 2], x[at + 3, k + 3]
            p0, p1, p2, p3 = core[k], core[k + 1], core[k + 2], core[k + 3]
            for j in range(n):
                q0, q1, q2, q3 = p0[j], p1[j], p2[j], p3[j]
                o0[j] += a0 * q0 + a1 * q1 + a2 * q2 + a3 * q3
                o1[j] += b0 * q0 + b1 * q1 + b2 * q2 + b3 * q3
                o2[j] += c0 * q0 + c1 * q1 + c2 * q2 + c3 * q3
                o3[j] += d0 * q0 + d1 * q1 + d2 * q2 + d3 * q3
        at += 4
    if at + 2 <= lanes:
        o0, o1 = out[at], out[at + 1]
        for k in range(0, last, 4):
            a0, a1, a2, a3 = x[at, k], x[at, k + 1], x[at, k + 2], x[at, k + 3]
            b0, b1, b2, b3 = x[at + 1, k], x[at + 1, k + 1], x[at + 1, k + 2], x[at + 1, k + 3]
            p0, p1, p2, p3 = core[k], core[k + 1], core[k + 2], core[k + 3]
            for j in range(n):
                q0, q1, q2, q3 = p0[j], p1[j], p2[j], p3[j]
                o0[j] += a0 * q0 + a1 * q1 + a2 * q2 + a3 * q3
                o1[j] += b0 * q0 + b1 * q1 + b2 * q2 + b3 * q3
        at += 2
    for i in range(at, lanes):
        o0 = out[i]
        for k in range(0, last, 4):
            a0, a1, a2, a3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
            p0, p1, p2, p3 = core[k], core[k + 1], core[k + 2], core[k + 3]
            for j in range(n):
                o0[j] += a0 * p0[j] + a1 * p1[j] + a2 * p2[j] + a3 * p3[j]
    for i in range(lanes):
        for k in range(last, x.shape[1]):
            for j in range(n):
                out[i, j] += x[i, k] * core[k, j]
