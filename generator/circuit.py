"""Circuits as values: transistors, calls and their flat form. No sizes or names are made here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mos:
    """One MOS transistor, one finger. Parallel unit devices are separate transistors: each has its own mismatch."""

    name: str
    device: str
    """The foundry's device name."""
    d: str
    g: str
    s: str
    b: str
    w_nm: int
    l_nm: int
    junctions: "Junctions | None" = None
    """What a layout drew; None: diffusions shared with a neighbour of the same width."""


@dataclass(frozen=True)
class Junctions:
    """Drawn drain and source of a transistor."""

    drain_area_nm2: int
    source_area_nm2: int
    drain_perimeter_nm: int
    source_perimeter_nm: int


@dataclass(frozen=True)
class Call:
    """An instance of another circuit; `nets` are in the order of that circuit's ports."""

    name: str
    circuit: str
    nets: tuple[str, ...]


@dataclass(frozen=True)
class Circuit:
    """One hierarchical cell."""

    name: str
    ports: tuple[str, ...]
    mos: tuple[Mos, ...] = ()
    calls: tuple[Call, ...] = ()
    elements: tuple["Element", ...] = ()
    """Diodes of library cells."""


@dataclass(frozen=True)
class Capacitor:
    """Wiring capacitance between two flat nets, in farad."""

    name: str
    a: str
    b: str
    farad: float


@dataclass(frozen=True)
class Resistor:
    """Wiring resistance between two flat nodes, in ohm."""

    name: str
    a: str
    b: str
    ohm: float


@dataclass(frozen=True)
class Element:
    """A device that is no transistor, as a line of SPICE."""

    name: str
    kind: str
    """First letter of the line: X (subcircuit) or R (resistor with a model)."""
    model: str
    nets: tuple[str, ...]
    """In the order of the model's terminals."""
    sizes: tuple[tuple[str, float], ...]
    """Parameters, um and um2."""


@dataclass(frozen=True)
class FlatNetlist:
    """The whole network without hierarchy; transistor names are instance paths joined by dots.

    `mos` is in canonical order (depth first, as listed): everything that is one value per transistor
    (threshold shifts, for example) uses this order.
    """

    name: str
    ports: tuple[str, ...]
    mos: tuple[Mos, ...]
    capacitors: tuple[Capacitor, ...] = ()
    resistors: tuple[Resistor, ...] = ()
    elements: tuple[Element, ...] = ()

    @property
    def nets(self) -> tuple[str, ...]:
        """Every node, ports first, without repetition."""
        names = dict.fromkeys(self.ports)
        for m in self.mos:
            names.update(dict.fromkeys((m.d, m.g, m.s, m.b)))
        for capacitor in self.capacitors:
            names.update(dict.fromkeys((capacitor.a, capacitor.b)))
        for element in self.elements:
            names.update(dict.fromkeys(element.nets))
        for resistor in self.resistors:
            names.update(dict.fromkeys((resistor.a, resistor.b)))
        return tuple(names)


@dataclass(frozen=True)
class Library:
    """Circuits in definition order (children first) and the name of the top one."""

    circuits: Mapping[str, Circuit]
    top: str

    def cells(self) -> tuple[str, ...]:
        """Circuits with transistors of their own, children first."""
        return tuple(circuit.name for circuit in self.circuits.values() if circuit.mos)

    def transistor_count(self) -> int:
        """Transistors in the flat network."""
        counts: dict[str, int] = {}
        for circuit in self.circuits.values():
            counts[circuit.name] = len(circuit.mos) + sum(counts[c.circuit] for c in circuit.calls)
        return counts[self.top]

    def flatten(self, top: str | None = None, without: frozenset[str] = frozenset()) -> FlatNetlist:
        """The flat netlist of `top` (default: the library's top): internal nets get the instance path as prefix.

        Instances of the circuits `without` are left out.
        """
        circuit = self.circuits[top or self.top]
        ports = {p: p for p in circuit.ports}
        parts = list(self._flat(circuit, "", ports, without))
        mos = tuple(part for part in parts if isinstance(part, Mos))
        elements = tuple(part for part in parts if isinstance(part, Element))
        return FlatNetlist(circuit.name, circuit.ports, mos, elements=elements)

    def _flat(
        self, circuit: Circuit, path: str, nets: Mapping[str, str], without: frozenset[str]
    ) -> Iterator[Mos | Element]:
        def net(name: str) -> str:
            return nets.get(name) or path + name

        for m in circuit.mos:
            yield replace(m, name=path + m.name, d=net(m.d), g=net(m.g), s=net(m.s), b=net(m.b))
        for e in circuit.elements:
            yield replace(e, name=path + e.name, nets=tuple(map(net, e.nets)))
        for call in circuit.calls:
            if call.circuit in without:
                continue
            child = self.circuits[call.circuit]
            inner = {port: net(outer) for port, outer in zip(child.ports, call.nets, strict=True)}
            yield from self._flat(child, f"{path}{call.name}.", inner, without)
