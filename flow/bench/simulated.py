"""A whole simulated board: a virtual chip of a spec, its control, the firmware's own code, a cable that may be bad."""

from somaforge.flow.bench.analog import AnalogPart, Faults
from somaforge.flow.bench.chip import highest_A
from somaforge.flow.bench.cosim import CLOCK_HZ
from somaforge.flow.bench.firmware.wire import Wire
from somaforge.flow.bench.link import Link
from somaforge.flow.bench.meter import TOP_RATIO
from somaforge.flow.bench.model import ModelPins
from somaforge.flow.bench.streams import Near
from somaforge.generator.address import WeightBit
from somaforge.generator.control import Control
from somaforge.generator.spec import Spec


def simulated_link(spec: Spec, control: Control, seed: int, faults: Faults | None = None, lost: float = 0.0) -> Link:
    """The chip of that seed with what is planted in it; `lost` of all bytes on the way get lost.

    The current into its reference pin is such that TOP_RATIO gives the spec's largest input current.
    """
    planted = faults or Faults()
    analog = AnalogPart(spec, control, seed, highest_A(spec) * 4 / TOP_RATIO, planted)
    stuck = None
    if planted.stuck is not None:
        matrix, row, column, bit, value = planted.stuck
        stuck = (*control.weights.place(WeightBit(matrix, row, column, bit)), value)
    wire = Wire(ModelPins(control, analog, stuck), f"virtual-{seed}", CLOCK_HZ)
    return Link(Near(wire.line, lost), timeout_s=0.01)
