"""Verilog views of the macro, with all of its pins: behaviour of the programming port and the weight memory, and the
periphery as gates of the process's library on an array of latches."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from somaforge.generator.address import MemoryMap, WeightBit
from somaforge.generator.block import Block, Role
from somaforge.generator.names import LATCHES, PERIPHERY, RAILS, cell_name, input_net, memory_line, output_net
from somaforge.generator.periphery.netlist import PORT_INPUTS, Gate, GateNetlist
from somaforge.pdk.errors import InputError
from somaforge.pdk.library import StandardCells
from somaforge.pdk.templating import render


@dataclass(frozen=True)
class Rectangle:
    """The rectangle of the memory that one matrix takes: rows and places from first to before end."""

    first_row: int
    end_row: int
    first_place: int
    end_place: int


def rectangles(memory: MemoryMap) -> tuple[Rectangle, ...]:
    """The rectangle of every matrix, in order."""
    found = []
    for matrix, (rows, columns) in enumerate(zip(memory.layers, memory.layers[1:], strict=False)):
        row, place = memory.place(WeightBit(matrix, 0, 0, 0))
        found.append(Rectangle(row, row + rows, place, place + columns * (memory.bits + 1)))
    return tuple(found)


def analog_pins(layers: tuple[int, ...]) -> list[str]:
    """Pins that carry currents: inputs of the first layer, outputs of the last."""
    return [*map(input_net, range(layers[0])), *map(output_net, range(layers[-1]))]


def require_name(name: str) -> None:
    if name in KEYWORDS:
        raise InputError(f"name: {name!r} is a word of Verilog and cannot name a module; choose another")


def _common(name: str, memory: MemoryMap) -> Mapping[str, object]:
    require_name(name)
    return {
        "name": name,
        "rows": memory.rows,
        "width": memory.width,
        "matrices": rectangles(memory),
        "power": RAILS,
        "analog": analog_pins(memory.layers),
        "inputs": PORT_INPUTS,
    }


def model(name: str, memory: MemoryMap) -> str:
    """Verilog-2005 of the macro `name` as a user simulates it."""
    return render("port_model.v.j2", layers=memory.layers, bits=memory.bits, **_common(name, memory))


def pins(block: Block) -> str:
    """A block without behaviour, as a macro without a port is: its pins and nothing else."""
    require_name(block.name)
    power = block.nets(Role.SUPPLY, Role.GROUND)
    return render("pins.v.j2", name=block.name, power=power, pins=[p for p in block.circuit.ports if p not in power])


DIRECTIONS: Mapping[Role, str] = {
    Role.DIGITAL_INPUT: "input",
    Role.CLOCK: "input",
    Role.DIGITAL_OUTPUT: "output",
}
"""Of a role; all others are inout."""


def hard(block: Block, inside: str, template: Literal["blackbox.v.j2", "wrapped.v.j2"]) -> str:
    """A hard macro around the macro `inside`: pins alone, or with what is in it."""
    require_name(block.name)
    power = block.nets(Role.SUPPLY, Role.GROUND)
    pins = {net: DIRECTIONS.get(role, "inout") for net, role in block.roles().items() if net not in power}
    return render(template, name=block.name, inside=inside, power=power, pins=pins)


@dataclass(frozen=True)
class _Line:
    """One gate as Verilog writes it."""

    name: str
    cell: str
    connections: str


KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
    always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default defparam
    design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive endspecify
    endtable endtask event for force forever fork function generate genvar highz0 highz1 if ifnone incdir include
    initial inout input instance integer join large liblist library localparam macromodule medium module nand
    negedge nmos nor noshowcancelled not notif0 notif1 or output parameter pmos posedge primitive pull0 pull1
    pulldown pullup pulsestyle_ondetect pulsestyle_onevent rcmos real realtime reg release repeat rnmos rpmos rtran
    rtranif0 rtranif1 scalared showcancelled signed small specify specparam strong0 strong1 supply0 supply1 table
    task time tran tranif0 tranif1 tri tri0 tri1 triand trior trireg unsigned use uwire vectored wait wand weak0
    weak1 while wire wor xnor xor
    """,
    )
)
"""IEEE 1364-2005, annex B."""


def _net(net: str) -> str:
    """Word lines and bit lines are vectors in Verilog."""
    line = memory_line(net)
    return net if line is None else f"{line}[{net.removeprefix(line + '_')}]"


def _line(cells: StandardCells, gate: Gate) -> _Line:
    cell = cells.cell(gate.function, gate.drive)
    connections = ", ".join(f".{cell.pins[pin]}({_net(net)})" for pin, net in gate.pins)
    return _Line(gate.name, cells.full(cell.name), connections)


def gates(cells: StandardCells, name: str, memory: MemoryMap, netlist: GateNetlist) -> str:
    """Structural Verilog of the macro `name`: what LVS compares, with the latches as behaviour."""
    ports = {*netlist.inputs, *netlist.outputs, *netlist.lines}
    wires = dict.fromkeys(net for gate in netlist.gates for _, net in gate.pins if net not in ports)
    return render(
        "port_gates.v.j2",
        wires=wires,
        gates=[_line(cells, gate) for gate in netlist.gates if gate.drives],
        periphery=cell_name(name, PERIPHERY),
        latches=cell_name(name, LATCHES),
        **_common(name, memory),
    )
