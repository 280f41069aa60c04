"""Structural Verilog of a netlist of gates: by function, and by the cells of a library."""

from collections.abc import Callable

from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.library import StandardCells


def functional(name: str, netlist: GateNetlist) -> str:
    """Modules and pins are functions of pdk.library."""
    return _module(name, netlist, lambda gate: (gate.function, gate.pins))


def structural(cells: StandardCells, name: str, netlist: GateNetlist) -> str:
    """Modules and pins are the foundry's, without supplies."""

    def named(gate: Gate) -> tuple[str, tuple[tuple[str, str], ...]]:
        cell = cells.cell(gate.function, gate.drive)
        return cells.full(cell.name), tuple((cell.pins[pin], net) for pin, net in gate.pins)

    return _module(name, netlist, named)


def _module(name: str, netlist: GateNetlist, named: Callable[[Gate], tuple[str, tuple[tuple[str, str], ...]]]) -> str:
    ports = (*netlist.inputs, *netlist.outputs)
    wires = dict.fromkeys(net for gate in netlist.gates for _, net in gate.pins if net not in ports)
    lines = [f"module {name} ({', '.join(ports)});"]
    lines += [f"  input {pin};" for pin in netlist.inputs] + [f"  output {pin};" for pin in netlist.outputs]
    lines += [f"  wire {net};" for net in wires]
    for gate in netlist.gates:
        module, pins = named(gate)
        lines.append(f"  {module} {gate.name} ({', '.join(f'.{pin}({net})' for pin, net in pins)});")
    return "\n".join([*lines, "endmodule"]) + "\n"
