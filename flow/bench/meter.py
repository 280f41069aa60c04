"""A board as the tester of its chip: weights through the port, codes into the drivers, currents by the converter."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from somaforge.flow.bench.board import Board, Decision
from somaforge.flow.bench.converter import Converter
from somaforge.flow.bench.journal import Journal, digest
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import DcResult, Effort, Engine, Program, ProgrammedChip, TransientResult
from somaforge.flow.learning.tester import Bench, same_program
from somaforge.generator.address import Codes
from somaforge.generator.spec import Meter, Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError, ToolError

TOP_RATIO = 8
"""Of the bias for the highest current: the lower levels of a sweep are whole ratios then."""
HIGHEST_RATIO = 15
"""Four bits."""
LEVELS = (0.125, 0.25, 0.5, 1.0)
"""Currents of a sweep over the highest."""
SATURATED = 2
"""Clocks beyond the comparator's own time in the shortest period that is a current: 1.5 uA; the array gives less."""
TICKS = 2000
"""Clocks that a count takes at least: 0.05 % of them are left open."""
QUIET_MS = 40
"""Patience with an output that gives no pulse: two of 8 pA fit into it."""
COUNTER = Meter(noise_A=2.3e-12, noise_ratio=0.001, resolution_A=0.0, pad_leakage_A=0.0, settling_s=0.0, reading_s=0.02)
"""What a reading is worth. 0.1 %: a clock of TICKS and the converter's own noise (docs/readout.md). 2.3 pA: a current
below 8 pA gives no two pulses within QUIET_MS and reads as 0, an error of up to 8 pA: 8 pA / sqrt(12)."""


class NoEngine:
    """A board has no simulator behind it."""

    name = "board"

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        """ToolError: currents are set as codes."""
        raise ToolError("a board sets codes, not currents")

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        """ToolError: its meter is too slow."""
        raise ToolError("a board reads settled currents; nothing in time can be read from it")


