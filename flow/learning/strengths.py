"""Strength of every bit of every synapse, as a tester can measure it: weights and input currents set, outputs read.

One bit of one synapse at a time is asked in each column, as many columns at once as there are paths to outputs. Row i
of matrix m gets a known current through a chain of somas before it (their synapses were measured before: matrices go in
order); its column's current goes on through a fixed chain of somas and codes to an output. What the fixed chain does
wrong is common to the column, and it cancels: the same error, inverted, enters when the column's soma is the known
current of the next matrix. A negative strength is what a bit takes away from the same bit of a positive synapse.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from somaforge.flow.engines.base import Engine, Floats, Program, ProgrammedChip
from somaforge.flow.learning.calibration import Calibration, Strengths
from somaforge.pdk.errors import CheckError

LEVEL = 0.5
"""Current into the row of the asked synapse over the largest in use: what rows carry in a network at work."""
TAKEN = 0.3
"""Current of a row with a negative weight over that of the row from which it takes."""
TOGETHER = 300
"""Patterns, each with its own weights, in one call of the engine: 60 MB of codes for 25,100 synapses."""


@dataclass(frozen=True)
class Measured:
    """Calibration with the strength of all synapses, and what it took."""

    calibration: Calibration
    patterns: int
    seconds: float
    """Time that the engine took."""


@dataclass(frozen=True)
class _Question:
    """One pattern: one bit of the synapses from row `row` to the columns of a group."""

    row: int
    columns: slice
    bit: int
    helper: int | None
    """Row that is pulled down; None for a positive strength."""


def measure(
    engine: Engine,
    chip: ProgrammedChip,
    calibration: Calibration,
    full_scale_A: float,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """`calibration` (slopes, codes, exponent) with strengths; `chip`'s own weights do not matter.

    CheckError if a synapse at full weight carries nothing. ToolError from the engine.
    """
    layers = chip.design.layers
    known = replace(calibration, positive=(), negative=())
    bits = chip.design.weights.bits
    total = sum(
        2 * bits * rows * -(-columns // min(layers[m + 1 :])) for m, (rows, columns) in enumerate(pairwise(layers))
    )
    positive: list[Floats] = []
    negative: list[Floats] = []
    done, seconds = 0, 0.0
    for m, (rows, columns) in enumerate(pairwise(layers)):
        both = []
        for sign in (1, -1):
            bench = _Bench(chip, known, positive, m, LEVEL * full_scale_A)
            questions = list(bench.questions(sign))
            found = np.ones((bits, rows, columns))
            for start in range(0, len(questions), TOGETHER):
                some = questions[start : start + TOGETHER]
                inputs, programs = zip(*(bench.pattern(q) for q in some), strict=True)
                result = engine.dc(chip, np.array(inputs), list(programs))
                seconds += result.effort.seconds
                for q, read in zip(some, result.outputs, strict=True):
                    found[q.bit, q.row, q.columns] = bench.strength(q, read)
                done += len(some)
                if progress is not None:
                    progress(done, total)
            if sign > 0:
                if not np.all(found > 0):
                    raise CheckError(f"characterization: a bit of matrix {m} carries no current; the chip is dead")
                positive.append(found)
            both.append(found)
        negative.append(np.maximum(both[1], 0.0))
    whole = replace(calibration, positive=_rounded(positive), negative=_rounded(negative))
    return Measured(whole, done, seconds)


def _rounded(matrices: list[Floats]) -> Strengths:
    """Four decimals: a tester's resolution, and small files."""
    return tuple(
        tuple(tuple(tuple(round(float(v), 4) for v in row) for row in bit) for bit in matrix) for matrix in matrices
    )


