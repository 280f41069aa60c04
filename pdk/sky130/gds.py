"""GDS layers of sky130, the one place that knows their numbers (sky130 PDK documentation, "GDS Layers Information")."""

DRAWN: dict[str, tuple[int, int]] = {
    "dnwell": (64, 18),
    "nwell": (64, 20),
    "diff": (65, 20),
    "tap": (65, 44),
    "hvtp": (78, 44),
    "hvi": (75, 20),
    "lvtn": (125, 44),
    "poly": (66, 20),
    "npc": (95, 20),
    "nsdm": (93, 44),
    "psdm": (94, 20),
    "licon": (66, 44),
    "li": (67, 20),
    "mcon": (67, 44),
    "met1": (68, 20),
    "via": (68, 44),
    "met2": (69, 20),
    "via2": (69, 44),
    "met3": (70, 20),
    "via3": (70, 44),
    "met4": (71, 20),
    "via4": (71, 44),
    "met5": (72, 20),
    "areaid_sc": (81, 4),
    "boundary": (235, 4),
}
"""Drawing layers by name."""

DEVICE: dict[str, tuple[int, int]] = {
    "hvntm": (125, 20),
    "rpm": (86, 20),
    "urpm": (79, 20),
    "capm": (89, 44),
    "cap2m": (97, 44),
}
"""Masks of devices that somaforge checks and does not draw: 5 V tips, precision resistors, MiM capacitors."""

MARKERS: dict[str, tuple[int, int]] = {
    "diff_res": (65, 13),
    "poly_res": (66, 13),
    "li_res": (67, 13),
}
"""Identifiers that rules go by (which part of a conductor is a resistor)."""

LAYERS = {**DRAWN, **DEVICE, **MARKERS}
"""Everything that a rule can ask for by name."""

CONDUCTORS: tuple[str, ...] = (
    "poly", "licon", "li", "mcon", "met1", "via", "met2", "via2", "met3", "via3", "met4", "via4", "met5",
)  # fmt: skip
"""Drawn wires, contacts and vias, from the lowest."""

LABELS: dict[str, tuple[int, int]] = {
    "nwell": (64, 5),
    "poly": (66, 5),
    "li": (67, 5),
    "met1": (68, 5),
    "met2": (69, 5),
    "met3": (70, 5),
    "met4": (71, 5),
    "met5": (72, 5),
}
"""Net names on a conductor (datatype 5)."""

SUBSTRATE_LABEL = (64, 59)

PINS: dict[str, tuple[int, int]] = {
    "li": (67, 16),
    "met1": (68, 16),
    "met2": (69, 16),
    "met3": (70, 16),
    "met4": (71, 16),
    "met5": (72, 16),
}
"""Pin shapes of a conductor (datatype 16)."""

RESISTORS: dict[str, tuple[tuple[int, int], ...]] = {
    # poly.short (66/15) cuts the poly of the tie cells, which the foundry's netlist has as resistors.
    "poly": ((66, 13), (66, 15)),
    "diff": ((65, 13),),
    "li": ((67, 13),),
    "met1": ((68, 13),),
    "met2": ((69, 13),),
    "met3": ((70, 13),),
    "met4": ((71, 13),),
    "met5": ((72, 13),),
}
"""Marks on a conductor that make a resistor of it. The metals' own "short" (datatype 15) stays a wire: the foundry's
probe cells have it and their netlists have no resistor."""

RPM, URPM = DEVICE["rpm"], DEVICE["urpm"]
"""Poly resistors of higher sheet resistance."""

CAPACITOR_PLATES: dict[str, tuple[int, int]] = {name: DEVICE[name] for name in ("capm", "cap2m")}
"""Upper plates of MiM capacitors."""

DIODE = (81, 23)
HVNTM = DEVICE["hvntm"]
