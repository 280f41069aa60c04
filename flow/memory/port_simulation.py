"""The programming port in Verilog simulation (Icarus Verilog): a bitfile is written, read back and compared.

Runs the test bench on the behavioural view of the macro, or on its gates with the foundry's Verilog models.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from somaforge.flow.machinery import icarus
from somaforge.flow.memory import port
from somaforge.flow.memory.port import Action, Words
from somaforge.generator import verilog
from somaforge.generator.address import MemoryMap, WeightBit
from somaforge.pdk.errors import CheckError, ToolError
from somaforge.pdk.library import StandardCells

_WRONG = re.compile(r"^WRONG (\d+) (\d+) ([01xz]) ([01xz])$", re.MULTILINE)
_DONE = re.compile(r"^DONE (\d+) cycles, (\d+) wrong$", re.MULTILINE)


@dataclass(frozen=True)
class WrongBit:
    """A latch that did not give back what was written."""

    which: WeightBit
    written: bool
    read: str
    """"0", "1", or "x" if it is unknown."""

    def __str__(self) -> str:
        """One line for a person."""
        c = self.which
        return (
            f"layer {c.matrix} row {c.row} column {c.column} bit {c.bit}: wrote {int(self.written)}, read {self.read}"
        )


@dataclass(frozen=True)
class PortRun:
    """Result of one simulation."""

    clocks: int
    """Clocks that it took."""
    wrong_count: int
    wrong: tuple[WrongBit, ...]
    """The first of them, at most a thousand."""

    def check(self) -> None:
        """CheckError that names the first wrong bit if there is one."""
        if self.wrong_count:
            more = f" (and {self.wrong_count - 1} more)" if self.wrong_count > 1 else ""
            raise CheckError(f"port: {self.wrong[0]}{more}; see the log of the Verilog simulation")


@dataclass(frozen=True)
class View:
    """Verilog of the macro and what it needs from the compiler."""

    name: str
    """The macro's module."""
    text: str
    libraries: tuple[Path, ...] = ()
    """Further source files."""
    defines: Mapping[str, str] = field(default_factory=dict)


def behaviour(name: str, memory: MemoryMap) -> View:
    """The behavioural view."""
    return View(name, verilog.model(name, memory))


def gates(cells: StandardCells, name: str, text: str) -> View:
    """Gates as generator.verilog.gates writes them, with the library's functional models: flip-flops and latches take
    1 ns, so that no clock races."""
    used = sorted(set(re.findall(rf"\b{re.escape(cells.prefix)}\w+", text)))
    models = tuple(cells.file(cell, ".v") for cell in used)
    return View(name, text, models, {"FUNCTIONAL": "1", "UNIT_DELAY": "#1", "MEMORY": "dut.latches.word"})


def simulate(
    view: View,
    memory: MemoryMap,
    words: Words,
    folder: Path,
    *,
    actions: Sequence[Action] | None = None,
    plusargs: Sequence[str] = (),
    timeout_s: float = 900.0,
) -> PortRun:
    """Run the test bench on a view; sources, vectors and logs stay in `folder`.

    `actions` is write and read back of all rows by default; `plusargs` are described in the bench (a stuck latch, a
    trace). ToolError if iverilog is missing or fails, or the port was misused.
    """
    actions = port.program_and_verify(memory) if actions is None else actions
    files = {
        f"{view.name}.v": view.text,
        f"{view.name}_bench.v": port.bench(view.name, memory, len(actions)),
        f"{view.name}_steps.mem": port.steps_file(memory, actions),
        "weights.mem": port.words_file(words),
    }
    data = [f"+steps={view.name}_steps.mem", "+words=weights.mem", *plusargs]
    log = icarus.run(files, folder, data, timeout_s, view.libraries, view.defines, "port.vvp")
    return _judge(log, memory)


def _judge(log: str, memory: MemoryMap) -> PortRun:
    """Wrong bits by the names that a designer knows."""
    done = _DONE.search(log)
    if done is None or "MISUSE" in log or "FAULT" in log:
        line = next((x for x in log.splitlines() if x.startswith(("MISUSE", "FAULT"))), "it did not come to its end")
        raise ToolError(f"iverilog: simulation of the port: {line[:200]}; see its log")
    wrong = []
    for address, place, written, read in _WRONG.findall(log):
        cell = memory.bit_at(int(address), int(place))
        if cell is None:
            raise ToolError(
                f"iverilog: the bench names word {address} place {place}, where there is no latch; see its log"
            )
        wrong.append(WrongBit(cell, written == "1", read.replace("z", "x")))
    return PortRun(int(done[1]), int(done[2]), tuple(wrong))
