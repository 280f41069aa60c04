"""A chip's analog part as one circuit on ngspice, array, winner, bias and converter: currents in, the winner out.

The netlist is that of the whole chip. Latches and ports stand still while patterns run: they are left out, and the
weight nets sit on the rails. Transistors of the array keep the names that they have in a run of the array alone, so a
virtual chip is the same device here and there, and weights trained for it fit.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import Program, check_program
from somaforge.flow.engines.lines import weight_net
from somaforge.flow.readout.bench import Bench, crossings
from somaforge.flow.readout.winner import EDGE_S
from somaforge.flow.spice.deck import staircase
from somaforge.generator.circuit import Capacitor, FlatNetlist, Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import (
    CORE,
    GROUND,
    PERIPHERY,
    SUPPLY,
    complement,
    in_latch,
    input_net,
    output_net,
)
from somaforge.generator.readout.bias import BITS, REFERENCE_UNITS
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

MACRO = "x_macro"
"""Instance in a chip (generator.chip)."""
_RACER = re.compile(r"x_winner\.x_racer_(\d+)\.")
REFERENCE_V = 0.5
"""Where the current of the reference rows is taken while no drivers do."""
PIN_A = 100e-9
"""Drawn from the pin of the reference current."""


def analog(chip: FlatNetlist, design: Design, codes: Program) -> FlatNetlist:
    """The chip's netlist without latches and ports, programmed, with an ammeter's node `meter_<j>` before every racer.

    InputError if weights do not fit the design, or the chip is not of it.
    """
    check_program(design, codes)
    prefix = f"{MACRO}.x_{CORE}."
    ties = {f"{prefix}{net}": rail for net, rail in _ties(design, codes).items()}
    kept = [m for m in chip.mos if not m.name.startswith(f"{MACRO}.x_{PERIPHERY}.") and not in_latch(m.name)]
    found = tuple(_moved(m, prefix, ties) for m in kept)
    if not any(m.g in ties for m in kept):
        raise InputError(f"chip {chip.name}: none of the weights of {design.spec.name} is in it")
    nets = {net for m in found for net in (m.d, m.g, m.s, m.b)}
    return replace(chip, mos=found, capacitors=tuple(_capacitors(chip.capacitors, prefix, ties, nets)), resistors=())


def _ties(design: Design, codes: Program) -> dict[str, str]:
    """Rail of every weight net of the array."""
    names, found = latch_nets(design.spec.array.bits), {}
    for m, matrix in enumerate(codes):
        bits = design.weights.encode(matrix)
        for r, c, k in np.ndindex(bits.shape):
            net = weight_net(m, r, c, names[k])
            found[net], found[complement(net)] = (SUPPLY, GROUND) if bits[r, c, k] else (GROUND, SUPPLY)
    return found


def _moved(m: Mos, prefix: str, ties: Mapping[str, str]) -> Mos:
    racer = _RACER.match(m.name)
    own = {} if racer is None else {output_net(int(racer[1])): f"meter_{racer[1]}"}

    def net(name: str) -> str:
        name = ties.get(name, name).removeprefix(prefix)
        return own.get(name, name)

    return replace(m, name=m.name.removeprefix(prefix), d=net(m.d), g=net(m.g), s=net(m.s), b=net(m.b))


def _capacitors(wires: Sequence[Capacitor], prefix: str, ties: Mapping[str, str], nets: set[str]) -> list[Capacitor]:
    """Those between nets that are left; what went to another net goes to ground."""
    found = []
    for c in wires:
        a, b = (ties.get(net, net).removeprefix(prefix) for net in (c.a, c.b))
        a, b = (net if net in nets else GROUND for net in (a, b))
        if a != b and {a, b} != {SUPPLY, GROUND}:
            found.append(replace(c, a=a, b=b))
    return found


@dataclass(frozen=True)
class Times:
    """Of one pattern, one after the other."""

    settle_s: float
    """From the pattern on until the race starts."""
    race_s: float


@dataclass(frozen=True, eq=False)
class Classes:
    """What the chip said."""

    winners: npt.NDArray[np.bool_]
    """[patterns, outputs] `win_j` at the end."""
    valid: npt.NDArray[np.bool_]
    decided_s: Floats
    """[patterns] from the pattern on to `valid`; NaN without it."""
    outputs_A: Floats
    """[patterns, outputs] mean current into each racer from the start of the race until `valid`, or to its end."""
    charge_C: Floats
    """[patterns] out of the supply, input currents among it."""

    @property
    def chosen(self) -> npt.NDArray[np.int64]:
        """[patterns] the class; -1 where not one alone won or it was not valid."""
        alone = self.valid & (self.winners.sum(axis=1) == 1)
        return np.where(alone, self.winners.argmax(axis=1), -1)

    def largest(self, used: int) -> npt.NDArray[np.int64]:
        """[patterns] the largest of the first `used` output currents."""
        return np.asarray(self.outputs_A[:, :used].argmax(axis=1))


def classify(bench: Bench, inputs: Floats, times: Times, used: int) -> Classes:
    """Patterns of input currents [patterns, inputs] in A, each followed by a race; `bench.flat` is from `analog`.

    Outputs from `used` on take no part: `select` steers them onto the bus. ToolError if ngspice fails.
    """
    period, supply = times.settle_s + times.race_s, bench.where.supply_V
    outputs = sum(1 for net in bench.flat.nets if net.startswith("meter_"))
    count = len(inputs)
    low, high = f"{0:g}", f"{supply:.9g}"

    def pulses(first: float, then: float) -> str:
        long = times.race_s - 2 * EDGE_S
        return f"pulse({first:.9g} {then:.9g} {times.settle_s:.9e} {EDGE_S} {EDGE_S} {long:.9e} {period:.9e})"

    levels = {"on": low, "on_b": high, "probe": low, "probe_b": high}
    levels |= {f"bit_b_{k}": low if REFERENCE_UNITS >> k & 1 else high for k in range(BITS)}
    levels |= {f"select_{j}": low if j < used else high for j in range(outputs)}
    levels |= {f"select_b_{j}": high if j < used else low for j in range(outputs)}
    levels |= {
        "reference": f"{REFERENCE_V:g}",
        "monitor": low,
        "reset": pulses(supply, 0),
        "reset_b": pulses(0, supply),
    }
    sources = [f"v_{net} {net} gnd {value}" for net, value in levels.items()]
    sources.append(f"i_iref iref gnd {PIN_A:.9e}")
    sources += [f"v_meter_{j} {output_net(j)} meter_{j} 0" for j in range(outputs)]
    sources += [
        f"i_in_{i} vdd {input_net(i)} {staircase(inputs[:, i].tolist(), period, EDGE_S)}"
        for i in range(inputs.shape[1])
    ]
    saves = ["v(valid)", "i(v_vdd)", *(f"{what}_{j})" for j in range(outputs) for what in ("v(win", "i(v_meter"))]
    found = bench.run(f".tran {period / 500:.6e} {count * period:.9e} 0 {period / 100:.6e}", sources, saves, "chip")
    time = found["time"]
    starts: Floats = np.arange(count, dtype=np.float64) * period
    ends: Floats = starts + period - 4 * EDGE_S
    valid_at: Floats = np.full(count, np.nan)
    for k in range(count):
        inside = (time >= starts[k] + times.settle_s) & (time <= ends[k])
        at = crossings(time[inside], found["v(valid)"][inside], supply / 2)
        valid_at[k] = at[0] if len(at) else np.nan
    stops: Floats = np.where(np.isnan(valid_at), ends, valid_at)

    def total(name: str) -> Floats:
        value = found[name]
        return np.concatenate([[0.0], np.cumsum(np.diff(time) * (value[1:] + value[:-1]) / 2)])

    def between(name: str, first: Floats, last: Floats) -> Floats:
        whole = total(name)
        return np.asarray(np.interp(last, time, whole) - np.interp(first, time, whole))

    races: Floats = starts + times.settle_s
    at_end = np.array([np.interp(ends, time, found[f"v(win_{j})"]) for j in range(outputs)]).T
    meters = [between(f"i(v_meter_{j})", races, stops) / (stops - races) for j in range(outputs)]
    return Classes(
        winners=at_end > supply / 2,
        valid=np.interp(ends, time, found["v(valid)"]) > supply / 2,
        decided_s=valid_at - starts,
        outputs_A=np.array(meters).T,
        charge_C=-between("i(v_vdd)", starts, stops),
    )


def bench_of(chip: FlatNetlist, design: Design, codes: Program, seed: int) -> Bench:
    """One virtual chip at the spec's operating point, with the foundry's mismatch in every analog device."""
    return Bench(design.pdk, analog(chip, design, codes), VirtualChip.of(design.spec.chips, seed), design.spec.at)
