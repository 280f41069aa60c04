"""The comparison's result as lines that name both sides, the cell and the place."""

from collections.abc import Iterator

import klayout.db as kdb

LINES_PER_CIRCUIT = 200
# A warning on a net is a symmetry that was resolved by choice; on a device it is another type or size, see _sizes.
GOOD = (kdb.NetlistCrossReference.Status.Match, kdb.NetlistCrossReference.Status.MatchWithWarning)


def mismatch_lines(lvs: kdb.LayoutVsSchematic, top: str, size_tolerance_um: float) -> list[str]:
    """Every pair that does not match, for example "net row_0: layout VP [..] vs schematic vp [..] (differs)".

    W and L of every pair of devices are compared here too, whatever the comparer said.
    """
    lines: list[str] = []
    xref = lvs.xref()
    for pair in xref.each_circuit_pair():
        layout, schematic = pair.first(), pair.second()
        here: list[str] = []
        if layout is None or schematic is None:
            side, circuit = ("layout", layout) if schematic is None else ("schematic", schematic)
            if circuit is not None:
                lines.append(f"circuit {circuit.name}: only in the {side}")
            continue
        if layout.name == top:
            here += _names(xref, pair, top)
        here += _sizes(xref, pair, layout.name, size_tolerance_um)
        if pair.status() not in GOOD:
            here += _pairs(xref, pair, layout.name)
            if not here:
                here.append(
                    f"circuit {layout.name}: not compared ({_status(pair.status())}); a cell in it does not match"
                )
        if len(here) > LINES_PER_CIRCUIT:
            here = [*here[:LINES_PER_CIRCUIT], f"circuit {layout.name}: {len(here) - LINES_PER_CIRCUIT} more"]
        lines += here
    return lines


def _names(xref: kdb.NetlistCrossReference, pair: kdb.NetlistCrossReference.CircuitPairData, top: str) -> Iterator[str]:
    """Labels of the top cell that sit on a net with another name in the schematic."""
    for nets in xref.each_net_pair(pair):
        layout, schematic = nets.first(), nets.second()
        if layout is None or schematic is None or not layout.name:
            continue
        names = [n.lower() for n in layout.name.split(",")]
        wrong = [n for n in names if n != schematic.name.lower() and n != "sub"]
        if wrong:
            yield f"net {top}: layout label {layout.name} vs schematic {schematic.name}"


def _sizes(
    xref: kdb.NetlistCrossReference,
    pair: kdb.NetlistCrossReference.CircuitPairData,
    circuit: str,
    tolerance_um: float,
) -> Iterator[str]:
    for devices in xref.each_device_pair(pair):
        layout, schematic = devices.first(), devices.second()
        if layout is None or schematic is None:
            continue
        if layout.device_class().name.lower() != schematic.device_class().name.lower():
            yield f"device {circuit}: layout {_device(layout, True)} vs schematic {_device(schematic, False)}"
        elif any(abs(layout.parameter(p) - schematic.parameter(p)) > tolerance_um for p in ("W", "L")):
            yield f"size {circuit}: layout {_device(layout, True)} vs schematic {_device(schematic, False)}"


def _pairs(
    xref: kdb.NetlistCrossReference, pair: kdb.NetlistCrossReference.CircuitPairData, circuit: str
) -> Iterator[str]:
    for devices in xref.each_device_pair(pair):
        one, two = devices.first(), devices.second()
        here = None if one is None else _device(one, True)
        there = None if two is None else _device(two, False)
        yield from _line("device", circuit, here, there, devices.status())
    for calls in xref.each_subcircuit_pair(pair):
        call, other = calls.first(), calls.second()
        here = None if call is None else _call(call, True)
        there = None if other is None else _call(other, False)
        yield from _line("instance", circuit, here, there, calls.status())
    for nets in xref.each_net_pair(pair):
        net, wanted = nets.first(), nets.second()
        here = None if net is None else _net(net)
        there = None if wanted is None else _net(wanted)
        yield from _line("net", circuit, here, there, nets.status())
    for pins in xref.each_pin_pair(pair):
        pin, port = pins.first(), pins.second()
        here = None if pin is None else pin.expanded_name()
        there = None if port is None else port.expanded_name()
        yield from _line("pin", circuit, here, there, pins.status())


def _line(
    kind: str,
    circuit: str,
    layout: str | None,
    schematic: str | None,
    status: kdb.NetlistCrossReference.Status,
) -> Iterator[str]:
    if status in GOOD:
        return
    if layout is None:
        yield f"{kind} {circuit}: missing in layout, schematic {schematic}"
    elif schematic is None:
        yield f"{kind} {circuit}: missing in schematic, layout {layout}"
    else:
        yield f"{kind} {circuit}: layout {layout} vs schematic {schematic} ({_status(status)})"


def _status(status: kdb.NetlistCrossReference.Status) -> str:
    return {"NoMatch": "not paired", "Mismatch": "differs", "Skipped": "skipped"}.get(status.to_s(), status.to_s())


def _net(net: kdb.Net) -> str:
    ends = [f"{t.device().expanded_name()}.{t.terminal_def().name}" for t in net.each_terminal()]
    ends += [f"{p.subcircuit().expanded_name()}.{p.pin().expanded_name()}" for p in net.each_subcircuit_pin()]
    more = f" +{len(ends) - 6}" if len(ends) > 6 else ""
    return f"{net.expanded_name()} [{' '.join(ends[:6])}{more}]"


def _device(device: kdb.Device, is_layout: bool) -> str:
    def terminal(name: str) -> str:
        net = device.net_for_terminal(name)
        return net.expanded_name() if net is not None else "open"

    at = device.trans.disp
    place = f" at ({at.x:.3f}, {at.y:.3f}) um" if is_layout else ""
    name = device.device_class().name.lower().removeprefix("sky130_fd_pr__")
    nets = " ".join(f"{t.lower()}={terminal(t)}" for t in ("D", "G", "S", "B"))
    sizes = f"w={device.parameter('W'):.4g} l={device.parameter('L'):.4g}"
    return f"{device.expanded_name()} {name} {sizes} {nets}{place}"


def _call(call: kdb.SubCircuit, is_layout: bool) -> str:
    at = call.trans.disp
    place = f" at ({at.x:.3f}, {at.y:.3f}) um" if is_layout else ""
    return f"{call.expanded_name()} ({call.circuit_ref().name}){place}"
