"""The programming bench as an ngspice deck: which transistors it keeps, what drives word lines and bit lines.

Phases of equal length: idle, write A, idle, write B, idle, read A, idle, read B, idle. A word line is open for the
middle half of its phase; bit lines are driven all the time except in the read phases.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from somaforge.flow.engines.lines import weight_net
from somaforge.flow.spice import deck as spice
from somaforge.flow.spice.deck import held, pwl, safe, size_of, transient
from somaforge.generator.address import Bits
from somaforge.generator.circuit import FlatNetlist, Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import (
    GROUND,
    SUPPLY,
    access,
    bit_line,
    bit_line_bar,
    complement,
    is_access,
    is_switch,
    place,
    sign_switch,
    whole,
    word_line,
)
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint, Shift

OPTIONS = "klu method=gear reltol=1e-3 abstol=1e-13 vntol=1e-6 chgtol=1e-16 gmin=1e-15 itl1=500 itl4=100"


@dataclass(frozen=True)
class Bench:
    """Times and loads of the simulated periphery."""

    phase_s: float = 10e-9
    """Length of each write, read and idle phase; a word line is open for the middle half."""
    edge_s: float = 0.2e-9
    """Rise and fall time of word lines and drivers."""
    sense_s: float = 1e-9
    """From the start of the word line's rise to the decision."""
    bit_line_F: float = 20e-15
    """Load of the periphery on each bit line, beside wiring and access devices."""
    wire_row_F: float = 1.5e-15
    """Bit-line wiring per row where the netlist has no extracted wiring (15 um of minimum-width metal, 0.1 fF/um)."""
    driver_ohm: float = 1e3
    """Output resistance of a bit-line driver."""


