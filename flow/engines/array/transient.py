"""Patterns in time: every soma has three slow nodes (column, p rail, n rail); synapses follow them at once.

The inner nodes of a synapse carry about 1 fF and settle a thousand times faster than the rails, so their currents are
the surfaces of flow.engines.array.collapse, positive synapses read at the p rail and negative ones at the n rail. The
network feeds forward, so a step of BDF2 goes from layer to layer with one scalar equation per node. Patterns run side
by side, each with its own steps.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from somaforge.flow.engines.array.reduced import Matrix
from somaforge.flow.engines.array.slow import Layer
from somaforge.flow.engines.array.soma import STEP_TOLERANCE_V, TIME_STEP_V
from somaforge.pdk.errors import NotSettledError

TOLERANCE_V = 1e-3
"""Local error of a step at a node that carries its layer's currents."""
CARRIES = 0.1
"""Of the largest current of the layer: nodes with less may be more wrong by the ratio, because they drive less."""
LEAST = 0.03
"""Weight of a node that is off; what it has drifted by is a delay when it comes back."""
E_FOLD_V = 0.036
"""Of a diode in weak inversion."""
FIRST_STEP = 1e-4
"""Of the pattern time."""
SMALLEST_STEP = 1e-6
STEPS = 4000
NEWTON_ROUNDS = 8

State = list[tuple[Tensor, Tensor, Tensor]]
"""Per layer: column, p rail, n rail; [patterns, somas] in V."""


@dataclass(frozen=True, eq=False)
class Course:
    """What the inputs of some patterns do: [patterns, inputs] in A."""

    old: Tensor
    new: Tensor
    period_s: float
    rise_s: float
    scale: list[Tensor]
    """Per layer [patterns, 1]: the largest current of the layer in A before and after."""

    def of(self, which: Tensor) -> "Course":
        """Some of the patterns."""
        return replace(self, old=self.old[which], new=self.new[which], scale=[s[which] for s in self.scale])

    def at(self, time: Tensor) -> Tensor:
        """Input currents at a time of each pattern [patterns, 1]."""
        return self.old + (self.new - self.old) * (time / self.rise_s).clamp(max=1.0)


@dataclass(frozen=True, eq=False)
class End:
    """Of patterns: [patterns, nodes]."""

    nodes: Tensor
    """In V."""
    left: Tensor
    """Of a small change of that node alone at the start: 0 where it has settled, 1 where it hardly moves."""


@dataclass(frozen=True, eq=False)
class _Step:
    """A step that was tried."""

    nodes: Tensor
    """[patterns, nodes]."""
    supply: Tensor
    """[patterns]."""
    ratio: Tensor
    """Local error over what is allowed, [patterns, 1]."""
    rate: Tensor
    """Conductance over capacitance in 1/s, [patterns, nodes]."""


@dataclass(frozen=True, eq=False)
class Points:
    """Points in time of all patterns, in any order."""

    pattern: Tensor
    time: Tensor
    """Since the pattern's start, in s."""
    state: Tensor
    """[points, nodes] in V: those of the last layer and those asked for."""
    supply: Tensor
    """[points] in A, without the output synapses."""

    def where(self, wanted: Tensor) -> "Points":
        """Some of them."""
        return Points(self.pattern[wanted], self.time[wanted], self.state[wanted], self.supply[wanted])

    @classmethod
    def joined(cls, parts: Sequence["Points"]) -> "Points":
        """One behind the other."""
        return cls(*(torch.cat([getattr(p, f.name) for p in parts]) for f in fields(cls)))


@dataclass(frozen=True, eq=False)
class _Lanes:
    """Patterns on their way."""

    pattern: Tensor
    course: Course
    time: Tensor
    """[patterns, 1], as all that follow."""
    step: Tensor
    now: Tensor
    """[patterns, nodes]."""
    before: Tensor
    oldest: Tensor
    gap: Tensor
    """From `before` to `now`."""
    older_gap: Tensor
    known: Tensor
    """How many of these states there are, 3 at most."""
    faded: Tensor
    """[patterns, nodes]: -ln of what is left of a small change of that node alone at the start."""

    def of(self, which: Tensor) -> "_Lanes":
        """Some of them."""
        parts = {k: v[which] for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, course=self.course.of(which), **parts)


