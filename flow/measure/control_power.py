"""What the chip's control draws at rest."""

from somaforge.flow.control.levels import at_rest, flip_flops
from somaforge.flow.memory.leakage import of_gates
from somaforge.generator.design import Design
from somaforge.generator.periphery.netlist import GateNetlist

CLOCK = "clk"
HIGH = frozenset({"rst_n", "cs_n"})
"""Pins that are high while nothing is sent."""


def at_rest_W(design: Design, netlist: GateNetlist) -> float:  # noqa: N802 (a unit)
    """Leakage of a control's gates after a reset, its clock low, at the design's own point; ToolError if ngspice fails
    or the control does not come to rest."""
    levels = at_rest(netlist, CLOCK, HIGH)
    known = {net: levels[net] for net in (*netlist.inputs, *(gate.output for gate in flip_flops(netlist)))}
    return of_gates(design, [gate for gate in netlist.gates if gate.drives], known, design.spec.at)
