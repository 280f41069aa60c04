"""A programmed chip as tensors, and its settled currents: exact, or by surfaces for many patterns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.device import FAR, HALF, Device, moved
from somaforge.flow.engines.array.layers import Rails, columns, held, rails
from somaforge.flow.engines.array.network import Ints, Kinds, Places
from somaforge.flow.engines.array.soma import Somas
from somaforge.flow.engines.array.synapse import Devices, Synapses
from somaforge.flow.engines.array.tables import Kind
from somaforge.flow.engines.base import LayerAtRest, Program, ProgrammedChip, Settled
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

DRAINS = (None, HALF, None, FAR, None)
"""Of M0 to M4, see Device.pooled: M0, M2 and M4 are diodes."""
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
"""Where tensors are: the compiled loops know no other place."""
CHUNK = 30_000
"""Synapses times patterns in one tensor: what fits into a core's cache."""


SomaShifts = list[list[Tensor]]
"""Of every layer and role (m0 to m4): see Device.together."""


class Source(Protocol):
    """Where tables and places come from: the engine, which keeps them."""

    def device(self, kind: Kind) -> Device:
        """The table of a kind."""
        ...

    def places(self, chip: ProgrammedChip) -> Places:
        """Of the chip's netlist."""
        ...

    def kept(self, chip: ProgrammedChip, make: Callable[[], SomaShifts]) -> SomaShifts:
        """What `make` says of the chip's transistors at its operating point."""
        ...


@dataclass(frozen=True, eq=False)
class Parts:
    """Devices of a chip."""

    chip: ProgrammedChip
    places: Places
    soma_n: Device
    soma_p: Device
    synapse: Devices
    soma_shifts: SomaShifts

    @classmethod
    def of(cls, source: Source, chip: ProgrammedChip) -> "Parts":
        """InputError if the netlist is not the design's or the memory is simulated."""
        if chip.memory != "ideal":
            raise InputError("array engine: latches are ideal here; simulate memory='transistor' with ngspice")
        places = source.places(chip)
        kinds = places.kinds(chip)
        soma_n, soma_p = source.device(kinds.soma_n), source.device(kinds.soma_p)
        shifts = source.kept(chip, lambda: _soma_shifts(chip, places, soma_n, soma_p))
        return cls(chip, places, soma_n, soma_p, _devices(source, kinds), shifts)

    def somas(self, layer: int, which: Ints) -> Somas:
        """Somas of a layer, in any order, also more than once."""
        here = torch.tensor(which)
        shifts = [role[here] for role in self.soma_shifts[layer]]
        units = [role.shape[-1] for role in self.places.somas[layer]]
        return Somas(self.soma_n, self.soma_p, shifts, units, self.chip.at.supply_V)

    def synapses(self, matrix: int, links: "Links") -> Synapses:
        """Synapses of a matrix (the number of matrices: output synapses)."""
        where = (matrix, links.from_row, links.from_column)
        weak = None if self.chip.weak is None else self.places.synapse_shifts(self.chip.weak, *where)
        shifts = self.places.synapse_shifts(self.chip.shifts, *where)
        return Synapses(
            self.synapse,
            shifts,
            weak,
            links.code,
            links.row,
            links.column,
            links.columns,
            self.chip.at.supply_V,
        )


@dataclass(frozen=True, eq=False)
class Links:
    """Synapses of a matrix: which of the array's they are, and which of the somas at hand they join."""

    from_row: Ints
    from_column: Ints
    code: Ints
    row: Ints
    column: Ints
    columns: int

    @classmethod
    def dense(cls, codes: Ints) -> "Links":
        """All synapses with a weight of one matrix."""
        rows, cols = codes.nonzero()
        return cls(rows, cols, codes[rows, cols], rows, cols, codes.shape[1])


