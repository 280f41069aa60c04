"""Frames of a microcontroller as levels at the chip's pins, clock by clock: what a simulation of transistors is given.

The same words as the Verilog bench's (flow.control.simulation.Script) at the same pace; pins change at the clock's
falling edges.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from somaforge.generator.control import NIBBLES, PORT, Frame, bits_of

PINS = ("rst_n", "cs_n", "sck", "mosi", *(f"nibble_{k}" for k in range(4)))
"""Those that change, beside the clock."""
RESET_CLOCKS, AWAKE_CLOCKS = 2, 8
"""rst_n low at the start, and until the first frame may come."""
BETWEEN_CLOCKS = 12
"""Between two frames (docs/control.md)."""


@dataclass
class PinScript:
    """Levels of PINS from the power-up on."""

    per_half_bit: int = 2
    """Clocks of half a bit: `clk` / 4, the fastest at which nothing is read."""
    changes: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    """Pin -> (clock, level) from that clock's falling edge on, the first at clock 0."""
    clocks: int = 0
    """That went by."""

    def __post_init__(self) -> None:
        """Reset, and then nothing is sent."""
        for pin in PINS:
            self.changes[pin] = [(0, pin == "cs_n")]
        self.wait(RESET_CLOCKS)
        self.set_pin("rst_n", True)
        self.wait(AWAKE_CLOCKS)

    def wait(self, clocks: int) -> None:
        """Nothing for that long."""
        self.clocks += clocks

    def send(self, frames: Iterable[Frame]) -> None:
        """Frames one behind the other."""
        for frame in frames:
            self.set_pin("cs_n", False)
            self.wait(self.per_half_bit)
            nibbles = frame.command & PORT and frame.command & NIBBLES
            for bit in bits_of(frame.command, 8):
                self._bit(bit, 0)
            for value in frame.payload:
                self._bit(*((0, value) if nibbles else (value, 0)))
            self.wait(self.per_half_bit)
            self.set_pin("cs_n", True)
            self.wait(BETWEEN_CLOCKS)

    def _bit(self, mosi: int, nibble: int) -> None:
        self.set_pin("mosi", bool(mosi))
        for k in range(4):
            self.set_pin(f"nibble_{k}", bool(nibble >> k & 1))
        self.wait(self.per_half_bit)
        self.set_pin("sck", True)
        self.wait(self.per_half_bit)
        self.set_pin("sck", False)

    def set_pin(self, pin: str, level: bool) -> None:
        """A pin from here on."""
        if self.changes[pin][-1][1] != level:
            self.changes[pin].append((self.clocks, level))