class _Bench:
    """Patterns for one matrix, and what their outputs say."""

    def __init__(
        self, chip: ProgrammedChip, calibration: Calibration, before: list[Floats], matrix: int, level_A: float
    ) -> None:
        self._layers, self._known, self._before, self._matrix = chip.design.layers, calibration, before, matrix
        self._full, self._bits = chip.design.weights.full_scale, chip.design.weights.bits
        self._whole = [np.einsum("brc,b->rc", s, 2.0 ** np.arange(self._bits)) / self._full for s in before]
        self._after = (self._full + 1) // 2  # hands on about as much as it gets
        self._level = level_A
        self._reference = max(calibration.levels_A, default=1.0)
        self._paths = min(self._layers[matrix + 1 :])
        gain = calibration.code_gain[self._full]
        typical = float(np.mean(np.concatenate([np.asarray(s) for s in calibration.slopes])))
        self._input = level_A / max(typical * gain, 1.0) ** matrix

    def questions(self, sign: int) -> Iterator[_Question]:
        """Every row against every group of columns."""
        rows, columns = self._layers[self._matrix], self._layers[self._matrix + 1]
        for row in range(rows):
            helper = None if sign > 0 else self._helper(row)
            if sign < 0 and helper is None:
                continue  # a layer of one soma has no second path: the strength stays the mean one
            for start in range(0, columns, self._paths):
                for bit in range(self._bits):
                    yield _Question(row, slice(start, min(start + self._paths, columns)), bit, helper)

    def pattern(self, question: _Question) -> tuple[Floats, Program]:
        """Input currents [inputs] in A and the weights."""
        m, layers = self._matrix, self._layers
        program = tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(layers))
        inputs = np.zeros(layers[0])
        sources = [(question.row, 1.0 if question.helper is None else TAKEN)]
        if question.helper is not None:
            sources.append((question.helper, 1.0))
        for row, share in sources:
            chain = self._chain(row)
            inputs[chain[0]] = self._input * share
            for k, (a, b) in enumerate(pairwise(chain)):
                program[k][a, b] = self._full
        asked = 2**question.bit
        program[m][question.row, question.columns] = asked if question.helper is None else -asked
        if question.helper is not None:
            program[m][question.helper, question.columns] = asked
        for p, column in enumerate(range(question.columns.start, question.columns.stop)):
            for k in range(m + 1, len(layers) - 1):
                program[k][column if k == m + 1 else p, p] = self._after
        return inputs, program

    def strength(self, question: _Question, outputs: Floats) -> Floats:
        """Strengths of the asked synapses from all output currents in A."""
        m, gain = self._matrix, self._known.code_gain
        found, asked = self._back(question, outputs), gain[2**question.bit]
        if question.helper is None:
            strength: Floats = found / (self._handed(question.row, 1.0) * asked)
            return strength
        there = (
            self._handed(question.helper, 1.0)
            * asked
            * self._before[m][question.bit, question.helper, question.columns]
        )
        nominal = self._handed(question.row, TAKEN) * asked * self._known.negative_strength[m]
        taken: Floats = (there - found) / nominal
        return taken

    def _helper(self, row: int) -> int | None:
        """Another row whose chain shares no soma with the row's."""
        mine = self._chain(row)
        for step in range(1, self._layers[self._matrix]):
            other = (row + step) % self._layers[self._matrix]
            if all(a != b for a, b in zip(mine, self._chain(other), strict=True)):
                return other
        return None

    def _chain(self, row: int) -> list[int]:
        """The somas from an input to that row."""
        return [row % size for size in self._layers[: self._matrix + 1]]

    def _handed(self, row: int, share: float) -> float:
        """What that row's soma hands to one unit weight, in reference currents."""
        chain = self._chain(row)
        x = np.array(self._input * share / self._reference)
        for k, (a, b) in enumerate(pairwise(chain)):
            weight = self._known.code_gain[self._full] * self._whole[k][a, b]
            x = weight * self._known.slopes[k][a] * self._known.bent(x)
        return float(self._known.slopes[self._matrix][row] * self._known.bent(x))

    def _back(self, question: _Question, outputs: Floats) -> Floats:
        """Currents into the question's columns, in reference currents, if the fixed chain were nominal."""
        known, last = self._known, len(self._layers) - 1
        columns = np.arange(question.columns.start, question.columns.stop)
        places = np.arange(len(columns))
        x = np.maximum(outputs[places if self._matrix + 1 < last else columns], 0.0) / self._reference
        for layer in range(last, self._matrix, -1):
            somas = columns if layer == self._matrix + 1 else places
            weight = 1.0 if layer == last else known.code_gain[self._after]
            x = known.unbent(x / (weight * np.asarray(known.slopes[layer])[somas]))
        return x
