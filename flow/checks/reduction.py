"""Transistors put together that are one for a netlist: parallel fingers, and stacks of a gate that was split.

Used when the comparison device by device does not match. Fingers in parallel (same L, gate, bulk, and both ends) add
their widths; inner nodes of equal stacks carry equal potential and are joined (KLayout `join_symmetric_nets`, known
elsewhere as reduction of split gates). What was put together keeps its parts: where both sides have as many fingers,
each is compared.
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
        comparer = kdb.NetlistComparer()
        proof.numbered(netlist)
        # KLayout 0.30.12 crashes on a netlist with a circuit that has no nets (a black box, an empty layout).
        hollow = any(_hollow(circuit) for circuit in netlist.each_circuit())
        for circuit in netlist.each_circuit():
            if not hollow:
                comparer.join_symmetric_nets(circuit)
            _combine(circuit, known)
            while _join_equal_stacks(circuit):
                proof.numbered(netlist)
                _combine(circuit, known)
        proof.numbered(netlist, False)
    return fingers


def _hollow(circuit: kdb.Circuit) -> bool:
    return not any(True for _ in circuit.each_net())


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


def _join_equal_stacks(circuit: kdb.Circuit) -> bool:
    """Join inner nets of stacks that differ by a factor alone (two fingers here, one there): they carry equal
    potential. True if any were joined."""
    alike: dict[frozenset[tuple[object, ...]], list[kdb.Net]] = {}
    for net in circuit.each_net():
        sides: dict[tuple[object, ...], float] = {}
        ends = list(net.each_terminal())
        if len(ends) < 2 or net.pin_count() or net.subcircuit_pin_count():
            continue
        if any(end.terminal_def().name not in "DS" or not _is_transistor(end.device()) for end in ends):
            continue
        for end in ends:
            device = end.device()
            other = _number(device, "S" if end.terminal_def().name == "D" else "D")
            length = round(device.parameter("L") * 1e4)
            key = (device.device_class().name, length, other, _number(device, "G"), _number(device, "B"))
            sides[key] = sides.get(key, 0.0) + device.parameter("W")
        total = sum(sides.values())
        if len(sides) > 1:
            alike.setdefault(frozenset((*key, round(w / total, 4)) for key, w in sides.items()), []).append(net)
    joined = False
    for nets in alike.values():
        for net in nets[1:]:
            circuit.join_nets(nets[0], net)
            joined = True
    return joined


def _is_transistor(device: kdb.Device) -> bool:
    return isinstance(device.device_class(), kdb.DeviceClassMOS4Transistor)


def _number(device: kdb.Device, terminal: str) -> int:
    net = device.net_for_terminal(terminal)
    return -1 if net is None else proof.net_number(net)
