"""The frame's own: supply straps, analog pins, and what must be the same in every chip (XOR)."""

import re
from collections.abc import Iterator

import klayout.db as kdb

from somaforge.flow.checks.shuttle.check import ShuttleCheck
from somaforge.flow.checks.shuttle.pins import by_layer, gds_pins
from somaforge.flow.checks.shuttle.submitted import Submitted
from somaforge.pdk.frames import FramePin, FrameSupply

RING_NM = (100, 500)
"""Around an analog pin: a wire there leads to it (tt-support-tools, `analog_pin_check`)."""


def straps(submitted: Submitted) -> Iterator[str]:
    """Every supply has upright straps on its layer, wide enough and from edge to edge, in LEF and GDS."""
    drawn, _ = gds_pins(submitted)
    for supply in submitted.frame.supplies:
        for view, pins in (("LEF", submitted.abstract.pins), ("GDS", drawn)):
            if supply.net not in pins:
                yield f"{view}: supply {supply.net} is missing"
                continue
            for layer, region in by_layer(submitted, pins[supply.net]).items():
                for polygon in region.each():
                    yield from (f"{view}: {supply.net} {said}" for said in _strap(submitted, supply, layer, polygon))
    for name in {pin for pin in drawn if pin in {s.net for s in submitted.frame.supplies}}:
        for layer, region in by_layer(submitted, drawn[name]).items():
            bare = region - submitted.drawn(submitted.pdk.layers[layer])
            if not bare.is_empty():
                yield f"GDS: {name} is not drawn at {submitted.place(bare.bbox())}"


def _strap(submitted: Submitted, supply: FrameSupply, layer: str, polygon: kdb.Polygon) -> Iterator[str]:
    box, frame = polygon.bbox(), submitted.region((submitted.frame.outline,)).bbox()
    unit, at = submitted.opened.dbu_from_nm, submitted.place(polygon.bbox())
    if layer != supply.layer:
        yield f"lies on the wrong layer at {at}: it belongs on {submitted.pdk.rules.conductor(supply.layer).lef_name}"
    if not polygon.is_box():
        yield f"has a strap that is no rectangle at {at}"
    if box.width() < unit(supply.min_width_nm):
        yield f"has a strap less than {supply.min_width_nm / 1000:g} um wide at {at}"
    for edge, gap in (("lower", box.bottom - frame.bottom), ("upper", frame.top - box.top)):
        if gap > unit(supply.from_edge_nm):
            least = supply.from_edge_nm / 1000
            yield f"has a strap that ends more than {least:g} um from the {edge} edge at {at}"
    if not box.inside(frame):
        yield f"has a strap beyond the frame at {at}"


def uses(submitted: Submitted) -> Iterator[str]:
    """The LEF says of every supply that it is power or ground."""
    text = submitted.paths[1].read_text(encoding="utf-8")
    for supply in submitted.frame.supplies:
        wanted = "GROUND" if supply.ground else "POWER"
        body = re.search(rf"^\s*PIN {supply.net}\s(.*?)^\s*END {supply.net}\s", text, re.MULTILINE | re.DOTALL)
        if body is None or re.search(rf"^\s*USE {wanted} ;", body[1], re.MULTILINE) is None:
            yield f"LEF: {supply.net} has no USE {wanted}"


def analog_pins(submitted: Submitted) -> Iterator[str]:
    """Wires lead to the analog pins that info.yaml names, and to no other."""
    count = submitted.info["project"]["analog_pins"]
    pinout = submitted.info["pinout"]
    shuttle = submitted.frame.shuttle
    own = [pin for pin in submitted.frame.pins if pin.kind == "analog"]
    if not isinstance(count, int) or not 0 <= count <= shuttle.bonded:
        yield f"info.yaml: analog_pins is {count!r}, must be 0 to {shuttle.bonded}"
        return
    for pin in sorted(own, key=lambda pin: pin.name):
        number = int(pin.name.removeprefix(shuttle.analog)[1:-1])
        wired, described = _wired(submitted, pin), bool(pinout.get(pin.name))
        if wired != (number < count):
            has = "a wire leads to it" if wired else "no wire leads to it"
            yield f"pin {pin.name}: {has}, but info.yaml says analog_pins: {count}"
        elif wired != described:
            yield f"pin {pin.name}: is {'' if wired else 'not '}used, but info.yaml does not say so in its pinout"


def _wired(submitted: Submitted, pin: FramePin) -> bool:
    """Whether a wire of its own layer leads away from a pin, or a cut lies under it."""
    rules = submitted.pdk.rules
    for layer, region in by_layer(submitted, pin.shapes).items():
        near, far = (region.sized(submitted.opened.dbu_from_nm(nm)) for nm in RING_NM)
        wire = submitted.drawn(submitted.pdk.layers[layer]) & (far - near)
        cut = rules.cuts[rules.level(layer) - 1].role
        if not wire.is_empty() or not (submitted.drawn(submitted.pdk.layers[cut]) & region).is_empty():
            return True
    return False


def xor(submitted: Submitted) -> Iterator[str]:
    """Shapes on pin layers are the frame's and the supplies'; outside the outline everything is the frame's."""
    drawn, wrong = gds_pins(submitted)
    yield from wrong
    supplies = {supply.net for supply in submitted.frame.supplies}
    wanted = tuple(shape for pin in submitted.frame.pins for shape in pin.shapes)
    mine = tuple(shape for name, shapes in drawn.items() if name not in supplies for shape in shapes)
    theirs, ours = by_layer(submitted, wanted), by_layer(submitted, mine)
    for layer in sorted(theirs.keys() | ours.keys()):
        other = theirs.get(layer, kdb.Region()) ^ ours.get(layer, kdb.Region())
        if not other.is_empty():
            yield f"pins on {layer}: {other.count()} differences to the frame, first {submitted.place(_first(other))}"
    if submitted.frame.contents is not None:
        yield from _outside(submitted, submitted.frame.contents())


def _outside(submitted: Submitted, contents: object) -> Iterator[str]:
    if not isinstance(contents, kdb.Layout):
        raise TypeError("the frame's contents are no layout")
    layout, theirs = submitted.opened.layout, contents.top_cell()
    inner = submitted.region((submitted.frame.outline,))
    numbers = {(i.layer, i.datatype) for file in (layout, contents) for i in file.layer_infos()}
    for layer, datatype in sorted(numbers):
        golden = kdb.Region(theirs.begin_shapes_rec(contents.layer(layer, datatype)))
        ours = kdb.Region(submitted.opened.cell.begin_shapes_rec(layout.layer(layer, datatype)))
        other = (golden - inner) ^ (ours - inner)
        if other.count() > 0:  # texts alone make it neither empty nor full
            first = submitted.place(_first(other))
            yield f"layer {layer}/{datatype}: {other.count()} differences to the frame outside, first {first}"


def _first(region: kdb.Region) -> kdb.Box:
    return next(iter(region.each())).bbox()


CHECKS = (
    ShuttleCheck("straps", "supply straps: layer, width, ends, in LEF and GDS", straps),
    ShuttleCheck("supply_use", "supplies said to be power and ground in the LEF", uses),
    ShuttleCheck("analog_pins", "analog pins used as info.yaml says", analog_pins, ("tiny-tapeout",)),
    ShuttleCheck("xor", "XOR against the frame", xor),
)
