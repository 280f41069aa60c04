"""A chip's analog part as one circuit on ngspice: drivers, array, winner, bias and converter, as they are laid out.

The netlist is that of the whole chip. Latches, ports and the control stand still while a pattern runs: they are left
out, the nets of the weights sit on the rails, and those of the pattern are moved as the drivers' latches would
(flow.readout.decide). Transistors of array and drivers keep the names that they have in a run of the array alone, so a
virtual chip is the same device here and there, and weights trained for it fit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import Program, check_program
from somaforge.flow.engines.lines import weight_net
from somaforge.flow.engines.ngspice import BASE_OPTIONS
from somaforge.flow.readout.bench import Bench
from somaforge.generator.circuit import Capacitor, FlatNetlist, Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import (
    CORE,
    DRIVERS,
    GROUND,
    SUPPLY,
    complement,
    in_latch,
    output_net,
)
from somaforge.pdk.errors import InputError

MACRO, BANK = "x_macro", f"x_{DRIVERS}"
"""Instances in a chip (generator.chip)."""
_CORES = {f"{MACRO}.x_{CORE}.": "", f"{BANK}.x_{CORE}.": f"{BANK}."}
"""How names in the cores of macro and drivers begin, and what is left of that."""
_ANALOG = (*_CORES, "x_winner.", "x_converter.", "x_bias.")
_RACER = re.compile(r"x_winner\.x_racer_(\d+)\.")
OF_CONTROL: Mapping[str, str] = {
    "race_reset": "reset",
    "race_reset_b": "reset_b",
    "race_valid": "valid",
}
"""What joins control and winner in a chip that has both -> net of the winner."""
OPTIONS = f"klu method=gear {BASE_OPTIONS} noopiter itl1=500 itl4=100"
"""Those of the array's own runs; flow.engines.ngspice says what they leave."""
TIMEOUT_S = 3600.0
"""A pattern of 7-7-7 took 7 to 10 s of a processor; a shared one may take ten times as long."""


@dataclass(frozen=True)
class _Names:
    """From the chip's names to those of the analog part."""

    ties: Mapping[str, str]
    """Weight net of the array -> rail."""
    outside: Mapping[str, str]
    """Net of the whole chip -> what it is called here."""

    def net(self, name: str) -> str:
        if name in self.ties:
            return self.ties[name]
        return self.outside.get(name) or short(name)


def short(name: str) -> str:
    """Name of a transistor or net in the chip -> what it is called where array or drivers are simulated alone."""
    for long, left in _CORES.items():
        if name.startswith(long):
            return left + name.removeprefix(long)
    return name


def analog(chip: FlatNetlist, design: Design, codes: Program, outside: Mapping[str, str] = OF_CONTROL) -> FlatNetlist:
    """The analog part, programmed, with an ammeter's node `meter_<j>` before every racer. `outside` renames nets of the
    chip: supplies and pins of a frame, what its control drives.

    InputError if weights do not fit the design, or the chip is not of it.
    """
    check_program(design, codes)
    prefix = next(iter(_CORES))
    names = _Names({f"{prefix}{net}": rail for net, rail in _ties(design, codes).items()}, outside)
    kept = [m for m in chip.mos if m.name.startswith(_ANALOG) and not in_latch(m.name)]
    if not any(m.g in names.ties for m in kept):
        raise InputError(f"chip {chip.name}: none of the weights of {design.spec.name} is in it")
    found = tuple(_moved(m, names) for m in kept)
    nets = {net for m in found for net in (m.d, m.g, m.s, m.b)}
    return replace(chip, mos=found, capacitors=tuple(_capacitors(chip.capacitors, names, nets)), resistors=())


def _ties(design: Design, codes: Program) -> dict[str, str]:
    """Rail of every weight net of the array."""
    return {net: (SUPPLY if high else GROUND) for net, high in levels(design, codes).items()}


def levels(design: Design, codes: Program) -> dict[str, bool]:
    """Every weight net of an array and its complement: whether it is high."""
    names, found = latch_nets(design.spec.array.bits), {}
    for m, matrix in enumerate(codes):
        bits = design.weights.encode(matrix)
        for r, c, k in np.ndindex(bits.shape):
            net = weight_net(m, r, c, names[k])
            found[net], found[complement(net)] = bool(bits[r, c, k]), not bits[r, c, k]
    return found


def _moved(m: Mos, names: _Names) -> Mos:
    racer = _RACER.match(m.name)
    own = {} if racer is None else {output_net(int(racer[1])): f"meter_{racer[1]}"}

    def net(name: str) -> str:
        found = names.net(name)
        return own.get(found, found)

    return replace(m, name=short(m.name), d=net(m.d), g=net(m.g), s=net(m.s), b=net(m.b))


def _capacitors(wires: Sequence[Capacitor], names: _Names, nets: set[str]) -> list[Capacitor]:
    """Those between nets that are left; what went to another net goes to ground."""
    found = []
    for c in wires:
        a, b = (net if net in nets else GROUND for net in (names.net(c.a), names.net(c.b)))
        if a != b and {a, b} != {SUPPLY, GROUND}:
            found.append(replace(c, a=a, b=b))
    return found


def bench_of(
    chip: FlatNetlist, design: Design, codes: Program, seed: int, outside: Mapping[str, str] = OF_CONTROL
) -> Bench:
    """One virtual chip at the spec's operating point, with the foundry's mismatch in every analog device."""
    made = VirtualChip.of(design.spec.chips, seed)
    return Bench(
        design.pdk, analog(chip, design, codes, outside), made, design.spec.at, options=OPTIONS, timeout_s=TIMEOUT_S
    )
