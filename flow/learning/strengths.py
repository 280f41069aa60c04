"""Strength of every bit of every synapse, as a tester can measure it: weights and input currents set, outputs read.

Weights are written for a bit and a group of columns, as many as there are paths to outputs, in all rows at once. Then
one row after the other gets a known current through a chain of somas before it (their synapses were measured before:
matrices go in order), and nothing has to be written in between. A column's current goes on through a fixed fan of
somas and codes to an output. How it bends currents is measured (flow/learning/fan_laws.py). What scale it has is
common to the column, and it cancels: the same error, inverted, enters when the column's soma is the known current of
the next matrix. A negative strength is what a bit
takes away from a helper, a row that stays on; half of the rows in one programming, the other half in another.

What every reading is worth is known (flow/learning/tester.py). A strength is drawn towards the mean of its kind, which
is what the model says without it, as far as its error is larger than the spread of that kind; below three errors of
the reading it is named as weak.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.base import Engine, Program, ProgrammedChip
from somaforge.flow.learning import driver_codes, fan_laws
from somaforge.flow.learning.calibration import Calibration, Strengths
from somaforge.flow.learning.fans import Fan, Group, Ints, Law, chain, groups, row_input
from somaforge.flow.learning.tester import SURE, Bench
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

Bools = npt.NDArray[np.bool_]
TAKEN = 0.3
"""Input current of a row with a negative weight over that of its helper, which has the same bit: the column then
carries about what it carries for the positive bit, and a fan's own law, not quite the calibration's, cancels."""
QUIET = 4
"""Readings of what a column carries without the asked row; the error of their mean is common to all rows."""
VISIBLE = 0.5
"""Part of the model's strength that must be above the noise before a synapse without any current is called dead."""
TOGETHER = 2000
"""Patterns in one call of the engine, whole programmings."""
Weak = tuple[int, int, int, int, int]
"""(matrix, row, column, bit, sign) of a bit whose current is not above the noise."""


@dataclass(frozen=True)
class Measured:
    """Calibration with the strength of all synapses, and what it took."""

    calibration: Calibration
    weak: tuple[Weak, ...]
    patterns: int
    seconds: float
    """Time that the engine took."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """One programming: one bit of the synapses from `rows` to a group of columns."""

    group: Group
    bit: int
    rows: Ints
    helper: int | None
    """Row that is pulled down; None for positive strengths."""
    taken: float = TAKEN
    """What can be set of it."""

    @property
    def share(self) -> float:
        """Input current of the rows that are asked, relative to the helper's."""
        return 1.0 if self.helper is None else self.taken

    @property
    def patterns(self) -> int:
        """First QUIET without any of the rows, then one for each."""
        return QUIET + len(self.rows)


@dataclass(frozen=True, eq=False)
class _Found:
    """Strengths [bits, rows, columns] and their standard deviations."""

    value: Floats
    error: Floats

    @classmethod
    def nothing(cls, shape: tuple[int, ...]) -> "_Found":
        return cls(np.full(shape, np.nan), np.zeros(shape))

    def settled(self) -> Floats:
        """Drawn towards the mean of each bit as far as the readings do not know better; 1 where none was made."""
        best = np.ones_like(self.value)
        for b, (value, error) in enumerate(zip(self.value, self.error, strict=True)):
            made = np.isfinite(value)
            if made.any():
                here, noise = value[made], error[made] ** 2
                trust = 1 / np.maximum(noise, np.finfo(float).tiny)
                mean = float((trust * here).sum() / trust.sum()) if noise.min() > 0 else float(here.mean())
                apart = (here - mean) ** 2 - noise
                spread = max(float((trust * apart).sum() / trust.sum() if noise.min() > 0 else apart.mean()), 0.0)
                share = np.divide(spread, spread + noise, out=np.ones_like(noise), where=spread + noise > 0)
                best[b][made] = mean + share * (here - mean)
        return np.maximum(best, 0.0)

    @property
    def weak(self) -> Bools:
        """Where nothing is seen above the noise: [bits, rows, columns]."""
        found: Bools = self.value <= SURE * self.error
        return found


