"""Firmware for the Tiny Tapeout demo board (RP2040, RP2350) with the MicroPython SDK that is on it.

Copy `main.py` and `wire.py` onto the board; say below what the project is called on its shuttle. docs/bench.md has the
jumpers and the current into `ua`.
"""

import sys
import time

from ttboard.demoboard import DemoBoard  # type: ignore[import-not-found]
from ttboard.mode import RPMode  # type: ignore[import-not-found]
from wire import Wire  # type: ignore[import-not-found]

PROJECT = "tt_um_somaforge"
CLOCK_HZ = 20_000_000
"""Wanted; a PWM divides what the microcontroller has, and `hello` says what came of it."""


class Pins:
    """The chip's pins, by the SDK (from 2.0 on)."""

    def __init__(self) -> None:
        """Selects the project, starts its clock, resets it."""
        self.board = DemoBoard.get()
        if self.board.mode != RPMode.ASIC_RP_CONTROL:  # in any other the SDK does not drive the inputs
            self.board.clock_project_stop()
            self.board.mode = RPMode.ASIC_RP_CONTROL
        self.board.shuttle.get(PROJECT).enable()
        self.board.clock_project_PWM(CLOCK_HZ)
        # the ports' own functions: `.value` makes an object of eight bits at every look
        self.write, self.read = self.board.ui_in.byte_write, self.board.uo_out.byte_read
        self.reset()

    def reset(self) -> None:
        """Pulls rst_n low for a millisecond."""
        self.board.reset_project(True)
        time.sleep_ms(1)  # type: ignore[attr-defined]
        self.board.reset_project(False)

    def milliseconds(self) -> int:
        """A clock that only runs forward within a measurement."""
        return int(time.ticks_ms())  # type: ignore[attr-defined]


def wire() -> Wire:
    """What answers lines, on this board."""
    pins = Pins()
    return Wire(pins, "tiny-tapeout", int(pins.board.auto_clocking_freq))


def serve() -> None:
    """Answers lines from USB until it is unplugged."""
    answers = wire()
    while True:
        line = sys.stdin.readline()
        if line:
            sys.stdout.write(answers.line(line) + "\n")


if __name__ == "__main__":
    serve()
