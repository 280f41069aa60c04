"""Pins: those of the LEF against the frame, those of the GDS against the LEF, and the frame's own shapes."""

from collections.abc import Iterator
from itertools import combinations

import klayout.db as kdb

from somaforge.flow.checks.shuttle.check import ShuttleCheck
from somaforge.flow.checks.shuttle.submitted import Submitted
from somaforge.pdk.frames import Box

Shapes = tuple[tuple[str, Box], ...]


def by_layer(submitted: Submitted, shapes: Shapes) -> dict[str, kdb.Region]:
    """Shapes of a pin, merged, by conductor."""
    layers = dict.fromkeys(layer for layer, _ in shapes)
    return {layer: submitted.region(tuple(b for own, b in shapes if own == layer)).merged() for layer in layers}


def difference(submitted: Submitted, wanted: Shapes, found: Shapes) -> str:
    """How shapes differ from those that are wanted; "" if they cover the same."""
    mine, theirs = by_layer(submitted, found), by_layer(submitted, wanted)
    if mine.keys() != theirs.keys():
        return f"lies on {_named(submitted, mine)} instead of {_named(submitted, theirs)}"
    for layer, region in theirs.items():
        if not (region ^ mine[layer]).is_empty():
            return f"is {submitted.place(mine[layer].bbox())} instead of {submitted.place(region.bbox())}"
    return ""


def _named(submitted: Submitted, layers: dict[str, kdb.Region]) -> str:
    names = {conductor.role: conductor.lef_name for conductor in submitted.pdk.rules.conductors}
    return ", ".join(names.get(layer, layer) for layer in layers) or "no layer"


def against_frame(submitted: Submitted) -> Iterator[str]:
    """Every pin of the frame is in the LEF: place, layer and size; no other but supplies, and none touches another."""
    frame, abstract = submitted.frame, submitted.abstract
    if abstract.outline != frame.outline:
        yield f"LEF: its outline is {abstract.outline} nm, the frame {frame.outline} nm"
    for pin in frame.pins:
        if pin.name not in abstract.pins:
            yield f"LEF: pin {pin.name} is missing"
        elif said := difference(submitted, pin.shapes, abstract.pins[pin.name]):
            yield f"LEF: pin {pin.name} {said}"
    known = {pin.name for pin in frame.pins} | {supply.net for supply in frame.supplies}
    for name in sorted(abstract.pins.keys() - known):
        yield f"LEF: {name} is no pin of the frame"
    regions = {name: by_layer(submitted, shapes) for name, shapes in abstract.pins.items()}
    boxes = {name: {layer: region.bbox() for layer, region in own.items()} for name, own in regions.items()}
    for (one, first), (other, second) in combinations(sorted(regions.items()), 2):
        for layer in first.keys() & second.keys():
            near = boxes[one][layer].touches(boxes[other][layer])
            if near and not first[layer].interacting(second[layer]).is_empty():
                yield f"LEF: pins {one} and {other} touch"


def gds_pins(submitted: Submitted) -> tuple[dict[str, Shapes], list[str]]:
    """Pins of the top cell itself (shapes on pin layers with a name on them), and what is wrong with them."""
    found: dict[str, Shapes] = {}
    wrong: list[str] = []
    layers = submitted.pdk.layers
    nm = round(1000 * submitted.opened.layout.dbu)
    for conductor in submitted.pdk.rules.conductors:
        role = conductor.role
        if f"{role}_pin" not in layers:
            continue
        names = submitted.texts(layers[f"{role}_label"]) + submitted.texts(layers[f"{role}_pin"])
        for polygon in submitted.flat(layers[f"{role}_pin"]).merged().each():
            own = sorted({name for name, at in names if polygon.inside(at)})
            place = f"{conductor.lef_name} {submitted.place(polygon.bbox())}"
            if len(own) != 1 or not polygon.is_box():
                said = "is no rectangle" if len(own) == 1 else f"has {len(own)} names {' '.join(own)}".rstrip()
                wrong.append(f"GDS: the pin on {place} {said}")
                continue
            box = polygon.bbox()
            edges = (box.left * nm, box.bottom * nm, box.right * nm, box.top * nm)
            found[own[0]] = (*found.get(own[0], ()), (role, edges))
    return found, wrong


def lef_against_gds(submitted: Submitted) -> Iterator[str]:
    """LEF and GDS have the same pins with the same shapes, and the same outline."""
    drawn, wrong = gds_pins(submitted)
    yield from wrong
    abstract = submitted.abstract
    for name in sorted(drawn.keys() | abstract.pins.keys()):
        if name not in drawn:
            yield f"pin {name} is in the LEF and not in the GDS"
        elif name not in abstract.pins:
            yield f"pin {name} is in the GDS and not in the LEF"
        elif said := difference(submitted, drawn[name], abstract.pins[name]):
            yield f"pin {name} of the LEF {said}, as the GDS has it"
    outline = submitted.flat(submitted.pdk.layers["boundary"]).bbox()
    if not (submitted.region((abstract.outline,)) ^ kdb.Region(outline)).is_empty():
        yield f"the LEF's outline is {abstract.outline} nm, the GDS's {submitted.place(outline)}"


def pins_are_wires(submitted: Submitted) -> Iterator[str]:
    """Below every pin of the frame the top cell itself has a wire: pins are flat shapes of it."""
    for pin in submitted.frame.pins:
        for layer, region in by_layer(submitted, pin.shapes).items():
            bare = region - submitted.flat(submitted.pdk.layers[layer])
            if not bare.is_empty():
                yield f"pin {pin.name}: the top cell itself has no wire at {submitted.place(bare.bbox())}"


CHECKS = (
    ShuttleCheck("pins", "pins of the LEF against the frame: place, layer, size", against_frame),
    ShuttleCheck("lef_gds", "LEF against GDS: pins, shapes, outline", lef_against_gds),
    ShuttleCheck("flat_pins", "pins are wires of the top cell itself", pins_are_wires),
)
