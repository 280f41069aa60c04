"""What a tester is asked at a time: weights to write, input currents to set, output currents to read."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.generator.design import Design
from somaforge.pdk.arrays import Floats

DIGITS = 6
"""Significant digits of input currents in a plan: no source is set more exactly."""


def rounded(currents: Floats) -> Floats:
    """As they are written in a plan."""
    found: Floats = np.array([float(f"{value:.{DIGITS}g}") for value in currents.flat]).reshape(currents.shape)
    return found


@dataclass(frozen=True, eq=False)
class Round:
    """Patterns that need no reading of each other."""

    design: Design
    programs: tuple[Program, ...]
    """Different ones, in the order in which they are written."""
    weights: tuple[int, ...]
    """[patterns]: index of each pattern's program."""
    inputs: Floats
    """[patterns, inputs] in A."""

    @classmethod
    def of(cls, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None) -> "Round":
        """What `Engine.dc` is asked."""
        whole = [chip.codes] * len(inputs) if programs is None else programs
        found: dict[bytes, tuple[int, Program]] = {}
        weights = tuple(found.setdefault(_bytes(p), (len(found), p))[0] for p in whole)
        return cls(chip.design, tuple(p for _, p in found.values()), weights, rounded(inputs))

    @property
    def outputs(self) -> int:
        """Currents that are read in each pattern."""
        return self.design.layers[-1]

    @property
    def patterns(self) -> int:
        """How many."""
        return len(self.inputs)

    def behind(self, pattern: int, output: int) -> tuple[object, ...]:
        """What an output's current comes from: weights and inputs with a way to it, which other patterns may have, too;
        everything where there is none."""
        reached, found = np.array([output]), list[object]()
        for matrix in reversed(self.programs[self.weights[pattern]]):
            rows, columns = np.nonzero(matrix[:, reached])
            codes = matrix[rows, reached[columns]]
            found.append(tuple(zip(rows.tolist(), reached[columns].tolist(), codes.tolist(), strict=True)))
            reached = np.unique(rows)
        found.append(tuple(zip(reached.tolist(), self.inputs[pattern, reached].tolist(), strict=True)))
        whole = (self.weights[pattern], tuple(self.inputs[pattern].tolist()))
        return (output, *(found if len(reached) else whole))

    @cached_property
    def digest(self) -> str:
        """16 hex digits that a table of readings names: of the silicon, all weights and all input currents."""
        sums = [hashlib.sha256(_bytes(p)).hexdigest() for p in self.programs]
        content = [self.design.hash, sums, self.weights, [[f"{v:.{DIGITS}g}" for v in row] for row in self.inputs]]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def _bytes(program: Program) -> bytes:
    return b"|".join(np.ascontiguousarray(m, dtype=np.int64).tobytes() for m in program)