@dataclass(frozen=True, eq=False)
class _Formula:
    """BDF2 with steps of any size and the parabola through the last three points as its prediction; [patterns, 1].

    With one or two points only: backward Euler from a constant, BDF2 from a line.
    """

    now: Tensor
    """derivative = now x + history."""
    history: Tensor
    guess: Tensor
    error: Tensor
    """Local error over the distance from the prediction."""

    @classmethod
    def of(cls, lanes: _Lanes, h: Tensor) -> "_Formula":
        """For steps `h`."""
        g, older = lanes.gap, lanes.gap + lanes.older_gap
        w = h / g
        first, second = lanes.known == 1, lanes.known == 2
        a0 = torch.where(first, 1 / h, (1 + 2 * w) / (h * (1 + w)))
        a1 = torch.where(first, -1 / h, -(1 + w) / h)
        a2 = torch.where(first, 0.0, w * w / (h * (1 + w)))
        near, far = h * (h + older) / (g * lanes.older_gap), h * (h + g) / (older * lanes.older_gap)
        e1 = torch.where(first, 0.0, torch.where(second, -w, -near))
        e2 = torch.where(lanes.known < 3, 0.0, far)
        guess = (1 - e1 - e2) * lanes.now + e1 * lanes.before + e2 * lanes.oldest
        # third derivative / 6 * h (h + g) times (h + older) is the prediction's error, and times 1 / a0 BDF2's
        share = 1 / (1 + a0 * (h + older))
        error = torch.where(first, 0.5, torch.where(second, 0.2, share))
        return cls(a0, a1 * lanes.now + a2 * lanes.before, guess, error)