def measure(
    engine: Engine,
    chip: ProgrammedChip,
    calibration: Calibration,
    full_scale_A: float,
    progress: Callable[[int, int], None] | None = None,
) -> Measured:
    """`calibration` (slopes, codes, exponent) with exponents, the drivers' codes and strengths; `chip`'s own weights do
    not matter.

    CheckError that names a synapse of which no bit carries anything. ToolError from the engine.
    """
    bench = Bench.of(engine)
    layers, bits = chip.design.layers, chip.design.weights.bits
    before = bench.patterns
    bends = fan_laws.measure(bench, chip, calibration, full_scale_A)
    known = replace(calibration, positive=(), negative=(), exponents=bends.exponents)
    known = driver_codes.measure(bench, chip, known, full_scale_A)  # what follows needs the codes
    positive: list[Floats] = []
    negative: list[Floats] = []
    weak: list[Weak] = []
    seconds = bends.seconds
    for m, (rows, columns) in enumerate(pairwise(layers)):
        stage = _Stage(bench, chip, known, positive, bends.ways[m], full_scale_A)
        for sign, matrices in ((1, positive), (-1, negative)):
            found = _Found.nothing((bits, rows, columns))
            asked = list(stage.positive() if sign > 0 else stage.negative(positive[m]))
            while asked:
                some = [asked.pop(0)]
                while asked and sum(a.patterns for a in some) + asked[0].patterns <= TOGETHER:
                    some.append(asked.pop(0))
                seconds += stage.ask(some, found)
                if progress is not None:
                    progress(m, len(asked))
            if sign > 0:
                _refuse_dead(m, found)
            weak += [(m, int(r), int(c), int(b), sign) for b, r, c in zip(*found.weak.nonzero(), strict=True)]
            matrices.append(found.settled())
    whole = replace(known, positive=_rounded(positive), negative=_rounded(negative))
    return Measured(whole, tuple(weak), bench.patterns - before, seconds)


def _refuse_dead(matrix: int, found: _Found) -> None:
    """CheckError if no bit of a synapse carries anything although the noise would let it be seen."""
    dead = (found.weak & (SURE * found.error < VISIBLE)).all(axis=0)
    if dead.any():
        row, column = np.argwhere(dead)[0]
        raise CheckError(
            f"characterization: nothing comes through the synapse of matrix {matrix}, row {row}, column {column}"
            f" ({int(dead.sum())} of {dead.size} in that matrix); the chip is dead there"
        )


def _rounded(matrices: list[Floats]) -> Strengths:
    """Four decimals: a tester's resolution, and small files."""
    return tuple(
        tuple(tuple(tuple(round(float(v), 4) for v in row) for row in bit) for bit in matrix) for matrix in matrices
    )


