"""Patterns in time: every soma has three slow nodes (column, p rail, n rail); synapses follow them at once.

The inner nodes of a synapse carry about 1 fF and settle a thousand times faster than the rails, so their currents are
the surfaces of flow.engines.array.collapse, positive synapses read at the p rail and negative ones at the n rail. The
slow nodes carry the wires' capacitance and what the transistors load them with (flow.engines.array.capacitance). The
network feeds forward, so a step of BDF2 goes from layer to layer with one scalar equation per node. All patterns are
stepped together: each starts where the one before it ends, which a second pass corrects if it had not settled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array.capacitance import LEVELS_A, Loads
from somaforge.flow.engines.array.collapse import Surface
from somaforge.flow.engines.array.soma import SMALLEST_A, STEP_TOLERANCE_V, Somas
from somaforge.flow.engines.array.wires import Wires
from somaforge.flow.engines.base import Floats, ProgrammedChip
from somaforge.generator.address import Codes
from somaforge.pdk.errors import ToolError

TOLERANCE_V = 3e-4
"""Local error of a step."""
SETTLED = 2e-3
"""Difference of a pattern's end from the assumed start of the next that asks for another pass: of the rails' currents,
relative to the highest one. Nodes of somas that are off drift for long and drive nothing."""
PASSES = 6
FIRST_STEP = 1e-4
"""Of the pattern time."""
STEPS = 4000
NEWTON_ROUNDS = 8
STEP_V = 0.05
MAP_POINTS = 60


class RailMap:
    """ln of the current that would hold a rail at a voltage, and back, for each soma of a layer."""

    def __init__(self, somas: Somas, where: torch.device) -> None:
        """Solves the somas at rest on a grid of currents from SMALLEST_A to 100 uA."""
        logs = torch.linspace(float(np.log(SMALLEST_A)), float(np.log(1e-4)), MAP_POINTS, dtype=torch.float64)
        self.logs = logs.to(where)
        x = self.logs.exp().unsqueeze(-1).expand(-1, somas.count)
        self.p, self.n, _ = (part.T.contiguous() for part in somas.rails(somas.input_voltage(x)))

    def _log(self, table: Tensor, v: Tensor) -> Tensor:
        i = torch.searchsorted(table, v.T.contiguous()).clamp(1, MAP_POINTS - 1)
        low, high = table.gather(1, i - 1), table.gather(1, i)
        share = (v.T - low) / (high - low)
        return (self.logs[i - 1] + share * (self.logs[i] - self.logs[i - 1])).T

    def of_p(self, v: Tensor) -> Tensor:
        """Current in A for p rails [patterns, somas]; the rail falls when the current grows."""
        return self._log(-self.p, -v).exp()

    def of_n(self, v: Tensor) -> Tensor:
        """Current in A for n rails."""
        return self._log(self.n, v).exp()


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix of synapses: surfaces of the positive and of the negative ones, and of the supply current."""

    surface: Surface
    positive: Tensor
    negative: Tensor

    @classmethod
    def of(cls, surface: Surface, codes: Codes) -> "Matrix":
        """Splits by the sign of the codes."""
        rows, columns = codes.shape
        points = len(surface.rows.points)
        sign = torch.tensor(codes < 0, device=surface.current.device).unsqueeze(1).unsqueeze(-1)
        whole = surface.current.view(rows, points, columns, -1)
        zero = torch.zeros_like(whole)
        parts = (torch.where(sign, zero, whole), torch.where(sign, whole, zero))
        return cls(surface, *(p.reshape(surface.current.shape) for p in parts))

    def columns(self, p: Tensor, n: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Sum of each column over its voltage for row currents seen at the rails: values, slopes, supply values."""
        by_p, by_n = self.surface.shares(p), self.surface.shares(n)
        points = len(self.surface.columns.points)
        shape = (len(p), -1, points)
        values = (by_p @ self.positive + by_n @ self.negative).reshape(shape)
        supply = (by_p @ self.surface.supply).reshape(shape)
        return values, values @ self.surface.columns.slopes.T, supply


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer of somas with its loads: [somas, levels] in F for each slow node, and couplings between the nodes."""

    somas: Somas
    rails: RailMap
    column: Tensor
    p: Tensor
    n: Tensor
    couplings: Mapping[str, Tensor]
    """[somas] in F: "pn" is the current into p over the slope of n; v is the column."""
    above: tuple[Tensor, Tensor] | None
    """[rows of the matrix above, somas] in F: current into a column over the slope of a row's p and n rail."""
    below: tuple[Tensor, Tensor] | None
    """[columns of the matrix below, somas] in F: current into p and n over the slope of a column."""


def layers_of(
    chip: ProgrammedChip, somas: list[Somas], found: Loads, wires: Wires, level: int, where: torch.device
) -> list[Layer]:
    """Adds up cells and wires on every slow node; couplings are those at one of the levels."""
    full = chip.design.weights.full_scale
    last = len(somas) - 1

    def tensor(values: Floats) -> Tensor:
        return torch.tensor(values, dtype=torch.float64, device=where)

    layers = []
    for k, soma in enumerate(somas):
        one = np.ones(soma.count)
        column, p, n = (np.outer(one, found.soma[pin, pin]) for pin in range(3))
        if k > 0:
            column += found.synapse[chip.codes[k - 1] + full, 2, 2].sum(0)
        # the last rails drive one output synapse of weight +1 each
        driven = chip.codes[k] + full if k < last else np.full((soma.count, 1), full + 1)
        p += found.synapse[driven, 0, 0].sum(1)
        n += found.synapse[driven, 1, 1].sum(1)
        for i in range(soma.count):
            source = f"in_{i}" if k == 0 else f"sum_{k}_{i}"
            for node, net in ((column, source), (p, f"vp_{k}_{i}"), (n, f"vn_{k}_{i}")):
                node[i] += wires.nets.get(net, 0.0)
        own = found.soma[:, :, level]
        between = {a + b: one * own[i, j] for i, a in enumerate("vpn") for j, b in enumerate("vpn") if i != j}
        between["pn"] = between["pn"] + found.synapse[driven, 0, 1, level].sum(1)
        between["np"] = between["np"] + found.synapse[driven, 1, 0, level].sum(1)
        above, below = None, None
        if k > 0:
            codes = chip.codes[k - 1] + full
            above = (tensor(found.synapse[codes, 2, 0, level]), tensor(found.synapse[codes, 2, 1, level]))
        if k < last:
            below = (tensor(found.synapse[driven, 0, 2, level].T), tensor(found.synapse[driven, 1, 2, level].T))
        couplings = {name: tensor(values) for name, values in between.items()}
        layers.append(Layer(soma, RailMap(soma, where), tensor(column), tensor(p), tensor(n), couplings, above, below))
    return layers


def at_level(load: Tensor, current: Tensor) -> Tensor:
    """Load [somas, levels] at currents [patterns, somas]."""
    low, high = np.log(LEVELS_A[0]), np.log(LEVELS_A[-1])
    x = ((current.clamp(min=1e-18).log() - low) / (high - low) * (len(LEVELS_A) - 1)).clamp(0, len(LEVELS_A) - 1)
    i = x.floor().clamp(max=len(LEVELS_A) - 2)
    share, i = (x - i).T, i.to(torch.int64).T
    found: Tensor = (load.gather(1, i) * (1 - share) + load.gather(1, i + 1) * share).T
    return found


Feed = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Current into a column and its derivative over the column's voltage."""
State = list[tuple[Tensor, Tensor, Tensor]]
"""Per layer: column, p rail, n rail; [patterns, somas] in V."""


@dataclass(frozen=True, eq=False)
class Window:
    """All patterns over one pattern time."""

    time: Floats
    """[points] from 0 to the pattern time."""
    last_rails: list[tuple[Tensor, Tensor]]
    """Per point: p and n rail of the last layer."""
    supply: list[Tensor]
    """Per point [patterns]: supply current without inputs and output synapses."""
    end: State
    states: list[State]


class Stepper:
    """Steps all patterns of a chip through one pattern time."""

    def __init__(self, layers: list[Layer], matrices: list[Matrix], supply_V: float) -> None:
        """Keeps the parts."""
        self._layers, self._matrices, self._supply = layers, matrices, supply_V

    def driven(self, state: State) -> Tensor:
        """Currents that the rails stand for, layer after layer: [patterns, both rails of all somas]."""
        each = [(y.rails.of_p(p), y.rails.of_n(n)) for y, (_, p, n) in zip(self._layers, state, strict=True)]
        return torch.cat([part for pair in each for part in pair], dim=1)

    def supply_of(self, state: State, inputs: Tensor) -> Tensor:
        """Supply current [patterns] of somas and synapses."""
        total = inputs.sum(-1)
        for k, (layer, (v, p, n)) in enumerate(zip(self._layers, state, strict=True)):
            total = total + layer.somas.branch_currents(v, p, n).sum(-1)
            if k > 0:
                before, (_, p_before, n_before) = self._layers[k - 1].rails, state[k - 1]
                matrix = self._matrices[k - 1]
                _, _, used = matrix.columns(before.of_p(p_before), before.of_n(n_before))
                total = total + matrix.surface.columns.at(used, used @ matrix.surface.columns.slopes.T, v)[0].sum(-1)
        return total

    def window(self, start: State, old: Tensor, new: Tensor, period_s: float, rise_s: float) -> Window:
        """From `start`, with inputs that go from `old` to `new` [patterns, inputs] within `rise_s`."""
        times, states, inputs = [0.0], [start], [old]
        h = FIRST_STEP * period_s
        t = 0.0
        for _ in range(STEPS):
            # inputs change their slope at the end of the rise: a step ends there
            edge = rise_s if t < rise_s * (1 - 1e-9) else period_s
            h = min(h, edge - t)
            now = old + (new - old) * min(1.0, (t + h) / rise_s)
            restart = len(times) < 3 or abs(t - rise_s) < 1e-9 * rise_s
            found, wrong = self._step(times, states, now, h, restart)
            ratio = wrong / TOLERANCE_V
            if ratio > 2.0 and h > 1e-6 * period_s:
                h *= max(0.2, 0.8 / ratio**0.5)
                continue
            t = edge if abs(edge - t - h) < 1e-9 * period_s else t + h
            times.append(t)
            states.append(found)
            inputs.append(now)
            if t >= period_s * (1 - 1e-12):
                supply = [self.supply_of(s, i) for s, i in zip(states, inputs, strict=True)]
                rails = [(s[-1][1], s[-1][2]) for s in states]
                return Window(np.array(times), rails, supply, found, states)
            h *= min(2.0, max(0.3, 0.85 / max(ratio, 1e-3) ** 0.4))
        raise ToolError("array engine: a pattern needs too many time steps; simulate this chip with ngspice")

    def _step(
        self, times: list[float], states: list[State], inputs: Tensor, h: float, restart: bool
    ) -> tuple[State, float]:
        """One step of BDF2 (backward Euler after a break), and how far it is from the prediction."""
        now = states[-1]
        if restart:
            a0, a1, a2, ratio = 1 / h, -1 / h, 0.0, 0.0
            older = now
        else:
            g = times[-1] - times[-2]
            w = h / g
            a0, a1, a2, ratio = (1 + 2 * w) / (h * (1 + w)), -(1 + w) / h, w * w / (h * (1 + w)), w
            older = states[-2]
        found: State = []
        wrong = 0.0
        guesses = [[x + ratio * (x - y) for x, y in zip(n, o, strict=True)] for n, o in zip(now, older, strict=True)]
        histories = [[a1 * x + a2 * y for x, y in zip(n, o, strict=True)] for n, o in zip(now, older, strict=True)]
        # slopes of nodes that are not solved yet are those of the prediction
        slopes = [[a0 * x + y for x, y in zip(g, s, strict=True)] for g, s in zip(guesses, histories, strict=True)]
        for k, layer in enumerate(self._layers):
            guess, history, slope, c = guesses[k], histories[k], slopes[k], layer.couplings
            into = c["vp"] * slope[1] + c["vn"] * slope[2]
            if layer.above is not None:
                into = into + slopes[k - 1][1] @ layer.above[0] + slopes[k - 1][2] @ layer.above[1]
            v = self._column(layer, guess[0], history[0], a0, self._feed(k, found, inputs), into)
            slope[0] = a0 * v + history[0]
            into_p = c["pv"] * slope[0] + c["pn"] * slope[2]
            into_n = c["nv"] * slope[0]
            if layer.below is not None:
                following = slopes[k + 1][0]
                into_p, into_n = into_p + following @ layer.below[0], into_n + following @ layer.below[1]
            c_p = at_level(layer.p, layer.rails.of_p(guess[1]))
            p = layer.somas.p_step(v, guess[1], c_p, a0, history[1] + into_p / c_p)
            slope[1] = a0 * p + history[1]
            c_n = at_level(layer.n, layer.rails.of_n(guess[2]))
            n = layer.somas.n_step(p, guess[2], c_n, a0, history[2] + (into_n + c["np"] * slope[1]) / c_n)
            slope[2] = a0 * n + history[2]
            found.append((v, p, n))
            wrong = max(wrong, *(float((x - y).abs().max()) for x, y in zip((v, p, n), guess, strict=True)))
        # the prediction's error is about five times the step's for BDF2 with a linear prediction
        return found, wrong / (2.0 if restart else 5.0)

    def _feed(self, k: int, found: State, inputs: Tensor) -> Feed:
        """What flows into the columns of layer k."""
        if k == 0:
            return lambda _: (inputs, torch.zeros_like(inputs))
        before, (_, p, n) = self._layers[k - 1].rails, found[k - 1]
        matrix = self._matrices[k - 1]
        values, slopes, _ = matrix.columns(before.of_p(p), before.of_n(n))
        return lambda v: matrix.surface.columns.at(values, slopes, v)

    def _column(self, layer: Layer, guess: Tensor, history: Tensor, a0: float, feed: Feed, into: Tensor) -> Tensor:
        v = guess
        c = at_level(layer.column, layer.somas.input_current(guess.clamp(min=1e-3))[0])
        for _ in range(NEWTON_ROUNDS):
            fed, by_fed = feed(v)
            taken, by_taken = layer.somas.input_current(v)
            step = (c * (a0 * v + history) + into - fed + taken) / (c * a0 - by_fed + by_taken)
            v = v - step.clamp(-STEP_V, STEP_V)
            if float(step.abs().max()) < STEP_TOLERANCE_V:
                break
        return v