@dataclass(eq=False)
class BoardBench(Bench):
    """Readings of a chip behind a board; `top_A` is the current of the largest code at TOP_RATIO."""

    engine: Engine = field(default_factory=NoEngine)
    meter: Meter = COUNTER
    board: Board | None = None
    top_A: float = 0.0
    reference: bool = False
    """The chip's own instead of the pin's."""
    converter: Converter = field(default_factory=Converter)
    quiet_ms: int = QUIET_MS
    asked: int | None = None
    """How many outputs are read; the others count as 0. None: all."""
    zeros_A: Floats | None = None
    journal: Journal | None = None
    """Keeps every reading at once, and has those from before; None: a measurement that is not resumed."""
    _log2: dict[int, int] = field(default_factory=dict, repr=False)

    @classmethod
    def on(
        cls, board: Board, spec: Spec, top_A: float, reference: bool = False, quiet_ms: int = QUIET_MS
    ) -> "BoardBench":
        """InputError for a spec without drivers."""
        bank = Bank.of(ArrayEngine(), spec, VirtualChip(0, 0.0))
        if bank is None:
            raise InputError("chip.drivers: without drivers no board can set input currents")
        return cls(board=board, drivers=bank, top_A=top_A, reference=reference, quiet_ms=quiet_ms)

    @property
    def chip(self) -> Board:
        """The board; ValueError for a bench that was not made by `on`."""
        if self.board is None:
            raise ValueError("no board")
        return self.board

    @property
    def bank(self) -> Bank:
        """The drivers, nominal; ValueError for a bench that was not made by `on`."""
        if self.drivers is None:
            raise ValueError("no drivers")
        return self.drivers

    def settable(self, current_A: float) -> float:
        """The nearest whole ratio of the bias."""
        ratio = min(max(round(TOP_RATIO * current_A / self.top_A), 1), HIGHEST_RATIO)
        return self.top_A * ratio / TOP_RATIO

    def zero(self, dark: Program) -> Floats:
        """What every output reads without weights; taken off all readings from now on. [outputs] in A."""
        self.zeros_A = None
        silent = np.zeros((1, self._scale_rows[1]), dtype=np.int64)
        self.chip.write(dark)
        self._written = dark
        found = self._read_all(silent[0], TOP_RATIO)
        self.zeros_A = found
        return found

    def present(
        self, chip: ProgrammedChip, codes: Codes, full_A: Floats, programs: Sequence[Program] | None = None
    ) -> DcResult:
        """Readings of codes [patterns, inputs]; see Bench. InputError for a level between two ratios."""
        whole = [chip.codes] * len(codes) if programs is None else list(programs)
        outputs = []
        for program, pattern, level in zip(whole, codes, full_A, strict=True):
            outputs.append(self._one(program, pattern, self._ratio(float(level))))
            self.patterns += 1
        still = np.zeros(len(codes))
        return DcResult(np.array(outputs), still, still, Effort(0.0, ("board",), ("board",)))

    def _one(self, program: Program, codes: Codes, ratio: int) -> Floats:
        """Readings [outputs] in A of one pattern: from the journal, or taken now."""
        asked = digest(program, codes, ratio)
        kept = self.journal.take(asked, self.chip.control.outputs) if self.journal is not None else None
        if kept is not None:
            return kept
        if not same_program(self._written, program):
            self.chip.write(program)
            self._written = program
            self.programmings += 1
        found = self._read_all(codes, ratio)
        if self.journal is not None:
            self.journal.add(asked, found)
        return found

    def show(self, codes: Codes, full_A: float, settle_s: float) -> Decision:
        """The chip's own decision on codes [inputs], `full_A` (a settable one) for the largest code, with the weights
        that it has."""
        self._load(codes)
        self.chip.configure(self._ratio(full_A), self.reference)
        return self.chip.decide(settle_s)

    @property
    def _scale_rows(self) -> tuple[int, int]:
        memory = self.chip.control.pattern
        return memory.layers[0], memory.layers[1]

    def _load(self, codes: Codes) -> None:
        rows, inputs = self._scale_rows
        padded = np.pad(codes, (0, inputs - len(codes)))
        latches = self.bank.scale.latches(padded)
        if latches.shape != (rows, inputs):
            raise InputError(f"board: the chip has {rows} reference rows, the spec's drivers {latches.shape[0]}")
        self.chip.load(latches)

    def _ratio(self, level_A: float) -> int:
        ratio = TOP_RATIO * level_A / self.top_A
        if level_A > 0 and (abs(ratio - round(ratio)) > 0.01 or not 1 <= round(ratio) <= HIGHEST_RATIO):
            raise InputError(
                f"board: {level_A:.3g} A is {ratio:.3g} quarters of the reference; only whole ones are there"
            )
        return max(round(ratio), 1)

    def _read_all(self, codes: Codes, ratio: int) -> Floats:
        self._load(codes)
        found = np.zeros(self.chip.control.outputs)
        asked = len(found) if self.asked is None else self.asked
        found[:asked] = [self._read(j, ratio) for j in range(asked)]
        if self.zeros_A is not None:
            found[:asked] -= self.zeros_A[:asked]
        return found

    def _read(self, output: int, ratio: int) -> float:
        """Counts few pulses, then as many as TICKS ask for; remembers that for the next time."""
        self.chip.configure(ratio, self.reference, output)
        log2 = self._log2.get(output, 0)
        for _ in range(3):
            count = self.chip.count(log2, self.quiet_ms)
            if count.pulses == 0:
                self._log2[output] = 0
                return 0.0
            ticks = count.period_s * self.chip.clock_hz
            wanted = min(max(int(np.ceil(np.log2(TICKS / ticks))), 0), 12)
            self._log2[output] = wanted
            if count.whole and wanted <= log2:
                break
            log2 = wanted
        if count.period_s < self.converter.dead_s + SATURATED / self.chip.clock_hz:
            raise ToolError(
                f"board: output {output} gives pulses every {count.period_s * 1e9:.0f} ns, the end of its range; "
                "less current into the reference pin"
            )
        return self.converter.current_A(count.period_s)
