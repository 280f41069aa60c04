"""Whether a net leads anywhere: to a device of its circuit, or of one below. A comparison drops nets that do not."""

import klayout.db as kdb


def reaches(net: kdb.Net | None) -> bool:
    """Whether the net has a terminal of a device, or a pin of a circuit in which it has one; circuits without contents
    (black boxes) count as devices."""
    return net is not None and (net.terminal_count() > 0 or any(map(_inside, net.each_subcircuit_pin())))


def _inside(ref: kdb.NetSubcircuitPinRef) -> bool:
    below = ref.subcircuit().circuit_ref()
    if not any(True for _ in below.each_device()) and not any(True for _ in below.each_subcircuit()):
        return True
    return reaches(below.net_for_pin(ref.pin_id()))


def unconnected(top: kdb.Circuit, reference: kdb.Circuit) -> list[str]:
    """Pins of both by name whose net leads to a device in the schematic and to none in the layout."""
    theirs = {pin.name().lower(): pin for pin in reference.each_pin()}
    return [
        pin.name()
        for pin in top.each_pin()
        if pin.name().lower() in theirs
        and reaches(reference.net_for_pin(theirs[pin.name().lower()].id()))
        and not reaches(top.net_for_pin(pin.id()))
    ]
