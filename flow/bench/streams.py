"""Ways to a board: a serial line, or one in this process."""

import contextlib
import random
import termios
from collections.abc import Callable
from dataclasses import dataclass, field

import serial

from somaforge.pdk.errors import ToolError


class SerialLine:
    """A board on a serial line (USB or pseudo-terminal)."""

    def __init__(self, port: str) -> None:
        """Opens it; ToolError if it is not there or taken."""
        try:
            self._line = serial.Serial(port, 115200, timeout=0, write_timeout=5, exclusive=True)
        except (OSError, serial.SerialException) as error:
            raise ToolError(f"board: cannot open {port} ({error}); is it plugged in, and yours to open?") from None
        with contextlib.suppress(termios.error):  # of a cable that is gone already; the first write says so
            self._line.reset_input_buffer()

    def write(self, data: bytes) -> None:
        """Send; OSError if the cable is gone."""
        try:
            self._line.write(data)
            self._line.flush()
        except termios.error as error:  # flush's, and no OSError
            raise OSError(*error.args) from None

    def read_line(self, timeout_s: float) -> bytes:
        """Up to the end of a line; OSError if the cable is gone."""
        self._line.timeout = timeout_s
        return bytes(self._line.readline())

    def close(self) -> None:
        """Let go of it."""
        self._line.close()


@dataclass
class Near:
    """A board in this process: `answers` gives the answer to a line. `lost` of all bytes get lost on the way."""

    answers: Callable[[str], str]
    lost: float = 0.0
    _chance: random.Random = field(default_factory=lambda: random.Random(1), repr=False)
    _back: bytes = b""

    def write(self, data: bytes) -> None:
        """What arrives as a whole line is answered at once."""
        heard = self._through(data)
        if heard.endswith(b"\n"):
            answer = self.answers(heard.decode("ascii", "replace").strip()) + "\n"
            self._back += self._through(answer.encode())

    def read_line(self, timeout_s: float) -> bytes:
        """What is there; nothing more will come."""
        line, end, self._back = self._back.partition(b"\n")
        return line + end

    def _through(self, data: bytes) -> bytes:
        if self.lost == 0:
            return data
        return bytes(byte for byte in data if self._chance.random() >= self.lost)
