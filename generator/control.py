"""The chip's control: Verilog between a serial interface and everything else on the chip (docs/control.md).

One frame is a command of eight bits and its payload. `Frames` writes them as a microcontroller would send them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from somaforge.generator import drivers
from somaforge.generator.address import MemoryMap
from somaforge.generator.design import Design
from somaforge.generator.names import cell_name
from somaforge.pdk.errors import InputError
from somaforge.pdk.templating import render

CONTROL = "control"
VERSION = 1
MAGIC = 0x5346
"""SF: upper half of the identity, then version and number of outputs."""
LARGEST = 16
"""Outputs that a class of four bits tells apart."""


@dataclass(frozen=True)
class Control:
    """What the control is made for."""

    name: str
    outputs: int
    weights: MemoryMap
    """Of the array's port."""
    pattern: MemoryMap
    """Of the drivers' port."""
    lanes: tuple[int, ...] = ()
    """Bits of every register that a pattern goes through, from place 0 of a word on; none: one, in nibbles."""

    @classmethod
    def of(cls, design: Design) -> "Control":
        """InputError for an array without a port, without drivers or with more outputs than a class can name."""
        spec = design.spec
        if not spec.array.has_port:
            raise InputError("chip: the control writes weights through array.port: scan")
        if spec.drivers is None:
            raise InputError("chip.drivers: the control loads patterns into drivers; say how many bits they have")
        outputs = design.layers[-1]
        if not 2 <= outputs <= LARGEST:
            raise InputError(f"array.layers: {outputs} outputs; the chip's class has 2 to {LARGEST}")
        folded = drivers.folded(spec)
        lanes = () if folded is None or folded.lanes == 1 else folded.bits
        return cls(cell_name(spec.name, CONTROL), outputs, design.memory, drivers.build(spec).memory, lanes)

    @property
    def class_bits(self) -> int:
        """Of the class: as many as tell the outputs apart, because a pin that is always 0 has no driver."""
        return (self.outputs - 1).bit_length()

    @property
    def identity(self) -> int:
        """32 bits that the chip answers."""
        return MAGIC << 16 | VERSION << 8 | self.outputs

    def verilog(self) -> str:
        """Verilog-2005, ready for simulation and synthesis."""
        return render(
            "control.v.j2",
            name=self.name,
            outputs=self.outputs,
            class_bits=self.class_bits,
            identity=self.identity,
            weights=self.weights,
            pattern=self.pattern,
            lanes=self.lanes,
        )


@dataclass(frozen=True)
class Frame:
    """What is sent while cs_n is low, and how many bits come back after the command."""

    command: int
    payload: tuple[int, ...] = ()
    """Bits, or nibbles (0 to 15) of a command with NIBBLES."""

    @property
    def clocks(self) -> int:
        """Of sck."""
        return 8 + len(self.payload)


IDENTITY, WEIGHTS, PATTERN, STATUS, TICKS, PULSES = range(1, 7)
"""Commands that are answered with 32 bits."""
CONFIGURE, START, MEASURE, STOP = range(0x10, 0x14)
PORT, TO_PATTERN, NIBBLES = 0x40, 0x20, 0x10
WRITE, READ = 0x04, 0x08
STEP, ROW_IN = 0x02, 0x01
"""What a port does at the end of a frame: row select one row on, and what enters row 0 then."""


def bits_of(value: int, count: int) -> tuple[int, ...]:
    """The highest first."""
    return tuple(value >> (count - 1 - i) & 1 for i in range(count))


def ask(command: int) -> Frame:
    """One of the registers."""
    return Frame(command, (0,) * 32)


def configure(ratio: int = 4, reference: bool = False, monitor: bool = False, selected: int | None = None) -> Frame:
    """Bias ratio 0 to 15 (quarters), the chip's own reference, the monitor's switch, the output that is selected."""
    code = 0 if selected is None else 1 << 10 | selected << 6
    return Frame(CONFIGURE, bits_of(code | monitor << 5 | reference << 4 | (ratio ^ 4), 16))


def start(settle_clocks: int) -> Frame:
    """A decision: the race begins after that many clocks (rounded up to a multiple of 16)."""
    return Frame(START, bits_of(min(max(settle_clocks - 1, 0), 0xFFFF), 16))


def measure(log2_pulses: int) -> Frame:
    """Time of so many pulses of the converter."""
    return Frame(MEASURE, bits_of(log2_pulses, 16))


def row(word: Sequence[int], after: int, pattern: bool = False, nibbles: bool = False) -> Frame:
    """A word through a port, place 0 first, and what is done at the end; in nibbles its first ones fall out again."""
    command = PORT | after | (TO_PATTERN if pattern else 0) | (NIBBLES if nibbles else 0)
    if not nibbles:
        return Frame(command, tuple(word))
    filled = (*(0,) * (-len(word) % 4), *word)
    parts = (filled[i : i + 4] for i in range(0, len(filled), 4))
    return Frame(command, tuple(sum(bit << k for k, bit in enumerate(part)) for part in parts))


def lane_row(control: Control, word: Sequence[int], after: int) -> Frame:
    """A word of the pattern through all lanes at once, a bit of each with every edge; the first bits of short lanes
    fall out of them. ValueError for a control without lanes."""
    if not control.lanes:
        raise ValueError("the control has no lanes")
    longest, starts = max(control.lanes), [sum(control.lanes[:k]) for k in range(len(control.lanes))]
    filled = [(0,) * (longest - n) + tuple(word[at : at + n]) for at, n in zip(starts, control.lanes, strict=True)]
    return Frame(
        PORT | TO_PATTERN | NIBBLES | after,
        tuple(sum(lane[i] << k for k, lane in enumerate(filled)) for i in range(longest)),
    )


def write_words(words: Sequence[Sequence[int]], pattern: bool = False, nibbles: bool = False) -> tuple[Frame, ...]:
    """Every row from 0 on; the row select is emptied first, and is empty again afterwards."""
    to = PORT | (TO_PATTERN if pattern else 0)
    empty = (Frame(to | STEP),) * len(words)
    return (*empty, Frame(to | STEP | ROW_IN), *(row(word, WRITE | STEP, pattern, nibbles) for word in words))


def read_words(rows: int, width: int, pattern: bool = False) -> tuple[Frame, ...]:
    """Every row from 0 on comes back as the answer to every second frame after the first ones."""
    to = PORT | (TO_PATTERN if pattern else 0)
    each = (Frame(to | READ), Frame(to | STEP, (0,) * width))
    return (*(Frame(to | STEP),) * rows, Frame(to | STEP | ROW_IN), *chain.from_iterable([each] * rows))


def clocks(frames: Iterable[Frame], per_bit: int, between: int) -> int:
    """Clocks of the chip for frames one behind the other."""
    return sum(per_bit * frame.clocks + between for frame in frames)
