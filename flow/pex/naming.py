"""Names for extracted nets: the schematic's after a matched comparison, the layout's own otherwise.

Flat names are put together along the hierarchy: names of instances, then of the net in its circuit. The comparison
may be hierarchical; no flat one is needed.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import klayout.db as kdb

from somaforge.pdk.errors import InputError

_UNSAFE = re.compile(r"[^A-Za-z0-9_.#\[\]]+")


@dataclass(frozen=True)
class Names:
    """What the elements of a circuit are called in it."""

    net: Callable[[kdb.Net], str]
    child: Callable[[kdb.SubCircuit], str]
    """With the dot that follows in flat names."""
    device: Callable[[kdb.Device], str]


def safe(name: str) -> str:
    """A name that SPICE takes for one word; `$7` (a net without a label) becomes `net_7`."""
    return _UNSAFE.sub("_", "net_" + name[1:] if name.startswith("$") else name)


def layout_names() -> Names:
    """The layout's own names."""
    return Names(
        net=lambda net: safe(net.expanded_name()),
        child=lambda sub: f"x_{safe(sub.expanded_name()).removeprefix('net_')}.",
        device=lambda device: f"m_{safe(device.expanded_name()).removeprefix('net_')}",
    )


@dataclass(frozen=True)
class _Pairs:
    """What each element of one layout circuit is called in the schematic's circuit."""

    nets: dict[int, str] = field(default_factory=dict)
    children: dict[int, str] = field(default_factory=dict)
    devices: dict[int, str] = field(default_factory=dict)


def schematic_names(lvs: kdb.LayoutVsSchematic) -> Names:
    """The schematic's names, as `Library.flatten` forms them. `lvs` must have been compared.

    InputError (when asked for it) on a transistor without a counterpart.
    """
    xref = lvs.xref()
    known: dict[str, _Pairs] = {}
    for circuits in xref.each_circuit_pair():
        if circuits.first() is None or circuits.second() is None:
            continue
        pairs = known[circuits.first().name] = _Pairs()
        for net in xref.each_net_pair(circuits):
            if net.first() is not None and net.second() is not None:
                pairs.nets[net.first().cluster_id] = net.second().expanded_name()
        for sub in xref.each_subcircuit_pair(circuits):
            if sub.first() is not None and sub.second() is not None:
                pairs.children[sub.first().id()] = sub.second().expanded_name() + "."
        for pair in xref.each_device_pair(circuits):
            if pair.first() is not None and pair.second() is not None:
                pairs.devices[pair.first().id()] = pair.second().expanded_name()

    def pairs_of(circuit: kdb.Circuit) -> _Pairs:
        return known.get(circuit.name, _Pairs())

    def device(found: kdb.Device) -> str:
        name = pairs_of(found.circuit()).devices.get(found.id())
        if name is None:
            raise InputError(
                f"cell {found.circuit().name}: transistor {found.expanded_name()} has no counterpart in the schematic"
            )
        return name

    return Names(
        net=lambda net: pairs_of(net.circuit()).nets.get(net.cluster_id) or "unmatched_" + safe(net.expanded_name()),
        child=lambda sub: pairs_of(sub.circuit()).children.get(sub.id(), f"unmatched_{sub.id()}."),
        device=device,
    )
