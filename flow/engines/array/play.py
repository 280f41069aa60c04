"""Patterns one after the other: prepares a chip, sets up the stepper, joins the waveforms."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.capacitance import levels_to, loads
from somaforge.flow.engines.array.chains import chained
from somaforge.flow.engines.array.chip import Network
from somaforge.flow.engines.array.layers import Rails, Solved, held, rails
from somaforge.flow.engines.array.reduced import Matrix
from somaforge.flow.engines.array.slow import layers_of
from somaforge.flow.engines.array.soma import SMALLEST_A
from somaforge.flow.engines.array.transient import Course, Points, Stepper
from somaforge.flow.engines.array.wires import wires_of
from somaforge.flow.engines.base import Effort, TransientResult
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, NotSettledError

OVERSHOOT = 2.0
"""Rails overshoot their end on the way: surfaces reach that much farther than the currents at rest, if the supply
carries that."""
LEFT, LEFT_V = 1.5, 0.02
"""Surfaces that were made for other patterns serve again if they reach that much farther than these at rest."""
OUTPUTS = 30_000
"""Output synapses times points in time in one tensor: what fits into a core's cache."""


class Ready:
    """A programmed chip prepared for transients; most of it stays for the next patterns on that chip."""

    def __init__(self, network: Network, cache: Path | None) -> None:
        """Measures what the slow nodes carry; surfaces are made when currents are known."""
        self.network = network
        somas = network.somas
        wires, levels = wires_of(network.chip), levels_to(somas[0].nominal().highest())
        found = loads(network.chip, levels, _rest(network, levels), wires.inner, cache)
        self.layers = layers_of(network.chip, somas, found, wires)
        self._carried = [layer.highest() for layer in somas]
        self._highest = [torch.zeros(layer.count, dtype=torch.float64) for layer in somas[:-1]]
        self._surfaces: dict[int, collapse.Surface] = {}
        self._matrices: dict[int, Matrix] = {}

    @property
    def matrices(self) -> list[Matrix]:
        """As far as the currents of `settle` reached."""
        return [self._matrices[k] for k in sorted(self._matrices)]

    def settle(self, inputs: Tensor) -> tuple[Floats, Floats, Floats]:
        """All nodes at rest [patterns, nodes], the largest current in each layer [layers, patterns] and the supply
        current without the output synapses [patterns]."""
        somas, rest, largest = self.network.somas, [], []
        voltage, supply = somas[0].input_voltage(inputs), inputs.sum(-1)
        for k, layer in enumerate(somas):
            now = rails(layer, voltage)
            rest += [voltage, now.p, now.n]
            supply = supply + now.supply.sum(-1)
            largest.append(now.current.amax(1))
            if float(largest[-1].max()) > self._carried[k]:
                raise NotSettledError(
                    f"array engine: {float(largest[-1].max()):.2g} A into a soma of layer {k}, at "
                    f"{self.network.chip.at.supply_V:g} V it copies up to {self._carried[k]:.2g} A; lower the currents "
                    "or raise the supply"
                )
            if k < len(self._highest):
                solved = self._columns(k, now.current)
                voltage, supply = solved.voltage, supply + solved.supply.sum(-1)
        return torch.cat(rest, dim=1).numpy(), torch.stack(largest).numpy(), supply.numpy()

    def _columns(self, k: int, current: Tensor) -> Solved:
        """The columns below layer k; its surfaces are made anew where these currents need more of them."""
        after = self.network.somas[k + 1]
        self._highest[k] = torch.maximum(self._highest[k], current.amax(0))
        if k in self._surfaces:
            surface = self._surfaces[k]
            solved = collapse.columns(surface, current, after)
            if (
                float(current.max().log()) < float(surface.rows.points[-1]) - math.log(LEFT)
                and float(solved.voltage.max()) < float(surface.columns.points[-1]) - LEFT_V
            ):
                return solved
        highest = (OVERSHOOT * self._highest[k]).clamp(max=self._carried[k])
        surface = collapse.grid(self.network.synapses[k], highest, self.network.somas[k], after)
        self._surfaces[k], self._matrices[k] = surface, Matrix.of(surface, self.network.codes[k])
        return collapse.columns(surface, current, after)


