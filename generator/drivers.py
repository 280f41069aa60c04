"""The drivers: one more matrix before the input somas, which makes input currents from codes (docs/drivers.md).

Its rows are reference somas, fed by the bias; its columns are the inputs; its weights are the pattern, positive codes.
It is an array of the same cells with a port of its own, without anything behind its columns: their sums are its outputs
and go to the input somas of the array.
"""

from somaforge.generator import design
from somaforge.generator.names import DRIVERS
from somaforge.generator.spec import Spec


def drivers_spec(spec: Spec) -> Spec:
    """Of the block of drivers: ValueError without them."""
    if spec.chip is None or spec.chip.drivers is None:
        raise ValueError(f"{spec.name} has no drivers")
    layers = (spec.chip.drivers.rows(spec.array.bits), spec.array.layers[0])
    alone = spec.chip.model_copy(update={"drivers": None})
    array = spec.array.model_copy(update={"layers": layers, "port": "scan"})
    return spec.model_copy(update={"name": f"{spec.name}_{DRIVERS}", "array": array, "chip": alone})


def build(spec: Spec) -> design.Design:
    """The drivers of a spec that has them; generator.layout.draw draws them."""
    return design.build(drivers_spec(spec), drives=True)
