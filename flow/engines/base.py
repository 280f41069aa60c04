"""What every engine takes and gives: a programmed chip, patterns of input currents, currents over patterns or time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np

from somaforge.generator.address import Codes
from somaforge.generator.circuit import FlatNetlist, Mos
from somaforge.generator.design import Design
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint, Shift

Program = tuple[Codes, ...]
"""Signed codes of every matrix, each [rows, columns] of the physical array."""
Memory = Literal["ideal", "transistor"]
"""ideal: latches are left out and the weight nets sit on the rails; transistor: every latch is simulated."""
MEMORIES: tuple[Memory, ...] = ("ideal", "transistor")


@dataclass(frozen=True)
class ProgrammedChip:
    """One chip with its weights, at its operating point. Schematic or extracted netlist: the names are the same."""

    design: Design
    flat: FlatNetlist
    codes: Program
    shifts: Floats
    """Shift of |Vth| in V per transistor of `flat.mos`; see flow.chips."""
    at: OperatingPoint
    """Where it works."""
    memory: Memory = "ideal"
    exact: bool = False
    """Keep the body resistors of the foundry's models, through which only junctions leak: settled currents change by
    1e-6, half-change times by 2e-4 (docs/array-engine.md), and three nodes more in each transistor cost a fifth to a
    third of the time. The diffusion resistance is always there."""
    weak: Floats | None = None
    """Shift of the gate in weak inversion alone per transistor, in V; None: none of them has one."""

    def __post_init__(self) -> None:
        """InputError if weights or shifts do not fit the netlist."""
        check_program(self.design, self.codes)
        for shifts in (self.shifts, self.shifts if self.weak is None else self.weak):
            if shifts.shape != (len(self.flat.mos),) or not np.all(np.isfinite(shifts)):
                raise InputError(
                    f"chip: {shifts.shape} threshold shifts for {len(self.flat.mos)} transistors; make them from the "
                    "same netlist"
                )

    @property
    def transistors(self) -> Iterator[tuple[Mos, Shift]]:
        """Every transistor with its shifts, in the netlist's order."""
        weak = np.zeros(len(self.shifts)) if self.weak is None else self.weak
        for mos, *both in zip(self.flat.mos, self.shifts.tolist(), weak.tolist(), strict=True):
            yield mos, Shift(*both)

    @property
    def output_V(self) -> float:  # noqa: N802 (a unit)
        """Voltage at which output currents are measured: half the supply, where a p mirror with its switch saturates.

        The paper reads out currents and names no voltage; a tester or converter input holds the node.
        """
        return self.at.supply_V / 2


def check_program(design: Design, codes: Program) -> None:
    """InputError unless `codes` has one matrix of legal codes per layer, of the physical sizes."""
    shapes = list(pairwise(design.layers))
    if [c.shape for c in codes] != shapes:
        raise InputError(f"weights: matrices {[c.shape for c in codes]}, the array has {shapes}")
    if any(np.any(np.abs(c) > design.weights.full_scale) for c in codes):
        raise InputError(f"weights: a code lies outside +-{design.weights.full_scale}")


def check_inputs(design: Design, inputs: Floats) -> None:
    """InputError unless `inputs` is [patterns >= 1, inputs of the array], finite and not negative (somas rectify)."""
    if inputs.ndim != 2 or inputs.shape[0] < 1 or inputs.shape[1] != design.layers[0]:
        raise InputError(f"inputs: shape {inputs.shape}, the array takes [patterns, {design.layers[0]}]")
    if not np.all(np.isfinite(inputs)) or np.any(inputs < 0) or np.any(inputs > 1e-3):
        raise InputError("inputs: a current is negative, not finite or above 1 mA; scale the data to the spec's range")


@dataclass(frozen=True)
class Effort:
    """What a result cost."""

    seconds: float
    attempts: tuple[str, ...]
    """Names of the option sets (or methods) that were tried."""
    rungs: tuple[str, ...]
    """Of each simulation, the option set (or method) that its result stands on."""


@dataclass(frozen=True)
class DcResult:
    """Settled currents."""

    outputs: Floats
    """[patterns, outputs] in A, positive out of the chip."""
    supply: Floats
    """[patterns] in A, out of the supply; input currents are part of it (they are drawn from the supply)."""
    unsettled: Floats
    """[patterns] change of the output currents over the last tenth of the dwell time, relative to the largest one."""
    effort: Effort


@dataclass(frozen=True, eq=False)
class LayerAtRest:
    """Somas of one layer: [patterns, somas]."""

    current: Floats
    """Into the soma in A."""
    column: Floats
    """Voltage at the soma's input in V."""
    p: Floats
    n: Floats

    def of(self, somas: Sequence[int]) -> "LayerAtRest":
        """Some of the somas."""
        i = list(somas)
        return LayerAtRest(self.current[:, i], self.column[:, i], self.p[:, i], self.n[:, i])

    def first(self, patterns: int) -> "LayerAtRest":
        """Some of the patterns."""
        return LayerAtRest(*(getattr(self, f.name)[:patterns] for f in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence["LayerAtRest"]) -> "LayerAtRest":
        """Patterns one behind the other."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


@dataclass(frozen=True, eq=False)
class Settled:
    """A whole chip at rest."""

    layers: tuple[LayerAtRest, ...]
    outputs: Floats
    """[patterns, outputs] in A."""
    supply: Floats
    """[patterns] in A."""


@dataclass(frozen=True)
class TransientResult:
    """Currents at the solver's own time points; pattern p is applied from p * pattern_time_s on."""

    time: Floats
    """[points] in s."""
    outputs: Floats
    """[points, outputs] in A."""
    supply: Floats
    """[points] in A."""
    pattern_time_s: float
    patterns: int
    effort: Effort
    voltages: Mapping[str, Floats] = field(default_factory=lambda: MappingProxyType({}))
    """[points] in V for every net that was asked for."""

    def window(self, pattern: int) -> slice:
        """Time points of one pattern, both ends included (the solver stops at every pattern change)."""
        start, end = pattern * self.pattern_time_s, (pattern + 1) * self.pattern_time_s
        slack = 1e-9 * self.pattern_time_s
        first = int(np.searchsorted(self.time, start - slack))
        return slice(first, int(np.searchsorted(self.time, end + slack)))


class Engine(Protocol):
    """Every simulator does this; ToolError if it cannot, never a partial result."""

    @property
    def name(self) -> str:
        """What results call it."""
        ...

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """Settled currents for input currents [patterns, inputs] in A; `programs` replaces the weights per pattern."""
        ...

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        """Patterns one after the other without a pause, starting settled in the first; `probes` are nets to record."""
        ...


@dataclass(frozen=True)
class Named:
    """An engine that a spec may name."""

    name: str
    words: str
    """What it is called in a sentence."""
    in_full: bool
    """Whether it takes the flat netlist with couplings, wire segments and latches, and every pattern in time; else the
    capacitance of each net and some patterns in time."""
    make: Callable[[Path | None], Engine]
    """Of the folder where a run that failed is left; None: nowhere."""

    @property
    def metric(self) -> Literal["spice", "array"]:
        """Its part of `accuracy__<metric>__ratio`."""
        return "spice" if self.in_full else "array"
