"""Patterns of a data set as input currents: from pins as they are, from drivers by code."""

from dataclasses import dataclass

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.datasets import Dataset
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.drivers.scale import Scale
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import OperatingPoint

SAMPLE = 200_000
"""Training values that the choice of the largest one looks at."""
TOPS = 64
"""Candidates for it."""


@dataclass(frozen=True)
class Encoder:
    """From values to codes."""

    scale: Scale
    top: float
    """The value that the largest code stands for; larger ones are cut to it."""

    @classmethod
    def of(cls, scale: Scale, dataset: Dataset) -> "Encoder":
        """For a data set: rounding and cutting together lose the least in training, by squares. Rare values that are
        large (MNIST: 0.54, where 99.9 % are below 0.22) would leave most of the codes unused."""
        values = dataset.train_x.ravel()
        values = values[:: max(1, len(values) // SAMPLE)]
        tops = float(dataset.train_x.max()) * np.arange(1, TOPS + 1) / TOPS
        lost = [np.square(top * scale.quantised(values / top) / scale.full - values).mean() for top in tops]
        return cls(scale, float(tops[int(np.argmin(lost))]))

    def codes(self, values: Floats) -> Codes:
        """Of patterns."""
        return self.scale.quantised(values / self.top)

    def full_A(self, dataset: Dataset, spec: Spec) -> float:  # noqa: N802 (a unit)
        """What the largest code gives where mirrors are nominal."""
        return self.top * dataset.full_scale(spec.input)


def input_currents(
    spec: Spec, made: VirtualChip, dataset: Dataset, values: Floats, at: OperatingPoint | None = None
) -> Floats:
    """Currents [patterns, inputs] in A into one chip's input somas at a point, the spec's if none is given."""
    bank = Bank.of(ArrayEngine(), spec, made, at)
    if bank is None:
        return dataset.to_currents(values, spec.input)
    encoder = Encoder.of(bank.scale, dataset)
    return bank.currents(encoder.codes(values), encoder.full_A(dataset, spec))
