"""Circuits without contents: what is empty in the schematic must be empty in the layout, unless it is a black box."""

from collections.abc import Iterator

import klayout.db as kdb

from somaforge.pdk.errors import InputError
from somaforge.pdk.extraction import SUBSTRATE, Extraction


def empty_circuits(
    extraction: Extraction, schematic: kdb.Netlist, reference: kdb.Circuit, boxes: frozenset[str]
) -> Iterator[str]:
    """A line for every circuit of the schematic that holds nothing, while the layout has no cell of that name without
    devices. It is a black box only if that was said (`boxes`, small letters)."""
    circuits = {circuit.name.lower(): circuit for circuit in extraction.netlist.each_circuit()}
    for circuit in schematic.each_circuit():
        name = circuit.name.lower()
        empty = not any(True for _ in circuit.each_device()) and not any(True for _ in circuit.each_subcircuit())
        if not empty or name in boxes or name == reference.name.lower():
            continue
        if name not in extraction.cells:
            why = f"the layout has no cell {circuit.name}"
        elif name in circuits and _devices(circuits[name]):
            why = f"the layout's cell holds {_devices(circuits[name])} devices"
        else:
            continue
        yield f"circuit {circuit.name}: empty in the schematic, and {why}; --blackbox {circuit.name} compares its pins"


def _devices(circuit: kdb.Circuit) -> int:
    own = sum(1 for _ in circuit.each_device())
    return own + sum(_devices(call.circuit_ref()) for call in circuit.each_subcircuit())


def make_boxes(layout: kdb.Netlist, schematic: kdb.Netlist, boxes: frozenset[str]) -> Iterator[str]:
    """Empty the black boxes of both sides and give the layout's the schematic's pins, by label.

    A line for every pin without a label, and for every wire that enters the layout's cell elsewhere. InputError if
    the schematic does not call one of them.
    """
    for name in sorted(boxes):
        theirs = _circuit(schematic, name)
        if theirs is None:
            raise InputError(f"black box {name}: the schematic does not call a circuit of that name")
        ours = _circuit(layout, name)
        if ours is None:
            yield f"black box {theirs.name}: nothing conducts in the layout's cell"
            continue
        yield from _pins(ours, theirs)
        for circuit in (ours, theirs):
            circuit.blank()
            circuit.dont_purge = True


def _circuit(netlist: kdb.Netlist, name: str) -> kdb.Circuit | None:
    return next((c for c in netlist.each_circuit() if c.name.lower() == name), None)


def _pins(ours: kdb.Circuit, theirs: kdb.Circuit) -> Iterator[str]:
    labelled: dict[str, list[kdb.Net]] = {}
    for net in ours.each_net():
        for label in net.name.split(",") if net.name else ():
            labelled.setdefault(label.lower(), []).append(net)
    kept: set[int] = set()
    for pin in theirs.each_pin():
        nets = labelled.get(pin.name().lower(), [])
        if len(nets) != 1:
            many = f"{len(nets)} wires carry" if nets else "no wire carries"
            yield f"black box {ours.name}: {many} the label {pin.name()} in the layout's cell"
            continue
        numbers = [ref.pin().id() for ref in nets[0].each_pin()]
        if not numbers:
            made = ours.create_pin(pin.name())
            ours.connect_pin(made, nets[0])
            numbers = [made.id()]
        if kept & set(numbers):
            yield f"black box {ours.name}: {pin.name()} is shorted to another pin in the layout's cell"
            continue
        kept |= set(numbers[:1])
        ours.rename_pin(numbers[0], pin.name())
    for number in [pin.id() for pin in ours.each_pin() if pin.id() not in kept]:
        net = ours.net_for_pin(number)
        if net is not None and SUBSTRATE not in net.name.split(","):
            yield f"black box {ours.name}: a wire enters it at {net.expanded_name()}, which is no pin of the schematic"
        for call in list(ours.each_ref()):
            call.disconnect_pin(number)
        ours.disconnect_pin(number)
        ours.remove_pin(number)
