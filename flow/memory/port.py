"""The programming port: what a tester does to it, clock by clock, and the files that a Verilog test bench plays.

The procedure is here and nowhere else: the vectors of the test bench, the clocks of a transistor-level bench and the
timing diagram are made from it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from somaforge.generator.address import Bits, MemoryMap, WeightBit
from somaforge.pdk.errors import InputError
from somaforge.pdk.templating import render

Words = npt.NDArray[np.int8]
"""[rows, width]: 0, 1, or EMPTY where the memory has no latch."""
EMPTY = -1
HALF_PERIOD_NS = 100.0
"""Half a clock in the test bench: 5 MHz, slow enough for a large array's slowest corner (flow.memory.port_timing)."""


@dataclass(frozen=True)
class Action:
    """One step of the procedure. A shift takes a clock per place of a word, everything else one clock."""

    address: int = 0
    """The word that is shifted in, or expected at data_out."""
    check: bool = False
    """Whether data_out is compared while shifting."""
    shift: bool = False
    row_in: bool = False
    row_step: bool = False
    write: bool = False
    read: bool = False


@dataclass(frozen=True)
class Clock:
    """Pins during one clock: they change after a falling edge, the macro acts on the next rising edge."""

    shift: bool
    data_in: bool
    row_in: bool
    row_step: bool
    write: bool
    read: bool
    expected: bool | None
    """What data_out shows before the rising edge; None if it is not looked at."""


def write_all(memory: MemoryMap) -> tuple[Action, ...]:
    """Empty the row select, put the token into row 0, then write every row from the lowest to the highest."""
    clear = (Action(row_step=True),) * memory.rows
    first = Action(row_in=True, row_step=True)
    rows = [
        action
        for row in range(memory.rows)
        for action in (Action(row, shift=True), Action(write=True), Action(row_step=True))
    ]
    return (*clear, first, *rows)


def read_all(memory: MemoryMap) -> tuple[Action, ...]:
    """Read every row and compare; write_all has pushed the token out of the row select before."""
    rows = [
        action
        for row in range(memory.rows)
        for action in (Action(read=True), Action(row, check=True, shift=True), Action(row_step=True))
    ]
    return (Action(row_in=True, row_step=True), *rows)


def clocks(actions: Iterable[Action], words: Words) -> Iterator[Clock]:
    """The actions clock by clock."""
    for a in actions:
        for value in words[a.address] if a.shift else (EMPTY,):
            expected = bool(value) if a.check and value != EMPTY else None
            yield Clock(a.shift, bool(value == 1), a.row_in, a.row_step, a.write, a.read, expected)


def clock_count(actions: Iterable[Action], memory: MemoryMap) -> int:
    """How many clocks the actions take."""
    return sum(memory.width if a.shift else 1 for a in actions)


def to_words(memory: MemoryMap, values: Sequence[Bits]) -> Words:
    """Words of latch values (one array [rows, columns, bits+1] per matrix); InputError if they do not fit."""
    shapes = [(a, b, memory.bits + 1) for a, b in zip(memory.layers, memory.layers[1:], strict=False)]
    if [v.shape for v in values] != shapes:
        raise InputError(
            f"port: values {[v.shape for v in values]} do not fit the memory {shapes}; pack the bitfile again"
        )
    words = np.full((memory.rows, memory.width), EMPTY, dtype=np.int8)
    for matrix, bits in enumerate(values):
        row, place = memory.place(WeightBit(matrix, 0, 0, 0))
        flat = bits.reshape(bits.shape[0], -1)
        words[row : row + flat.shape[0], place : place + flat.shape[1]] = flat
    return words


def steps_file(memory: MemoryMap, actions: Iterable[Action]) -> str:
    """The actions for $readmemb: address, check, shift, row_in, row_step, write, read."""
    digits = address_bits(memory)
    return "".join(
        f"{a.address:0{digits}b}_{a.check:d}{a.shift:d}_{a.row_in:d}{a.row_step:d}_{a.write:d}{a.read:d}\n"
        for a in actions
    )


def words_file(words: Words) -> str:
    """The words for $readmemb: a line per row, place 0 last, x where there is no latch."""
    letters = np.array(["0", "1", "x"])[np.where(words == EMPTY, 2, words)]
    return "".join("".join(row[::-1]) + "\n" for row in letters)


def bench(name: str, memory: MemoryMap, steps: int) -> str:
    """Verilog of the test bench that plays a steps file of that length."""
    return render(
        "port_bench.v.j2",
        name=name,
        rows=memory.rows,
        width=memory.width,
        steps=steps,
        address_bits=address_bits(memory),
        half_period_ns=HALF_PERIOD_NS,
    )


def program_and_verify(memory: MemoryMap) -> tuple[Action, ...]:
    """Write every row, then read every row and compare."""
    return (*write_all(memory), *read_all(memory))


def write_bench(folder: Path, name: str, memory: MemoryMap) -> None:
    """The test bench and its steps, for a user's own simulation: <name>_bench.v and <name>_steps.mem."""
    actions = program_and_verify(memory)
    (folder / f"{name}_bench.v").write_text(bench(name, memory, len(actions)), encoding="ascii")
    (folder / f"{name}_steps.mem").write_text(steps_file(memory, actions), encoding="ascii")


def address_bits(memory: MemoryMap) -> int:
    """Bits of a word's address in a steps file."""
    return max(1, (memory.rows - 1).bit_length())
