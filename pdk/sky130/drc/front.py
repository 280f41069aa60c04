"""Rules from wells to poly. Names and values: sky130 PDK documentation, "Periphery rules"."""

import klayout.db as kdb

from somaforge.pdk import measure as m
from somaforge.pdk.sky130.drc.layers import Layers, Rule


def _wrong_implant(layers: Layers) -> kdb.Region:
    """Device diffusion of the well's own type: a diode or a short, never a transistor of this process."""
    well = layers.drawn("nwell")
    return (layers.drawn("diff") & layers.drawn("nsdm") & well) + ((layers.drawn("diff") & layers.drawn("psdm")) - well)


def _implant_enclosure(layers: Layers, implant: str, active: str) -> kdb.Region:
    """n/psd.5a and 5b: except where diffusion and tap abut."""
    other = "tap" if active == "diff" else "diff"
    free = layers.drawn(active).merged().edges() - layers.drawn(other).merged().edges()
    near = layers.drawn(implant).merged().edges().enclosing_check(free, layers.dbu(125), False, m.EUCLIDIAN)
    return m.real(near.polygons())


def _implant_to_other(layers: Layers, implant: str) -> kdb.Region:
    """n/psd.7: an implant to diffusion or tap of the other type, except where the two types abut."""
    other, own = (layers.p_doped, layers.n_doped) if implant == "nsdm" else (layers.n_doped, layers.p_doped)
    free = other.edges() - own.edges()
    near = layers.drawn(implant).merged().edges().separation_check(free, layers.dbu(130), False, m.EUCLIDIAN)
    return m.real(near.polygons())


def _abutting_tap(layers: Layers) -> kdb.Region:
    return layers.drawn("tap").interacting(layers.drawn("diff"))


def _channel_width(layers: Layers, gates: kdb.Region, nm: int) -> kdb.Edges:
    """Channel ends along diffusion (not along poly) shorter than `nm` break the rule."""
    ends = gates.merged().edges() & layers.source_drain.merged().edges()
    return ends.with_length(0, layers.dbu(nm), False)


