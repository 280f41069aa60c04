"""The analog part of a virtual chip with drivers: what its latches and its bias make of a pattern.

Currents are the array engine's, of a chip with mismatch in array and drivers; the race and the converter are those of
docs/readout.md by their figures: a charge for each, with their spread.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from somaforge.flow.bench.converter import Converter
from somaforge.flow.bench.cosim import Answered, Asked, Word
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.engines.array.chip import Parts
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.array.stack import settle_stacked
from somaforge.flow.engines.base import Program
from somaforge.flow.measure.decision import racers
from somaforge.generator.address import Codes, MemoryMap, WeightFormat
from somaforge.generator.control import Control
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

RACE_C = 46e-15
"""Mean charge of a racer (docs/readout.md)."""
TIE_S = 1e-9
"""Within which two racers are both high."""
SEVERAL = 1000
"""Patterns that are kept in mind."""
SILENT_A = 8e-14
"""What the converter's node leaks at 27 C (docs/readout.md): less never fills it, and gives no pulse."""


@dataclass(frozen=True)
class Faults:
    """What is planted in a virtual chip."""

    stuck: tuple[int, int, int, int, int] | None = None
    """A latch: (matrix, row, column, bit, value)."""
    dead_row: tuple[int, int] | None = None
    """(matrix, row) that hands nothing on."""
    dead_output: int | None = None
    weak_driver: tuple[int, float] | None = None
    """(input, share of its current)."""
    leakage_A: float = 0.0
    """Into every reading."""
    gain: float = 1.0
    """Of the converter's rate."""
    no_reference: bool = False
    """Nothing flows into the reference pin."""
    swapped: tuple[int, int] | None = None
    """Two of the chip's inputs whose lines are exchanged on the board (flow.bench.firmware.wire has their places)."""
    swapped_outputs: tuple[int, int] | None = None
    """The same of its outputs."""


_Shown = tuple[tuple[Word, ...], int]
"""What a chip is shown: words of the pattern's latches, ratio of the bias."""


@dataclass(eq=False)
class _Known:
    """What was settled with one set of weights. One pattern takes the engine nearly as long as a hundred at once, so
    when a pattern of the weights before comes again, as in an epoch of training, the others are settled with it."""

    weights: tuple[Word, ...] | None = None
    codes: Program = ()
    before: tuple[_Shown, ...] = ()
    """Patterns that were shown with the weights before."""
    outputs: dict[_Shown, Floats] = field(default_factory=dict)
    """[outputs] in A."""


@dataclass(eq=False)
class AnalogPart:
    """Answers what the control's simulation asks (flow.bench.cosim.Analog)."""

    spec: Spec
    control: Control
    seed: int
    full_scale_A: float
    """Input current of the largest code at the ratio 1; the bias makes all rows' references by it (docs/chip.md)."""
    faults: Faults = Faults()
    converter: Converter = field(default_factory=Converter)
    _known: _Known = field(default_factory=_Known, repr=False)
    _inputs_of: dict[_Shown, Floats] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Makes the chip; InputError for a spec without drivers."""
        made, self._engine = VirtualChip.of(self.spec.chips, self.seed), ArrayEngine()
        bank = Bank.of(self._engine, self.spec, made)
        if bank is None:
            raise InputError("chip.drivers: this chip has none; a board cannot give it input currents")
        self._bank = bank
        design = build(self.spec)
        self._parts = Parts.of(self._engine, made.programmed(design, design.flat_without_memory))
        self._layers = design.layers
        self._charges = RACE_C * racers(self.seed, design.layers[-1])

    def __call__(self, asked: Asked) -> Answered:
        """How a race of these outputs ends, and the period of the selected one."""
        outputs = self.outputs(asked)
        times = self._charges / np.maximum(outputs, 1e-18)
        first = float(times.min())
        together = np.flatnonzero(times < first + TIE_S)
        period = 0.0
        if asked.selected is not None:
            current = float(outputs[asked.selected]) + self.faults.leakage_A
            period = self.converter.period_s(current) / self.faults.gain if current > SILENT_A else 0.0
        return Answered(int(sum(1 << int(j) for j in together)), len(together) == 1, first, period)

    def outputs(self, asked: Asked) -> Floats:
        """[outputs] in A."""
        if self._known.weights != asked.weights:
            codes = self._dead(_codes(self.control.weights, asked.weights))
            self._known = _Known(asked.weights, codes, tuple(self._known.outputs)[:SEVERAL])
        known, shown = self._known, (asked.pattern, asked.ratio)
        if shown not in known.outputs:
            again = shown in known.before
            self._settle([s for s in known.before if s not in known.outputs] if again else [shown])
        return known.outputs[shown]

    def _settle(self, shown: list[_Shown]) -> None:
        known, inputs = self._known, [self._input(s) for s in shown]
        lit = [k for k, x in enumerate(inputs) if _reaches(known.codes, x)]
        found = np.zeros((len(shown), self._layers[-1]))
        if lit:
            stacked = np.array([inputs[k] for k in lit])
            found[lit] = settle_stacked(self._parts, [known.codes] * len(lit), stacked)[0]
        if self.faults.dead_output is not None:
            found[:, self.faults.dead_output] = 0.0
        known.outputs.update(zip(shown, found, strict=True))

    def _input(self, shown: _Shown) -> Floats:
        """Input currents [inputs] in A, kept for the next time."""
        if shown not in self._inputs_of:
            if len(self._inputs_of) >= SEVERAL:
                self._inputs_of.clear()
            pattern, ratio = shown
            self._inputs_of[shown] = self._inputs(_codes(self.control.pattern, pattern)[0], ratio)
        return self._inputs_of[shown]

    def _inputs(self, latches: Codes, ratio: int) -> Floats:
        """Input currents [inputs] in A."""
        inputs = np.zeros(self._layers[0])
        if self.faults.no_reference or ratio == 0:
            return inputs
        scale = self._bank.scale
        every = scale.latches(scale.codes)  # [rows, codes]
        table = self._bank.table(self.full_scale_A * ratio / 4)
        for i in range(len(inputs)):
            matches = np.flatnonzero((every == latches[:, i, None]).all(axis=0))
            inputs[i] = table[i, matches[0]] if len(matches) else 0.0
        if self.faults.weak_driver is not None:
            inputs[self.faults.weak_driver[0]] *= self.faults.weak_driver[1]
        return inputs

    def _dead(self, codes: Program) -> Program:
        if self.faults.dead_row is None:
            return codes
        found = [m.copy() for m in codes]
        found[self.faults.dead_row[0]][self.faults.dead_row[1]] = 0
        return tuple(found)


def _reaches(codes: Program, inputs: Floats) -> bool:
    """Whether a positive weight leads from any current to any output."""
    active: npt.NDArray[np.bool_] = inputs > 0
    for matrix in codes:
        active = np.any(active[:, None] & (matrix > 0), axis=0)
    return bool(active.any())


def _codes(memory: MemoryMap, words: tuple[Word, ...]) -> Program:
    """Signed codes of every matrix; a latch that was never written counts as 0."""
    shapes = list(zip(memory.layers, memory.layers[1:], strict=False))
    values = [np.zeros((*shape, memory.bits + 1), dtype=bool) for shape in shapes]
    for row, word in enumerate(words):
        for place, bit in enumerate(word):
            which = memory.bit_at(row, place)
            if which is not None and bit:
                values[which.matrix][which.row, which.column, which.bit] = True
    return tuple(WeightFormat(memory.bits).decode(v) for v in values)
