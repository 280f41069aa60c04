"""The control in Verilog simulation, with both scan ports, a race and a converter behind it.

A `Script` says what a microcontroller sends and what the analog blocks do; `run` plays it on any view of the control:
as it is written, or as gates.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from somaforge.flow.machinery import icarus
from somaforge.generator import verilog
from somaforge.generator.address import memory_map
from somaforge.generator.control import Control, Frame
from somaforge.generator.stacking import ALONE
from somaforge.pdk.errors import ToolError
from somaforge.pdk.templating import render

HALF_PERIOD_NS = 25.0
"""Of the clock: 20 MHz."""
CLOCKS_PER_HALF_BIT = 4
"""A bit of eight clocks: an answer is out before the next edge of sck (docs/control.md)."""
_BIT = re.compile(r"^bit ([01xz])$", re.MULTILINE)
_PINS = re.compile(r"^pins (\S+) ([01xz]) ([01xz]) ([01xz]+) ([01xz]+) ([01xz]) ([01xz])$", re.MULTILINE)


@dataclass(frozen=True)
class Pins:
    """Outputs of the control at a moment; "x" where one is unknown."""

    winner: str
    valid: str
    busy: str
    select: str
    ratio_b: str
    reference: str
    monitor: str


@dataclass
class Script:
    """What happens, in order."""

    lines: list[str] = field(default_factory=list)
    bits: int = 0
    """That were sent."""

    def send(self, frame: Frame, broken_after: int | None = None) -> slice:
        """Sends a frame, or its first bits alone; where the answer to its payload stands in the log."""
        sent = [(bit, 0) for bit in _command(frame.command)]
        nibbles = bool(frame.command & 0x50 == 0x50)
        sent += [(0, value) if nibbles else (value, 0) for value in frame.payload]
        sent = sent if broken_after is None else sent[:broken_after]
        self.lines += ["C 0", *(f"B {mosi} {nibble}" for mosi, nibble in sent), "C 1", "W 12"]
        first, self.bits = self.bits + 8, self.bits + len(sent)
        return slice(first, self.bits)

    def send_all(self, frames: Sequence[Frame]) -> list[slice]:
        """One behind the other."""
        return [self.send(frame) for frame in frames]

    def wait(self, clocks: int) -> None:
        """Nothing for that long."""
        self.lines.append(f"W {clocks}")

    def reset(self) -> None:
        """Pulls rst_n low for less than a clock."""
        self.lines.append("R")

    def race(self, winners: int, valid: bool, ns: int) -> None:
        """How the next races end: a mask of winners, and whether the referee finds one alone."""
        self.lines.append(f"V {winners} {int(valid)} {ns}")

    def converter(self, output: int, ns: int) -> None:
        """The period of pulses while that output is selected; 0: none."""
        self.lines.append(f"P {output} {ns}")

    def pace(self, clocks_per_half_bit: int) -> None:
        """How fast the next bits come."""
        self.lines.append(f"H {clocks_per_half_bit}")

    def look(self) -> None:
        """Writes the pins into the log."""
        self.lines.append("S")


def _command(command: int) -> list[int]:
    return [command >> (7 - i) & 1 for i in range(8)]


@dataclass(frozen=True)
class Log:
    """What came back."""

    bits: str
    """miso at every rising edge of sck."""
    pins: tuple[Pins, ...]

    def value(self, where: slice) -> int:
        """An answer as a number, the highest bit first; ValueError if a bit is unknown."""
        return int(self.bits[where], 2)

    def word(self, where: slice) -> tuple[int, ...]:
        """An answer as a word of a port, place 0 first; ValueError if a bit is unknown."""
        return tuple(int(bit, 2) for bit in self.bits[where])


@dataclass(frozen=True)
class View:
    """Verilog of the control, and what it needs from the compiler."""

    text: str
    libraries: tuple[Path, ...] = ()
    defines: Mapping[str, str] = field(default_factory=dict)


def sources(control: Control, view: View) -> dict[str, str]:
    """Verilog of the control, of both ports and of the bench, by the names of their files."""
    weights, pattern = f"{control.name}_weights", f"{control.name}_pattern"
    bench = render(
        "control_bench.v.j2",
        name=control.name,
        outputs=control.outputs,
        class_bits=control.class_bits,
        half_period_ns=HALF_PERIOD_NS,
        clocks_per_half_bit=CLOCKS_PER_HALF_BIT,
        weights_port=weights,
        pattern_port=pattern,
        weights_rows=control.weights.rows,
        pattern_rows=control.pattern.rows,
        lanes=control.lanes,
    )
    return {
        "control.v": view.text,
        "weights.v": verilog.model(weights, control.weights),
        "pattern.v": _pattern(pattern, control),
        "bench.v": bench,
    }


def _pattern(name: str, control: Control) -> str:
    """The pattern's port, or those of its lanes."""
    if not control.lanes:
        return verilog.model(name, control.pattern)
    rows, bits = control.pattern.rows, control.pattern.bits
    memories = (memory_map((rows, width // (bits + 1)), bits, ALONE) for width in control.lanes)
    return "".join(verilog.model(f"{name}_{k}", memory) for k, memory in enumerate(memories))


def run(
    control: Control,
    script: Script,
    folder: Path,
    view: View | None = None,
    *,
    timeout_s: float = 600.0,
) -> Log:
    """Play the script. ToolError if iverilog is missing or fails, or a port was misused."""
    used = view or View(control.verilog())
    files = {**sources(control, used), "script.txt": "\n".join(script.lines) + "\n"}
    log = icarus.run(files, folder, ["+script=script.txt"], timeout_s, used.libraries, used.defines)
    if "DONE" not in log or "MISUSE" in log or "FAULT" in log:
        line = next((x for x in log.splitlines() if x.startswith(("MISUSE", "FAULT"))), "it did not come to its end")
        raise ToolError(f"iverilog: simulation of the control: {line[:200]}; see its log")
    return Log("".join(_BIT.findall(log)), tuple(Pins(*found) for found in _PINS.findall(log)))
