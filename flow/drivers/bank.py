"""The drivers of one chip: its reference somas, its driver synapses, and the input somas of its array."""

from dataclasses import dataclass, field, replace

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.scale import Scale, of_codes
from somaforge.flow.engines.array.chip import Source
from somaforge.flow.engines.array.drive import driven, references_supply_A
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.generator import drivers
from somaforge.generator.address import Codes
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.names import DRIVERS, place, soma_path, synapse_path
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import OperatingPoint

INSTANCE = f"x_{DRIVERS}."
"""Where the drivers are in a chip: their transistors draw their mismatch by the names that they have there."""


def with_inputs(spec: Spec) -> Design:
    """The drivers as an array whose second layer is the input somas: what an engine can solve."""
    return build(drivers.drivers_spec(spec))


def in_chip(name: str) -> str:
    """Name in the chip of a transistor of drivers and array simulated as one array: its first layer is the drivers'."""
    at = place(name)
    if at is None or at.cell == "output_synapse":
        return name
    if at.layer == 0:
        return INSTANCE + name
    if at.cell == "soma":
        return soma_path(at.layer - 1, at.column) + name.removeprefix(soma_path(at.layer, at.column))
    where = (at.row, at.column)
    return synapse_path(at.layer - 1, *where) + name.removeprefix(synapse_path(at.layer, *where))


def renamed(flat: FlatNetlist) -> FlatNetlist:
    """Transistors as the chip calls them, to draw their mismatch."""
    return replace(flat, mos=tuple(replace(m, name=in_chip(m.name)) for m in flat.mos))


@dataclass(frozen=True, eq=False)
class Bank:
    """Codes in, currents out."""

    source: Source
    """The array engine."""
    scale: Scale
    chip: ProgrammedChip
    """Of `with_inputs`."""
    _tables: dict[float, Floats] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, source: Source, spec: Spec, made: VirtualChip, at: OperatingPoint | None = None) -> "Bank | None":
        """That of a chip of a spec, None if the spec has no drivers."""
        scale = Scale.of(spec)
        if scale is None:
            return None
        design = with_inputs(spec)
        flat = design.flat_without_memory
        chip = made.programmed(design, flat, at=at or spec.at)
        own = made.programmed(design, renamed(flat), at=at or spec.at)
        return cls(source, scale, replace(chip, shifts=own.shifts, weak=own.weak))

    def placed(self, at: OperatingPoint) -> "Bank":
        """The same at another operating point."""
        return self if at == self.chip.at else Bank(self.source, self.scale, replace(self.chip, at=at))

    @property
    def nominal(self) -> "Bank":
        """What a tester knows of it: the same circuit without mismatch."""
        plain = replace(self.chip, shifts=np.zeros_like(self.chip.shifts), weak=None)
        return replace(self, chip=plain, _tables={})

    def table(self, full_scale_A: float) -> Floats:
        """Current [inputs, codes] in A, with the reference currents for that current of the largest code."""
        if full_scale_A not in self._tables:
            latches = self.scale.latches(self.scale.codes)
            references = self.scale.references_A(full_scale_A)
            self._tables[full_scale_A] = driven(self.source, self.chip, references[None], latches)[0]
        return self._tables[full_scale_A]

    def supply_A(self, full_scale_A: float) -> float:  # noqa: N802 (a unit)
        """What the reference somas take with these reference currents, the currents included."""
        references = self.scale.references_A(np.array([full_scale_A]))
        return float(references_supply_A(self.source, self.chip, references)[0])

    def currents(self, codes: Codes, full_scale_A: float) -> Floats:
        """Of patterns [patterns, inputs] of codes, in A; inputs of the array that they lack get the code 0."""
        padded = np.pad(codes, ((0, 0), (0, self.chip.design.layers[1] - codes.shape[1])))
        return of_codes(padded, self.table(full_scale_A))
