"""A second look at a comparison that matched: do the pairs that it made hold everything together?

KLayout takes pins of a circuit for exchangeable if the circuit looks the same from each of them. That is too much for
a circuit of two equal parts: of two resistors, each between a rail and an output, all four pins look alike, but an
output does not change places with a rail. So every pair of devices and calls is followed to its nets here. A circuit
whose pins were exchanged is put into its parents by the caller, and the comparison repeated: then nothing is left to
exchange.
"""

from dataclasses import dataclass

import klayout.db as kdb

_TERMINALS: tuple[tuple[type[kdb.DeviceClass], tuple[str, ...]], ...] = (
    (kdb.DeviceClassMOS4Transistor, ("D", "S")),
    (kdb.DeviceClassResistor, ("A", "B")),
)
"""Ends that may change places."""


@dataclass(frozen=True)
class Proof:
    """What is wrong with the pairs."""

    exchanged: frozenset[str]
    """Layout circuits of which a call has its pins exchanged."""
    broken: tuple[str, ...]
    """Lines about devices that hang on other nets than their partners."""


_KEY = "somaforge_number"


def numbered(netlist: kdb.Netlist, on: bool = True) -> None:
    """Number the nets of every circuit (or forget the numbers): wrappers of one net are not equal in Python."""
    for circuit in netlist.each_circuit():
        for number, net in enumerate(circuit.each_net()):
            net.set_property(_KEY, number if on else None)


def net_number(net: kdb.Net) -> int:
    """The number that `numbered` gave."""
    return int(net.property(_KEY))


def check(lvs: kdb.LayoutVsSchematic) -> Proof:
    """Follow every pair of the comparison."""
    for netlist in (lvs.netlist(), lvs.reference):
        numbered(netlist)
    try:
        return _check(lvs.xref())
    finally:
        for netlist in (lvs.netlist(), lvs.reference):
            numbered(netlist, False)


def _check(xref: kdb.NetlistCrossReference) -> Proof:
    pins: dict[str, tuple[str, dict[int, int]]] = {}
    for circuits in xref.each_circuit_pair():
        ours, theirs = circuits.first(), circuits.second()
        if ours is not None and theirs is not None:
            paired = {
                p.first().id(): p.second().id()
                for p in xref.each_pin_pair(circuits)
                if p.first() is not None and p.second() is not None
            }
            pins[ours.name] = (theirs.name, paired)
    exchanged: set[str] = set()
    broken: list[str] = []
    for circuits in xref.each_circuit_pair():
        ours, theirs = circuits.first(), circuits.second()
        if ours is None or theirs is None:
            continue
        nets: dict[int, int] = {}
        for net in xref.each_net_pair(circuits):
            if net.first() is not None and net.second() is not None:
                nets[net_number(net.first())] = net_number(net.second())
        count = 0
        for pair in xref.each_device_pair(circuits):
            one, two = pair.first(), pair.second()
            if one is not None and two is not None:
                count += 1
                if not _same_device(one, two, nets):
                    broken.append(
                        f"device {ours.name}: {one.expanded_name()} and {two.expanded_name()} hang on other nets"
                    )
        if count != sum(1 for _ in ours.each_device()) or count != sum(1 for _ in theirs.each_device()):
            broken.append(f"circuit {ours.name}: {count} devices are paired, not all")
        count = 0
        for calls in xref.each_subcircuit_pair(circuits):
            call, other = calls.first(), calls.second()
            if call is not None and other is not None:
                count += 1
                if not _same_call(call, other, nets, pins):
                    exchanged.add(call.circuit_ref().name)
        if count != sum(1 for _ in ours.each_subcircuit()) or count != sum(1 for _ in theirs.each_subcircuit()):
            broken.append(f"circuit {ours.name}: {count} calls are paired, not all")
    return Proof(frozenset(exchanged), tuple(broken))


def _same_device(one: kdb.Device, two: kdb.Device, nets: dict[int, int]) -> bool:
    kind = one.device_class()
    free = next((ends for cls, ends in _TERMINALS if isinstance(kind, cls)), ())
    ours: dict[str, int | None] = {}
    theirs: dict[str, int | None] = {}
    for terminal in kind.terminal_definitions():
        a, b = one.net_for_terminal(terminal.name), two.net_for_terminal(terminal.name)
        ours[terminal.name] = None if a is None else nets.get(net_number(a), -1)
        theirs[terminal.name] = None if b is None else net_number(b)
    fixed = [name for name in ours if name not in free]
    if any(ours[name] != theirs[name] for name in fixed):
        return False
    return sorted(str(ours[n]) for n in free) == sorted(str(theirs[n]) for n in free)


def _same_call(
    call: kdb.SubCircuit, other: kdb.SubCircuit, nets: dict[int, int], pins: dict[str, tuple[str, dict[int, int]]]
) -> bool:
    name, paired = pins.get(call.circuit_ref().name, ("", {}))
    if name != other.circuit_ref().name:
        return False
    for ours, theirs in paired.items():
        a, b = call.net_for_pin(ours), other.net_for_pin(theirs)
        if (None if a is None else nets.get(net_number(a), -1)) != (None if b is None else net_number(b)):
            return False
    return True
