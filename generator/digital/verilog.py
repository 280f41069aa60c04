"""Structural Verilog of a netlist of gates: by function, and by the cells of a library."""

from collections.abc import Callable
from dataclasses import replace

from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.library import StandardCells


def functional(name: str, netlist: GateNetlist) -> str:
    """Modules and pins are functions of pdk.library; what drives nothing is left out."""
    logic = replace(netlist, gates=tuple(gate for gate in netlist.gates if gate.drives))
    return _module(name, logic, lambda gate: (gate.function, gate.pins))


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


def with_vectors(name: str, inner: str, netlist: GateNetlist) -> str:
    """A module around `inner` whose ports x_0, x_1 ... are the bits of a vector x again, as in the source."""
    found = {pin: "input" for pin in netlist.inputs} | {pin: "output" for pin in netlist.outputs}
    vectors: dict[str, int] = {}
    for pin in found:
        stem, _, number = pin.rpartition("_")
        if number.isdigit():
            vectors[stem] = max(vectors.get(stem, 0), int(number) + 1)
    whole = {stem: count for stem, count in vectors.items() if all(f"{stem}_{k}" in found for k in range(count))}
    bits = {f"{stem}_{k}": f"{stem}[{k}]" for stem, count in whole.items() for k in range(count)}
    ports = {bits.get(pin, pin).partition("[")[0]: found[pin] for pin in found}
    lines = [f"module {name} ({', '.join(ports)});"]
    for port, direction in ports.items():
        lines.append(f"  {direction} {f'[{whole[port] - 1}:0] ' if port in whole else ''}{port};")
    connections = ", ".join(f".{pin}({bits.get(pin, pin)})" for pin in found)
    return "\n".join([*lines, f"  {inner} gates ({connections});", "endmodule"]) + "\n"
