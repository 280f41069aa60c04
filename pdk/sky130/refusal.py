"""Which shapes are which device, as a closed list: whatever else lies over a transistor or a plate is refused.

Layer combinations: the precheck's Magic technology (sky130A.tech, cifinput and extract), a pinned package, and the
foundry's "Device and Layout vs. Schematic" pages (sky130 PDK documentation).
"""

from collections.abc import Iterator, Mapping

import klayout.db as kdb

from somaforge.pdk.connectivity import Layer, Layers
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.gds import (
    CAPACITOR_PLATES,
    DIODE,
    DRAWN,
    HVNTM,
    LABELS,
    PINS,
    RESISTORS,
    RPM,
    SUBSTRATE_LABEL,
    URPM,
)

ANYWHERE: Mapping[tuple[int, int], str] = {
    (64, 13): "nwell or p-well resistor",
    (82, 20): "npn bipolar transistor",
    (82, 44): "pnp bipolar transistor",
    (82, 64): "vpp capacitor",
    (80, 20): "tunm, SONOS transistor",
    (82, 24): "inductor",
    (81, 81): "photodiode",
    (81, 53): "substrate cut",
    (81, 63): "nwell of 20 V devices",
    (81, 57): "extended drain",
    (124, 21): "native transistor",
    # Last: what stands in a deep well has a name of its own above.
    DRAWN["dnwell"]: "deep nwell",
}
"""Layers that are refused wherever they have shapes: what they mark is no wire and none of DEVICES."""

MARKERS: Mapping[tuple[int, int], str] = {
    (18, 20): "hvtr, pfet_01v8_mvt",
    (81, 19): "ESD area, esd_nfet or esd_pfet",
    (81, 2): "SRAM core, special_nfet_latch and special_nfet_pass",
    (81, 60): "native 3.3 V, nfet_03v3_nvt",
    (11, 44): "ldntm, SONOS or ESD implant",
    (74, 21): "vhvi, 16 V transistor",
    (74, 22): "uhvi, 20 V transistor",
    (19, 44): "pwbm, 20 V transistor",
    (124, 20): "pwde, 20 V transistor",
    RPM: "rpm, precision resistor",
    URPM: "urpm, precision resistor",
    (66, 13): "poly resistor",
    (66, 15): "poly resistor",
    (65, 13): "diffusion resistor",
    (66, 83): "poly model",
    DIODE: "diode",
}
"""Names of layers for messages; not in here or in HARMLESS, a layer is named by its number."""

HARMLESS: frozenset[tuple[int, int]] = frozenset((
    *(n for name, n in DRAWN.items() if name != "dnwell"), *LABELS.values(), *PINS.values(), SUBSTRATE_LABEL,
    (64, 16), (65, 16), (66, 16), (122, 16), (65, 5), (65, 6), (64, 0),  # pins and texts of well, diffusion, poly
    (83, 44), (235, 0), (236, 0),  # texts, outlines
    (125, 20),  # hvntm: implant of the 5 V transistors, checked with them
    (81, 1), (81, 3), (81, 10), (81, 13), (81, 14), (81, 15), (81, 51), (81, 52), (81, 79),  # areas for rules alone
    (23, 28), (28, 28), (56, 28), (36, 28), (41, 28), (34, 28), (51, 28), (59, 28),  # fill
    (22, 24), (33, 24), (62, 24), (105, 52), (107, 24), (112, 4), (117, 4),  # where no fill is wanted
    (67, 13), (68, 13), (69, 13), (70, 13), (71, 13), (72, 13),  # resistors of wires: in RESISTORS
    (67, 15), (68, 15), (69, 15), (70, 15), (71, 15), (72, 15),
    (74, 20), (76, 20), (74, 5), (76, 5), (74, 16), (76, 16),  # pads and what lies above met5
))  # fmt: skip
"""Layers that change no device that they lie over."""


