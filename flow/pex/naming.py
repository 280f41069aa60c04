"""Flat names for extracted nets: the schematic's after a matched comparison, the layout's own otherwise."""

import re
from dataclasses import dataclass, field

import klayout.db as kdb

from somaforge.flow.pex.geometry import Names

_UNSAFE = re.compile(r"[^A-Za-z0-9_.#\[\]]+")


def safe(name: str) -> str:
    """A name that SPICE takes for one word; `$7` (a net without a label) becomes `net_7`."""
    return _UNSAFE.sub("_", "net_" + name[1:] if name.startswith("$") else name)


def layout_names(prefix: str = "") -> Names:
    """The layout's own names, instance path joined by dots."""
    return Names(
        net=lambda net: prefix + safe(net.expanded_name()),
        child=lambda sub: layout_names(f"{prefix}x_{safe(sub.expanded_name()).removeprefix('net_')}."),
        device=lambda device: f"{prefix}m_{safe(device.expanded_name()).removeprefix('net_')}",
    )


@dataclass(frozen=True)
class _Pairs:
    """What each element of one layout circuit is called in the schematic's circuit."""

    nets: dict[int, str] = field(default_factory=dict)
    children: dict[int, str] = field(default_factory=dict)
    devices: dict[int, str] = field(default_factory=dict)


def schematic_names(lvs: kdb.LayoutVsSchematic, top: kdb.Circuit) -> Names:
    """The schematic's names for the layout `top`, as `Library.flatten` forms them. `lvs` must have been compared."""
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
        for device in xref.each_device_pair(circuits):
            if device.first() is not None and device.second() is not None:
                pairs.devices[device.first().id()] = device.second().expanded_name()
    return _names(known, top.name, "")


def _names(known: dict[str, _Pairs], circuit: str, prefix: str) -> Names:
    pairs = known.get(circuit, _Pairs())
    return Names(
        net=lambda net: prefix + (pairs.nets.get(net.cluster_id) or "unmatched_" + safe(net.expanded_name())),
        child=lambda sub: _names(
            known, sub.circuit_ref().name, prefix + pairs.children.get(sub.id(), f"unmatched_{sub.id()}.")
        ),
        device=lambda device: prefix + pairs.devices.get(device.id(), f"unmatched_{device.id()}"),
    )