FRONT: tuple[Rule, ...] = (
    Rule("nwell.1", "nwell width", 840, lambda r: m.width(r, r.drawn("nwell"), 840)),
    Rule("nwell.2a", "nwell spacing", 1270, lambda r: m.space(r, r.drawn("nwell"), 1270)),
    Rule("hvtp.1", "hvtp width", 380, lambda r: m.width(r, r.drawn("hvtp"), 380)),
    Rule("hvtp.2", "hvtp spacing", 380, lambda r: m.space(r, r.drawn("hvtp"), 380)),
    Rule(
        "hvtp.3",
        "hvtp enclosure of p gates",
        180,
        lambda r: m.enclosure(r, r.drawn("hvtp"), r.pgate.interacting(r.drawn("hvtp")), 180),
    ),
    Rule(
        "hvtp.4",
        "hvtp to p gates",
        180,
        lambda r: m.separation(r, r.pgate.not_interacting(r.drawn("hvtp")), r.drawn("hvtp"), 180),
    ),
    Rule("hvtp.5", "hvtp area", 265000, lambda r: m.small_area(r, r.drawn("hvtp"), 265000)),
    Rule("hvtp.6", "area of holes in hvtp", 265000, lambda r: m.small_holes(r, r.drawn("hvtp"), 265000)),
    Rule("lvtn.1a", "lvtn width", 380, lambda r: m.width(r, r.drawn("lvtn"), 380)),
    Rule("lvtn.2", "lvtn spacing", 380, lambda r: m.space(r, r.drawn("lvtn"), 380)),
    Rule(
        "lvtn.3a",
        "lvtn to gates",
        180,
        lambda r: m.separation(r, r.gate.not_interacting(r.drawn("lvtn")), r.drawn("lvtn"), 180),
    ),
    Rule(
        "lvtn.4b",
        "lvtn enclosure of gates",
        180,
        lambda r: m.enclosure(r, r.drawn("lvtn"), r.gate.interacting(r.drawn("lvtn")), 180),
    ),
    Rule(
        "lvtn.9",
        "lvtn to hvtp, or both on one place",
        380,
        lambda r: m.separation(r, r.drawn("lvtn"), r.drawn("hvtp"), 380) + (r.drawn("lvtn") & r.drawn("hvtp")),
    ),
    Rule("lvtn.13", "lvtn area", 265000, lambda r: m.small_area(r, r.drawn("lvtn"), 265000)),
    Rule("lvtn.14", "area of holes in lvtn", 265000, lambda r: m.small_holes(r, r.drawn("lvtn"), 265000)),
    Rule("difftap.1", "diff or tap width", 150, lambda r: m.width(r, r.difftap, 150)),
    Rule(
        "difftap.2",
        "channel width of transistors outside standard cells",
        420,
        lambda r: _channel_width(r, r.gate.outside(r.drawn("areaid_sc")), 420),
    ),
    Rule(
        "difftap.2b",
        "channel width of transistors in standard cells",
        360,
        lambda r: _channel_width(r, r.gate.interacting(r.drawn("areaid_sc")), 360),
    ),
    Rule("difftap.3", "diff or tap spacing", 270, lambda r: m.space(r, r.difftap.merged(), 270)),
    Rule("difftap.8", "nwell enclosure of p+ diff", 180, lambda r: m.enclosure(r, r.drawn("nwell"), r.pdiff, 180)),
    Rule("difftap.9", "n+ diff to nwell", 340, lambda r: m.separation(r, r.ndiff, r.drawn("nwell"), 340)),
    Rule(
        "difftap.10",
        "nwell enclosure of n+ tap",
        180,
        lambda r: m.enclosure(r, r.drawn("nwell"), r.drawn("tap") & r.drawn("nsdm"), 180),
    ),
    Rule(
        "difftap.11",
        "p+ tap to nwell (or inside it)",
        130,
        lambda r: (
            m.separation(r, r.drawn("tap") & r.drawn("psdm"), r.drawn("nwell"), 130)
            + (r.drawn("tap") & r.drawn("psdm") & r.drawn("nwell"))
        ),
    ),
    Rule("nsd.1", "nsdm width", 380, lambda r: m.width(r, r.drawn("nsdm"), 380)),
    Rule("nsd.2", "nsdm spacing", 380, lambda r: m.space(r, r.drawn("nsdm"), 380)),
    Rule("nsd.5a", "nsdm enclosure of diff", 125, lambda r: _implant_enclosure(r, "nsdm", "diff")),
    Rule("nsd.5b", "nsdm enclosure of tap", 125, lambda r: _implant_enclosure(r, "nsdm", "tap")),
    Rule("nsd.7", "nsdm to p+ diff or tap", 130, lambda r: _implant_to_other(r, "nsdm")),
    Rule("nsd.10a", "nsdm area", 265000, lambda r: m.small_area(r, r.drawn("nsdm"), 265000)),
    Rule("psd.1", "psdm width", 380, lambda r: m.width(r, r.drawn("psdm"), 380)),
    Rule("psd.2", "psdm spacing", 380, lambda r: m.space(r, r.drawn("psdm"), 380)),
    Rule("psd.5a", "psdm enclosure of diff", 125, lambda r: _implant_enclosure(r, "psdm", "diff")),
    Rule("psd.5b", "psdm enclosure of tap", 125, lambda r: _implant_enclosure(r, "psdm", "tap")),
    Rule("psd.7", "psdm to n+ diff or tap", 130, lambda r: _implant_to_other(r, "psdm")),
    Rule("psd.10b", "psdm area", 255000, lambda r: m.small_area(r, r.drawn("psdm"), 255000)),
    Rule("npsd.8", "diff or tap with both implants", 0, lambda r: r.n_doped & r.p_doped),
    Rule("npsd.9", "diff or tap without implant", 0, lambda r: r.difftap - (r.drawn("nsdm") + r.drawn("psdm"))),
    # The next two have no name in the foundry's list: LVS would read such shapes as devices that they are not.
    Rule("diff.well", "device diffusion of the type of its well", 0, _wrong_implant),
    Rule("diff.tap", "diff and tap overlap", 0, lambda r: r.drawn("diff") & r.drawn("tap")),
    Rule("poly.1a", "poly width", 150, lambda r: m.width(r, r.drawn("poly"), 150)),
    Rule(
        "poly.1b",
        "channel length of p transistors in lvtn",
        350,
        lambda r: m.width(r, r.pgate.interacting(r.drawn("lvtn")), 350),
    ),
    Rule("poly.2", "poly spacing", 210, lambda r: m.space(r, r.drawn("poly"), 210)),
    Rule(
        "poly.4",
        "field poly to diffusion",
        75,
        lambda r: m.real(r.field_poly.separation_check(r.drawn("diff"), r.dbu(75), False, m.PROJECTION).polygons()),
    ),
    Rule("poly.5", "field poly to tap", 55, lambda r: m.separation(r, r.field_poly, r.drawn("tap"), 55)),
    Rule("poly.6", "gate to abutting tap", 300, lambda r: m.separation(r, r.gate, _abutting_tap(r), 300)),
    Rule(
        "poly.7",
        "diffusion beyond the gate",
        250,
        lambda r: m.real(r.drawn("diff").enclosing_check(r.gate, r.dbu(250), False, m.PROJECTION).polygons()),
    ),
    Rule(
        "poly.8",
        "poly beyond the diffusion (endcap)",
        130,
        lambda r: m.real(r.drawn("poly").enclosing_check(r.gate, r.dbu(130), False, m.PROJECTION).polygons()),
    ),
    Rule("poly.11", "turn of poly or diff in a gate (poly.10 too)", 0, lambda r: r.gate.merged().non_rectangles()),
    Rule("poly.12", "poly over tap", 0, lambda r: r.drawn("poly") & r.drawn("tap")),
)
