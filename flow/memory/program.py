"""Writing and reading the weight memory, simulated with every transistor of a synapse row's latches.

The bench does what the periphery does on silicon. Row A begins with the opposite of its weights and its neighbour B
with the opposite of that. Then, on the same bit lines: write A; write B with the opposite of A's weights (the worst
disturbance); let A hold; read A and B. To read, the bit lines are charged to the supply, released, and the word line
opens: the sign of their difference after `sense_s` is the bit. All other rows of the bank hang on the bit lines with
closed access devices that pull the wrong line.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow.engines.lines import weight_net
from somaforge.flow.memory.program_bench import Bench, RowDeck
from somaforge.flow.spice.batch import run_batch
from somaforge.generator.address import Bits
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design
from somaforge.generator.names import bit_line, bit_line_bar
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError, InputError, ToolError
from somaforge.pdk.models import OperatingPoint

LEVEL = 0.1
"""A latch holds its bit if both of its nodes are within this part of the supply from their rails."""
SENSE_V = 0.1
"""Smallest difference of a bit-line pair that counts as read: ten times the offset of a small sense amplifier."""


@dataclass(frozen=True, eq=False)
class RowResult:
    """What became of one row; all arrays [columns, bits+1]."""

    row: int
    written: Bits
    read: Bits
    differential_V: Floats
    """True minus complement bit line when the bit is decided, with the sign of the right answer: negative is wrong."""
    read_s: Floats
    """From the start of the word line's rise until the right difference is SENSE_V; infinite if it never is."""
    hold_V: Floats
    """Distance of the worse node of the latch from its rail, the worst of all moments when it should hold."""


@dataclass(frozen=True, eq=False)
class Programming:
    """Result of one bench."""

    matrix: int
    rows: tuple[RowResult, ...]
    """The row under test, then its neighbour if the matrix has one."""
    supply_V: float

    @property
    def differential_V(self) -> float:  # noqa: N802 (a unit)
        """Smallest read difference of all latches; negative if one reads wrong."""
        return float(min(r.differential_V.min() for r in self.rows))

    @property
    def read_s(self) -> float:
        """Longest time from the start of the word line's rise until a pair differs by SENSE_V."""
        return float(max(r.read_s.max() for r in self.rows))

    @property
    def hold_V(self) -> float:  # noqa: N802 (a unit)
        """Largest distance of a latch node from its rail while it should hold."""
        return float(max(r.hold_V.max() for r in self.rows))

    def problems(self) -> list[str]:
        """One line for each latch that was read wrong, read with too little difference, or disturbed."""
        return [line for row in self.rows for line in self._problems(row)]

    def _problems(self, row: RowResult) -> Iterator[str]:
        for column, bit in np.ndindex(row.written.shape):
            where = f"layer {self.matrix} row {row.row} column {column} bit {bit}"
            wanted, got = int(row.written[column, bit]), int(row.read[column, bit])
            difference, hold = row.differential_V[column, bit], row.hold_V[column, bit]
            if got != wanted:
                yield f"{where}: bitfile {wanted}, read {got}"
            elif difference < SENSE_V:
                yield f"{where}: read with {difference:.3f} V, needs {SENSE_V} V"
            if hold > LEVEL * self.supply_V:
                yield f"{where}: a node is {hold:.3f} V away from its rail"

    def check(self) -> None:
        """CheckError with the first problem if there is one."""
        found = self.problems()
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            raise CheckError(f"programming: {found[0]}{more}; see the bench's deck and waveforms")


def simulate(
    design: Design,
    values: Bits,
    matrix: int,
    row: int,
    *,
    flat: FlatNetlist | None = None,
    shifts: Floats | None = None,
    at: OperatingPoint | None = None,
    bench: Bench | None = None,
    evidence: Path | None = None,
    timeout_s: float = 120.0,
) -> Programming:
    """Write, hold and read back one row of one matrix with ngspice.

    `values` are the latch values of that row, [columns, bits+1], as in a bitfile; fewer columns than the matrix has
    leave the others out. `flat` is the schematic (default) or the extracted netlist, whose wiring is then used;
    `shifts` are threshold shifts per transistor of `flat` in V (flow.chips). `at` is the design's own operating point
    by default. `evidence` gets the deck and the log. InputError if the row does not exist or the values do not fit;
    ToolError if ngspice fails.
    """
    shapes = list(zip(design.layers, design.layers[1:], strict=False))
    if not (0 <= matrix < len(shapes) and 0 <= row < shapes[matrix][0]):
        raise InputError(f"programming: there is no row {row} in layer {matrix}; choose one of {shapes}")
    if not 1 <= len(values) <= shapes[matrix][1] or values.shape[1:] != (design.weights.latches,):
        raise InputError(
            f"programming: values {values.shape} do not fit layer {matrix} of {shapes}; pack the bitfile again"
        )
    flat = design.flat if flat is None else flat
    if shifts is not None and shifts.shape != (len(flat.mos),):
        raise InputError(
            f"programming: {shifts.shape} threshold shifts for {len(flat.mos)} transistors; make them again"
        )
    deck = RowDeck(design, values, matrix, row, flat, shifts, at or design.spec.at, bench or Bench())
    names, waves = run_batch(deck.text, evidence, f"program_{matrix}_{row}", timeout_s)
    if waves[-1, 0] < deck.stop_s * (1 - 1e-9):
        raise ToolError(f"ngspice: programming bench stopped at {waves[-1, 0]:.3e} s of {deck.stop_s:.3e} s")
    return _judge(deck, {name: waves[:, i] for i, name in enumerate(names)})


def _judge(deck: RowDeck, waves: dict[str, Floats]) -> Programming:
    """Bits and margins from the waveforms."""
    time, bench, phase = waves["time"], deck.bench, deck.bench.phase_s
    rows = []
    for index, (row, written) in enumerate(deck.bits.items()):
        opened = (deck.read_from + 2 * index + 0.25) * phase
        # From the end of its own write to the end of the bench, in the middle and at the end of every phase.
        moments = np.arange(2 * index + 1.95, 4 * len(deck.bits) + 1, 0.5) * phase
        moments = moments[(moments < opened) | (moments > opened + 0.6 * phase)]  # its open word line divides voltages
        reading = (time >= opened) & (time <= opened + 0.5 * phase)
        difference, hold, delay = (np.empty(written.shape) for _ in range(3))
        for column, bit in np.ndindex(written.shape):
            true, bar = (f(deck.bank, column, bit) for f in (bit_line, bit_line_bar))
            wave = waves[f"v({true})"] - waves[f"v({bar})"]
            difference[column, bit] = np.interp(opened + bench.sense_s, time, wave)
            right = np.flatnonzero(reading & ((wave if written[column, bit] else -wave) >= SENSE_V))
            delay[column, bit] = time[right[0]] - opened if len(right) else np.inf
            q = weight_net(deck.matrix, row, column, deck.latches[bit])
            high, low = (q, f"{q}_bar") if written[column, bit] else (f"{q}_bar", q)
            drop = deck.supply - np.interp(moments, time, waves[f"v({high})"])
            hold[column, bit] = np.maximum(drop, np.interp(moments, time, waves[f"v({low})"])).max()
        signed = np.where(written, difference, -difference)
        rows.append(RowResult(row, written, difference > 0, signed, delay, hold))
    return Programming(deck.matrix, tuple(rows), deck.supply)
