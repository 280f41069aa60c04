"""Pins of a chip that is simulated: its control in Verilog, and whoever plays the analog part (flow.bench.analog).

Icarus Verilog runs beside this process and reads what the pins do, line by line; when a decision or a measurement
begins, it asks over a pipe of its own how it will end.
"""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from somaforge.flow.bench.firmware.wire import CLASS
from somaforge.flow.control.simulation import HALF_PERIOD_NS, View, sources
from somaforge.flow.machinery import icarus
from somaforge.generator.control import Control
from somaforge.pdk.errors import ToolError
from somaforge.pdk.tool import dying_with_us

Word = tuple[int | None, ...]
"""Place 0 first; None where nothing was ever written."""
CLOCK_HZ = round(5e8 / HALF_PERIOD_NS)
BUILD_S = 120.0
LOOK_CLOCKS = 20
"""That a look at the pins takes; a microcontroller's takes longer."""


@dataclass(frozen=True)
class Asked:
    """What stands in the chip when a decision or a measurement begins."""

    selected: int | None
    ratio: int
    reference: bool
    """The chip's own."""
    weights: tuple[Word, ...]
    pattern: tuple[Word, ...]


@dataclass(frozen=True)
class Answered:
    """How it ends."""

    winners: int = 0
    """A mask."""
    valid: bool = False
    race_s: float = 1.0
    period_s: float = 0.0
    """Of the converter; 0: no pulse ever comes."""


Analog = Callable[[Asked], Answered]


class SimulatedPins:
    """See flow.bench.firmware.wire.Wire. To be closed; ToolError if the simulator ends before."""

    def __init__(
        self, control: Control, analog: Analog, folder: Path, view: View | None = None, plusargs: Sequence[str] = ()
    ) -> None:
        """Compiles and starts the simulation in `folder`; `plusargs` plant a stuck latch (control_bench.v.j2)."""
        self._control, self._analog, self._folder = control, analog, folder
        icarus.build(sources(control, view or View(control.verilog())), folder, BUILD_S)
        fifo = folder / "analog.fifo"
        fifo.unlink(missing_ok=True)
        os.mkfifo(fifo)
        self._log = (folder / "vvp-errors.log").open("wb")
        self._process = subprocess.Popen(
            [*dying_with_us(), "vvp", "-N", "run.vvp", f"+analog={fifo.name}", *plusargs],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            bufsize=0,
        )
        self._answers = os.open(fifo, os.O_RDWR)  # does not wait for the other side
        self._waiting: list[str] = []
        self._clocks = 0

    def __enter__(self) -> Self:
        """For `with`."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Ends the simulation."""
        self.close()

    def close(self) -> None:
        """Ends the simulation."""
        self._process.kill()
        self._process.wait()
        os.close(self._answers)
        self._log.close()

    def write(self, byte: int) -> None:
        """Sets the inputs, and lets half a bit go by."""
        self._waiting.append(f"U {byte}")

    def read(self) -> int:
        """The outputs; asks the analog part if something has begun."""
        self._waiting.append(f"W {LOOK_CLOCKS}")
        self._send("Q")
        while True:
            line = self._line()
            if line.startswith("asked "):
                found = self._analog(self._asked(line.split()[1:]))
                text = f"{found.winners} {int(found.valid)} {_ns(found.race_s)} {_ns(found.period_s)}\n"
                os.write(self._answers, text.encode())
            elif line.startswith("out "):
                bits = line.split()[1].replace("x", "0").replace("z", "0")
                winner, rest = int(bits[:4], 2), int(bits[4:], 2)
                return winner << CLASS | rest
            elif line.startswith(("FAULT", "MISUSE")):
                raise ToolError(f"simulated chip: {line[:200]}")

    def reset(self) -> None:
        """Pulls rst_n low."""
        self._waiting.append("R")

    def milliseconds(self) -> int:
        """Of simulated time: a thousandth of it a look at the pins."""
        self._clocks += 1
        self._waiting.append(f"W {CLOCK_HZ // 1000}")
        return self._clocks

    def _send(self, last: str) -> None:
        data = "\n".join([*self._waiting, last, ""]).encode()
        self._waiting.clear()
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(data)
        except BrokenPipeError:
            raise ToolError("simulated chip: the Verilog simulation has ended; see vvp-errors.log") from None

    def _line(self) -> str:
        raw = self._process.stdout.readline() if self._process.stdout is not None else b""
        if not raw:
            raise ToolError("simulated chip: the Verilog simulation has ended; see vvp-errors.log")
        return raw.decode("ascii", "replace").strip()

    def _asked(self, words: list[str]) -> Asked:
        select, ratio, reference, *rows = words
        chosen = [i for i, bit in enumerate(reversed(select)) if bit == "1"]
        split = self._control.weights.rows
        weights, pattern = (tuple(_word(row) for row in part) for part in (rows[:split], rows[split:]))
        return Asked(chosen[0] if chosen else None, int(ratio, 2), reference == "1", weights, pattern)


def _word(text: str) -> Word:
    return tuple({"0": 0, "1": 1}.get(bit) for bit in reversed(text))


def _ns(seconds: float) -> int:
    return round(min(seconds, 1.0) * 1e9)
