"""The periphery as circuits: the foundry's cells with their transistors, and the macro made of core and periphery."""

from somaforge.generator.address import MemoryMap, bit_line, bit_line_bar, word_line
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.names import PERIPHERY, cell_name
from somaforge.generator.periphery.cells import POWER, hd_circuit
from somaforge.generator.periphery.netlist import LIBRARY, PORT_INPUTS, PORT_OUTPUTS, GateNetlist


def gate_circuits(netlist: GateNetlist, name: str) -> list[Circuit]:
    """Every foundry cell that is used, then the periphery `name` that calls them."""
    cells = {name: hd_circuit(name) for name in sorted({gate.cell for gate in netlist.gates})}
    calls = []
    for gate in netlist.gates:
        nets = {**POWER, **dict(gate.pins)}
        calls.append(Call(gate.name, LIBRARY + gate.cell, tuple(nets[port] for port in cells[gate.cell].ports)))
    return [*cells.values(), Circuit(name, netlist.ports, (), tuple(calls))]


def macro(core: Library, memory: MemoryMap, netlist: GateNetlist, name: str) -> Library:
    """Core and periphery under a top circuit `name`, whose pins are the core's inputs and outputs, power, and the port.

    Word line `wl_<row>` of the periphery is the word line of that row in every bank that has it.
    """
    joined: dict[str, str] = {}
    for bank in range(len(memory.banks)):
        joined.update({word_line(bank, row): f"wl_{row}" for row in memory.word_rows(bank)})
    places = ((b, c, k) for b in range(len(memory.banks)) for c in range(memory.bank_columns(b))
              for k in range(memory.bits + 1))  # fmt: skip
    for index, place in enumerate(places):
        joined[bit_line(*place)] = f"bl_{index}"
        joined[bit_line_bar(*place)] = f"blb_{index}"
    inner, periphery = core.circuits[core.top], cell_name(name, PERIPHERY)
    outside = [port for port in inner.ports if port not in joined]
    calls = (
        Call("x_core", inner.name, tuple(joined.get(port, port) for port in inner.ports)),
        Call("x_periphery", periphery, netlist.ports),
    )
    top = Circuit(name, (*outside, *PORT_INPUTS, *PORT_OUTPUTS), (), calls)
    circuits = [*core.circuits.values(), *gate_circuits(netlist, periphery), top]
    return Library({c.name: c for c in circuits}, name)
