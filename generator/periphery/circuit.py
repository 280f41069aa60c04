"""The periphery as a circuit: the library's cells with their transistors, and the calls of them."""

from somaforge.generator.circuit import Call, Circuit
from somaforge.generator.periphery.cells import cell_circuit
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.pdk.library import StandardCells


def gate_circuits(cells: StandardCells, netlist: GateNetlist, name: str) -> list[Circuit]:
    """Every cell of the library that is used, then the periphery `name` that calls them."""
    kinds = {(gate.function, gate.drive): cells.cell(gate.function, gate.drive) for gate in netlist.gates}
    circuits = {name: cell_circuit(cells, name) for name in sorted({kind.name for kind in kinds.values()})}
    calls = []
    for gate in netlist.gates:
        kind = kinds[gate.function, gate.drive]
        nets = {**cells.power, **{kind.pins[pin]: net for pin, net in gate.pins}}
        circuit = circuits[kind.name]
        calls.append(Call(gate.name, circuit.name, tuple(nets[port] for port in circuit.ports)))
    return [*circuits.values(), Circuit(name, netlist.ports, (), tuple(calls))]