def refuse(opened: OpenLayout, layers: Layers, layer: Layer) -> None:
    """InputError that names the first device which is none of DEVICES, and its place."""
    for numbers, name in ANYWHERE.items():
        if numbers in layers:
            shapes = kdb.Region(opened.cell.begin_shapes_rec(opened.layout.layer(*numbers)))
            _refuse(opened, shapes, f"layer {numbers[0]}/{numbers[1]} ({name}) marks a device")
    nwell, poly = layer(DRAWN["nwell"]), layer(DRAWN["poly"])
    diff, tap = layer(DRAWN["diff"]), layer(DRAWN["tap"])
    gate = diff & poly
    over_tap = tap & poly
    if DRAWN["hvtp"] in layers:
        _refuse(opened, over_tap & layer(DRAWN["hvtp"]), "poly over a tap is a varactor (cap_var_hvt)")
    _refuse(opened, over_tap & nwell, "poly over a tap is a varactor (cap_var_lvt)")
    _refuse(opened, over_tap, "poly over a tap in the substrate is a capacitor")
    n_gate, p_gate = gate - nwell, gate & nwell
    for device, shapes in _combinations(layers, layer, n_gate, p_gate):
        _refuse(opened, shapes, device)
    for name in ("nwell", "hvi", "lvtn", "hvtp"):
        if DRAWN[name] in layers:
            marker = layer(DRAWN[name])
            part = (gate & marker).interacting(gate - marker)
            _refuse(opened, part, f"a transistor's gate lies in {name} only in part")
    for what, shapes in _active(layer, diff, tap, nwell, gate):
        _refuse(opened, shapes, what)
    for what, shapes in _beside_wires(layers, layer, diff + tap):
        _refuse(opened, shapes, what)
    for device, shapes in _resistors_and_plates(layers, layer):
        _refuse(opened, shapes, device)
    for device, shapes in _diodes(layers, layer, diff - poly, nwell):
        _refuse(opened, shapes, device)
    bodies: list[tuple[str, kdb.Region, frozenset[tuple[int, int]]]] = [("transistor", gate, frozenset())]
    bodies += [("capacitor", layer(n), _PLATES) for n in CAPACITOR_PLATES.values() if n in layers]
    for wire in ("poly", "diff"):
        bodies += [("resistor", layer(DRAWN[wire]) & layer(n), _RESISTOR) for n in RESISTORS[wire] if n in layers]
    if DIODE in layers:
        bodies.append(("diode", (diff - poly) & layer(DIODE), frozenset({DIODE})))
    for numbers in layers:
        if numbers in HARMLESS or numbers in ANYWHERE:
            continue
        name = MARKERS.get(numbers, "not a layer that LVS knows")
        for what, shapes, own in bodies:
            if numbers not in own:
                over = f"layer {numbers[0]}/{numbers[1]} ({name}) over a {what} makes a device"
                _refuse(opened, shapes & layer(numbers), over)


def _active(
    layer: Layer, diff: kdb.Region, tap: kdb.Region, nwell: kdb.Region, gate: kdb.Region
) -> Iterator[tuple[str, kdb.Region]]:
    """Active areas whose implants make something else of them than what is drawn, or none: diff and tap are one mask,
    and the implant decides whether a shape is a junction in the well or ties it."""
    n, p = layer(DRAWN["nsdm"]), layer(DRAWN["psdm"])
    for side, implant, name, kind in (
        (diff & nwell, n, "nsdm", "p-channel"),
        (diff - nwell, p, "psdm", "n-channel"),
    ):
        wrong = side & implant
        yield f"{name} over source, drain or gate of a {kind} transistor", wrong.interacting(gate)
        well = "an nwell" if name == "nsdm" else "the substrate"
        yield f"{name} over diff makes a tie of {well}, as which it is not drawn (tap),", wrong
    yield "psdm over a tap in an nwell makes a junction", tap & nwell & p
    yield "nsdm over a tap in the substrate makes a junction", (tap - nwell) & n
    bare = (diff + tap) - n - p
    yield "a transistor's active area without nsdm or psdm", bare.interacting(gate)
    yield "active area without nsdm or psdm", bare


_FILL: Mapping[str, tuple[int, int]] = {
    "poly": (28, 28), "li": (56, 28), "met1": (36, 28), "met2": (41, 28), "met3": (34, 28), "met4": (51, 28),
    "met5": (59, 28),
}  # fmt: skip
"""Fill is on the mask of its layer: where it touches a wire it is that wire."""
_FILL_OF_ACTIVE, _GLASS, _REDISTRIBUTION = (23, 28), (76, 20), (74, 20)


