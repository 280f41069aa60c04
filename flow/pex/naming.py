"""Names for extracted nets: the schematic's after a matched comparison, the layout's own otherwise.

Flat names are put together along the hierarchy: names of instances, then of the net in its circuit. The comparison
may be hierarchical; no flat one is needed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.flow.checks.partners import Partners
from somaforge.pdk.errors import InputError
from somaforge.pdk.extraction import SUBSTRATE

_UNSAFE = re.compile(r"[^A-Za-z0-9_.#\[\]+-]+")
_TAKEN = ("0", "unconnected")
"""Names that no net may have: SPICE's ground, and what an open terminal is written as."""


@dataclass(frozen=True)
class Names:
    """What the elements of a circuit are called in it."""

    net: Callable[[kdb.Net], str]
    child: Callable[[kdb.SubCircuit], str]
    """With the dot that follows in flat names."""
    device: Callable[[kdb.Device], str]
    distinct: bool = False
    """Whether nets of one name are different nets: labels of a layout, not names of a schematic."""


def safe(name: str) -> str:
    """A name that SPICE takes for one word.

    >>> safe("$7"), safe("a b,c"), safe("bus[3]")
    ('net_7', 'a_b_c', 'bus[3]')
    """
    return _UNSAFE.sub("_", "net_" + name[1:] if name.startswith("$") else name)


def layout_names() -> Names:
    """The layout's own names."""
    return Names(
        net=lambda net: "SUB" if net.name == SUBSTRATE else safe(net.expanded_name()),
        child=lambda sub: f"x_{safe(sub.expanded_name()).removeprefix('net_')}.",
        device=lambda device: f"m_{safe(device.expanded_name()).removeprefix('net_')}",
        distinct=True,
    )


def distinct(names: Iterable[str]) -> list[str]:
    """The same names, made different where SPICE would take two for one.

    >>> distinct(["p", "P", "q", "0"])
    ['p', 'P__2', 'q', '0__2']
    """
    taken = set(_TAKEN)
    found = []
    for name in names:
        fresh, count = name, 1
        while fresh.lower() in taken:
            count += 1
            fresh = f"{name}__{count}"
        taken.add(fresh.lower())
        found.append(fresh)
    return found


def doubtful_labels(nets: Sequence[tuple[str, str]]) -> list[str]:
    """A line for every label that does not name one net alone; `nets`: label (several with commas), written name."""
    written: dict[str, list[tuple[str, str]]] = {}
    for labels, name in nets:
        for label in labels.split(","):
            if label:
                written.setdefault(label.lower(), []).append((label, name))
    lines = []
    for found in written.values():
        names = ", ".join(name for _, name in found)
        spelled = list(dict.fromkeys(label for label, _ in found))
        if len(spelled) > 1:
            lines.append(f"labels {' and '.join(spelled)} are one name in SPICE and not connected; written as {names}")
        elif len(found) > 1:
            lines.append(f"label {spelled[0]} stands on {len(found)} separate wires; they are written as {names}")
    return lines


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
