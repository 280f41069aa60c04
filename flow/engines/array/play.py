"""Patterns one after the other: sets up the stepper, repeats it until the starts fit, and joins what it finds."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.capacitance import LEVELS_A, loads
from somaforge.flow.engines.array.chip import Network
from somaforge.flow.engines.array.layers import Rails, held, rails
from somaforge.flow.engines.array.transient import PASSES, SETTLED, Matrix, State, Stepper, Window, layers_of
from somaforge.flow.engines.array.wires import wires_of
from somaforge.flow.engines.base import Effort, Floats, TransientResult
from somaforge.pdk.errors import InputError, ToolError


def play(
    network: Network, inputs: Floats, period_s: float, rise_s: float, cache: Path | None, probes: Sequence[str]
) -> TransientResult:
    """See ArrayEngine.transient."""
    chip, where = network.chip, network.where
    new = torch.tensor(inputs, dtype=torch.float64, device=where)
    old = torch.cat([new[:1], new[:-1]])
    states: State = []
    matrices = []
    voltage = network.somas[0].input_voltage(new)
    for k, somas in enumerate(network.somas):
        now = rails(somas, voltage)
        states.append((voltage, now.p, now.n))
        if k < len(network.somas) - 1:
            # rails overshoot their end on the way: the grid reaches twice as far
            surface = collapse.grid(network.synapses[k], 2 * now.current.amax(0), somas, network.somas[k + 1])
            matrices.append(Matrix.of(surface, network.codes[k]))
            voltage = collapse.columns(surface, now.current, network.somas[k + 1]).voltage
    wires = wires_of(chip)
    found = loads(chip, _rest(network), wires.inner, cache)
    layers = layers_of(chip, network.somas, found, wires, _usual(now.current), where)
    stepper = Stepper(layers, matrices, chip.supply_V)
    start = _delayed(states, states)
    passes, apart = 0, 1.0
    while apart > SETTLED:
        if passes == PASSES:
            raise ToolError("array engine: patterns are too short to settle in several passes; use ngspice")
        window = stepper.window(start, old, new, period_s, rise_s)
        passes += 1
        before, start = stepper.driven(start), _delayed(start, window.end)
        after = stepper.driven(start)
        apart = float((after - before).abs().max() / after.max())
    return _joined(network, window, inputs, period_s, probes, passes)


def _usual(current: torch.Tensor) -> int:
    """The level nearest to the currents that matter: the mean above 1 % of the largest."""
    active = current[current > 0.01 * current.max()]
    mean = float(active.log().mean().exp()) if len(active) else LEVELS_A[0]
    return int(np.abs(np.log(LEVELS_A / mean)).argmin())


def _rest(network: Network) -> Floats:
    """Voltages [levels, in vp vn] of the first soma of the array at LEVELS_A."""
    somas = network.somas[0]
    x = torch.tensor(LEVELS_A, dtype=torch.float64, device=network.where).unsqueeze(-1).expand(-1, somas.count)
    v = somas.input_voltage(x)
    p, n, _ = somas.rails(v)
    # rounded, so that chips share one measurement
    return np.round(torch.stack([v.mean(1), p.mean(1), n.mean(1)], 1).cpu().numpy(), 2)


def _joined(
    network: Network, window: Window, inputs: Floats, period_s: float, probes: Sequence[str], passes: int
) -> TransientResult:
    """Patterns one behind the other."""
    currents, supplies = [], []
    for (p, n), supply in zip(window.last_rails, window.supply, strict=True):
        nothing = torch.zeros_like(p)
        out = held(network.synapses[-1], Rails(p, n, nothing, nothing[:, 0]), network.chip.output_V)
        currents.append(out.current)
        supplies.append(supply + out.supply.sum(-1))
    count = len(inputs)
    times = np.concatenate([window.time[(p > 0) :] + p * period_s for p in range(count)])

    def chain(values: torch.Tensor) -> Floats:
        """[points, patterns, ...] -> [all points, ...]; a pattern's first point is the last of the one before."""
        parts = [values[(p > 0) :, p] for p in range(count)]
        return torch.cat(parts).cpu().numpy()

    voltages = {}
    for probe in probes:
        layer, node, i = place(probe)
        voltages[probe] = chain(torch.stack([s[layer][node][:, i] for s in window.states]))
    return TransientResult(
        times,
        chain(torch.stack(currents)),
        chain(torch.stack(supplies)),
        period_s,
        count,
        Effort(0.0, (f"passes-{passes}",)),
        voltages,
    )


def _delayed(first: State, ends: State) -> State:
    """The start of every pattern: the end of the one before it; of the first one, what `first` says."""

    def part(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.cat([a[:1], b[:-1]])

    return [(part(a, x), part(b, y), part(c, z)) for (a, b, c), (x, y, z) in zip(first, ends, strict=True)]


def place(probe: str) -> tuple[int, int, int]:
    """Layer, node (column, p, n) and soma of a net; InputError for other nets."""
    found = re.fullmatch(r"(?:in_(\d+))|(?:(sum|vp|vn)_(\d+)_(\d+))", probe)
    if found is None:
        raise InputError(f"array engine: no voltage of {probe[:60]!r}; ask for in_<i>, sum_, vp_ or vn_<layer>_<i>")
    if found[1] is not None:
        return 0, 0, int(found[1])
    return int(found[3]), ("sum", "vp", "vn").index(found[2]), int(found[4])
