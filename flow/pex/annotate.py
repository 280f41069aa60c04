"""Puts parasitics on a flat netlist: capacitors between its nets, segments for the wires that cells share."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from somaforge.flow.pex.extractor import Coupling, Parasitics
from somaforge.flow.pex.wires import Wire, axis, nearest
from somaforge.generator.circuit import Capacitor, FlatNetlist, Junctions, Mos, Resistor
from somaforge.generator.names import whole
from somaforge.pdk.errors import InputError

SMALLEST_F = 1e-18
"""Couplings below this go to ground at both ends."""

WireChoice = Literal["all", "supply", "none"]


def annotate(
    flat: FlatNetlist,
    parasitics: Parasitics,
    *,
    wires: WireChoice = "all",
    smallest_F: float = SMALLEST_F,
    contacts: bool = False,
) -> FlatNetlist:
    """`flat` (the schematic's, or `parasitics.circuit`) with drawn junctions, capacitors and resistors.

    The total capacitance of every net is kept: a coupling that is too small to matter, or that goes to metal that is
    no net of `flat`, becomes a capacitance to the substrate. `wires` says which shared nets become segments (supply:
    only those that are the bulk of a transistor). `contacts` adds what lies between each terminal and the wires of its
    cell (contacts, vias, stubs): three more nodes for each transistor. InputError if the parasitics are not of this
    circuit.
    """
    known = set(flat.nets)
    if parasitics.ground not in known:
        raise InputError(f"netlist {flat.name}: the layout's substrate net {parasitics.ground!r} is not in it")
    chosen = _chosen(flat, parasitics, wires)
    cell_of = parasitics.cell_of
    nodes = {net: {cell: w.node(k) for k, cell in enumerate(w.sites)} for net, w in chosen.items()}
    values: dict[tuple[str, str], float] = {}

    def add(a: str, b: str, farad: float) -> None:
        if a != b:
            key = (a, b) if a < b else (b, a)
            values[key] = values.get(key, 0.0) + farad

    for c in parasitics.couplings:
        ends = [n for n in (c.a, c.b) if n in known]
        if len(ends) == 2 and c.farad >= smallest_F:
            for a, b, farad in _spread(c, chosen, flat.ports, parasitics.ground):
                add(a, b, farad)
        else:
            for net in ends:
                for node, farad in _over(net, c.farad, chosen):
                    add(node, parasitics.ground, farad)
    mos = tuple(_drawn(_moved(m, nodes, cell_of.get(m.name, "")), parasitics) for m in flat.mos)
    ways: tuple[Resistor, ...] = ()
    if contacts:
        mos, ways = _with_contacts(mos, parasitics)
    return replace(
        flat,
        mos=mos,
        capacitors=tuple(Capacitor(f"c_{k}", a, b, f) for k, ((a, b), f) in enumerate(sorted(values.items()))),
        resistors=tuple(
            Resistor(f"r_{net}_{k}", w.node(s.a), w.node(s.b), s.ohm)
            for net, w in chosen.items()
            for k, s in enumerate(w.segments)
        )
        + ways,
    )


def _chosen(flat: FlatNetlist, parasitics: Parasitics, wires: WireChoice) -> dict[str, Wire]:
    if wires == "none":
        return {}
    if wires == "all":
        return dict(parasitics.wires)
    bulks = {m.b for m in flat.mos}
    return {net: w for net, w in parasitics.wires.items() if net in bulks}


def _moved(m: Mos, nodes: Mapping[str, Mapping[str, str]], cell: str) -> Mos:
    """The transistor with its terminals on the segments at its own cell."""

    def node(net: str) -> str:
        return nodes.get(net, {}).get(cell, net)

    return replace(m, d=node(m.d), g=node(m.g), s=node(m.s), b=node(m.b))


def turned(m: Mos, parasitics: Parasitics) -> bool:
    """LVS takes drain and source for the same thing: whether the layout's drain is the schematic's source."""
    return whole(m.d) != parasitics.device[m.name].d


def _drawn(m: Mos, parasitics: Parasitics) -> Mos:
    """The transistor with the junctions that the layout has."""
    if m.name not in parasitics.device:
        raise InputError(f"netlist: transistor {m.name} is not in the layout {parasitics.name}")
    j = parasitics.device[m.name].junctions
    if turned(m, parasitics):
        j = Junctions(j.source_area_nm2, j.drain_area_nm2, j.source_perimeter_nm, j.drain_perimeter_nm)
    return replace(m, junctions=j)


def _with_contacts(mos: tuple[Mos, ...], parasitics: Parasitics) -> tuple[tuple[Mos, ...], tuple[Resistor, ...]]:
    """Terminals on nodes of their own, joined to their net by what lies between."""
    found, ways = [], []
    for m in mos:
        d, g, s, _ = parasitics.terminal_ohm[m.name]
        if turned(m, parasitics):
            d, s = s, d
        new = {pin: f"{m.name}:{pin}" for pin, ohm in (("d", d), ("g", g), ("s", s)) if ohm > 0}
        ohms = {"d": d, "g": g, "s": s}
        ways += [Resistor(f"t_{node}", getattr(m, pin), node, ohms[pin]) for pin, node in new.items()]
        found.append(replace(m, d=new.get("d", m.d), g=new.get("g", m.g), s=new.get("s", m.s)))
    return tuple(found), tuple(ways)


def _over(net: str, farad: float, wires: Mapping[str, Wire]) -> list[tuple[str, float]]:
    """A capacitance spread evenly over the nodes of a net."""
    wire = wires.get(net)
    if wire is None:
        return [(net, farad)]
    return [(wire.node(k), farad / len(wire.sites)) for k in range(len(wire.sites))]


def _spread(
    c: Coupling, wires: Mapping[str, Wire], ports: tuple[str, ...], ground: str
) -> list[tuple[str, str, float]]:
    """Where on segmented nets a coupling goes."""
    a, b = wires.get(c.a), wires.get(c.b)
    if a is None and b is None:
        return [(c.a, c.b, c.farad)]
    # Ground is one node for capacitances: its own drop is microvolts and would multiply the elements.
    if ground in (c.a, c.b):
        net = c.b if c.a == ground else c.a
        return [(node, ground, farad) for node, farad in _over(net, c.farad, wires)]
    if a is not None and b is not None and _overlap(a, b) > 1:
        return _side_by_side(a, b, c.farad)
    return [(_at(c.a, a, c), _at(c.b, b, c), c.farad)]


def _at(net: str, wire: Wire | None, c: Coupling) -> str:
    return net if wire is None else wire.node(nearest(wire, c.x_nm, c.y_nm))


def _overlap(a: Wire, b: Wire) -> int:
    """How many cells both nets visit."""
    return len(set(a.sites) & set(b.sites))


def _side_by_side(a: Wire, b: Wire, farad: float) -> list[tuple[str, str, float]]:
    """Two wires through the same cells couple in each of them."""
    common = set(a.sites) & set(b.sites)
    order = [k for k in axis(a) if a.sites[k] in common]
    where = {cell: k for k, cell in enumerate(b.sites)}
    return [(a.node(k), b.node(where[a.sites[k]]), farad / len(order)) for k in order]