class RowDeck:
    """The bench of one row as text."""

    def __init__(
        self,
        design: Design,
        values: Bits,
        matrix: int,
        row: int,
        flat: FlatNetlist,
        shifts: Floats | None,
        at: OperatingPoint,
        bench: Bench,
    ) -> None:
        self.design, self.matrix, self.flat, self.at, self.bench = design, matrix, flat, at, bench
        self.shifts = np.zeros(len(flat.mos)) if shifts is None else shifts
        self.bank, self.base = design.memory.bank(matrix), design.memory.base(matrix)
        self.row_count = len(design.memory.word_rows(self.bank))
        neighbour = row + 1 if row + 1 < design.layers[matrix] else row - 1
        self.bits: dict[int, Bits] = {row: values} | ({neighbour: ~values} if neighbour >= 0 else {})
        """Row -> what is written into it, in the order of writing."""
        self.latches = latch_nets(design.weights.bits)
        self.supply = at.supply_V
        self.read_from = 2 * len(self.bits) + 1
        """Phase of the first read: phases are idle, write, idle, write, idle, read, idle, read, idle."""
        self.stop_s = (4 * len(self.bits) + 1) * bench.phase_s

    @property
    def text(self) -> str:
        """The deck; InputError if a net of an extracted netlist has a name that cannot stand in one."""
        title = f"{self.design.spec.name}: write and read back layer {self.matrix} rows {list(self.bits)}"
        deck = spice.Deck(title, self.design.pdk.models, self.at, OPTIONS, exact=False)
        transistors, wiring = self._transistors(deck.cards), self._wiring()
        known = set(re.findall(r"\S+", " ".join((*transistors, *wiring))))
        for net in self.saved():
            if net not in known:
                raise InputError(f"programming: the netlist has no net {net}; generate netlist and layout again")
        drive = self._pulse([p for p in range(4 * len(self.bits) + 1) if not self.is_read(p)], 1.0, whole=True)
        deck.put(*transistors, *wiring, f"v_vdd vdd gnd {self.supply:.9g}", f"v_drive drive gnd {drive}")
        deck.put(f".model driver sw vt=0.5 vh=0 ron={self.bench.driver_ohm:.6g} roff=1e15")
        deck.put(*self._word_lines(), *self._bit_lines(), *self._starts())
        step = self.bench.phase_s / 100
        return deck.text(*transient([f"v({net})" for net in self.saved()], step, self.stop_s, f"0 {step:.6e}"))

    def word(self, row: int) -> str:
        """Net of the word line of a row of the matrix."""
        return word_line(self.bank, self.base + row)

    def is_read(self, phase: int) -> bool:
        """Whether the bit lines are released in that phase."""
        return phase >= self.read_from and (phase - self.read_from) % 2 == 0

    def _pulse(self, phases: list[int], high: float, *, whole: bool = False) -> str:
        """A source that is `high` in the given phases (or in their middle half) and 0 otherwise."""
        edge, span = self.bench.edge_s, self.bench.phase_s
        points = [(0.0, high if whole and 0 in phases else 0.0)]
        for p in phases:
            start, end = (p, p + 1) if whole else (p + 0.25, p + 0.75)
            for moment, before, after in ((start * span, 0.0, high), (end * span, high, 0.0)):
                if moment > 0 and not (whole and (p + (1 if after == 0 else -1)) in phases):
                    points += [(moment, before), (moment + edge, after)]
        return pwl(points)

    def _word_lines(self) -> Iterator[str]:
        for index, row in enumerate(self.bits):
            name = self.word(row)
            yield f"v_{name} {name} gnd {self._pulse([2 * index + 1, self.read_from + 2 * index], self.supply)}"

    def _bit_lines(self) -> Iterator[str]:
        """Each line: its load, and a driver that is high except when a 0 is written through it."""
        for column, bit in np.ndindex(next(iter(self.bits.values())).shape):
            for name, inverted in (
                (bit_line(self.bank, column, bit), 0),
                (bit_line_bar(self.bank, column, bit), 1),
            ):
                low = [2 * i + 1 for i, v in enumerate(self.bits.values()) if bool(v[column, bit]) == bool(inverted)]
                # High is the resting level: the pulse downwards is the supply minus a pulse.
                yield f"v_{name} source_{name} gnd {self.supply:.9g}" if not low else self._lowered(name, low)
                yield f"s_{name} source_{name} {name} drive gnd driver"
                yield f"c_load_{name} {name} gnd {self._load():.6e}"

    def _lowered(self, name: str, phases: list[int]) -> str:
        """A source at the supply that goes to ground for whole phases."""
        edge, span, high = self.bench.edge_s, self.bench.phase_s, self.supply
        points = [(0.0, high)]
        for p in phases:
            points += [(p * span, high), (p * span + edge, 0.0), ((p + 1) * span, 0.0), ((p + 1) * span + edge, high)]
        return f"v_{name} source_{name} gnd {pwl(points)}"

    def _load(self) -> float:
        wired = 0.0 if self.flat.capacitors else self.row_count * self.bench.wire_row_F
        return self.bench.bit_line_F + wired

    def _transistors(self, cards: spice.Cards) -> list[str]:
        """Lines of the kept transistors."""
        lines = []
        for mos, shift, count in self._grouped():
            ends = [safe(n) for n in (mos.d, mos.g, mos.s, mos.b)]
            lines.append(cards.line(safe(mos.name), size_of(mos), ends, Shift(shift), parallel=count))
        return lines

    def _grouped(self) -> Iterator[tuple[Mos, float, int]]:
        """Transistors, their shifts, and how many are in parallel: closed access devices of many rows at one node of a
        bit line are simulated as one, all as leaky as the leakiest of them."""
        closed: dict[Mos, tuple[Mos, float, int]] = {}
        for mos, shift in self._kept():
            if mos.g != "gnd":
                yield mos, shift, 1
                continue
            alike = replace(mos, name="")
            first, lowest, count = closed.get(alike, (mos, shift, 0))
            closed[alike] = (first, min(lowest, shift), count + 1)
        yield from closed.values()

    def _kept(self) -> Iterator[tuple[Mos, float]]:
        """Latches and switches of the two rows; of all other rows on these bit lines the closed access devices."""
        bank = self.design.memory.banks[self.bank]
        some = next(iter(self.bits.values()))
        for mos, shift in zip(self.flat.mos, self.shifts, strict=True):
            at = place(mos.name)
            if at is None or at.cell != "synapse" or at.layer not in bank or at.column >= len(some):
                continue
            if at.layer == self.matrix and at.row in self.bits:
                if at.latch is not None:
                    yield mos, float(shift)
                elif is_switch(at.inside):  # the load of a latch: the gate, with its channel on
                    rail = SUPPLY if at.inside == sign_switch("p") else GROUND
                    yield replace(mos, d=rail, s=rail), float(shift)
            elif at.latch is not None and is_access(at.inside):
                # All other rows hold the opposite of what is read first: they leak into the wrong line.
                stored = not bool(some[at.column, at.latch]) ^ (at.inside == access(True))
                yield replace(mos, g="gnd", s="vdd" if stored else "gnd"), float(shift)

    def _wiring(self) -> list[str]:
        """Extracted wiring on the nets of the bench; what leads elsewhere ends on ground."""
        own = {whole(net) for net in self.saved()} | {self.word(r) for r in self.bits} | {"vdd", "gnd"}
        lines = []
        for i, c in enumerate(self.flat.capacitors):
            a, b = (n if whole(n) in own else "gnd" for n in (c.a, c.b))
            if a != b:
                lines.append(f"c{i} {safe(a)} {safe(b)} {c.farad:.6e}")
        for i, r in enumerate(self.flat.resistors):
            if whole(r.a) in own and whole(r.b) in own:
                lines.append(f"r{i} {safe(r.a)} {safe(r.b)} {r.ohm:.6e}")
        return lines

    def _starts(self) -> tuple[str, ...]:
        """Latches hold the opposite of what is written."""
        rails: dict[str, str] = {}
        for row, written in self.bits.items():
            for column, bit in np.ndindex(written.shape):
                q = weight_net(self.matrix, row, column, self.latches[bit])
                ends = (GROUND, SUPPLY) if written[column, bit] else (SUPPLY, GROUND)
                rails |= dict(zip((q, complement(q)), ends, strict=True))
        return held(rails, self.bench.phase_s / 2)

    def saved(self) -> list[str]:
        """Nets whose voltage is recorded: bit lines and both nodes of every latch."""
        nets = []
        for column, bit in np.ndindex(next(iter(self.bits.values())).shape):
            nets += [bit_line(self.bank, column, bit), bit_line_bar(self.bank, column, bit)]
            for row in self.bits:
                q = weight_net(self.matrix, row, column, self.latches[bit])
                nets += [q, complement(q)]
        return nets
