"""The array engine: settled currents of a programmed chip from device tables, layer by layer."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.capacitance import LEVELS_A, Point, loads
from somaforge.flow.engines.array.device import Device
from somaforge.flow.engines.array.layers import Rails, columns, held, rails
from somaforge.flow.engines.array.network import Kinds, Places
from somaforge.flow.engines.array.soma import Somas
from somaforge.flow.engines.array.synapse import Devices, Synapses
from somaforge.flow.engines.array.tables import Kind, table
from somaforge.flow.engines.array.transient import PASSES, SETTLED, Matrix, State, Stepper, Window, layers_of
from somaforge.flow.engines.base import DcResult, Effort, Floats, Program, ProgrammedChip, TransientResult, check_inputs
from somaforge.generator.address import Codes
from somaforge.generator.circuit import FlatNetlist
from somaforge.pdk.errors import InputError, ToolError

EXACT, SURFACES = "newton", "surfaces"
"""Methods, as DcResult.effort names them."""
CHECKED = 3
"""Patterns on which the surfaces are checked in every run."""
ALLOWED = 2e-3
"""Difference from the exact solution, relative to the largest current; above it, every pattern is solved exactly."""
MANY = 64
"""Patterns from which on synapses are solved on a grid (flow.engines.array.collapse) instead of pattern by pattern."""
PATTERNS = 2000
"""In one matrix product."""
RISE_S = 10e-9
"""How fast inputs change from pattern to pattern, as in the reference engine."""
CHUNK = 30_000
"""Synapses times patterns in one tensor: what fits into a core's cache."""


@dataclass(eq=False)
class ArrayEngine:
    """Exact topology, tabulated devices; see flow.engines.base.Engine. Wire resistance and body currents are left out.

    The latches are ideal: InputError for chips with simulated memory.
    """

    where: str = "cpu"
    """torch device."""
    cache: Path | None = None
    """Folder of the device tables; None is the user's cache folder."""
    name: str = "array"
    _tables: dict[Kind, Device] = field(default_factory=dict, repr=False)
    _places: tuple[FlatNetlist, Places] | None = field(default=None, repr=False)

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """Settled currents; `unsettled` is 0, because nothing is stepped in time."""
        check_inputs(chip.design, inputs)
        start = time.monotonic()
        if programs is not None and len(programs) != len(inputs):
            raise ValueError(f"{len(programs)} programs for {len(inputs)} patterns")
        groups = [(chip.codes, slice(0, len(inputs)))] if programs is None else _runs(programs)
        parts = [Network(self, chip, codes).settle(inputs[where]) for codes, where in groups]
        outputs = np.concatenate([p[0] for p in parts])
        supply = np.concatenate([p[1] for p in parts])
        attempts = tuple(dict.fromkeys(name for p in parts for name in p[2]))
        return DcResult(outputs, supply, np.zeros(len(inputs)), Effort(time.monotonic() - start, attempts))

    def device(self, kind: Kind) -> Device:
        """The table of a kind, made once."""
        if kind not in self._tables:
            self._tables[kind] = Device(table(kind, self.cache), torch.device(self.where))
        return self._tables[kind]

    def places(self, chip: ProgrammedChip) -> Places:
        """Of the chip's netlist; kept for the next chip with the same netlist."""
        if self._places is None or self._places[0] is not chip.flat:
            self._places = (chip.flat, Places(chip.design, chip.flat))
        return self._places[1]

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        """Patterns one after the other, all stepped together; `probes` are soma nets: in_, sum_, vp_ and vn_."""
        check_inputs(chip.design, inputs)
        for probe in probes:
            _place(probe)
        start = time.monotonic()
        network = Network(self, chip, chip.codes)
        run = network.play(inputs, pattern_time_s, min(RISE_S, pattern_time_s / 20), self.cache, probes)
        return replace(run, effort=Effort(time.monotonic() - start, run.effort.attempts))


