"""What every deck of a programmed chip shares: nets tied to rails, and the lines of its transistors."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.flow.spice.deck import Cards, drawn, safe, size_of
from somaforge.generator.address import Bits
from somaforge.generator.circuit import Mos, Resistor
from somaforge.generator.design import latch_nets
from somaforge.generator.names import (
    GROUND,
    RAILS,
    SUPPLY,
    WORD,
    complement,
    in_latch,
    memory_line,
    synapse_path,
    whole,
)
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Shift

Net = Callable[[str], str]
"""Node of a net in a deck."""


def weight_net(matrix: int, row: int, column: int, latch: str) -> str:
    """Flat net of one weight bit (`latch` as in generator.design.latch_nets); names.complement has the other one."""
    return f"{synapse_path(matrix, row, column)}.{latch}"


def weight_bits(chip: ProgrammedChip, program: Program) -> dict[str, bool]:
    """Value of every weight net."""
    names = latch_nets(chip.design.spec.array.bits)
    found: dict[str, bool] = {}
    for m, codes in enumerate(program):
        bits: Bits = chip.design.weights.encode(codes)
        for r, c, k in np.ndindex(bits.shape):
            found[weight_net(m, r, c, names[k])] = bool(bits[r, c, k])
    return found


@dataclass(frozen=True)
class Nets:
    """Nodes of a chip whose memory is idle."""

    chip: ProgrammedChip
    driven: frozenset[str] = frozenset()
    """Weight nets that sources of the deck move."""

    @cached_property
    def ties(self) -> dict[str, str]:
        """Nets of the memory that sit on a rail. It is idle: word lines low, bit lines precharged."""
        ties: dict[str, str] = {}
        for port in self.chip.flat.ports:
            line = memory_line(port)
            if line is not None:
                ties[port] = GROUND if line == WORD else SUPPLY
        if self.chip.memory == "ideal":
            for net, high in weight_bits(self.chip, self.chip.codes).items():
                if net not in self.driven:
                    ties[net], ties[complement(net)] = (SUPPLY, GROUND) if high else (GROUND, SUPPLY)
        return ties

    def node(self, name: str) -> str:
        """A rail for idle memory nets and for all their wire segments, else the name."""
        return self.ties.get(name) or self.ties.get(whole(name)) or safe(name)

    def plate(self, name: str) -> str:
        """Node where a capacitor ends: the whole supply wire is one plate (uA through ohms: it is within 0.1 mV)."""
        net = whole(name)
        return net if net in RAILS else self.node(name)


def transistor_lines(
    cards: Cards,
    chip: ProgrammedChip,
    mos: Iterable[tuple[Mos, Shift]],
    node: Net,
    own: Callable[[Mos, str], str] = lambda _, name: name,
) -> list[str]:
    """Lines of transistors with their shifts; `own` is what a node is called for one of them."""
    lines = []
    for m, shift in mos:
        if in_latch(m.name) and chip.memory == "ideal":
            continue
        d, g, s, b = (node(n) for n in (m.d, m.g, m.s, m.b))
        if d == s and {whole(d), whole(g)} <= set(RAILS):
            continue  # a dummy across one rail carries nothing
        lines.append(cards.line(safe(m.name), size_of(m), [own(m, n) for n in (d, g, s, b)], shift, **drawn(m)))
    return lines


def resistor_lines(resistors: Iterable[Resistor], node: Net) -> list[str]:
    """Resistors whose ends are different nodes; InputError for a value that is not positive."""
    lines = []
    for i, r in enumerate(resistors):
        check_value(r.name, r.ohm)
        a, b = node(r.a), node(r.b)
        if a != b:  # both ends on one rail: carries nothing
            lines.append(f"r{i} {a} {b} {r.ohm:.6e}")
    return lines


def check_value(name: str, value: float) -> None:
    """InputError unless a parasitic element has a positive, finite value."""
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"netlist: {name[:60]!r} has the value {value}; extract the layout again")
