"""What must hold of a netlist of gates before it is drawn, and the buffers that wires need."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from somaforge.generator.names import RAILS
from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.pdk.errors import InputError
from somaforge.pdk.library import DIODE, INPUTS, OUTPUT, StandardCells

INPUT_DRIVE, OUTPUT_DRIVE = 2, 4
"""Of the buffers at the pins."""


def require_sound(netlist: GateNetlist) -> None:
    """InputError, which names the nets, unless every net that is read has one driver and every gate is whole."""
    faults = list(_faults(netlist))
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise InputError(f"netlist: {'; '.join(faults[:5])}{more}")


def _faults(netlist: GateNetlist) -> Iterator[str]:
    drivers = Counter([*netlist.inputs, *(gate.output for gate in netlist.gates if gate.drives)])
    read, needed = defaultdict(list), set(netlist.outputs)
    for gate in netlist.gates:
        pins, diode = dict(gate.pins), gate.function == DIODE
        if set(pins) != ({*INPUTS[gate.function]} if diode else {*INPUTS[gate.function], OUTPUT}):
            yield f"{gate.name} has the pins {', '.join(pins)}"
        for pin, net in gate.pins:
            if pin != OUTPUT:
                read[net].append(f"{gate.name}.{pin}")
                # a diode is there for those that read: alone it is none of them
                needed |= set() if diode else {net}
    for net in netlist.outputs:
        read[net].append(f"pin {net}")
    for net, places in read.items():
        if net in RAILS:
            yield f"{places[0]} is on {net}, and a gate on a rail breaks"
        elif drivers[net] == 0:
            yield f"{net} floats at {places[0]}"
    for net, count in drivers.items():
        if count > 1:
            yield f"{net} has {count} drivers"
        if net not in needed:
            yield f"nothing reads {net}"
    names = Counter(gate.name for gate in netlist.gates)
    yield from (f"{count} gates are {name}" for name, count in names.items() if count > 1)


def with_pin_buffers(netlist: GateNetlist) -> GateNetlist:
    """Every pin drives one gate or is driven by one: what is outside sees neither the wires inside nor each other."""
    made, renamed = [], {}
    for pin in netlist.inputs:
        renamed[pin] = f"{pin}_in"
        made.append(Gate(f"x_in_{pin}", "buffer", INPUT_DRIVE, (("a", pin), (OUTPUT, f"{pin}_in"))))
    for pin in netlist.outputs:
        source = renamed.get(pin, pin)
        if source == pin:
            source = renamed[pin] = f"{pin}_out"
        made.append(Gate(f"x_out_{pin}", "buffer", OUTPUT_DRIVE, (("a", source), (OUTPUT, pin))))
    return GateNetlist(netlist.inputs, netlist.outputs, (), (*(_moved(g, renamed) for g in netlist.gates), *made))


def with_diodes(netlist: GateNetlist, cells: StandardCells) -> GateNetlist:
    """An antenna diode at every input, if the library has one: a block does not know how long the wires are that come
    from outside, nor on which conductor they meet their driver."""
    if not cells.drives(DIODE):
        return netlist
    drive = cells.drives(DIODE)[0]
    diodes = (Gate(f"x_diode_{pin}", DIODE, drive, (("a", pin),)) for pin in netlist.inputs)
    return replace(netlist, gates=(*netlist.gates, *diodes))


def _moved(gate: Gate, renamed: dict[str, str]) -> Gate:
    return Gate(gate.name, gate.function, gate.drive, tuple((pin, renamed.get(net, net)) for pin, net in gate.pins))


def sinks(netlist: GateNetlist) -> dict[str, list[tuple[int, str]]]:
    """Net -> (number of the gate, pin) of every input on it."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for k, gate in enumerate(netlist.gates):
        for pin, net in gate.pins:
            if pin != OUTPUT:
                found[net].append((k, pin))
    return found


def reconnect(gate: Gate, pin: str, net: str) -> Gate:
    """The gate with one pin on another net."""
    return Gate(gate.name, gate.function, gate.drive, tuple((p, net if p == pin else n) for p, n in gate.pins))
