"""A whole simulated board: a virtual chip of a spec, its control, the firmware's own code, a cable that may be bad."""

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Crossed:
    """Pins of a chip behind lines that may be exchanged; see flow.bench.firmware.wire.Wire."""

    pins: ModelPins
    faults: Faults

    def write(self, byte: int) -> None:
        """The chip's inputs."""
        self.pins.write(_exchanged(byte, self.faults.swapped))

    def read(self) -> int:
        """The chip's outputs."""
        return _exchanged(self.pins.read(), self.faults.swapped_outputs)

    def reset(self) -> None:
        """Pulls rst_n low."""
        self.pins.reset()

    def milliseconds(self) -> int:
        """Of simulated time."""
        return self.pins.milliseconds()


def _exchanged(byte: int, places: tuple[int, int] | None) -> int:
    if places is None:
        return byte
    a, b = places
    differ = (byte >> a ^ byte >> b) & 1
    return byte ^ (differ << a | differ << b)


def simulated_link(spec: Spec, control: Control, seed: int, faults: Faults | None = None, lost: float = 0.0) -> Link:
    """A board with `simulated_pins`; `lost` of all bytes on the way get lost."""
    wire = Wire(simulated_pins(spec, control, seed, faults), f"virtual-{seed}", CLOCK_HZ)
    return Link(Near(wire.line, lost), timeout_s=0.01)


def simulated_pins(spec: Spec, control: Control, seed: int, faults: Faults | None = None) -> Crossed:
    """The chip of that seed with what is planted in it.

    The current into its reference pin is such that TOP_RATIO gives the spec's largest input current.
    """
    planted = faults or Faults()
    analog = AnalogPart(spec, control, seed, highest_A(spec) * 4 / TOP_RATIO, planted)
    stuck = None
    if planted.stuck is not None:
        matrix, row, column, bit, value = planted.stuck
        stuck = (*control.weights.place(WeightBit(matrix, row, column, bit)), value)
    return Crossed(ModelPins(control, analog, stuck), planted)