def play(ready: Ready, inputs: Floats, period_s: float, rise_s: float, probes: Sequence[str]) -> TransientResult:
    """See ArrayEngine.transient."""
    network = ready.network
    settled, largest, supply = ready.settle(torch.tensor(inputs, dtype=torch.float64))
    scale = np.maximum(np.maximum(largest, _delayed(largest.T, largest.T).T), SMALLEST_A)
    stepper = Stepper(ready.layers, ready.matrices)
    course = Course(_delayed(inputs, inputs), inputs, period_s, rise_s, scale)
    sizes = network.chip.design.layers
    last = [(len(sizes) - 1, kind, i) for kind in (1, 2) for i in range(sizes[-1])]
    nodes = np.array([3 * sum(sizes[:k]) + kind * sizes[k] + i for k, kind, i in [*last, *map(place, probes)]])
    found = chained(stepper, settled, course, nodes)
    # before the first pattern everything is at rest
    rest = Points(np.zeros(1), settled[:1, nodes], supply[:1])
    return _joined(network, [rest, *found.points], period_s, probes, int(found.runs.max()))


def _rest(network: Network, levels: Floats) -> Floats:
    """Voltages [levels, in vp vn] of a soma without mismatch, so that all chips of a design share one measurement."""
    soma = network.somas[0].nominal()
    v = soma.input_voltage(torch.tensor(levels, dtype=torch.float64).unsqueeze(-1))
    p, n, _ = soma.rails(v)
    return torch.cat([v, p, n], 1).numpy()


def _joined(
    network: Network, points: list[Points], period_s: float, probes: Sequence[str], passes: int
) -> TransientResult:
    """Patterns one behind the other, the rest before the first one first."""
    outputs = len(network.synapses[-1])
    state, supply = (np.concatenate([getattr(p, name) for p in points]) for name in ("state", "supply"))
    rails = torch.tensor(state[:, : 2 * outputs])
    currents, supplies = [], []
    size = max(1, OUTPUTS // outputs)
    for part in (rails[i : i + size] for i in range(0, len(rails), size)):
        nothing = torch.zeros_like(part[:, :outputs])
        given = Rails(part[:, :outputs], part[:, outputs:], nothing, nothing[:, 0])
        out = held(network.synapses[-1], given, network.chip.output_V)
        currents.append(out.current)
        supplies.append(out.supply.sum(-1))
    times = [points[0].time, *(p * period_s + each.time for p, each in enumerate(points[1:]))]
    return TransientResult(
        np.concatenate(times),
        torch.cat(currents).numpy(),
        supply + torch.cat(supplies).numpy(),
        period_s,
        len(points) - 1,
        Effort(0.0, (f"passes-{passes}",), (f"passes-{passes}",)),
        {probe: state[:, 2 * outputs + i] for i, probe in enumerate(probes)},
    )


def _delayed(first: Floats, ends: Floats) -> Floats:
    """What every pattern begins with: the end of the one before it; of the first one, what `first` says."""
    return np.concatenate([first[:1], ends[:-1]])


def place(probe: str) -> tuple[int, int, int]:
    """Layer, node (column, p, n) and soma of a net; InputError for other nets."""
    found = re.fullmatch(r"(?:in_(\d+))|(?:(sum|vp|vn)_(\d+)_(\d+))", probe)
    if found is None:
        raise InputError(f"array engine: no voltage of {probe[:60]!r}; ask for in_<i>, sum_, vp_ or vn_<layer>_<i>")
    if found[1] is not None:
        return 0, 0, int(found[1])
    return int(found[3]), ("sum", "vp", "vn").index(found[2]), int(found[4])
