"""Patterns through a chip's analog part on ngspice (flow.readout.whole): codes or currents in, the winner out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from somaforge.flow.readout.bench import Bench, crossings
from somaforge.flow.readout.setting import PIN_A, bias_setting
from somaforge.flow.readout.whole import BANK, levels
from somaforge.flow.readout.winner import EDGE_S
from somaforge.flow.spice.deck import safe, staircase
from somaforge.generator.address import Codes
from somaforge.generator.design import Design
from somaforge.generator.names import input_net, output_net, reference_net
from somaforge.generator.readout.bias import BITS, REFERENCE_UNITS
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

REFERENCE_V = 0.5
"""Where the bias's current is taken while no drivers do."""
WRITE_S = 5e-9
"""How fast a latch turns over, with all its switches."""


@dataclass(frozen=True)
class Times:
    """Of one pattern, one after the other."""

    settle_s: float
    """From the pattern on until the race starts."""
    race_s: float

    @property
    def period_s(self) -> float:
        """Of a pattern."""
        return self.settle_s + self.race_s


@dataclass(frozen=True)
class Stimulus:
    """What stands at the pins and in the latches of the drivers."""

    count: int
    """Patterns."""
    sources: tuple[str, ...]
    """Lines of a deck."""
    pin_A: float = PIN_A
    """Drawn from the pin of the reference current."""
    ratio: int = REFERENCE_UNITS
    """Code of the bias."""


def from_pins(inputs: Floats, period_s: float) -> Stimulus:
    """Currents [patterns, inputs] in A into a chip without drivers."""
    held = f"v_reference reference gnd {REFERENCE_V:g}"
    lines = (
        f"i_in_{i} vdd {input_net(i)} {staircase(inputs[:, i].tolist(), period_s, EDGE_S)}"
        for i in range(inputs.shape[1])
    )
    return Stimulus(len(inputs), (held, *lines))


def from_drivers(
    bank: Design, patterns: Sequence[Codes], references_A: Floats, period_s: float, biased: int = 1
) -> Stimulus:
    """Latches [rows, inputs] of the drivers `bank` (generator.drivers) for each pattern. The first `biased` of the
    reference currents [rows] come from the bias, through the ratio that leaves about PIN_A at its pin (a second one is
    2^array.bits smaller, whatever is asked for), the others from pins."""
    supply, (ratio, pin_A) = bank.spec.supply_V, bias_setting(float(references_A[0]))
    lines = [f"i_{reference_net(r)} vdd {reference_net(r)} {a:.9e}" for r, a in enumerate(references_A) if r >= biased]
    every = [levels(bank, (latches,)) for latches in patterns]
    for k, net in enumerate(every[0]):
        volts = [supply * high[net] for high in every]
        lines.append(f"v_latch_{k} {safe(f'{BANK}.{net}')} gnd {staircase(volts, period_s, WRITE_S)}")
    return Stimulus(len(patterns), tuple(lines), pin_A, ratio)


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

    @property
    def largest(self) -> npt.NDArray[np.int64]:
        """[patterns] the largest output current."""
        return np.asarray(self.outputs_A.argmax(axis=1))


def classify(bench: Bench, stimulus: Stimulus, times: Times) -> Classes:
    """Patterns, each followed by a race; `bench.flat` is from `analog`. All outputs take part, as the control has it.

    InputError if a net that needs a source is not in the netlist; ToolError if ngspice fails.
    """
    outputs = sum(1 for net in bench.flat.nets if net.startswith("meter_"))
    if not outputs or "valid" not in bench.flat.nets:
        raise InputError(f"chip {bench.flat.name}: no winner-take-all behind its outputs")
    period, count = times.period_s, stimulus.count
    saves = ["v(valid)", "i(v_vdd)", *(f"{what}_{j})" for j in range(outputs) for what in ("v(win", "i(v_meter"))]
    sources = [*_controls(bench.where.supply_V, outputs, stimulus, times), *stimulus.sources]
    _require_nets(bench, sources)
    analysis = f".tran {period / 500:.6e} {count * period:.9e} 0 {times.race_s / 20:.6e}"
    found = bench.run(analysis, sources, saves, "chip")
    time, half = found["time"], bench.where.supply_V / 2
    starts: Floats = np.arange(count, dtype=np.float64) * period
    races, ends = starts + times.settle_s, starts + period - 4 * EDGE_S
    valid_at: Floats = np.full(count, np.nan)
    for k in range(count):
        inside = (time >= races[k]) & (time <= ends[k])
        at = crossings(time[inside], found["v(valid)"][inside], half)
        valid_at[k] = at[0] if len(at) else np.nan
    stops: Floats = np.where(np.isnan(valid_at), ends, valid_at)

    def between(name: str, first: Floats, last: Floats) -> Floats:
        value = found[name]
        whole = np.concatenate([[0.0], np.cumsum(np.diff(time) * (value[1:] + value[:-1]) / 2)])
        return np.asarray(np.interp(last, time, whole) - np.interp(first, time, whole))

    at_end = np.array([np.interp(ends, time, found[f"v(win_{j})"]) for j in range(outputs)]).T
    meters = [between(f"i(v_meter_{j})", races, stops) / (stops - races) for j in range(outputs)]
    return Classes(
        winners=at_end > half,
        valid=np.interp(ends, time, found["v(valid)"]) > half,
        decided_s=valid_at - starts,
        outputs_A=np.array(meters).T,
        charge_C=-between("i(v_vdd)", starts, stops),
    )


def _require_nets(bench: Bench, sources: Sequence[str]) -> None:
    """InputError for a current on a net that is not there: it drives it to millions of volts, and ngspice gives what is
    left of the digits of everything else. (A voltage there does nothing.)"""
    known = {safe(net) for m in bench.flat.mos for net in (m.d, m.g, m.s, m.b)}
    for line in sources:
        name, *ends = line.split()[:3]
        for net in ends:
            if name.startswith("i_") and net not in known:
                raise InputError(f"chip {bench.flat.name}: {name} stands on {net}, a net that it does not have")


def _controls(supply_V: float, outputs: int, stimulus: Stimulus, times: Times) -> list[str]:
    """What the control drives while patterns are decided, and the reference current's pin."""
    low, high = "0", f"{supply_V:.9g}"

    def pulses(first: str, then: str) -> str:
        long = times.race_s - 2 * EDGE_S
        return f"pulse({first} {then} {times.settle_s:.9e} {EDGE_S} {EDGE_S} {long:.9e} {times.period_s:.9e})"

    nets = {"on": low, "on_b": high, "probe": low, "probe_b": high, "monitor": low}
    nets |= {f"bit_b_{k}": low if stimulus.ratio >> k & 1 else high for k in range(BITS)}
    nets |= {f"select_{j}": low for j in range(outputs)} | {f"select_b_{j}": high for j in range(outputs)}
    nets |= {"reset": pulses(high, low), "reset_b": pulses(low, high)}
    lines = [f"v_{net} {net} gnd {value}" for net, value in nets.items()]
    lines.append(f"i_iref iref gnd {stimulus.pin_A:.9e}")
    return [*lines, *(f"v_meter_{j} {output_net(j)} meter_{j} 0" for j in range(outputs))]
