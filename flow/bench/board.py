"""A chip behind a board, by what it can do: identify, write and read back weights, load a pattern, decide, count."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from somaforge.flow.bench.firmware.wire import CLASS, LONGEST, VALID
from somaforge.flow.bench.link import Link
from somaforge.flow.engines.base import Program
from somaforge.flow.memory import port
from somaforge.generator import control as c
from somaforge.generator.address import Codes, MemoryMap, WeightBit, WeightFormat
from somaforge.generator.control import Control, Frame
from somaforge.pdk.errors import InputError, ToolError

RACE_MS = 5
"""After settling; 1 nA takes 48 us (docs/readout.md). What takes longer is undecided."""
COUNT_MS = 100
"""A pulse of 10 pA takes 15 ms."""


@dataclass(frozen=True)
class Decision:
    """What the chip says of a pattern."""

    winner: int | None
    """None: a tie, or too little current."""
    race_s: float = float("inf")
    """From the end of settling to `valid`, by the chip's clock."""


@dataclass(frozen=True)
class Count:
    """Of the converter's pulses."""

    pulses: int
    seconds: float
    whole: bool
    """Whether all pulses came; else the counter ran over."""

    @property
    def period_s(self) -> float:
        """Of one pulse; inf if there was none."""
        return self.seconds / self.pulses if self.pulses else float("inf")