class Stepper:
    """Steps patterns of a chip through one pattern time."""

    def __init__(self, layers: list[Layer], matrices: list[Matrix]) -> None:
        """Keeps the parts."""
        self._layers, self._matrices = layers, matrices
        self._sizes = [n for layer in layers for n in 3 * (layer.somas.count,)]

    def split(self, nodes: Tensor) -> State:
        """[patterns, all nodes] by layer and kind."""
        parts = torch.split(nodes, self._sizes, dim=1)
        return [(parts[i], parts[i + 1], parts[i + 2]) for i in range(0, len(parts), 3)]

    def logs(self, nodes: Tensor) -> Tensor:
        """ln of the currents in A that would hold the nodes [patterns, nodes]."""
        pairs = zip(self._layers, self.split(nodes), strict=True)
        return torch.cat([part for layer, each in pairs for part in layer.rails.logs(*each)], dim=1)

    def nodes(self, logs: Tensor) -> Tensor:
        """Voltages of nodes from such logarithms."""
        pairs = zip(self._layers, self.split(logs), strict=True)
        return torch.cat([part for layer, each in pairs for part in layer.rails.voltages(*each)], dim=1)

    def weights(self, logs: Tensor, scale: list[Tensor]) -> Tensor:
        """How much an error of each node counts, [patterns, nodes]: 1 where it carries its layer's currents."""
        found = [_weight(part.exp(), most) for each, most in zip(self.split(logs), scale, strict=True) for part in each]
        return torch.cat(found, dim=1)

    def fallen(self, period_s: float) -> Tensor:
        """ln of the current in A to which each node [nodes] falls by itself within that time from far above."""
        return torch.cat([load for layer in self._layers for load in layer.idle]).log() + math.log(E_FOLD_V / period_s)

    def run(self, start: Tensor, course: Course, kept: Sequence[int]) -> tuple[Points, End]:
        """From `start` [patterns, nodes]; all points, with the nodes `kept`."""
        count = len(start)
        zero = torch.zeros(count, 1, dtype=start.dtype, device=start.device)
        first, one = zero + FIRST_STEP * course.period_s, zero + 1.0
        pattern = torch.arange(count, device=start.device)
        lanes = _Lanes(pattern, course, zero, first, start, start, start, one, one, one, torch.zeros_like(start))
        which = torch.tensor(kept, device=start.device)
        found = [Points(pattern, zero[:, 0], start[:, which], self._supply_at(start, course.old))]
        end, faded = start.clone(), torch.zeros_like(start)
        for _ in range(STEPS):
            lanes, points = self._advance(lanes, which)
            found.append(points)
            done = lanes.time[:, 0] >= course.period_s
            if bool(done.any()):
                end[lanes.pattern[done]], faded[lanes.pattern[done]] = lanes.now[done], lanes.faded[done]
                lanes = lanes.of(~done)
                if len(lanes.pattern) == 0:
                    return Points.joined(found), End(end, (-faded).exp())
        raise NotSettledError("array engine: a pattern needs too many time steps; simulate this chip with ngspice")

    def _advance(self, lanes: _Lanes, kept: Tensor) -> tuple[_Lanes, Points]:
        """Tries one step of every pattern."""
        course = lanes.course
        # inputs change their slope at the end of the rise: a step ends there
        rise, period = (torch.full_like(lanes.time, t) for t in (course.rise_s, course.period_s))
        edge = torch.where(lanes.time < rise, rise, period)
        ends = lanes.step > (edge - lanes.time) * (1 - 1e-9)
        h = torch.where(ends, edge - lanes.time, lanes.step)
        time = torch.where(ends, edge, lanes.time + h)
        formula = _Formula.of(lanes, h)
        tried = self._step(formula, course.at(time), course.scale)
        good = (tried.ratio <= 1.0) | (h <= SMALLEST_STEP * course.period_s)
        order = torch.where(lanes.known < 3, 0.5, 1 / 3)
        step = h * (0.9 * tried.ratio.clamp(min=1e-6) ** -order).clamp(0.2, 2.0)
        moved = replace(
            lanes,
            time=torch.where(good, time, lanes.time),
            step=step,
            now=torch.where(good, tried.nodes, lanes.now),
            before=torch.where(good, lanes.now, lanes.before),
            oldest=torch.where(good, lanes.before, lanes.oldest),
            gap=torch.where(good, h, lanes.gap),
            older_gap=torch.where(good, lanes.gap, lanes.older_gap),
            known=torch.where(good, (lanes.known + 1).clamp(max=3), lanes.known),
            faded=lanes.faded + torch.where(good, (h * tried.rate).log1p(), 0.0),
        )
        ok = good[:, 0]
        return moved, Points(lanes.pattern[ok], time[ok, 0], tried.nodes[ok][:, kept], tried.supply[ok])

    def _step(self, formula: _Formula, inputs: Tensor, scale: list[Tensor]) -> _Step:
        """One step; slopes of nodes that are not solved yet are those of the prediction."""
        a0 = formula.now
        guesses, histories = self.split(formula.guess), self.split(formula.history)
        slopes = [list(part) for part in self.split(a0 * formula.guess + formula.history)]
        found: list[Tensor] = []
        rates: list[Tensor] = []
        supply, worst = inputs.sum(-1), torch.zeros_like(a0)
        sums, given, c_above, into = None, None, torch.zeros_like(a0), -inputs
        for k, layer in enumerate(self._layers):
            guess, history, slope, at = guesses[k], histories[k], slopes[k], layer.levels.at
            logs = layer.rails.logs(*guess)
            c = layer.couplings.at(layer.levels, *logs)
            into = into + c.column_of_p * slope[1] + c.column_of_n * slope[2]
            c_v = c_above + at(layer.column, logs[0])
            v, taken, rate = self._column(k, guess[0], history[0], a0, sums, c_v, into)
            slope[0] = a0 * v + history[0]
            into_p = c.p_of_column * slope[0] + c.p_of_n * slope[2]
            into_n = c.n_of_column * slope[0]
            c_p, c_n = at(layer.p, logs[1]), at(layer.n, logs[2])
            if layer.cells is not None and layer.into_p is not None:
                following, next_slope = layer.cells.columns(guesses[k + 1][0]), slopes[k + 1][0]
                into_p = into_p + next_slope @ layer.into_p
                c_below, pushed = layer.cells.of_rows(layer.cells.rows(logs[2]), following, next_slope)
                c_n, into_n = c_n + c_below, into_n + pushed
            p, by_p = layer.somas.p_step(v, guess[1], c_p, a0, history[1] + into_p / c_p)
            slope[1] = a0 * p + history[1]
            n, by_n = layer.somas.n_step(p, guess[2], c_n, a0, history[2] + (into_n + c.n_of_p * slope[1]) / c_n)
            slope[2] = a0 * n + history[2]
            log_p, log_n = layer.rails.of_p(p), layer.rails.of_n(n)
            supply = supply + self._used(k, v, p, n, given)
            for load, log, moved in zip(layer.supply, (logs[0], log_p, log_n), slope, strict=True):
                supply = supply + (at(load, log) * moved).sum(-1)
            if layer.cells is not None:
                sums, given = self._matrices[k].columns(log_p, log_n)
                rows = layer.cells.rows(log_p), layer.cells.rows(log_n)
                c_above, into = layer.cells.of_columns(*rows, slope[1], slope[2], following)
            for x, y, current in zip((v, p, n), guess, (taken, log_p.exp(), log_n.exp()), strict=True):
                worst = torch.maximum(worst, ((x - y).abs() * _weight(current, scale[k])).amax(1, keepdim=True))
            found += [v, p, n]
            rates += [rate / c_v, by_p / c_p, by_n / c_n]
        nodes, rate = torch.cat(found, dim=1), torch.cat(rates, dim=1).clamp(min=0.0)
        return _Step(nodes, supply, formula.error * worst / TOLERANCE_V, rate)

    def _supply_at(self, nodes: Tensor, inputs: Tensor) -> Tensor:
        """Supply current [patterns] of inputs, somas and synapses."""
        total, given = inputs.sum(-1), None
        for k, (v, p, n) in enumerate(self.split(nodes)):
            total = total + self._used(k, v, p, n, given)
            if k < len(self._matrices):
                rails = self._layers[k].rails
                given = self._matrices[k].columns(rails.of_p(p), rails.of_n(n))[1]
        return total

    def _used(self, k: int, v: Tensor, p: Tensor, n: Tensor, given: Tensor | None) -> Tensor:
        """Supply current [patterns] of a layer's somas and of the synapses above them, from their positive sums."""
        somas = self._layers[k].somas.branch_currents(v, p, n).sum(-1)
        return somas if given is None else somas + self._matrices[k - 1].at(given, v)[0].sum(-1)

    def _column(
        self, k: int, guess: Tensor, history: Tensor, a0: Tensor, sums: Tensor | None, c: Tensor, into: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Columns of layer k with the load `c` after the step, current that their diodes take, and conductance."""
        layer, v = self._layers[k], guess
        taken, by_taken = layer.somas.input_current(v)
        for _ in range(NEWTON_ROUNDS):
            fed, by_fed = (0.0, 0.0) if sums is None else self._matrices[k - 1].at(sums, v)
            conductance = by_taken - by_fed
            step = (c * (a0 * v + history) + into - fed + taken) / (c * a0 + conductance)
            v = v - step.clamp(-TIME_STEP_V, TIME_STEP_V)
            taken, by_taken = layer.somas.input_current(v)
            if float(step.abs().max()) < STEP_TOLERANCE_V:
                break
        return v, taken, conductance


def _weight(current: Tensor, scale: Tensor) -> Tensor:
    """How much an error of a node counts that carries `current` in a layer with the currents `scale`."""
    return (current / (CARRIES * scale)).clamp(LEAST, 1.0)
