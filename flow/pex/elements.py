"""Resistors and diodes of a layout: elements of the extracted netlist, and what a resistor's body adds to its ends."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import klayout.db as kdb

from somaforge.flow.pex.naming import Names
from somaforge.generator.circuit import Element
from somaforge.pdk.errors import InputError
from somaforge.pdk.netlist_devices import Card, NetlistDevices

_OF_DEVICE = "m_"
"""What the layout's own names of transistors begin with."""


@dataclass(frozen=True)
class PlacedElement:
    """A device of a flat cell that is no transistor."""

    name: str
    model: str
    """The foundry's name."""
    card: Card
    nets: tuple[int, ...]
    """In the order of the card; numbers of the cell's nets."""
    sizes: tuple[tuple[str, float], ...]
    x_um: float
    y_um: float

    def below(self, prefix: str, number: Sequence[int]) -> "PlacedElement":
        """The element as a parent sees it; `number`: the parent's number of each net."""
        return replace(self, name=prefix + self.name, nets=tuple(int(number[net]) for net in self.nets))


def element_line(e: Element) -> str:
    """A line of SPICE."""
    sizes = " ".join(f"{name}={value:.6g}" for name, value in e.sizes)
    return f"{e.kind}{e.name} {' '.join(e.nets)} {e.model} {sizes}"


def is_transistor(device: kdb.Device) -> bool:
    """Whether it is one."""
    return isinstance(device.device_class(), kdb.DeviceClassMOS4Transistor)


def elements(
    circuit: kdb.Circuit, names: Names, own: dict[int, int], known: NetlistDevices
) -> tuple[PlacedElement, ...]:
    """The circuit's own devices that are no transistors; InputError, by name and place, for one without a model."""
    return tuple(_element(d, names, own, known) for d in circuit.each_device() if not is_transistor(d))


def _element(device: kdb.Device, names: Names, own: dict[int, int], known: NetlistDevices) -> PlacedElement:
    kind, place = device.device_class(), device.trans.disp
    where = f"cell {device.circuit().name}: {kind.name.lower()} at ({place.x:.3f}, {place.y:.3f}) um"
    listed = known.find(kind.name)
    card = None if listed is None else listed.card
    if card is None:
        raise InputError(f"{where}: extraction does not carry it (docs/extraction.md has the devices that it carries)")
    nets = [device.net_for_terminal(kind.terminal_id(terminal)) for terminal in card.terminals]
    if any(net is None for net in nets):
        raise InputError(f"{where}: has an open terminal")
    found = {p.name: device.parameter(p.id()) for p in kind.parameter_definitions()}
    name = "d_" + names.device(device).removeprefix(_OF_DEVICE)
    numbers = tuple(own[net.cluster_id] for net in nets)
    return PlacedElement(name, kind.name.lower(), card, numbers, card.sizes(found), place.x, place.y)


def shares(
    body: kdb.Polygon, found: Sequence[PlacedElement], wires: dict[int, kdb.Region], dbu: float
) -> list[tuple[int, kdb.Region]]:
    """The body of a resistor in two halves, each with the net at its end; empty if the polygon is no such body.

    `wires`: of each net, its shapes on the body's layer. Half of what a resistive wire has counts at each end.
    """
    box = body.bbox().to_dtype(dbu)
    mine = [e for e in found if e.card.lengths and box.contains(kdb.DPoint(e.x_um, e.y_um))]
    if len(mine) != 1:
        return []
    whole = kdb.Region(body)
    ends = [(net, wires[net].interacting(whole)) for net in mine[0].nets[:2] if net in wires]
    if len(ends) != 2 or any(shapes.is_empty() for _, shapes in ends):
        return []
    (a, first), (b, second) = ends
    if a == b:
        return [(a, whole)]
    grown = whole.sized(1)
    at, to = ((shapes & grown).bbox().center() for shapes in (first, second))
    frame, middle = body.bbox(), body.bbox().center()
    if abs(to.x - at.x) >= abs(to.y - at.y):
        low = kdb.Region(kdb.Box(frame.left, frame.bottom, middle.x, frame.top))
        in_order = at.x <= to.x
    else:
        low = kdb.Region(kdb.Box(frame.left, frame.bottom, frame.right, middle.y))
        in_order = at.y <= to.y
    halves = (whole & low, whole - low)
    return list(zip((a, b) if in_order else (b, a), halves, strict=True))
