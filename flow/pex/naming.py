"""Names for extracted nets: the schematic's after a matched comparison, the layout's own otherwise.

Flat names are put together along the hierarchy: names of instances, then of the net in its circuit. The comparison
may be hierarchical; no flat one is needed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.flow.checks.partners import Partners
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


def schematic_names(known: Mapping[str, Partners]) -> Names:
    """The schematic's names, as `Library.flatten` forms them, from a comparison's `partners()`.

    InputError (when asked for it) on a transistor without a counterpart.
    """

    def pairs_of(circuit: kdb.Circuit) -> Partners:
        return known.get(circuit.name, Partners())

    def child(call: kdb.SubCircuit) -> str:
        return pairs_of(call.circuit()).children.get(call.id(), f"unmatched_{call.id()}") + "."

    def device(found: kdb.Device) -> str:
        name = pairs_of(found.circuit()).devices.get(found.id())
        if name is None:
            raise InputError(
                f"cell {found.circuit().name}: transistor {found.expanded_name()} has no counterpart in the schematic"
            )
        return name

    return Names(
        net=lambda net: pairs_of(net.circuit()).nets.get(net.cluster_id) or "unmatched_" + safe(net.expanded_name()),
        child=child,
        device=device,
    )
