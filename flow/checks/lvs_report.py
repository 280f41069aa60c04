"""The comparison's result as lines that name both sides, the cell and the place."""

from collections.abc import Iterator, Sequence

import klayout.db as kdb

from somaforge.flow.checks.reduction import Fingers
from somaforge.pdk.extraction import SUBSTRATE

LINES_PER_CIRCUIT = 200
# A warning on a net is a symmetry that was resolved by choice; on a device it is another type or size, see _sizes.
SIZE_TOLERANCE_UM = 0.001
"""Layouts are on a 5 nm grid and schematics are exact: 1 nm is rounding, and below 1 % of the shortest channel."""
COMPARED = ("W", "L", "A", "P")
"""Sizes of devices, where a class has them: um, areas in um2."""
GOOD = (kdb.NetlistCrossReference.Status.Match, kdb.NetlistCrossReference.Status.MatchWithWarning)


def mismatch_lines(
    lvs: kdb.LayoutVsSchematic, top: kdb.Circuit, labels: frozenset[str], fingers: Fingers | None = None
) -> list[str]:
    """Every pair that does not match, for example "net row_0: layout VP [..] vs schematic vp [..] (differs)".

    `labels`: names of nets that stand in the top cell itself (several with commas).
    Sizes of every pair of devices are compared here too, whatever the comparer said; with `fingers` (`reduction`)
    those of their fingers, where both have as many.
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
        if layout.name == top.name:
            here += _names(xref, pair, top.name, labels)
        here += _sizes(xref, pair, layout.name, fingers)
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


def _names(
    xref: kdb.NetlistCrossReference,
    pair: kdb.NetlistCrossReference.CircuitPairData,
    top: str,
    labels: frozenset[str],
) -> Iterator[str]:
    """Labels of the top cell that sit on a net with another name in the schematic."""
    for nets in xref.each_net_pair(pair):
        layout, schematic = nets.first(), nets.second()
        # A cell that was put into the top cell brings names of its own.
        if layout is None or schematic is None or layout.name not in labels:
            continue
        names = [n.lower() for n in layout.name.split(",")]
        wrong = [n for n in names if n not in (schematic.name.lower(), SUBSTRATE.lower())]
        if wrong:
            yield f"net {top}: layout label {layout.name} vs schematic {schematic.name}"


def _sizes(
    xref: kdb.NetlistCrossReference,
    pair: kdb.NetlistCrossReference.CircuitPairData,
    circuit: str,
    fingers: Fingers | None,
) -> Iterator[str]:
    for devices in xref.each_device_pair(pair):
        layout, schematic = devices.first(), devices.second()
        if layout is None or schematic is None:
            continue
        if layout.device_class().name.lower() != schematic.device_class().name.lower():
            yield f"device {circuit}: layout {_device(layout, True)} vs schematic {_device(schematic, False)}"
        elif not _same_sizes(layout, schematic):
            yield f"size {circuit}: layout {_device(layout, True)} vs schematic {_device(schematic, False)}"
        elif fingers is not None:
            ours, theirs = fingers.widths(layout, True), fingers.widths(schematic, False)
            pairs = zip(ours, theirs, strict=False)
            if len(ours) == len(theirs) and any(abs(a - b) > SIZE_TOLERANCE_UM for a, b in pairs):
                parts = f"has fingers of {_list(ours)}, not {_list(theirs)} um"
                yield f"size {circuit}: layout {_device(layout, True)} {parts}"


def _list(widths: Sequence[float]) -> str:
    return ", ".join(f"{w:.4g}" for w in widths[:8]) + (", ..." if len(widths) > 8 else "")


def _same_sizes(layout: kdb.Device, schematic: kdb.Device) -> bool:
    """Whether sizes are equal; one that the schematic does not give (0) is equal to any."""
    for parameter in layout.device_class().parameter_definitions():
        if parameter.name in COMPARED and not (is_resistor(layout) and parameter.name in "AP"):
            ours, theirs = layout.parameter(parameter.id()), schematic.parameter(parameter.id())
            # An area's tolerance is that of its sides: 1 nm along the whole outline.
            limit = SIZE_TOLERANCE_UM * max(1.0, layout.parameter("P")) if parameter.name == "A" else SIZE_TOLERANCE_UM
            limit = 4 * SIZE_TOLERANCE_UM if parameter.name == "P" else limit
            if theirs != 0 and abs(ours - theirs) > limit:
                return False
    return True


def is_resistor(device: kdb.Device) -> bool:
    """Resistors have W and L; their area is no size of its own."""
    return device.device_class().has_parameter("R")


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
    kind = device.device_class()
    name = (kind.description or kind.name).lower()
    terminals = sorted((t.name for t in kind.terminal_definitions()), key="DGSBACW".index)
    nets = " ".join(f"{t.lower()}={terminal(t)}" for t in terminals)
    known = [p.name for p in kind.parameter_definitions() if p.name in COMPARED]
    shown = known if not is_resistor(device) else ["W", "L"]
    sizes = " ".join(f"{p.lower()}={device.parameter(p):.4g}" for p in sorted(shown, key=COMPARED.index))
    return f"{device.expanded_name()} {name} {sizes} {nets}{place}"


def _call(call: kdb.SubCircuit, is_layout: bool) -> str:
    at = call.trans.disp
    place = f" at ({at.x:.3f}, {at.y:.3f}) um" if is_layout else ""
    return f"{call.expanded_name()} ({call.circuit_ref().name}){place}"