class Network:
    """One chip with one set of weights, ready for patterns."""

    def __init__(self, engine: ArrayEngine, chip: ProgrammedChip, codes: Program) -> None:
        """InputError if the netlist is not the design's or the memory is simulated."""
        if chip.memory != "ideal":
            raise InputError("array engine: latches are ideal here; simulate memory='transistor' with ngspice")
        self.chip, self.codes = chip, codes
        self._where = torch.device(engine.where)
        places = engine.places(chip)
        kinds = places.kinds(chip)
        n, p = engine.device(kinds.soma_n), engine.device(kinds.soma_p)
        devices = _devices(engine, kinds)
        self.somas = [
            Somas(n, p, places.soma_shifts(chip.shifts, layer), chip.supply_V, self._where)
            for layer in range(len(chip.design.layers))
        ]
        # the output synapse is a synapse with the weight +1
        last = np.ones((1, chip.design.layers[-1]), dtype=np.int64)
        self.synapses = [
            Synapses(devices, places.synapse_shifts(chip.shifts, m), code, chip.supply_V, self._where)
            for m, code in enumerate((*codes, last))
        ]
        # each output synapse has a row of its own
        self.synapses[-1].row = self.synapses[-1].column

    def settle(self, inputs: Floats) -> tuple[Floats, Floats, tuple[str, ...]]:
        """Output currents [patterns, outputs], supply current [patterns] in A, and the methods that were tried."""
        if len(inputs) < MANY:
            return *self.settle_exactly(inputs), (EXACT,)
        found = self._settle_many(inputs)
        some = np.linspace(0, len(inputs) - 1, CHECKED).astype(int)
        right = self.settle_exactly(inputs[some])
        wrong = max(float(np.abs(a[some] - b).max() / np.abs(b).max()) for a, b in zip(found, right, strict=True))
        if wrong < ALLOWED:
            return *found, (SURFACES,)
        return *self.settle_exactly(inputs), (SURFACES, EXACT)

    def settle_exactly(self, inputs: Floats) -> tuple[Floats, Floats]:
        """Pattern by pattern: output currents [patterns, outputs] and supply current [patterns] in A."""
        size = max(1, CHUNK // max(1, *(len(s) for s in self.synapses)))
        parts = [self._settle(inputs[i : i + size]) for i in range(0, len(inputs), size)]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _settle_many(self, inputs: Floats) -> tuple[Floats, Floats]:
        """By surfaces; the grid of a layer reaches as far as its currents in these patterns."""
        current = torch.tensor(inputs, dtype=torch.float64, device=self._where)
        supply = current.sum(-1)
        voltage = current  # of the last layer's columns in the end
        for synapses, before, after in zip(self.synapses, self.somas, self.somas[1:], strict=False):
            surface = collapse.grid(synapses, current.amax(0), before, after)
            parts = [collapse.columns(surface, part, after) for part in _groups(current)]
            supply = supply + surface.somas(current) + torch.cat([p.supply for p in parts])
            voltage = torch.cat([p.voltage for p in parts])
            current = torch.cat([after.input_current(p.voltage)[0] for p in parts])
        now = rails(self.somas[-1], voltage)
        out = held(self.synapses[-1], now, self.chip.output_V)
        return out.current.cpu().numpy(), (supply + now.supply + out.supply).cpu().numpy()

    def play(
        self, inputs: Floats, period_s: float, rise_s: float, cache: Path | None, probes: Sequence[str]
    ) -> TransientResult:
        """See ArrayEngine.transient."""
        chip, where = self.chip, self._where
        new = torch.tensor(inputs, dtype=torch.float64, device=where)
        old = torch.cat([new[:1], new[:-1]])
        states: State = []
        matrices = []
        voltage = self.somas[0].input_voltage(new)
        for k, somas in enumerate(self.somas):
            now = rails(somas, voltage)
            states.append((voltage, now.p, now.n))
            if k < len(self.somas) - 1:
                # rails overshoot their end on the way: the grid reaches twice as far
                surface = collapse.grid(self.synapses[k], 2 * now.current.amax(0), somas, self.somas[k + 1])
                matrices.append(Matrix.of(surface, self.codes[k]))
                voltage = collapse.columns(surface, now.current, self.somas[k + 1]).voltage
        point = Point(chip.corner, chip.temperature_C, chip.supply_V)
        found = loads(chip.design, point, self._rest(), cache)
        stepper = Stepper(layers_of(chip, self.somas, found, where), matrices, chip.supply_V)
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
        return self._joined(window, inputs, period_s, probes, passes)

    def _rest(self) -> Floats:
        """Voltages [levels, in vp vn] of the first soma of the array at LEVELS_A."""
        somas = self.somas[0]
        x = torch.tensor(LEVELS_A, dtype=torch.float64, device=self._where).unsqueeze(-1).expand(-1, somas.count)
        v = somas.input_voltage(x)
        p, n, _ = somas.rails(v)
        # rounded, so that chips share one measurement
        return np.round(torch.stack([v.mean(1), p.mean(1), n.mean(1)], 1).cpu().numpy(), 2)

    def _joined(
        self, window: Window, inputs: Floats, period_s: float, probes: Sequence[str], passes: int
    ) -> TransientResult:
        """Patterns one behind the other."""
        currents, supplies = [], []
        for (p, n), supply in zip(window.last_rails, window.supply, strict=True):
            nothing = torch.zeros_like(p)
            out = held(self.synapses[-1], Rails(p, n, nothing, nothing[:, 0]), self.chip.output_V)
            currents.append(out.current)
            supplies.append(supply + out.supply)
        count = len(inputs)
        times = np.concatenate([window.time[(p > 0) :] + p * period_s for p in range(count)])

        def chain(values: torch.Tensor) -> Floats:
            """[points, patterns, ...] -> [all points, ...]; a pattern's first point is the last of the one before."""
            parts = [values[(p > 0) :, p] for p in range(count)]
            return torch.cat(parts).cpu().numpy()

        voltages = {}
        for probe in probes:
            layer, node, i = _place(probe)
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

    def _settle(self, inputs: Floats) -> tuple[Floats, Floats]:
        current = torch.tensor(inputs, dtype=torch.float64, device=self._where)
        supply = current.sum(-1)
        now = rails(self.somas[0], self.somas[0].input_voltage(current))
        for synapses, somas in zip(self.synapses, self.somas[1:], strict=False):
            solved = columns(synapses, now, somas)
            supply = supply + now.supply + solved.supply
            now = rails(somas, solved.voltage)
        out = held(self.synapses[-1], now, self.chip.output_V)
        supply = supply + now.supply + out.supply
        return out.current.cpu().numpy(), supply.cpu().numpy()


def _groups(current: torch.Tensor) -> list[torch.Tensor]:
    """PATTERNS at a time."""
    return [current[i : i + PATTERNS] for i in range(0, len(current), PATTERNS)]


def _delayed(first: State, ends: State) -> State:
    """The start of every pattern: the end of the one before it; of the first one, what `first` says."""

    def part(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.cat([a[:1], b[:-1]])

    return [(part(a, x), part(b, y), part(c, z)) for (a, b, c), (x, y, z) in zip(first, ends, strict=True)]


def _place(probe: str) -> tuple[int, int, int]:
    """Layer, node (column, p, n) and soma of a net; InputError for other nets."""
    found = re.fullmatch(r"(?:in_(\d+))|(?:(sum|vp|vn)_(\d+)_(\d+))", probe)
    if found is None:
        raise InputError(f"array engine: no voltage of {probe[:60]!r}; ask for in_<i>, sum_, vp_ or vn_<layer>_<i>")
    if found[1] is not None:
        return 0, 0, int(found[1])
    return int(found[3]), ("sum", "vp", "vn").index(found[2]), int(found[4])


def _devices(engine: ArrayEngine, kinds: Kinds) -> Devices:
    return Devices(
        tuple(engine.device(k) for k in kinds.p_mirror),
        tuple(engine.device(k) for k in kinds.n_mirror),
        engine.device(kinds.switch),
        engine.device(kinds.p_sign),
        engine.device(kinds.n_sign),
    )


def _runs(programs: Sequence[Program]) -> list[tuple[Program, slice]]:
    """Runs of equal programs."""
    edges = [i for i in range(1, len(programs)) if any(map(_differ, programs[i - 1], programs[i]))]
    bounds = [0, *edges, len(programs)]
    return [(programs[a], slice(a, b)) for a, b in pairwise(bounds)]


def _differ(a: Codes, b: Codes) -> bool:
    return not np.array_equal(a, b)
