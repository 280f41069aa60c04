"""The array engine: settled currents of a programmed chip from device tables, layer by layer."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.device import Device
from somaforge.flow.engines.array.layers import columns, held, rails, split
from somaforge.flow.engines.array.network import Kinds, Places
from somaforge.flow.engines.array.soma import Somas
from somaforge.flow.engines.array.synapse import Devices, Synapses
from somaforge.flow.engines.array.tables import Kind, table
from somaforge.flow.engines.base import DcResult, Effort, Floats, Program, ProgrammedChip, check_inputs
from somaforge.generator.address import Codes
from somaforge.generator.circuit import FlatNetlist
from somaforge.pdk.errors import InputError

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


class Network:
    """One chip with one set of weights, ready for patterns."""

    def __init__(self, engine: ArrayEngine, chip: ProgrammedChip, codes: Program) -> None:
        """InputError if the netlist is not the design's or the memory is simulated."""
        if chip.memory != "ideal":
            raise InputError("array engine: latches are ideal here; simulate memory='transistor' with ngspice")
        self.chip = chip
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
        now = rails(self.somas[0], self.somas[0].input_voltage(current))
        for synapses, before, after in zip(self.synapses, self.somas, self.somas[1:], strict=False):
            surface = collapse.grid(synapses, now.current.amax(0), before, after)
            parts = [collapse.columns(surface, part, after) for part in split(now, PATTERNS)]
            supply = supply + now.supply + torch.cat([p.supply for p in parts])
            now = rails(after, torch.cat([p.voltage for p in parts]))
        out = held(self.synapses[-1], now, self.chip.output_V)
        return out.current.cpu().numpy(), (supply + now.supply + out.supply).cpu().numpy()

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