class Network:
    """One chip with one set of weights, ready for patterns."""

    def __init__(self, parts: Parts, codes: Program) -> None:
        """Gathers the threshold shifts of all somas and of all synapses with a weight."""
        chip = self.chip = parts.chip
        self.codes = codes
        layers = chip.design.layers
        self.somas = [parts.somas(k, np.arange(n)) for k, n in enumerate(layers)]
        self.synapses = [parts.synapses(m, Links.dense(c)) for m, c in enumerate(codes)]
        self.synapses.append(parts.synapses(len(codes), output_links(np.arange(layers[-1]))))

    def settle(self, inputs: Floats) -> tuple[Settled, tuple[str, ...]]:
        """What the chip does with [patterns, inputs] in A, and the methods that were tried; layers may be empty."""
        if len(inputs) < MANY:
            return self.settle_exactly(inputs), (EXACT,)
        found = self.settle_by_surfaces(inputs)
        some = np.linspace(0, len(inputs) - 1, CHECKED).astype(int)
        right = self.settle_exactly(inputs[some])
        pairs = ((found.outputs, right.outputs), (found.supply, right.supply))
        if max(float(np.abs(a[some] - b).max() / np.abs(b).max()) for a, b in pairs) < ALLOWED:
            return found, (SURFACES,)
        return self.settle_exactly(inputs), (SURFACES, EXACT)

    def settle_exactly(self, inputs: Floats) -> Settled:
        """Pattern by pattern with every device."""
        size = max(1, CHUNK // max(1, *(len(s) for s in self.synapses)))
        return joined([self._settle(inputs[i : i + size]) for i in range(0, len(inputs), size)])

    def settle_by_surfaces(self, inputs: Floats, whole: bool = False) -> Settled:
        """The grid of a layer reaches as far as its currents in these patterns; layers are given if `whole`."""
        current = torch.tensor(inputs, dtype=torch.float64)
        supply = current.sum(-1)
        voltage = self.somas[0].input_voltage(current) if whole else current
        rests = []
        for synapses, before, after in zip(self.synapses, self.somas, self.somas[1:], strict=False):
            if whole:
                rests.append(_rest(voltage, rails(before, voltage)))
            surface = collapse.grid(synapses, current.amax(0), before, after)
            parts = [collapse.columns(surface, part, after) for part in _groups(current)]
            supply = supply + surface.somas(current) + torch.cat([p.supply.sum(-1) for p in parts])
            voltage = torch.cat([p.voltage for p in parts])
            current = torch.cat([after.input_current(p.voltage)[0] for p in parts])
        now = rails(self.somas[-1], voltage)
        if whole:
            rests.append(_rest(voltage, now))
        out = held(self.synapses[-1], now, self.chip.output_V)
        return Settled(tuple(rests), out.current.numpy(), _total(supply, now.supply, out.supply))

    def _settle(self, inputs: Floats) -> Settled:
        current = torch.tensor(inputs, dtype=torch.float64)
        supply = current.sum(-1)
        voltage = self.somas[0].input_voltage(current)
        now = rails(self.somas[0], voltage)
        rests = [_rest(voltage, now)]
        for synapses, somas in zip(self.synapses, self.somas[1:], strict=False):
            solved = columns(synapses, now, somas)
            supply = supply + now.supply.sum(-1) + solved.supply.sum(-1)
            now = rails(somas, solved.voltage)
            rests.append(_rest(solved.voltage, now))
        out = held(self.synapses[-1], now, self.chip.output_V)
        return Settled(tuple(rests), out.current.numpy(), _total(supply, now.supply, out.supply))


def joined(parts: Sequence[Settled]) -> Settled:
    """Patterns one behind the other."""
    layers = tuple(LayerAtRest.joined(each) for each in zip(*(p.layers for p in parts), strict=True))
    return Settled(layers, np.concatenate([p.outputs for p in parts]), np.concatenate([p.supply for p in parts]))


def output_links(which: Ints) -> Links:
    """Output synapses: weight +1, each with a row of its own."""
    here = np.arange(len(which))
    return Links(np.zeros_like(which), which, np.ones_like(which), here, here, len(which))


def _total(supply: Tensor, somas: Tensor, outputs: Tensor) -> Floats:
    return (supply + somas.sum(-1) + outputs.sum(-1)).numpy()


def _rest(voltage: Tensor, now: Rails) -> LayerAtRest:
    return LayerAtRest(*(t.numpy() for t in (now.current, voltage, now.p, now.n)))


def _groups(current: Tensor) -> list[Tensor]:
    """PATTERNS at a time."""
    return [current[i : i + PATTERNS] for i in range(0, len(current), PATTERNS)]


def _soma_shifts(chip: ProgrammedChip, places: Places, soma_n: Device, soma_p: Device) -> SomaShifts:
    found = []
    for layer in range(len(chip.design.layers)):
        values = places.soma_shifts(chip.shifts, layer)
        weak = None if chip.weak is None else places.soma_shifts(chip.weak, layer)
        roles = (soma_n, soma_n, soma_p, soma_p, soma_n)
        found.append(
            [
                device.together(moved(value, None if weak is None else weak[i]), drain)
                for i, (device, value, drain) in enumerate(zip(roles, values, DRAINS, strict=True))
            ]
        )
    return found


def _devices(source: Source, kinds: Kinds) -> Devices:
    return Devices(
        tuple(source.device(k) for k in kinds.p_mirror),
        tuple(source.device(k) for k in kinds.n_mirror),
        source.device(kinds.switch),
        source.device(kinds.p_sign),
        source.device(kinds.n_sign),
    )
