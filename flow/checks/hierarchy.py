"""Two netlists with different hierarchies made comparable, without changing what either of them is.

A layout has wrappers, via cells and fillers that the schematic does not have, and rails that only meet in the
parent cell or through the substrate. Only exact transformations are used: flattening, and joining pins of a
circuit that every one of its instances connects to one and the same net.
"""

import klayout.db as kdb

LINKS_LIMIT = 2_000_000
"""Links between pins of one circuit's calls that a comparison may hold: about 80 MB of both netlists together."""


def align(layout: kdb.Netlist, schematic: kdb.Netlist, top: kdb.Circuit, reference: kdb.Circuit) -> None:
    """Make both hierarchies the same: afterwards each circuit has a partner of that name with as many pins."""
    layout.purge()
    schematic.purge()
    while True:
        join_pins(layout)
        join_pins(schematic)
        ours = {c.name.lower(): c for c in layout.each_circuit() if c.name != top.name}
        theirs = {c.name.lower(): c for c in schematic.each_circuit() if c.name != reference.name}
        different = {n for n in ours.keys() & theirs.keys() if pin_count(ours[n]) != pin_count(theirs[n])}
        # Highest first: once a parent is flattened its parts may meet in other places.
        flatten_ours = [c for n, c in ours.items() if n not in theirs or n in different]
        flatten_theirs = [c for n, c in theirs.items() if n not in ours or n in different]
        if not flatten_ours and not flatten_theirs:
            return
        layout.flatten_circuits(flatten_ours)
        schematic.flatten_circuits(flatten_theirs)
        layout.purge()
        schematic.purge()


def too_wide(netlist: kdb.Netlist, top: kdb.Circuit) -> list[kdb.Circuit]:
    """Circuits with so many pins that a comparison is better off with their contents in their place.

    KLayout links every pin of a call with every other pin of it: n pins cost n * n links for each call (196 rows of
    905 pins, 160 million: 7 GB), while the synapses in such a row have 14 pins each.
    """
    wide: list[kdb.Circuit] = []
    # Children first: what a parent costs without its own pins depends on which of its children are dissolved.
    inside: dict[str, int] = {}
    for circuit in netlist.each_circuit_bottom_up():
        contents = sum(1 for _ in circuit.each_device()) * 4**2
        calls: dict[str, int] = {}
        for call in circuit.each_subcircuit():
            calls[call.circuit_ref().name] = calls.get(call.circuit_ref().name, 0) + 1
        contents += sum(inside[name] * n for name, n in calls.items())
        own = pin_count(circuit) ** 2
        references = sum(1 for _ in circuit.each_ref())
        dissolved = circuit.name != top.name and references * own > LINKS_LIMIT and contents < own
        if dissolved:
            wide.append(circuit)
        inside[circuit.name] = contents if dissolved else own
    return wide


def pin_count(circuit: kdb.Circuit) -> int:
    """Pins that have a net inside."""
    return sum(1 for pin in circuit.each_pin() if circuit.net_for_pin(pin.id()) is not None)


def join_pins(netlist: kdb.Netlist) -> None:
    """Join the nets of pins that all instances of a circuit connect together (supply rails, substrate)."""
    # Parents first: what is joined in a parent joins pins of its children.
    for circuit in netlist.each_circuit_top_down():
        _join_pins_of(circuit)


def _join_pins_of(circuit: kdb.Circuit) -> None:
    references = list(circuit.each_ref())
    if not references:
        return
    pins = [pin.id() for pin in circuit.each_pin() if circuit.net_for_pin(pin.id()) is not None]
    outside = {pin: tuple(_net_number(call, pin) for call in references) for pin in pins}
    groups: dict[tuple[int, ...], int] = {}
    for pin in pins:
        first = groups.setdefault(outside[pin], pin)
        if first != pin:
            _join(circuit, references, first, pin)


def _net_number(call: kdb.SubCircuit, pin: int) -> int:
    """Something that is equal for two pins of one call exactly if they are on one net."""
    net = call.net_for_pin(pin)
    if net is None:
        return -1 - pin  # an open pin is on a net of its own
    # Python wrappers of one net are not equal to each other; its first subcircuit pin is unique to it.
    first = next(net.each_subcircuit_pin())
    return first.subcircuit().id() * 1_000_000 + first.pin().id()


def _join(circuit: kdb.Circuit, references: list[kdb.SubCircuit], keep: int, drop: int) -> None:
    kept, dropped = circuit.net_for_pin(keep), circuit.net_for_pin(drop)
    for call in references:
        call.disconnect_pin(drop)
    circuit.disconnect_pin(drop)
    if kept is not None and dropped is not None and not _same(kept, dropped):
        circuit.join_nets(kept, dropped)
    circuit.remove_pin(drop)


def _same(a: kdb.Net, b: kdb.Net) -> bool:
    return {p.pin().id() for p in a.each_pin()} == {p.pin().id() for p in b.each_pin()}
