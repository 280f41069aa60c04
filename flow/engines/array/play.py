"""Patterns one after the other: sets up the stepper, repeats patterns whose start was wrong, joins the waveforms."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.capacitance import levels_to, loads
from somaforge.flow.engines.array.chip import Network
from somaforge.flow.engines.array.layers import Rails, held, rails
from somaforge.flow.engines.array.reduced import Matrix
from somaforge.flow.engines.array.slow import layers_of
from somaforge.flow.engines.array.soma import SMALLEST_A
from somaforge.flow.engines.array.transient import Course, Points, Stepper
from somaforge.flow.engines.array.wires import wires_of
from somaforge.flow.engines.base import Effort, TransientResult
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, NotSettledError

START_V = 3e-3
"""Error of a pattern's start that asks to repeat it, at a node that carries its layer's currents."""
DARK = 0.15
"""How much it counts at a node that is off, at least: 20 mV. Where a column starts from decides when it arrives."""
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
        somas, where = network.somas, network.where
        wires, levels = wires_of(network.chip), levels_to(somas[0].nominal().highest())
        found = loads(network.chip, levels, _rest(network, levels), wires.inner, cache)
        self.layers = layers_of(network.chip, somas, found, wires, where)
        self._carried = [layer.highest() for layer in somas]
        self._highest = [torch.zeros(layer.count, dtype=torch.float64, device=where) for layer in somas[:-1]]
        self._matrices: dict[int, Matrix] = {}

    @property
    def matrices(self) -> list[Matrix]:
        """As far as the currents of `settle` reached."""
        return [self._matrices[k] for k in sorted(self._matrices)]

    def settle(self, inputs: Tensor) -> tuple[Tensor, list[Tensor]]:
        """All nodes at rest [patterns, nodes], and the largest current of each layer [patterns, 1]."""
        somas, rest, largest = self.network.somas, [], []
        voltage = somas[0].input_voltage(inputs)
        for k, layer in enumerate(somas):
            now = rails(layer, voltage)
            rest += [voltage, now.p, now.n]
            largest.append(now.current.amax(1, keepdim=True))
            if float(largest[-1].max()) > self._carried[k]:
                raise NotSettledError(
                    f"array engine: {float(largest[-1].max()):.2g} A into a soma of layer {k}, at "
                    f"{self.network.chip.at.supply_V:g} V it copies up to {self._carried[k]:.2g} A; lower the currents "
                    "or raise the supply"
                )
            if k < len(self._highest):
                voltage = self._columns(k, now.current)
        return torch.cat(rest, dim=1), largest

    def _columns(self, k: int, current: Tensor) -> Tensor:
        """Voltages of the columns below layer k; its surfaces are made anew where these currents need more of them."""
        after = self.network.somas[k + 1]
        self._highest[k] = torch.maximum(self._highest[k], current.amax(0))
        if k in self._matrices:
            surface = self._matrices[k].surface
            voltage = collapse.columns(surface, current, after).voltage
            if (
                float(current.max().log()) < float(surface.rows.points[-1]) - math.log(LEFT)
                and float(voltage.max()) < float(surface.columns.points[-1]) - LEFT_V
            ):
                return voltage
        highest = (OVERSHOOT * self._highest[k]).clamp(max=self._carried[k])
        surface = collapse.grid(self.network.synapses[k], highest, self.network.somas[k], after)
        self._matrices[k] = Matrix.of(surface, self.network.codes[k])
        return collapse.columns(surface, current, after).voltage


def play(ready: Ready, inputs: Floats, period_s: float, rise_s: float, probes: Sequence[str]) -> TransientResult:
    """See ArrayEngine.transient."""
    network = ready.network
    new = torch.tensor(inputs, dtype=torch.float64, device=network.where)
    settled, largest = ready.settle(new)
    scale = [torch.maximum(most, _delayed(most, most)).clamp(min=SMALLEST_A) for most in largest]
    stepper = Stepper(ready.layers, ready.matrices)
    course = Course(_delayed(new, new), new, period_s, rise_s, scale)
    sizes = network.chip.design.layers
    last = [(len(sizes) - 1, kind, i) for kind in (1, 2) for i in range(sizes[-1])]
    nodes = [3 * sum(sizes[:k]) + kind * sizes[k] + i for k, kind, i in [*last, *map(place, probes)]]
    points, passes = _repeated(stepper, settled, course, nodes)
    return _joined(network, points, period_s, probes, passes)


def _repeated(stepper: Stepper, rest: Tensor, course: Course, nodes: list[int]) -> tuple[Points, int]:
    """Points of all patterns in order, and how often the most repeated one ran.

    All run at once, from a guess that `rest` [patterns, nodes] gives; a start that turns out wrong is set right and its
    pattern repeated. It ends: the first start is right, and after each pass one more is.
    """
    fallen = stepper.fallen(course.period_s)
    starts = stepper.nodes(_falling(stepper.logs(rest), fallen))
    starts[0] = rest[0]
    todo = torch.arange(len(starts), device=starts.device)
    parts: list[Points] = []
    ends, left = starts.clone(), torch.zeros_like(starts)
    passes = 0
    while len(todo) > 0:
        found, end = stepper.run(starts[todo], course.of(todo), nodes)
        passes += 1
        ends[todo], left[todo] = end.nodes, end.left
        parts = [p.where(~torch.isin(p.pattern, todo)) for p in parts]
        parts.append(replace(found, pattern=todo[found.pattern]))
        logs = _corrected(stepper.logs(starts), stepper.logs(ends), left, fallen)
        better = stepper.nodes(logs)
        wrong = ((better - starts).abs() * stepper.weights(logs, course.scale).clamp(min=DARK)).amax(1) > START_V
        starts[wrong] = better[wrong]
        todo = torch.nonzero(wrong)[:, 0]
    points = Points.joined(parts)
    return points.where(points.pattern.argsort(stable=True)), passes


def _falling(rest: Tensor, fallen: Tensor) -> Tensor:
    """ln of the currents at the starts if every pattern ended at rest but for nodes that fall (see _corrected)."""
    found = [rest[0]]
    for p in range(len(rest) - 1):
        found.append(torch.maximum(rest[p], -torch.logaddexp(-found[p], -fallen)))
    return torch.stack(found)


def _corrected(starts: Tensor, ends: Tensor, left: Tensor, fallen: Tensor) -> Tensor:
    """ln of the nodes' currents at the starts that fit the ends [patterns, nodes].

    Nodes that are off keep falling for many patterns, so the correction of a start goes on into all that follow. A node
    left alone falls by dI/dt = -I^2 / (C E_FOLD_V): 1/I grows by the same amount from any start. From that and from
    what was `left` of a small change follows the end from the corrected start; it is a guess for the next pass.
    """
    found = [starts[0]]
    for p in range(len(starts) - 1):
        grown = found[p] - starts[p]
        end = ends[p] - (left[p] * torch.expm1(-grown)).clamp(min=-1 + 1e-15).log1p()
        found.append(torch.minimum(end, torch.maximum(ends[p], fallen)))
    return torch.stack(found)


def _rest(network: Network, levels: Floats) -> Floats:
    """Voltages [levels, in vp vn] of a soma without mismatch, so that all chips of a design share one measurement."""
    soma = network.somas[0].nominal()
    v = soma.input_voltage(torch.tensor(levels, dtype=torch.float64, device=network.where).unsqueeze(-1))
    p, n, _ = soma.rails(v)
    return torch.cat([v, p, n], 1).cpu().numpy()


def _joined(network: Network, points: Points, period_s: float, probes: Sequence[str], passes: int) -> TransientResult:
    """Patterns one behind the other; a pattern's first point is the last of the one before."""
    points = points.where((points.pattern == 0) | (points.time > 0))
    outputs = len(network.synapses[-1])
    p, n = points.state[:, :outputs], points.state[:, outputs : 2 * outputs]
    currents, supplies = [], []
    size = max(1, OUTPUTS // outputs)
    for i in range(0, len(p), size):
        nothing = torch.zeros_like(p[i : i + size])
        given = Rails(p[i : i + size], n[i : i + size], nothing, nothing[:, 0])
        out = held(network.synapses[-1], given, network.chip.output_V)
        currents.append(out.current)
        supplies.append(out.supply.sum(-1))
    return TransientResult(
        (points.time + period_s * points.pattern.to(torch.float64)).cpu().numpy(),
        torch.cat(currents).cpu().numpy(),
        (points.supply + torch.cat(supplies)).cpu().numpy(),
        period_s,
        int(points.pattern[-1]) + 1,
        Effort(0.0, (f"passes-{passes}",), (f"passes-{passes}",)),
        {probe: points.state[:, 2 * outputs + i].cpu().numpy() for i, probe in enumerate(probes)},
    )


def _delayed(first: Tensor, ends: Tensor) -> Tensor:
    """What every pattern begins with: the end of the one before it; of the first one, what `first` says."""
    return torch.cat([first[:1], ends[:-1]])


def place(probe: str) -> tuple[int, int, int]:
    """Layer, node (column, p, n) and soma of a net; InputError for other nets."""
    found = re.fullmatch(r"(?:in_(\d+))|(?:(sum|vp|vn)_(\d+)_(\d+))", probe)
    if found is None:
        raise InputError(f"array engine: no voltage of {probe[:60]!r}; ask for in_<i>, sum_, vp_ or vn_<layer>_<i>")
    if found[1] is not None:
        return 0, 0, int(found[1])
    return int(found[3]), ("sum", "vp", "vn").index(found[2]), int(found[4])
