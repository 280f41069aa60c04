"""What a programming port's data register takes from the supply while words are shifted in.

Simulated with the foundry's cells and lumped wires, as its timing is (`port_timing`): some bit slices behind one set of
repeaters, clocked once with data that change at every clock and once with data that stay. Half of the bits of random
data change. Not in it: the control block before the repeaters, word lines, and what the latches take when written.
"""

from dataclasses import dataclass

import numpy as np

from somaforge.flow.memory.port_deck import WIRE_F, PortDeck
from somaforge.flow.memory.port_timing import LINE_F, PERIPHERY_F
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import transient
from somaforge.generator.design import Design
from somaforge.generator.names import bit_line, bit_line_bar
from somaforge.generator.periphery import netlist
from somaforge.generator.periphery.netlist import Plan
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import OperatingPoint

SLICES = 3
"""Bits behind one set of repeaters, fewer than a layout has (two columns): the repeaters' share is too large."""
PERIOD_S, EDGE_S, STEP_S = 20e-9, 0.1e-9, 4e-11
FILL, CLOCKS = SLICES + 1, 4
"""Clocks until the first bit has come through, and those that are measured."""


@dataclass(frozen=True)
class ShiftEnergy:
    """J per bit slice and clock."""

    changing_J: float
    staying_J: float

    @property
    def random_J(self) -> float:  # noqa: N802 (a unit)
        """Of random data."""
        return (self.changing_J + self.staying_J) / 2


def shift_energy(design: Design, plan: Plan, at: OperatingPoint) -> ShiftEnergy:
    """Of the data register of a design's port; ToolError if ngspice fails."""
    bench = PortDeck(design, "energy of the port", at)
    for gate in (*netlist.repeaters_of_group(0), *_slices()):
        bench.gate(gate.name, gate.function, gate.drive, **dict(gate.pins))
    volts, deck = at.supply_V, bench.deck
    deck.put(f"v_shift shift_b 0 {volts:.9g}", f"v_write write_n 0 {volts:.9g}")
    deck.put("v_read read_b 0 0")
    half = PERIOD_S / 2 - EDGE_S
    # The clock rises in the middle of its period: data change at its begin.
    deck.put(f"v_clk data_clk 0 pulse(0 {volts:.9g} {PERIOD_S / 2:.6e} {EDGE_S:g} {EDGE_S:g} {half:.6e} {PERIOD_S:g})")
    both = FILL + CLOCKS
    points = [(0.0, 0.0)]
    for k in range(1, both):
        points += [(k * PERIOD_S, points[-1][1]), (k * PERIOD_S + EDGE_S, volts * (k % 2))]
    deck.put(f"v_data data_in_b 0 pwl({' '.join(f'{t:.6e} {v:.6g}' for t, v in points)})")
    for i in range(SLICES):
        for line in (bit_line(i), bit_line_bar(i)):
            deck.put(f"c_{line} {line} 0 {plan.memory.rows * LINE_F + PERIPHERY_F:.6e}")
    for bus in ("data_clk_0", "shift_0", "write_n_0", "read_0"):
        deck.put(f"c_{bus} {bus} 0 {SLICES * WIRE_F:.6e}")
    text = deck.text(*transient(["i(v_vdd)"], STEP_S, 2 * both * PERIOD_S, f"0 {STEP_S:.6e}"))
    names, values = run_batch(text, None, "port_energy", 300.0)
    time, amperes = values[:, names.index("time")], -values[:, names.index("i(v_vdd)")]

    def joule(first: int) -> float:
        here = (time >= first * PERIOD_S) & (time <= (first + CLOCKS) * PERIOD_S)
        return volts * float(np.trapezoid(amperes[here], time[here])) / CLOCKS / SLICES

    found = ShiftEnergy(joule(FILL), joule(both + FILL))
    if not 0 < found.staying_J < found.changing_J:
        raise ToolError(
            f"port: shifting takes {found.changing_J:.3g} J with changing data, {found.staying_J:.3g} without"
        )
    return found


def _slices() -> list[netlist.Gate]:
    """Bit slices of the first group, the last one fed by its repeater."""
    after = [f"data_{i + 1}" for i in range(SLICES - 1)] + ["data_in_0"]
    return [gate for i, source in enumerate(after) for gate in netlist.bit_slice(i, 0, source)]
