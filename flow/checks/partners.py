"""Which schematic name each net, call and transistor of a layout circuit got, also of circuits that were dissolved.

A comparison may have put the contents of a wide circuit in its place (hierarchy.too_wide). Everything in it was given
its number as name before, so that a flat layout name like `$5.$3` says: call 5 of the parent, call 3 in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import klayout.db as kdb

from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class Partners:
    """Schematic names of what one layout circuit holds."""

    nets: dict[int, str] = field(default_factory=dict)
    """By cluster."""
    children: dict[int, str] = field(default_factory=dict)
    """By the call's id."""
    devices: dict[int, str] = field(default_factory=dict)
    """By id."""


@dataclass(frozen=True)
class Whole:
    """A layout netlist as it was before circuits were dissolved."""

    netlist: kdb.Netlist
    calls: Mapping[str, Mapping[int, tuple[int, str]]]
    """Circuit -> id of a call in the compared netlist -> its id here, the circuit that it calls."""


def dissolve(layout: kdb.Netlist, schematic: kdb.Netlist, circuits: Iterable[kdb.Circuit]) -> Whole:
    """Put the contents of `circuits` (of the layout) and of those of the same names in the schematic in their place."""
    copy = layout.dup()
    calls = {
        circuit.name: {
            ours.id(): (theirs.id(), ours.circuit_ref().name)
            for ours, theirs in zip(circuit.each_subcircuit(), twin.each_subcircuit(), strict=True)
        }
        for circuit, twin in zip(layout.each_circuit(), copy.each_circuit(), strict=True)
    }
    circuits = list(circuits)
    names = {circuit.name.lower() for circuit in circuits}
    for circuit in circuits:
        _number(circuit)
    layout.flatten_circuits(circuits)
    schematic.flatten_circuits([c for c in schematic.each_circuit() if c.name.lower() in names])
    return Whole(copy, calls)


def _number(circuit: kdb.Circuit) -> None:
    for net in circuit.each_net():
        net.name = f"${net.cluster_id}"
    for device in circuit.each_device():
        device.name = f"${device.id()}"
    for call in (*circuit.each_subcircuit(), *circuit.each_ref()):
        call.name = f"${call.id()}"


def partners(lvs: kdb.LayoutVsSchematic, whole: Whole | None) -> dict[str, Partners]:
    """By layout circuit; `lvs` must have been compared. With `whole`, ids are those of its netlist.

    InputError if two calls of a dissolved circuit were paired in different ways: then it has no one set of names.
    """
    xref = lvs.xref()
    table = _Table(whole)
    for circuits in xref.each_circuit_pair():
        if circuits.first() is None or circuits.second() is None:
            continue
        name = circuits.first().name
        table.known.setdefault(name, Partners())
        for net in xref.each_net_pair(circuits):
            one, two = net.first(), net.second()
            if one is not None and two is not None:
                table.add(name, "nets", one.name, one.cluster_id, two.expanded_name())
        for sub in xref.each_subcircuit_pair(circuits):
            call, other = sub.first(), sub.second()
            if call is not None and other is not None:
                table.add(name, "children", call.name, call.id(), other.expanded_name())
        for pair in xref.each_device_pair(circuits):
            device, twin = pair.first(), pair.second()
            if device is not None and twin is not None:
                table.add(name, "devices", device.name, device.id(), twin.expanded_name())
    return table.known


class _Table:
    def __init__(self, whole: Whole | None) -> None:
        self.calls = {} if whole is None else whole.calls
        self.known: dict[str, Partners] = {}

    def add(self, circuit: str, kind: str, layout: str, number: int, schematic: str) -> None:
        """One pair; `layout` is a path of numbers if it comes from a dissolved circuit."""
        path = [int(part[1:]) for part in layout.split(".")] if self._is_path(circuit, layout) else [number]
        parts = schematic.rsplit(".", len(path) - 1)
        if len(parts) != len(path):
            raise InputError(f"circuit {circuit}: {layout} was paired with {schematic}, which is not as deep")
        for call, name in zip(path[:-1], parts, strict=False):
            circuit = self._set(circuit, "children", call, name)
        self._set(circuit, kind, path[-1], parts[-1])

    def _is_path(self, circuit: str, name: str) -> bool:
        parts = name.split(".")
        if len(parts) < 2 or not all(part[:1] == "$" and part[1:].isdecimal() for part in parts):
            return False
        return int(parts[0][1:]) in self.calls.get(circuit, {})

    def _set(self, circuit: str, kind: str, number: int, name: str) -> str:
        """Note the name; the circuit that is called if it is a call."""
        called = ""
        if kind == "children" and circuit in self.calls:
            number, called = self.calls[circuit][number]
        names: dict[int, str] = getattr(self.known.setdefault(circuit, Partners()), kind)
        if names.setdefault(number, name) != name:
            raise InputError(
                f"circuit {circuit}: its {kind} were paired in different ways in different places "
                f"({names[number]} and {name}); flatten it in both netlists"
            )
        return called
