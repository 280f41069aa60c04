"""The control as gates: from its Verilog to a netlist, proved equal, and as a view for simulation."""

import re

from somaforge.flow.control.simulation import View
from somaforge.flow.synthesis.yosys import synthesise
from somaforge.generator.control import Control
from somaforge.generator.digital.verilog import structural, with_vectors
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.pdk.library import StandardCells


def gates_of(control: Control, cells: StandardCells) -> GateNetlist:
    """What yosys makes of the control; InputError if it is not sound (flow.synthesis)."""
    return synthesise(control.verilog(), control.name, cells)


def gates_view(control: Control, netlist: GateNetlist, cells: StandardCells) -> View:
    """The cells of a netlist with the foundry's functional models; a flip-flop takes 1 ns."""
    inner = f"{control.name}_gates"
    text = structural(cells, inner, netlist)
    used = sorted(set(re.findall(rf"\b{re.escape(cells.prefix)}\w+", text)))
    models = tuple(cells.file(cell, ".v") for cell in used)
    head = "`timescale 1ns / 1ps\n"
    whole = head + text + with_vectors(control.name, inner, netlist)
    return View(whole, models, {"FUNCTIONAL": "1", "UNIT_DELAY": "#1"})
