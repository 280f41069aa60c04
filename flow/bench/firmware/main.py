"""Firmware for the Tiny Tapeout demo board (RP2040, RP2350) with the MicroPython SDK that is on it.

Copy `main.py` and `wire.py` onto the board; say below what the project is called on its shuttle. docs/bench.md has the
jumpers and the current into `ua`.
"""

import sys
import time

from ttboard.demoboard import DemoBoard  # type: ignore[import-not-found]
from wire import Wire  # type: ignore[import-not-found]

PROJECT = "tt_um_somaforge"
CLOCK_HZ = 20_000_000


class Pins:
    """The chip's pins, by the SDK."""

    def __init__(self) -> None:
        """Selects the project, starts its clock, resets it."""
        self.board = DemoBoard.get()
        self.board.shuttle.get(PROJECT).enable()
        self.board.clock_project_PWM(CLOCK_HZ)
        self.reset()

    def write(self, byte: int) -> None:
        """Sets all eight inputs."""
        self.board.ui_in.value = byte

    def read(self) -> int:
        """All eight outputs."""
        return int(self.board.uo_out.value)

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
    return Wire(Pins(), "tiny-tapeout", CLOCK_HZ)


def serve() -> None:
    """Answers lines from USB until it is unplugged."""
    answers = wire()
    while True:
        line = sys.stdin.readline()
        if line:
            sys.stdout.write(answers.line(line) + "\n")


if __name__ == "__main__":
    serve()
