"""What readout and bias of a chip draw from the supply: their schematics without mismatch, at the spec's own point.

Beside the currents that others count: the bias's outputs are in what the reference somas take, a race's input currents
in what the array takes.
"""

from dataclasses import dataclass

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.readout import bias as biases
from somaforge.flow.readout import converter as pulses
from somaforge.flow.readout import winner as races
from somaforge.flow.readout.bench import Bench
from somaforge.flow.readout.setting import bias_setting
from somaforge.generator.circuit import Library
from somaforge.generator.design import Design
from somaforge.generator.readout.bias import bias
from somaforge.generator.readout.converter import converter
from somaforge.generator.readout.winner import winner_take_all
from somaforge.pdk.arrays import Floats

OTHERS = 0.5
"""The other output currents of a race over the largest one."""


@dataclass(frozen=True)
class Draws:
    """At one operating point."""

    bias_W: float
    """The bias, its pin's current among it, and what it takes to bias the converter, which nothing flows into."""
    race_J: float
    """From the reset before a race until `valid`."""
    held_W: float
    """While the result of a race stands."""


def measure(design: Design, references_A: Floats) -> Draws:
    """Of the blocks that the chip of an array has, with the reference currents [rows] in A that its drivers want; a
    race's largest current is the first of them. ToolError if ngspice fails or a race does not end."""
    pdk, name, volts = design.pdk, design.spec.name, design.spec.supply_V
    outputs, level = design.layers[-1], float(references_A[0])

    def bench(library: Library) -> Bench:
        return Bench(pdk, library.flatten(), VirtualChip(0, mismatch=0.0), design.spec.at)

    ratio, pin_A = bias_setting(level)
    made = biases.currents(
        bench(bias(pdk, name, split=design.spec.array.bits if len(references_A) > 1 else 0)), ratio, pin_A
    )
    own_A = made.supply_A - made.out_A - (made.low_A or 0.0)
    to_winner, to_converter = made.sinks_A
    idle_A = pulses.idle_A(bench(converter(pdk, name)), pulses.Conditions(bias_A=to_converter))
    currents = np.full((1, outputs), OTHERS * level)
    currents[0, 0] = level
    around, inputs_A = races.Conditions(bias_A=to_winner), float(currents.sum())
    found = races.race(bench(winner_take_all(pdk, name, outputs)), currents, around=around)
    valid_s = float(races.require_valid(found)[0])
    race_C = float(found.to_valid_C[0]) - inputs_A * (valid_s + races.EMPTY_S)
    held_A = float(found.latest_A[0]) - inputs_A
    return Draws(bias_W=(own_A + idle_A) * volts, race_J=race_C * volts, held_W=held_A * volts)