def _beside_wires(layers: Layers, layer: Layer, active: kdb.Region) -> Iterator[tuple[str, kdb.Region]]:
    """What conducts, and is no wire here as long as it keeps away from wires."""
    for name, numbers in _FILL.items():
        if numbers in layers:
            touched = layer(DRAWN[name]) + active if name == "poly" else layer(DRAWN[name])
            yield f"fill ({numbers[0]}/{numbers[1]}) that touches {name}", layer(numbers).interacting(touched)
    if _FILL_OF_ACTIVE in layers:
        touched = active + layer(DRAWN["poly"])
        yield "fill (23/28) that touches diffusion or poly", layer(_FILL_OF_ACTIVE).interacting(touched)
    if _REDISTRIBUTION in layers and _GLASS in layers:
        yield (
            "redistribution (74/20) on a pad of met5",
            layer(_GLASS).interacting(layer(_REDISTRIBUTION)).interacting(layer(DRAWN["met5"])),
        )


_PLATES = frozenset(CAPACITOR_PLATES.values())
_RESISTOR = frozenset((*RESISTORS["poly"], *RESISTORS["diff"], RPM, URPM, *_PLATES))


def _resistors_and_plates(layers: Layers, layer: Layer) -> Iterator[tuple[str, kdb.Region]]:
    """High-resistance poly that no mark makes a resistor, and plates that stand on nothing."""
    poly = layer(DRAWN["poly"])
    for numbers, name in ((RPM, "rpm"), (URPM, "urpm")):
        if numbers in layers:
            there = poly & layer(numbers)
            mark = layer(RESISTORS["poly"][0])
            unmarked = there if RESISTORS["poly"][0] not in layers else there.not_interacting(mark)
            yield f"poly in {name} without a resistor's mark (66/13)", unmarked
    if RPM in layers and URPM in layers:
        yield "poly in rpm and urpm", poly & layer(RPM) & layer(URPM)
    for plate, metal in (("capm", "met3"), ("cap2m", "met4")):
        if CAPACITOR_PLATES[plate] in layers:
            yield f"{plate} beside {metal}", layer(CAPACITOR_PLATES[plate]) - layer(DRAWN[metal])


def _diodes(layers: Layers, layer: Layer, diff: kdb.Region, nwell: kdb.Region) -> Iterator[tuple[str, kdb.Region]]:
    """Combinations of threshold and voltage layers over a diode that are none."""
    if DIODE not in layers:
        return
    body = diff & layer(DIODE)
    hvi, lvtn, hvtp = (layer(DRAWN[name]) for name in ("hvi", "lvtn", "hvtp"))
    yield "hvi and lvtn over a diode (diode_pw2nd_05v5_nvt or unknown)", body & hvi & lvtn
    yield "hvtp with hvi or lvtn over a diode", body & hvtp & (hvi + lvtn)
    yield "hvtp over an n+ diode", (body & hvtp) - nwell


def _combinations(
    layers: Layers, layer: Layer, n_gate: kdb.Region, p_gate: kdb.Region
) -> Iterator[tuple[str, kdb.Region]]:
    def has(*names: str) -> bool:
        return all(DRAWN[name] in layers for name in names)

    def drawn(name: str) -> kdb.Region:
        return layer(DRAWN[name])

    if has("hvi", "lvtn"):
        both = drawn("hvi") & drawn("lvtn")
        yield "hvi and lvtn over an n-channel gate is a native transistor (nfet_05v0_nvt)", n_gate & both
        yield "hvi and lvtn over a p-channel gate", p_gate & both
    if has("hvtp"):
        yield "hvtp over an n-channel gate", n_gate & drawn("hvtp")
    if has("hvtp", "lvtn"):
        yield "hvtp and lvtn over a p-channel gate", p_gate & drawn("hvtp") & drawn("lvtn")
    if has("hvtp", "hvi"):
        yield "hvtp and hvi over a p-channel gate", p_gate & drawn("hvtp") & drawn("hvi")
    if HVNTM in layers:
        yield (
            "hvntm (125/20) without hvi over a gate",
            (n_gate + p_gate) & layer(HVNTM) - (drawn("hvi") if has("hvi") else kdb.Region()),
        )


def _refuse(opened: OpenLayout, shapes: kdb.Region, what: str) -> None:
    if shapes.is_empty():
        return
    box = next(shapes.each()).bbox()
    at = box.center().to_dtype(opened.layout.dbu)
    raise InputError(
        f"cell {opened.cell.name}: {what} that cannot be extracted, at ({at.x:.3f}, {at.y:.3f}) um; "
        "remove it or name its cell as a black box"
    )
