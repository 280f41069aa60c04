"""Transistors put together that are one for a netlist: parallel fingers, and stacks of a gate that was split.

Used when the comparison device by device does not match. Fingers in parallel (same L, gate, bulk, and both ends) add
their widths; inner nodes of equal stacks carry equal potential and are joined (known elsewhere as reduction of split
gates). KLayout's `join_symmetric_nets` does that too, and joins the two sides of a latch as well: a short between them
would match. What was put together keeps its parts: where both sides have as many fingers, each is compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import klayout.db as kdb

from somaforge.flow.checks import proof


@dataclass
class Fingers:
    """Widths of the fingers of devices, um: by side, circuit and device."""

    layout: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    schematic: dict[tuple[str, int], list[float]] = field(default_factory=dict)

    def widths(self, device: kdb.Device, is_layout: bool) -> Sequence[float]:
        """Of one device, sorted."""
        known = self.layout if is_layout else self.schematic
        return sorted(known.get((device.circuit().name, device.id()), ()))


def reduce(layout: kdb.Netlist, schematic: kdb.Netlist) -> Fingers:
    """Put together what can be, in both netlists and circuit by circuit."""
    fingers = Fingers()
    for netlist, known in ((layout, fingers.layout), (schematic, fingers.schematic)):
        proof.numbered(netlist)
        for circuit in netlist.each_circuit():
            _combine(circuit, known)
            while _join_equal_potentials(circuit):
                proof.numbered(netlist)
                _combine(circuit, known)
        proof.numbered(netlist, False)
    return fingers


def _combine(circuit: kdb.Circuit, known: dict[tuple[str, int], list[float]]) -> None:
    """Replace parallel transistors by the first of them with the width of all."""
    groups: dict[tuple[object, ...], list[kdb.Device]] = {}
    for device in circuit.each_device():
        if not _is_transistor(device):
            continue
        nets = {t: _number(device, t) for t in "DGSB"}
        ends = tuple(sorted((nets["D"], nets["S"])))
        length = round(device.parameter("L") * 1e4)
        groups.setdefault((device.device_class().name, length, ends, nets["G"], nets["B"]), []).append(device)
    for devices in groups.values():
        first = devices[0]
        parts = [known.get((circuit.name, device.id()), [device.parameter("W")]) for device in devices]
        known[circuit.name, first.id()] = [width for widths in parts for width in widths]
        first.set_parameter("W", sum(device.parameter("W") for device in devices))
        for device in devices[1:]:
            circuit.remove_device(device)


Ends = list[tuple[kdb.Device, int]]
"""Transistors that end on a net, and the net at their other end."""


def _join_equal_potentials(circuit: kdb.Circuit) -> bool:
    """Join nets inside of stacks that are one potential: those that see the same transistors, by shares of their width,
    to nets that are one potential again. True if any were joined."""
    inner = {proof.net_number(net): (net, ends) for net in circuit.each_net() if (ends := _ends(net))}
    anchored = _anchored(inner)
    colours = dict.fromkeys(anchored, -1)  # all alike, until what they see tells them apart
    count = 0
    while True:
        seen = {number: _sides(inner[number][1], colours) for number in anchored}
        names = {sides: -1 - k for k, sides in enumerate(dict.fromkeys(seen.values()))}
        colours = {number: names[sides] for number, sides in seen.items()}
        if len(names) == count:
            break
        count = len(names)
    alike: dict[int, list[kdb.Net]] = {}
    for number, sides in seen.items():
        if len(sides) > 1:
            alike.setdefault(colours[number], []).append(inner[number][0])
    joined = False
    for nets in alike.values():
        for net in nets[1:]:
            circuit.join_nets(nets[0], net)
            joined = True
    return joined


def _ends(net: kdb.Net) -> Ends:
    """Of a net that nothing but drains and sources hang on: a gate or a pin may be what makes it another potential (the
    two sides of a latch look alike). Empty for any other."""
    ends = list(net.each_terminal())
    if len(ends) < 2 or net.pin_count() or net.subcircuit_pin_count():
        return []
    if any(end.terminal_def().name not in "DS" or not _is_transistor(end.device()) for end in ends):
        return []
    return [(end.device(), _number(end.device(), "S" if end.terminal_def().name == "D" else "D")) for end in ends]


def _anchored(inner: dict[int, tuple[kdb.Net, Ends]]) -> list[int]:
    """Numbers of those that lead to a net with a potential of its own."""
    found = [number for number, (_, ends) in inner.items() if any(other not in inner for _, other in ends)]
    known = set(found)
    for number in found:  # grows
        more = {other for _, other in inner[number][1] if other in inner} - known
        known |= more
        found += sorted(more)
    return found


def _sides(ends: Ends, colours: dict[int, int]) -> frozenset[tuple[object, ...]]:
    """What a net sees: transistors by kind, length, gate, bulk and the colour of their other end, with their share."""
    widths: dict[tuple[object, ...], float] = {}
    for device, other in ends:
        length = round(device.parameter("L") * 1e4)
        end = colours.get(other, other)
        key = (device.device_class().name, length, end, _number(device, "G"), _number(device, "B"))
        widths[key] = widths.get(key, 0.0) + device.parameter("W")
    total = sum(widths.values())
    return frozenset((*key, round(w / total, 4)) for key, w in widths.items())


def _is_transistor(device: kdb.Device) -> bool:
    return isinstance(device.device_class(), kdb.DeviceClassMOS4Transistor)


def _number(device: kdb.Device, terminal: str) -> int:
    net = device.net_for_terminal(terminal)
    return -1 if net is None else proof.net_number(net)