class Board:
    """One chip, which is what `control` was made for: InputError if it is another."""

    def __init__(self, link: Link, control: Control) -> None:
        """Asks who it is and resets it."""
        if control.lanes:
            raise InputError(f"board: patterns go in by {len(control.lanes)} lanes, the firmware has four data lines")
        self.link, self.control = link, control
        self.name, self.clock_hz = link.hello()
        link.ask("reset")
        wanted = (control.identity, *(m.rows << 16 | m.width for m in (control.weights, control.pattern)))
        asked = [c.ask(c.IDENTITY), c.ask(c.WEIGHTS), c.ask(c.PATTERN), c.ask(c.IDENTITY)]
        *found, again = (int(a, 2) for a in self.send(asked))
        for identity in (found[0], again):  # a chip that is never deselected takes frames for others after the first
            if identity >> 16 != c.MAGIC:
                raise ToolError(
                    f"board: the chip answers {identity:08x} and not 5346....: is it selected, clocked, out of reset, "
                    "its data lines not swapped?"
                )
        if tuple(found) != wanted:
            raise InputError(f"board: the chip is {_sizes(found)}, the spec's is {_sizes(wanted)}; give its own spec")

    def send(self, frames: Sequence[Frame]) -> list[str]:
        """Answers to frames, as bits; in as few lines as hold them."""
        answers: list[str] = []
        waiting: list[str] = []
        for text in [_text(frame) for frame in frames]:
            if sum(map(len, waiting)) + len(waiting) + len(text) > LONGEST - 64:
                answers += self.link.ask("send " + ",".join(waiting)).split(",")
                waiting = []
            waiting.append(text)
        answers += self.link.ask("send " + ",".join(waiting)).split(",")
        if len(answers) != len(frames) or not all(map(_answers, frames, answers)):
            raise ToolError(f"board: {','.join(answers)[:60]!r} is no answer to {len(frames)} frames; reset the board")
        return answers

    def write(self, codes: Program) -> None:
        """All weights."""
        self.send(c.write_words(_words(self.control.weights, codes)))

    def wrong_bits_after(self, codes: Program) -> list[tuple[WeightBit, int, int]]:
        """Writes them first."""
        self.write(codes)
        return self.wrong_bits(codes)

    def wrong_bits(self, codes: Program) -> list[tuple[WeightBit, int, int]]:
        """Latches that do not hold what was written: (which, wanted, read)."""
        memory = self.control.weights
        words = _words(memory, codes)
        return [
            (bit, words[r][p], read)
            for r, p, read in self._read(memory, False)
            if (bit := memory.bit_at(r, p)) is not None and words[r][p] != read
        ]

    def _read(self, memory: MemoryMap, pattern: bool) -> list[tuple[int, int, int]]:
        answers = self.send(c.read_words(memory.rows, memory.width, pattern))[memory.rows + 1 :][1::2]
        return [(r, p, int(bit)) for r, word in enumerate(answers) for p, bit in enumerate(word)]

    def wrong_pattern_latches(self) -> list[str]:
        """Writes and reads back every latch of the drivers with both values; what does not hold, in words."""
        memory = self.control.pattern
        full, shape = 2**memory.bits - 1, (memory.layers[0], memory.layers[1])
        found = []
        for value in (full, 0):
            words = _words(memory, (np.full(shape, value, dtype=np.int64),))
            self.send(c.write_words(words, pattern=True, nibbles=True))
            found += [
                f"latch of the pattern, row {r}, input {bit.column}, bit {bit.bit} is stuck at {read}"
                for r, p, read in self._read(memory, True)
                if (bit := memory.bit_at(r, p)) is not None and words[r][p] != read
            ]
        return found

    def wrong_data_lines(self) -> list[str]:
        """Sends ones on one of the four nibble lines after the other and reads back, bit by bit, where they arrived; in
        words. The other lines carry every answer: with one of them wrong no chip says who it is."""
        memory = self.control.pattern
        places = [p for p in range(memory.width) if memory.bit_at(0, p) is not None]
        line = {p: (p - memory.width) % 4 for p in places}  # a word ends with a whole nibble
        found = []
        for sent in range(4):
            word = tuple(int(line.get(p) == sent) for p in range(memory.width))
            self.send(c.write_words([word] * memory.rows, pattern=True, nibbles=True))
            read = {(r, p): bit for r, p, bit in self._read(memory, True) if p in line}
            share = [np.mean([bit for (_, p), bit in read.items() if line[p] == k] or [0]) for k in range(4)]
            arrived = [k for k in range(4) if share[k] > 0.5]  # a stuck latch is no line
            if arrived != [sent] and sent in line.values():
                where = " and ".join(f"nibble {k}" for k in arrived) or "nowhere"
                found.append(f"data line nibble {sent} arrives at {where}: swapped, broken or shorted")
        return found

    def load(self, latches: Codes) -> None:
        """A pattern: weights [rows, inputs] of the drivers, none negative."""
        self.send(c.write_words(_words(self.control.pattern, (latches,)), pattern=True, nibbles=True))

    def configure(self, ratio: int, reference: bool, selected: int | None = None) -> None:
        """Bias ratio in quarters; the output that is measured."""
        self.send([c.configure(ratio, reference, selected=selected)])

    def decide(self, settle_s: float) -> Decision:
        """A race after that time."""
        self.send([c.start(round(settle_s * self.clock_hz))])
        status = self._finished(settle_s, RACE_MS)
        valid, winner = status >> 30 & 1, status >> 24 & 0xF
        said = self.link.ask("pins")
        if not re.fullmatch(r"[0-9a-f]{2}", said):
            raise ToolError(f"board: {said[:20]!r} are no pins; reset the board")
        pins = int(said, 16)
        shown = pins >> VALID & 1, pins >> CLASS & 0xF
        if shown[0] != valid or (valid and shown[1] != winner):
            raise ToolError(
                f"board: the outputs valid and class say {shown[0]} and {shown[1]}, the status {valid} and {winner}: "
                "are its output lines swapped or loose?"
            )
        if not valid:
            return Decision(None)
        (ticks,) = (int(a, 2) for a in self.send([c.ask(c.TICKS)]))
        return Decision(winner, (ticks >> 8) / self.clock_hz)

    def count(self, log2_pulses: int, limit_ms: int = COUNT_MS) -> Count:
        """Pulses of the selected output; as many as come within the limit."""
        self.send([c.measure(log2_pulses)])
        status = self._finished(0.0, limit_ms)
        ticks, pulses = (int(a, 2) for a in self.send([c.ask(c.TICKS), c.ask(c.PULSES)]))
        return Count(pulses >> 16, (ticks >> 8) / self.clock_hz, not (status >> 31 or status >> 28 & 1))

    def _finished(self, settle_s: float, limit_ms: int) -> int:
        """Waits for what is under way, and ends it when it takes longer; the chip's status before that."""
        limit_ms += round(settle_s * 1e3)
        done = self.link.ask(f"wait {limit_ms}", limit_ms / 1e3) == "idle"
        status = int(self.send([c.ask(c.STATUS)])[0], 2)
        if done and status >> 31:
            raise ToolError("board: the output busy is low, the status says busy: is its line swapped or loose?")
        if status >> 31:
            self.send([Frame(c.STOP)])
        return status


def _words(memory: MemoryMap, codes: Program) -> list[tuple[int, ...]]:
    """As they go through a port; 0 where there is no latch."""
    form = WeightFormat(memory.bits)
    words = port.to_words(memory, tuple(form.encode(m) for m in codes))
    return [tuple(int(bit == 1) for bit in word) for word in words.tolist()]


def _text(frame: Frame) -> str:
    return f"{frame.command:02x}:" + "".join(f"{value:x}" for value in frame.payload)


def _answers(frame: Frame, answer: str) -> bool:
    """Whether it can be one: a bit for each of the payload, none for nibbles."""
    bits = 0 if frame.command & (c.PORT | c.NIBBLES) == c.PORT | c.NIBBLES else len(frame.payload)
    return answer == "-" if bits == 0 else len(answer) == bits and not answer.strip("01")


def _sizes(found: Sequence[int]) -> str:
    weights, pattern = (f"{v >> 16} x {v & 0xFFFF}" for v in found[1:])
    return f"version {found[0] >> 8 & 0xFF}, {found[0] & 0xFF} outputs, weights {weights}, pattern {pattern}"
