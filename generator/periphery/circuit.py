"""The periphery as circuits: the library's cells with their transistors, and the macro made of core and periphery."""

from somaforge.generator.address import MemoryMap
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.names import PERIPHERY, cell_name
from somaforge.generator.periphery.cells import cell_circuit
from somaforge.generator.periphery.netlist import PORT_INPUTS, PORT_OUTPUTS, GateNetlist
from somaforge.pdk.library import StandardCell, StandardCells


def gate_circuits(cells: StandardCells, netlist: GateNetlist, name: str) -> list[Circuit]:
    """Every cell of the library that is used, then the periphery `name` that calls them."""
    kinds = {(gate.function, gate.drive): cells.cell(gate.function, gate.drive) for gate in netlist.gates}
    circuits = {
        kind.name: cell_circuit(cells, kind.name) for kind in sorted(kinds.values(), key=lambda kind: kind.name)
    }
    calls = []
    for gate in netlist.gates:
        kind = kinds[gate.function, gate.drive]
        nets = {**cells.power, **{kind.pins[pin]: net for pin, net in gate.pins}}
        circuit = circuits[kind.name]
        calls.append(Call(gate.name, circuit.name, tuple(nets[port] for port in circuit.ports)))
    return [*circuits.values(), Circuit(name, netlist.ports, (), tuple(calls))]


def _name(cell: StandardCell) -> str:
    return cell.name


def macro(cells: StandardCells, core: Library, memory: MemoryMap, netlist: GateNetlist, name: str) -> Library:
    """Core and periphery under a top circuit `name`, with the pins of the core that no port drives, and the port's."""
    joined = memory.port_nets()
    inner, periphery = core.circuits[core.top], cell_name(name, PERIPHERY)
    outside = [port for port in inner.ports if port not in joined]
    calls = (
        Call("x_core", inner.name, tuple(joined.get(port, port) for port in inner.ports)),
        Call("x_periphery", periphery, netlist.ports),
    )
    top = Circuit(name, (*outside, *PORT_INPUTS, *PORT_OUTPUTS), (), calls)
    circuits = [*core.circuits.values(), *gate_circuits(cells, netlist, periphery), top]
    return Library({c.name: c for c in circuits}, name)
