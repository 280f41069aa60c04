"""The whole macro in ngspice, every transistor of array and periphery, played through its port clock by clock.

For small macros: the proof that row select, drivers and data register work together on extracted wiring. Wires are
capacitances to ground (coupling counted in full); flow.memory.port_timing has the resistances of long lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow.memory.port import Clock
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import Deck, pwl, size_of, transient
from somaforge.generator.address import WeightBit
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.names import DOWN, current_pin, place
from somaforge.generator.periphery.netlist import PORT_INPUTS
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import Models, OperatingPoint

EDGE_S = 2e-10
POWER_UP_S = 5e-9
"""The supply rises from 0 before the first clock: latches and flip-flops fall to whatever side they like."""
STEP_S = 2e-9


@dataclass(frozen=True)
class Waves:
    """Voltages over time of the nets that were asked for."""

    time: Floats
    volts: Mapping[str, Floats]
    starts: Floats
    """When each clock begins (its falling edge); one more for the end."""
    half_period_s: float

    def at(self, net: str, time: float) -> float:
        """Voltage of a net at a time."""
        return float(np.interp(time, self.time, self.volts[net]))

    def before_edge(self, clock: int) -> float:
        """The time just before the rising edge of a clock."""
        return float(self.starts[clock]) + 0.98 * self.half_period_s


def latches(flat: FlatNetlist) -> dict[WeightBit, str]:
    """The net of the true side of every latch."""
    found = {}
    for mos in flat.mos:
        at = place(mos.name)
        if at is not None and at.latch is not None and at.inside == DOWN:
            found[WeightBit(at.layer, at.row, at.column, at.latch)] = mos.d
    return found


def play(
    flat: FlatNetlist,
    models: Models,
    at: OperatingPoint,
    farad: Mapping[str, float],
    sequence: Sequence[Clock],
    watch: Sequence[str],
    *,
    half_period_s: float = 1e-8,
    evidence: Path | None = None,
    timeout_s: float = 1800.0,
) -> Waves:
    """Run a macro (its flat schematic) through a sequence of clocks; `farad` is the extracted wiring of its nets.

    Neuron inputs and outputs are grounded: no currents flow in the network. ToolError if ngspice fails.
    """
    names = {net: f"n{k}" for k, net in enumerate(flat.nets)} | {"gnd": "0", "vdd": "vdd"}
    names |= {pin: pin for pin in PORT_INPUTS}
    wires = {net.lower(): value for net, value in farad.items()}
    starts: Floats = np.float64(POWER_UP_S) + 2 * half_period_s * np.arange(len(sequence) + 1, dtype=np.float64)
    title = f"{flat.name}: {len(flat.mos)} transistors through the port"
    options = "klu method=gear reltol=1e-3 abstol=1e-12 vntol=1e-6 gmin=1e-15 itl4=100"
    deck = Deck(title, models, at, options, exact=False)
    deck.put(f"v_vdd vdd 0 {pwl([(0.0, 0.0), (POWER_UP_S / 2, at.supply_V)])}")
    deck.put(*_sources(sequence, starts, half_period_s, at.supply_V))
    deck.put(*(f"v_{names[p]} {names[p]} 0 0" for p in flat.ports if current_pin(p)))
    for k, mos in enumerate(flat.mos):
        ends = [names[n] for n in (mos.d, mos.g, mos.s, mos.b)]
        deck.transistor(str(k), models.simulated(size_of(mos)), ends)
    for net, name in names.items():
        if name not in ("0", "vdd") and net.lower() in wires:
            deck.put(f"c_{name} {name} 0 {wires[net.lower()]:.6e}")
    saves = [f"v({names[net]})" for net in watch]
    text = deck.text(*transient(saves, STEP_S, float(starts[-1]), f"0 {STEP_S:.6e} uic"))
    found, values = run_batch(text, evidence, "port_transistors", timeout_s)
    columns = {name: values[:, k] for k, name in enumerate(found)}
    return Waves(columns["time"], {n: columns[f"v({names[n]})"] for n in watch}, starts, half_period_s)


def _sources(sequence: Sequence[Clock], starts: Floats, half_period: float, supply: float) -> Iterator[str]:
    """The pins as piecewise linear sources."""
    clock = [(0.0, 0.0)]
    for start in starts[:-1].tolist():
        clock += [(start + half_period, 0.0), (start + half_period + EDGE_S, supply)]
        clock += [(start + 2 * half_period, supply), (start + 2 * half_period + EDGE_S, 0.0)]
    # Pins change after the falling edge has passed: the clock gates are open only while the clock is low.
    changes = starts + 5 * EDGE_S
    yield f"v_clk clk 0 {pwl(clock, value='.6g')}"
    for pin in PORT_INPUTS:
        if pin == "clk":
            continue
        levels = [supply * bool(getattr(step, pin)) for step in sequence]
        points, before = [(0.0, 0.0)], 0.0
        for start, level in zip(changes.tolist(), levels, strict=False):
            if level != before:
                points += [(start, before), (start + EDGE_S, level)]
                before = level
        yield f"v_{pin} {pin} 0 {pwl(points, value='.6g')}"


def judge(waves: Waves, sequence: Sequence[Clock], supply_V: float) -> tuple[list[str], int]:
    """Bits at data_out that differ from what was expected, and how many were compared."""
    wrong, compared = [], 0
    for k, step in enumerate(sequence):
        if step.expected is None:
            continue
        compared += 1
        volts = waves.at("data_out", waves.before_edge(k))
        if abs(volts - supply_V * step.expected) > 0.1 * supply_V:
            wrong.append(f"data_out: clock {k} shows {volts:.3f} V, expected {int(step.expected)}")
    return wrong, compared


def disturbance(waves: Waves, net: str, start: float, stop: float, supply_V: float) -> float:
    """Largest distance of a net from the rail that it is nearest to at `start`, from then to `stop`, in V."""
    inside = (waves.time >= start) & (waves.time <= stop)
    rail = supply_V if waves.at(net, start) > supply_V / 2 else 0.0
    return float(np.max(np.abs(waves.volts[net][inside] - rail)))
