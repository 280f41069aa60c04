"""Layers that carry nothing for a mask, each with its reason, and names for those that somaforge has no rules for.

Source: sky130 PDK documentation, "GDS Layers Information" (gds_layers.csv). What is neither here nor in a rule is a
layer that nobody has looked at, and a layout with shapes there is not clean.
"""

from collections.abc import Mapping

Numbers = tuple[int, int]
"""GDS layer and datatype."""

_CONDUCTORS = {66: "poly", 67: "li1", 68: "met1", 69: "met2", 70: "met3", 71: "met4", 72: "met5"}
_PIN = "names a port; the mask comes from the drawing below it"
_LABEL = "text of a net or cell"
_EDGE = "outline for placement"
_PROBE = "marks where a probe may land"
_BLOCK = "keeps routers away"
_SHORT = "joins or cuts names in LVS; the mask comes from the drawing below it"
_PART = "tells LVS which part of a wire is a resistor; the rules of the wire hold there too"
_IDENTIFIER = "identifies devices for LVS; no rule of geometry depends on it"

NO_MASK: Mapping[Numbers, tuple[str, str]] = {
    (64, 5): ("nwell label", _LABEL),
    (64, 59): ("pwell label", _LABEL),
    (64, 16): ("nwell pin", _PIN),
    (122, 16): ("pwell pin", _PIN),
    (65, 5): ("tap label", _LABEL),
    (65, 6): ("diff label", _LABEL),
    (65, 23): ("diff net", _LABEL),
    (65, 16): ("diff pin", _PIN),
    (44, 5): ("pwelliso label", _LABEL),
    (44, 16): ("pwelliso pin", _PIN),
    (76, 5): ("pad label", _LABEL),
    (76, 16): ("pad pin", _PIN),
    **{(number, 5): (f"{name} label", _LABEL) for number, name in _CONDUCTORS.items()},
    **{(number, 16): (f"{name} pin", _PIN) for number, name in _CONDUCTORS.items()},
    **{(number, 23): (f"{name} net", _LABEL) for number, name in _CONDUCTORS.items()},
    **{(number, 25): (f"{name} probe", _PROBE) for number, name in _CONDUCTORS.items()},
    **{(number, 15): (f"{name} short", _SHORT) for number, name in _CONDUCTORS.items()},
    **{(number, 10): (f"{name} block", _BLOCK) for number, name in _CONDUCTORS.items() if name != "poly"},
    **{
        (number, 13): (f"{name} resistor", _PART) for number, name in _CONDUCTORS.items() if name not in ("poly", "li1")
    },
    (66, 83): ("poly model", _LABEL),
    (83, 44): ("text", _LABEL),
    (235, 4): ("prBoundary", _EDGE),
    (236, 0): ("outline of the foundry's standard cells", _EDGE),
    (65, 4): ("diff boundary", _EDGE),
    (65, 60): ("tap boundary", _EDGE),
    (66, 4): ("poly boundary", _EDGE),
    (67, 60): ("mcon boundary", _EDGE),
    (68, 60): ("via boundary", _EDGE),
    (69, 60): ("via2 boundary", _EDGE),
    (70, 60): ("via3 boundary", _EDGE),
    (71, 60): ("via4 boundary", _EDGE),
    (81, 14): ("areaid.ld", "allows fewer taps; LU.2 and LU.3 are checked without that leave"),
    (81, 23): ("areaid.de", _IDENTIFIER),
    (81, 70): ("areaid.sd", _IDENTIFIER),
    (81, 84): ("areaid.it", "exempts from rules for yield that somaforge does not check"),
    (81, 108): ("areaid.lvt", _IDENTIFIER),
}
"""Layer -> its name and why shapes on it need no rule."""

WITHOUT_RULES: Mapping[Numbers, str] = {
    (11, 44): "ldntm, SONOS",
    (18, 20): "hvtr, medium-threshold RF transistors",
    (19, 44): "pwbm, p-well block",
    (22, 20): "cfom",
    (61, 20): "nsm, seal ring",
    (64, 13): "pwell resistor",
    (71, 17): "met4 fuse",
    (74, 20): "rdl",
    (74, 21): "vhvi, 12 V",
    (74, 22): "uhvi, 20 V",
    (75, 21): "thkox",
    (76, 20): "pad",
    (76, 44): "fuse target",
    (80, 20): "tunm, SONOS",
    (81, 1): "areaid.sl, seal ring",
    (81, 2): "areaid.ce, memory core with rules of its own",
    (81, 10): "areaid.mt, module cut",
    (81, 18): "areaid.zr, Zener diode",
    (81, 19): "areaid.ed, ESD device",
    (81, 53): "areaid.st, substrate cut",
    (81, 57): "areaid.en, extended drain",
    (81, 58): "areaid.en20, 20 V extended drain",
    (81, 60): "areaid.le, 3.3 V native transistor",
    (81, 63): "areaid.hl, thin oxide in a high-voltage well",
    (81, 79): "areaid.ag, analog",
    (81, 81): "areaid.po, photodiode",
    (81, 125): "areaid.re, RF diode",
    (82, 20): "npn",
    (82, 24): "inductor",
    (82, 44): "pnp",
    (82, 64): "vpp capacitor",
    (84, 44): "LVS prune",
    (92, 44): "ncm, memory core",
    (124, 20): "pwde, extended drain",
    (124, 21): "natfet",
    (36, 28): "met1 fill",
    (41, 28): "met2 fill",
    (34, 28): "met3 fill",
    (51, 28): "met4 fill",
    (59, 28): "met5 fill",
    (56, 28): "li1 fill",
    (66, 99): "poly fill",
}
"""Names of layers that a layout may hold and no native rule looks at: for the message, nothing depends on it."""