class _Stage:
    """Programmings and patterns for one matrix, and what their readings say."""

    def __init__(
        self,
        bench: Bench,
        chip: ProgrammedChip,
        calibration: Calibration,
        before: list[Floats],
        way: Floats,
        highest_A: float,
    ) -> None:
        self._bench, self._chip, self._known, self._before = bench, chip, calibration, list(before)
        self._layers, self._matrix = chip.design.layers, len(before)
        self._full, self._bits = chip.design.weights.full_scale, chip.design.weights.bits
        self._whole = [np.einsum("brc,b->rc", s, 2.0 ** np.arange(self._bits)) / self._full for s in before]
        self._reference = max(calibration.levels_A, default=1.0)
        self._input = bench.settable(row_input(calibration, self._full, self._matrix, highest_A))
        middle = self._handed(0, 1.0) * calibration.code_gain[2 ** (self._bits // 2)]
        self._fan = Fan(self._layers, self._matrix, calibration, self._full, Law(way, middle))

    def positive(self) -> Iterator[_Asked]:
        """Every bit of every group."""
        for group in groups(self._layers, self._matrix):
            for bit in range(self._bits):
                yield _Asked(group, bit, group.new, None)

    def negative(self, positive: Floats) -> Iterator[_Asked]:
        """The same in two halves; a layer of one soma has no second path, and the strength stays the mean one."""
        for group in groups(self._layers, self._matrix):
            for bit in range(self._bits):
                for rows in np.array_split(group.new, 2):
                    others = np.setdiff1d(group.rows, rows)
                    if len(rows) and len(others):
                        least = positive[bit][others, group.columns].min(axis=1)
                        yield _Asked(group, bit, rows, int(others[least.argmax()]), self._bench.nearest(TAKEN))

    def ask(self, asked: list[_Asked], found: _Found) -> float:
        """Puts what these programmings say into `found`; the engine's seconds."""
        programs = [p for a in asked for p in [self._program(a)] * a.patterns]
        result = self._bench.dc(self._chip, np.concatenate([self._inputs(a) for a in asked]), programs)
        start = 0
        for a in asked:
            read = result.outputs[start : start + a.patterns, self._fan.outputs(a.group)]
            place = a.bit, a.rows, a.group.columns
            found.value[place], found.error[place] = self._say(a, read)
            start += a.patterns
        return result.effort.seconds

    def _program(self, asked: _Asked) -> Program:
        program = tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(self._layers))
        sign = 1 if asked.helper is None else -1
        program[self._matrix][asked.rows, asked.group.columns] = sign * 2**asked.bit
        driven = [*asked.rows.tolist()]
        if asked.helper is not None:
            program[self._matrix][asked.helper, asked.group.columns] = 2**asked.bit
            driven.append(asked.helper)
        for row in driven:
            for k, (a, b) in enumerate(pairwise(chain(self._layers, self._matrix, row))):
                program[k][a, b] = self._full
        self._fan.write(program, asked.group)
        return program

    def _inputs(self, asked: _Asked) -> Floats:
        inputs = np.zeros((asked.patterns, self._layers[0]))
        if asked.helper is not None:
            inputs[:, chain(self._layers, self._matrix, asked.helper)[0]] = self._input
        for k, row in enumerate(asked.rows.tolist()):
            inputs[QUIET + k, chain(self._layers, self._matrix, row)[0]] = self._input * asked.share
        return inputs

    def _say(self, asked: _Asked, read: Floats) -> tuple[Floats, Floats]:
        """Strengths [rows, columns] and their errors from readings [patterns, columns]."""
        error = self._bench.error(read)
        quiet, unsure = read[:QUIET].mean(axis=0), error[:QUIET].mean(axis=0) / np.sqrt(QUIET)
        base, base_error = self._back(asked, quiet, unsure)
        row, row_error = self._back(asked, read[QUIET:], error[QUIET:])
        if asked.helper is None:
            self._bench.saw(read[QUIET:])
        difference = row - base if asked.helper is None else base - row
        asks = self._known.code_gain[2**asked.bit] * (
            1.0 if asked.helper is None else self._known.negative_strength[self._matrix]
        )
        nominal = np.array([self._handed(r, asked.share) for r in asked.rows.tolist()])[:, None] * asks
        return difference / nominal, np.sqrt(row_error**2 + base_error**2) / nominal

    def _back(self, asked: _Asked, read: Floats, error: Floats) -> tuple[Floats, Floats]:
        """Currents into the columns in reference currents if the fan were nominal, and their errors."""

        def into(currents: Floats) -> Floats:
            return self._fan.back(asked.group, np.maximum(currents, 0.0) / self._reference)

        return into(read), (into(read + error) - into(read - error)) / 2

    def _handed(self, row: int, share: float) -> float:
        """What that row's soma hands to one unit weight, in reference currents."""
        somas = chain(self._layers, self._matrix, row)
        x = self._input * self._bench.given(self._known, somas[0], share) / self._reference
        for k, (a, b) in enumerate(pairwise(somas)):
            weight = self._known.code_gain[self._full] * self._whole[k][a, b]
            x = weight * self._hop(k, a, x)
        return self._hop(self._matrix, row, x)

    def _hop(self, layer: int, soma: int, x: float) -> float:
        """What that soma hands to one unit weight."""
        return float(self._known.slopes[layer][soma] * x ** self._known.exponents_of(layer)[soma])
