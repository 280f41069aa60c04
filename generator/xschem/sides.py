"""Where a circuit's terminals belong on its symbol: rails above and below, what it only listens to at the left."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

from somaforge.generator.circuit import Circuit, Library
from somaforge.pdk.symbols import Symbols

Side = Literal["top", "bottom", "left", "right"]


def sides(library: Library, symbols: Symbols) -> dict[str, dict[str, Side]]:
    """Circuit -> port -> side. Rails are the bodies of transistors, and what is nothing but the source of one kind of
    them; other ports are at the right if a channel ends on them that another net switches, and at the left if they go
    to gates alone (a diode's own channel is its gate's)."""
    found: dict[str, dict[str, Side]] = {}
    for circuit in library.circuits.values():
        reasons = _reasons(circuit, library, found, symbols)
        found[circuit.name] = {port: _side(reasons[port]) for port in circuit.ports}
    return found


def _side(reasons: set[str]) -> Side:
    if "top" in reasons or reasons == {"source of p"}:
        return "top"
    if "bottom" in reasons or reasons == {"source of n"}:
        return "bottom"
    return "right" if reasons else "left"


def _reasons(
    circuit: Circuit, library: Library, children: Mapping[str, Mapping[str, Side]], symbols: Symbols
) -> defaultdict[str, set[str]]:
    """Net -> what speaks against the left."""
    reasons: defaultdict[str, set[str]] = defaultdict(set)
    for m in circuit.mos:
        p = symbols(m.device).points_down
        reasons[m.b].add("top" if p else "bottom")
        if m.d != m.g:
            reasons[m.d].add("right")
        if m.s != m.g:
            reasons[m.s].add("source of p" if p else "source of n")
    for call in circuit.calls:
        for port, net in zip(library.circuits[call.circuit].ports, call.nets, strict=True):
            side = children[call.circuit][port]
            if side != "left":
                reasons[net].add(side)
    return reasons
