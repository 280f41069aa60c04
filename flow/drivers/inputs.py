"""Patterns of a data set as input currents: from pins as they are, from drivers by code."""

from somaforge.flow.chips import VirtualChip
from somaforge.flow.datasets import Dataset
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.drivers.scale import Scale
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import OperatingPoint


def codes_of(scale: Scale, dataset: Dataset, values: Floats) -> Codes:
    """Codes of patterns; the largest value in training has the largest one."""
    return scale.quantised(values / dataset.largest)


def full_code_A(dataset: Dataset, spec: Spec) -> float:  # noqa: N802 (a unit)
    """What the largest code gives where mirrors are nominal."""
    return dataset.largest * dataset.full_scale(spec.input)


def input_currents(
    spec: Spec, made: VirtualChip, dataset: Dataset, values: Floats, at: OperatingPoint | None = None
) -> Floats:
    """Currents [patterns, inputs] in A into one chip's input somas at a point, the spec's if none is given."""
    bank = Bank.of(ArrayEngine(), spec, made, at)
    if bank is None:
        return dataset.to_currents(values, spec.input)
    return bank.currents(codes_of(bank.scale, dataset, values), full_code_A(dataset, spec))
