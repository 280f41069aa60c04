"""What the chip's control draws at rest."""

from dataclasses import replace

from somaforge.flow.memory.leakage import of_gates
from somaforge.generator.design import Design
from somaforge.generator.periphery.netlist import Gate, GateNetlist

HIGH = ("rst_n", "cs_n")
"""Pins that are high while nothing is sent."""


def flip_flops(netlist: GateNetlist) -> tuple[Gate, ...]:
    """Of a netlist."""
    return tuple(gate for gate in netlist.gates if "flip_flop" in gate.function)


def at_rest_W(design: Design, netlist: GateNetlist) -> float:  # noqa: N802 (a unit)
    """Leakage of a control's gates after a reset, its clock low, at the design's own point; ToolError if ngspice fails.

    With the clock low a flip-flop of the falling edge shows its first half, whose state a deck cannot set by its
    output: it is counted as one of the rising edge, the same transistors but for an inverter.
    """
    levels = dict.fromkeys(netlist.inputs, False) | {gate.output: False for gate in flip_flops(netlist)}
    levels |= {pin: True for pin in netlist.inputs if pin in HIGH}
    # Reset is released a clock after the pin: these two are 1 from then on.
    levels |= {gate.output: True for gate in flip_flops(netlist) if gate.output.startswith("awake")}
    gates = [_rising(gate) for gate in netlist.gates if gate.drives]
    return of_gates(design, gates, levels, design.spec.at)


def _rising(gate: Gate) -> Gate:
    if gate.function != "falling_reset_flip_flop":
        return gate
    return replace(gate, function="reset_flip_flop", pins=(("clock", gate.net("clock_n")), *gate.pins[1:]))
