"""A virtual chip on the table: measured, trained for, programmed and tested as a real one would be."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.datasets import Dataset
from somaforge.flow.engines.base import Engine, Program, ProgrammedChip
from somaforge.flow.engines.named import named
from somaforge.flow.learning import measuring
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.minibatch import train_for
from somaforge.flow.learning.tester import Bench
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.measure.evaluate import Evaluation, evaluate, pad_inputs
from somaforge.flow.memory import bitfile
from somaforge.flow.steps.chip import Job, Use, programmed
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError


@dataclass(frozen=True, eq=False)
class Chip:
    """One fabricated device; made by `Project.chip`."""

    spec: Spec
    seed: int
    data: Dataset
    extracted: Mapping[str, Path]
    """Folders of the steps that say what the layout adds; empty: the schematic."""

    @cached_property
    def design(self) -> Design:
        """That of its spec."""
        return build(self.spec)

    @cached_property
    def engine(self) -> Engine:
        """What simulates it."""
        return named(self.spec).make(None)

    @property
    def full_scale_A(self) -> float:  # noqa: N802 (a unit)
        """Input current of a feature with the value 1."""
        return self.data.full_scale(self.spec.input)

    def characterize(self) -> Calibration:
        """What step characterize measures with this spec, from inputs and outputs only."""
        bench = Bench.named(self.spec, self.engine, self.seed)
        highest = measuring.highest_A(self.spec, self.data)
        return measuring.measure(self.spec, bench, self._at_rest, highest).calibration

    def train(self, calibration: Calibration | None = None) -> Program:
        """Codes of the network that the spec's recipe finds for this chip; it is characterized if nobody did."""
        chip = self.characterize() if calibration is None else calibration
        return train_for(self.spec, self.data, chip).codes

    def program(self, codes: Program) -> bytes:
        """The bitfile of these codes; InputError if they are not those of the array."""
        return bitfile.pack(codes, self.design)

    def outputs(self, codes: Program, patterns: Floats) -> Floats:
        """Output currents at rest [patterns, classes] in A, for patterns [patterns, inputs] from 0 to 1."""
        x = np.asarray(patterns, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.spec.network.layers[0]:
            raise InputError(f"patterns: {x.shape}, the network takes [patterns, {self.spec.network.layers[0]}]")
        chip = replace(self._at_rest, codes=codes)
        inputs = pad_inputs(chip, self.data.to_currents(x, self.spec.input))
        return self.engine.dc(chip, inputs).outputs[:, : self.spec.network.layers[-1]]

    def accuracy(self, codes: Program) -> float:
        """Share of the test patterns with the right winner, at rest."""
        found = self.outputs(codes, self.data.test_x).argmax(axis=1)
        return float(np.mean(found == self.data.test_y))

    def evaluate(self, codes: Program, patterns: int | None = None) -> Evaluation:
        """The first test patterns in time, one behind the other: accuracy, speed and energy."""
        few = slice(patterns)
        return evaluate(
            self.engine,
            replace(self._chip("time"), codes=codes),
            self.data.to_currents(self.data.test_x[few], self.spec.input),
            self.data.test_y[few],
            self.spec.evaluation.pattern_time_s,
            self.spec.network.layers[-1],
        )

    @cached_property
    def _at_rest(self) -> ProgrammedChip:
        return self._chip("rest")

    def _chip(self, use: Use) -> ProgrammedChip:
        if not self.extracted:
            return self._schematic
        return programmed(Job(self.spec, self.seed, Inputs(self.extracted, {})), use=use)

    @cached_property
    def _schematic(self) -> ProgrammedChip:
        flat = self.design.flat if named(self.spec).in_full else self.design.flat_without_memory
        return VirtualChip.of(self.spec.chips, self.seed).programmed(self.design, flat)
