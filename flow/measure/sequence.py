"""A whole chip on ngspice, every transistor of it, from its digital pins to its digital pins.

The supply comes up, the control is reset through its pin, frames come in, and the class leaves: gates of the control,
ports, latches, drivers, array, race and bias are one circuit with the wires of the layout between them. What is given
beside pins and supplies is the state that an earlier programming left: some latches, and empty row selects.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.measure.sequence_pins import PinScript
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import Deck, drawn, held, pwl, size_of, transient
from somaforge.generator.circuit import FlatNetlist
from somaforge.pdk import Pdk
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint, Shift

EDGE_S = 5e-10
"""Of every pin."""
POWER_UP_S = 1e-7
"""The supply rises in the first half of it; latches that are given are held until its end."""
LONGEST_STEP_S = 1e-7
OPTIONS = "klu method=gear reltol=2e-3 abstol=1e-13 vntol=1e-6 gmin=1e-15 bypass=1 chgtol=1e-16 itl4=100"
HOLD_OHM = 200.0
"""Against a latch's own transistors, some kiloohm."""


@dataclass(frozen=True)
class Surroundings:
    """What stands at a chip's pins, and what was in it before."""

    clock: str
    """Its net."""
    pins: Mapping[str, str]
    """Pin of the script -> net of the chip."""
    high: Sequence[str] = ()
    """Nets that are high as long as the chip has its supply."""
    low: Sequence[str] = ()
    drawn_A: Mapping[str, float] = field(default_factory=dict)
    """Net -> current that is drawn from it in A."""
    held: Mapping[str, bool] = field(default_factory=dict)
    """Net -> level at which it is held until the supply is there."""


@dataclass(frozen=True)
class Traces:
    """Voltages over time of the nets that were asked for."""

    time: Floats
    volts: Mapping[str, Floats]
    supply_V: float
    half_period_s: float

    def level(self, net: str, clock: int) -> float:
        """Voltage over the supply at the end of a clock, before its falling edge."""
        when = POWER_UP_S + 2 * self.half_period_s * (clock + 1) - EDGE_S
        return float(np.interp(when, self.time, self.volts[net])) / self.supply_V


def play(
    pdk: Pdk,
    flat: FlatNetlist,
    chip: VirtualChip,
    at: OperatingPoint,
    script: PinScript,
    around: Surroundings,
    watch: Sequence[str],
    half_period_s: float,
    evidence: Path | None = None,
    timeout_s: float = 6 * 3600.0,
) -> Traces:
    """A chip, whose supplies are `vdd` and `gnd` in `flat`, through a script. InputError for a net that is not there;
    ToolError if ngspice fails."""
    known = set(flat.nets)
    named = (around.clock, *around.pins.values(), *around.high, *around.low, *around.drawn_A, *around.held, *watch)
    for net in named:
        if net not in known:
            raise InputError(f"chip {flat.name}: no net {net}")
    names = {net: f"n{k}" for k, net in enumerate(flat.nets)} | {"gnd": "0", "vdd": "vdd"}
    title = f"{len(flat.mos)} transistors from pins to pins"
    deck = Deck(title, pdk.models, at, OPTIONS, exact=False, body=False)
    deck.put(f"v_vdd vdd 0 {pwl([(0.0, 0.0), (POWER_UP_S / 2, at.supply_V)])}")
    deck.put(*_sources(around, names, script, half_period_s, at.supply_V))
    shifts, weak = chip.shifts(flat, pdk).tolist(), chip.weak(flat, pdk).tolist()
    for k, (m, *both) in enumerate(zip(flat.mos, shifts, weak, strict=True)):
        ends = [names[net] for net in (m.d, m.g, m.s, m.b)]
        deck.transistor(str(k), pdk.models.simulated(size_of(m)), ends, Shift(*both), **drawn(m))
    for k, c in enumerate(flat.capacitors):
        deck.put(f"c_{k} {names[c.a]} {names[c.b]} {c.farad:.6e}")
    stop = POWER_UP_S + 2 * half_period_s * script.clocks
    saves = [f"v({names[net]})" for net in watch]
    text = deck.text(*transient(saves, half_period_s / 5, stop, f"0 {LONGEST_STEP_S:.6e} uic"))
    found, values = run_batch(text, evidence, "sequence", timeout_s)
    columns = {name: values[:, k] for k, name in enumerate(found)}
    volts = {net: columns[f"v({names[net]})"] for net in watch}
    return Traces(columns["time"], volts, at.supply_V, half_period_s)


def _sources(
    around: Surroundings, names: Mapping[str, str], script: PinScript, half: float, supply: float
) -> Iterator[str]:
    """Pins as piecewise linear sources; what is high rises with the supply."""
    period, rise = 2 * half, f"pwl(0 0 {POWER_UP_S / 2:.6e} {supply:.9g})"
    clock = f"pulse(0 {supply:.9g} {POWER_UP_S + half:.9e} {EDGE_S} {EDGE_S} {half - EDGE_S:.9e} {period:.9e})"
    yield f"v_clk {names[around.clock]} 0 {clock}"
    for pin, net in around.pins.items():
        (_, before), *changes = script.changes[pin]
        points = [(0.0, 0.0), (POWER_UP_S / 2, supply * before)]
        for at, level in changes:
            when = POWER_UP_S + at * period + 2 * EDGE_S
            points += [(when, supply * before), (when + EDGE_S, supply * level)]
            before = level
        yield f"v_pin_{pin} {names[net]} 0 {pwl(points)}"
    yield from (f"v_high_{k} {names[net]} 0 {rise}" for k, net in enumerate(around.high))
    yield from (f"v_low_{k} {names[net]} 0 0" for k, net in enumerate(around.low))
    for k, (net, ampere) in enumerate(around.drawn_A.items()):
        yield f"i_drawn_{k} {names[net]} 0 pwl(0 0 {POWER_UP_S:.6e} {ampere:.9e})"
    yield from held({names[net]: "vdd" if level else "0" for net, level in around.held.items()}, POWER_UP_S, HOLD_OHM)
