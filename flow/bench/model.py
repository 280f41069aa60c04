"""The control of a simulated chip without its clocks: what control.v.j2 does at its pins, much faster.

A test plays the same frames on both, bit by bit. What takes time in the chip (settling, a race, counting) takes the
same time here, but nobody waits for it: a look at the time lets a millisecond go by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from somaforge.flow.bench.cosim import CLOCK_HZ, Analog, Answered, Asked, Word
from somaforge.flow.bench.firmware.wire import BUSY, CLASS, CS_N, MISO, MOSI, NIBBLE, SCK, VALID
from somaforge.generator import control as c
from somaforge.generator.address import MemoryMap
from somaforge.generator.control import Control

LOOK_S = 5e-6
"""That a look at the pins takes."""
MOST_CLOCKS = 2**24 - 1
REFEREE_S = 300e-9
"""From the first racer's arrival to the referee's word, as control_bench.v.j2 has it."""
SAMPLED = 2
"""Clocks until the control has seen that."""


@dataclass
class Port:
    """A scan port with its latches (docs/port.md)."""

    memory: MemoryMap
    stuck: tuple[int, int, int] | None = None
    """(row, place, value) of a latch that holds one value."""
    register: list[int] = field(init=False)
    token: list[int] = field(init=False)
    words: list[list[int | None]] = field(init=False)

    def __post_init__(self) -> None:
        """Unknown, but for the registers: nobody can tell."""
        self.register = [0] * self.memory.width
        self.token = [0] * self.memory.rows
        self.words = [[None] * self.memory.width for _ in range(self.memory.rows)]
        self._hold()

    def shift(self, bit: int) -> None:
        """A clock with `shift`."""
        self.register = [*self.register[1:], bit]

    def write(self) -> None:
        """A clock with `write`."""
        for row in self._open():
            self.words[row] = list(self.register)
        self._hold()

    def read(self) -> None:
        """A clock with `read`: high where no latch pulls its line down."""
        line = [1] * self.memory.width
        for row in self._open():
            for place, value in enumerate(self.words[row]):
                if self.memory.bit_at(row, place) is not None:
                    line[place] &= value or 0
        self.register = line

    def step(self, entering: int) -> None:
        """A clock with `row_step`."""
        self.token = [entering, *self.token[:-1]]

    def _open(self) -> list[int]:
        return [row for row, there in enumerate(self.token) if there]

    def _hold(self) -> None:
        if self.stuck is not None:
            row, place, value = self.stuck
            self.words[row][place] = value

    def latches(self) -> tuple[Word, ...]:
        """As the analog part sees them."""
        return tuple(tuple(word) for word in self.words)


class ModelPins:
    """See flow.bench.firmware.wire.Wire."""

    def __init__(self, control: Control, analog: Analog, stuck: tuple[int, int, int] | None = None) -> None:
        """After power-up and reset; `stuck` is a latch of the weights."""
        self._control, self._analog = control, analog
        self._ports = (Port(control.weights, stuck), Port(control.pattern))
        self._pins = 1 << CS_N
        self._time = 0.0
        self._start()

    def _start(self) -> None:
        self._bits, self._command, self._data, self._miso = 0, 0, 0, 0
        self._config, self._winner, self._ticks, self._pulses = 0, 0, MOST_CLOCKS, 0
        self._registered = self._undecided = self._overflow = False
        self._until: float | None = None
        self._then: Sequence[object] = ()

    def reset(self) -> None:
        """Pulls rst_n low; latches and registers of the ports stay."""
        self._start()

    def milliseconds(self) -> int:
        """Of simulated time."""
        self._time += 1e-3
        return int(self._time * 1e3)

    def read(self) -> int:
        """The outputs."""
        self._time += LOOK_S
        self._settle()
        busy = self._until is not None
        return self._miso << MISO | self._registered << VALID | busy << BUSY | self._winner << CLASS

    def write(self, byte: int) -> None:
        """The inputs, and half a bit goes by."""
        self._time += 4 / CLOCK_HZ
        self._settle()
        before, self._pins = self._pins, byte
        fell, rose = before & ~byte, byte & ~before
        if rose >> CS_N & 1:
            self._ended()
            self._bits, self._miso = 0, 0
        if byte >> CS_N & 1:
            return
        if rose >> SCK & 1:
            self._bit(byte)
        if fell >> SCK & 1:
            port = self._ports[self._command >> 5 & 1]
            of_port = self._bits >= 8 and self._command & c.PORT
            self._miso = port.register[0] if of_port else self._data >> 31

    def _bit(self, byte: int) -> None:
        bit = byte >> MOSI & 1
        self._bits = min(self._bits + 1, 63)
        if self._bits <= 8:
            self._command = (self._command << 1 | bit) & 0xFF
            self._data = self._reply(self._command & 7) if self._bits == 8 else self._data << 1 & 0xFFFFFFFF
            return
        self._data = (self._data << 1 | bit) & 0xFFFFFFFF
        if self._command & c.PORT:
            port = self._ports[self._command >> 5 & 1]
            nibble = byte >> NIBBLE & 0xF
            for value in [nibble >> k & 1 for k in range(4)] if self._command & c.NIBBLES else [bit]:
                port.shift(value)

    def _reply(self, which: int) -> int:
        weights, pattern = (m.rows << 16 | m.width for m in (self._control.weights, self._control.pattern))
        busy = self._until is not None
        flags = busy << 7 | self._registered << 6 | self._undecided << 5 | self._overflow << 4 | self._winner
        status = flags << 24 | self._config << 5
        replies = (0, self._control.identity, weights, pattern, status, self._ticks << 8, self._pulses << 16, 0)
        return replies[which]

    def _ended(self) -> None:
        """cs_n has risen."""
        if self._bits < 8:
            return
        if self._command & c.PORT:
            port = self._ports[self._command >> 5 & 1]
            if self._command & 0x0C == c.WRITE:
                port.write()
            elif self._command & 0x0C == c.READ:
                port.read()
            if self._command & c.STEP:
                port.step(self._command & c.ROW_IN)
        elif self._bits == 24 and self._command == c.CONFIGURE:
            self._config = self._data & 0x7FF
        elif self._bits == 24 and self._command in (c.START, c.MEASURE):
            self._begin(self._command == c.START, self._data & 0xFFFF)
        elif self._bits == 8 and self._command == c.STOP:
            self._until, self._registered = None, False

    def _begin(self, race: bool, value: int) -> None:
        selected = self._config >> 6 & 0xF if self._config >> 10 & 1 else None
        ratio, own = self._config & 0xF ^ 4, bool(self._config >> 4 & 1)
        asked = Asked(selected, ratio, own, self._ports[0].latches(), self._ports[1].latches())
        self._registered = False
        found = self._analog(asked)
        if race:
            self._undecided = False
            self._race(found, (value | 15) / CLOCK_HZ)
        else:
            self._overflow, self._pulses = False, 0
            self._count(found.period_s, 1 << (value & 0xF))

    def _race(self, found: Answered, settle_s: float) -> None:
        decided = found.valid and found.race_s * CLOCK_HZ < MOST_CLOCKS
        winner = 0
        for place in range(self._control.outputs):
            winner |= place if found.winners >> place & 1 else 0
        clocks = round((found.race_s + REFEREE_S) * CLOCK_HZ) + SAMPLED if decided else MOST_CLOCKS
        self._until = self._time + settle_s + clocks / CLOCK_HZ
        self._then = ("winner", winner, clocks) if decided else ("undecided",)

    def _count(self, period_s: float, pulses: int) -> None:
        clocks = pulses * period_s * CLOCK_HZ
        if period_s <= 0 or period_s * CLOCK_HZ > MOST_CLOCKS or clocks > MOST_CLOCKS:
            self._until, self._then = self._time + MOST_CLOCKS / CLOCK_HZ, ("overflow",)
            return
        self._until = self._time + (1 + pulses) * period_s
        self._then = ("counted", pulses, round(clocks))

    def _settle(self) -> None:
        """What is under way ends."""
        if self._until is None or self._time < self._until:
            return
        self._until = None
        match self._then:
            case ("winner", int(winner), int(clocks)):
                self._winner, self._ticks, self._registered = winner, clocks, True
            case ("undecided",):
                self._undecided = True
            case ("overflow",):
                self._overflow = True
            case ("counted", int(pulses), int(clocks)):
                self._pulses, self._ticks = pulses, clocks
