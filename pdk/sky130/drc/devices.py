"""Rules of deep n-wells, 5 V devices and resistors. Names and values: sky130 PDK documentation, "Periphery rules".

Where a rule depends on nets (dnwell, 5 V wells), shapes count as separate nets, as the foundry's run on a cell does.
"""

import klayout.db as kdb

from somaforge.pdk import measure as m
from somaforge.pdk.sky130.drc.layers import Layers, Rule

PRECISION_WIDTHS_NM = (350, 690, 1410, 2850, 5730)
"""rpm.1b to rpm.1f: the widths in which the foundry makes and models precision resistors."""


def _uncovered_deep_well(layers: Layers) -> kdb.Region:
    """nwell.5: the edge of a deep well lies 0.4 um inside an nwell."""
    deep, well = layers.drawn("dnwell").merged(), layers.drawn("nwell").merged()
    near = well.enclosing_check(deep, layers.dbu(400), False, m.EUCLIDIAN).polygons()
    return near + (deep.edges() - well).extended_out(layers.dbu(5))


def _hole_over_deep_well(layers: Layers) -> kdb.Region:
    """nwell.6: where a hole of an nwell lies over a deep well, this reaches 1.03 um beyond it."""
    deep, holes = layers.drawn("dnwell").merged(), layers.drawn("nwell").merged().holes()
    near = deep.enclosing_check(holes, layers.dbu(1030), False, m.EUCLIDIAN).polygons()
    return near + (holes.overlapping(deep) - deep)


def _straddles(inner: kdb.Region, outer: kdb.Region) -> kdb.Region:
    """Shapes that lie partly in `outer`."""
    return inner.merged().overlapping(outer).not_inside(outer)


def _outside(inner: kdb.Region, outer: kdb.Region) -> kdb.Region:
    """Shapes that lie nowhere in `outer`."""
    return inner.merged().not_overlapping(outer)


def _hv_well_space(layers: Layers) -> kdb.Region:
    """hvnwell.8: a 5 V well to any other well."""
    others = _outside(layers.drawn("nwell"), layers.drawn("hvi"))
    among = layers.hv_well.isolated_check(layers.dbu(2000), False, m.EUCLIDIAN).polygons()
    return among + m.separation(layers, layers.hv_well, others, 2000)


def _hv_diff(layers: Layers) -> kdb.Region:
    resistors = layers.drawn("diff_res") & layers.drawn("psdm")
    return m.width(layers, (layers.drawn("diff") & layers.drawn("hvi")) - resistors, 290)


def _p_tap(layers: Layers) -> kdb.Region:
    return (layers.drawn("tap") & layers.drawn("psdm")).merged()


def _hv_tap_space(layers: Layers) -> kdb.Region:
    """hvdifftap.15b: n+ diffusion to p+ taps that do not abut it."""
    diff = (layers.ndiff & layers.drawn("hvi")).merged()
    taps = (_p_tap(layers) & layers.drawn("hvi")).not_interacting(diff)
    return m.separation(layers, diff, taps, 370)


def _hv_across_tap(layers: Layers) -> kdb.Region:
    """hvdifftap.25: two n+ diffusions with a p+ tap between them that abuts neither."""
    diff = (layers.ndiff & layers.drawn("hvi")).merged()
    taps = (_p_tap(layers) & layers.drawn("hvi")).not_interacting(diff)
    return diff.isolated_check(layers.dbu(1070), False, m.EUCLIDIAN).polygons().interacting(taps)


def _short_resistor(layers: Layers) -> kdb.Region:
    """MR_poly.LEN.2 of the shuttle's deck: the longer side of a resistor's mark."""
    return layers.drawn("poly_res").merged().with_bbox_max(0, layers.dbu(660), False)


def _hv_channel(layers: Layers) -> kdb.EdgePairs:
    """hvpoly.13: the length of a 5 V channel, between the edges that poly gives it."""
    gate = (layers.gate & layers.drawn("hvi")).merged()
    sides = gate.edges() & layers.drawn("poly").merged().edges()
    return sides.width_check(layers.dbu(500), False, m.PROJECTION)


def _body(layers: Layers) -> kdb.Region:
    return (layers.drawn("poly") & layers.drawn("poly_res")).merged()


def _resistor_space(layers: Layers) -> kdb.Region:
    """poly.9: a poly resistor to other poly, to diffusion and tap."""
    whole = layers.drawn("poly").merged().interacting(_body(layers))
    others = _outside(layers.drawn("poly"), _body(layers))
    found = m.separation(layers, _body(layers), others, 480) + m.separation(layers, _body(layers), layers.difftap, 480)
    return (
        found + whole.isolated_check(layers.dbu(480), False, m.EUCLIDIAN).polygons() + (_body(layers) & layers.difftap)
    )


def _precision_width(layers: Layers) -> kdb.Edges:
    """rpm.1b to 1f: the ends of a body are as wide as one of the foundry's resistors."""
    body = (_body(layers) & layers.resistor_implant).merged()
    ends = body.edges() - layers.drawn("poly").merged().edges()
    for nm in PRECISION_WIDTHS_NM:
        ends = ends.with_length(layers.dbu(nm), True)
    return ends


def _bar(layers: Layers) -> kdb.Region:
    """licon.1b, 1c: bars of 0.19 um x 2 um, upright or lying."""
    bars, short, long = layers.slotted_licon, layers.dbu(190), layers.dbu(2000)
    upright = bars.with_bbox_width(short, False).with_bbox_height(long, False)
    lying = bars.with_bbox_width(long, False).with_bbox_height(short, False)
    return bars - upright - lying + bars.non_rectangles()


def _bar_ends(layers: Layers) -> kdb.Region:
    """licon.2b: 0.35 um between the short sides of two bars; licon.2c has the long ones."""
    ends = layers.slotted_licon.edges().with_length(layers.dbu(190), False)
    return ends.space_check(layers.dbu(350), False, m.PROJECTION).polygons()


def _bar_sides(layers: Layers) -> kdb.Region:
    sides = layers.slotted_licon.edges().with_length(layers.dbu(2000), False)
    return sides.space_check(layers.dbu(510), False, m.PROJECTION).polygons()


def _rpm(rule: str, layer: str) -> tuple[Rule, ...]:
    """The same rules hold for both implants (300 and 2000 ohm per square)."""

    def own(r: Layers) -> kdb.Region:
        return r.precision_resistor.interacting(r.drawn(layer))

    def other_poly(r: Layers) -> kdb.Region:
        return _outside(r.drawn("poly"), r.drawn(layer))

    return (
        Rule(f"{rule}.1a", f"{layer} width", 1270, lambda r: m.width(r, r.drawn(layer), 1270)),
        Rule(f"{rule}.2", f"{layer} spacing", 840, lambda r: m.space(r, r.drawn(layer), 840)),
        Rule(f"{rule}.3", f"{layer} enclosure of resistors", 200,
             lambda r: m.enclosure(r, r.drawn(layer), own(r), 200)),
        Rule(f"{rule}.4", f"psdm enclosure of {layer} resistors", 110,
             lambda r: m.enclosure(r, r.drawn("psdm"), own(r), 110)),
        Rule(f"{rule}.5", f"npc enclosure of {layer} resistors", 95,
             lambda r: m.enclosure(r, r.drawn("npc"), own(r), 95)),
        Rule(f"{rule}.6", f"{layer} to nsdm, no overlap", 200,
             lambda r: m.apart(r, r.drawn(layer), r.drawn("nsdm"), 200)),
        Rule(f"{rule}.7", f"{layer} to other poly", 200,
             lambda r: m.separation(r, r.drawn(layer), other_poly(r), 200)),
        Rule(f"{rule}.8", f"poly across the edge of {layer}", 0,
             lambda r: _straddles(r.drawn("poly"), r.drawn(layer))),
        Rule(f"{rule}.9", f"{layer} resistors to hvntm, no overlap", 185,
             lambda r: m.apart(r, own(r), r.drawn("hvntm"), 185)),
    )  # fmt: skip


DEEP_WELLS: tuple[Rule, ...] = (
    Rule("MR_lvtn.OVL.2", "lvtn across the edge of an nwell", 0,
         lambda r: _straddles(r.drawn("lvtn"), r.drawn("nwell"))),
    Rule("dnwell.2", "dnwell width", 3000, lambda r: m.width(r, r.drawn("dnwell"), 3000)),
    Rule("dnwell.3", "dnwell spacing", 6300, lambda r: m.space(r, r.drawn("dnwell"), 6300)),
    Rule("dnwell.5", "p+ diff across the edge of a dnwell", 0,
         lambda r: _straddles(r.drawn("diff") & r.drawn("psdm"), r.drawn("dnwell"))),
    Rule("nwell.5", "nwell enclosure of the edge of a dnwell", 400, _uncovered_deep_well),
    Rule("nwell.6", "dnwell enclosure of holes in nwell", 1030, _hole_over_deep_well),
    Rule("nwell.7", "dnwell to an nwell beside it", 4500,
         lambda r: m.separation(r, r.drawn("dnwell"), _outside(r.drawn("nwell"), r.drawn("dnwell")), 4500)),
)  # fmt: skip

HIGH_VOLTAGE: tuple[Rule, ...] = (
    Rule("hvi.1", "hvi width", 600, lambda r: m.width(r, r.drawn("hvi"), 600)),
    Rule("hvi.2a", "hvi spacing", 700, lambda r: m.space(r, r.drawn("hvi"), 700)),
    Rule("hvi.5", "hvi to nwell", 700, lambda r: m.real(m.separation(r, r.drawn("hvi"), r.drawn("nwell"), 700))),
    Rule("hvnwell.8", "5 V nwell to other nwells", 2000, _hv_well_space),
    Rule("hvnwell.9", "5 V nwell outside hvi", 0, lambda r: r.hv_well - r.drawn("hvi")),
    Rule("hvdifftap.14", "diff width under hvi", 290, _hv_diff),
    Rule("hvdifftap.15a", "diff spacing under hvi", 300,
         lambda r: m.space(r, r.drawn("diff") & r.drawn("hvi"), 300)),
    Rule("hvdifftap.15b", "n+ diff to p+ tap under hvi", 370, _hv_tap_space),
    Rule("hvdifftap.16", "width of a tap that abuts diff under hvi", 700,
         lambda r: m.width(r, (r.drawn("tap") & r.drawn("hvi")).merged().interacting(r.drawn("diff")), 700)),
    Rule("hvdifftap.17", "5 V nwell enclosure of p+ diff", 330,
         lambda r: m.enclosure(r, r.hv_well, r.pdiff & r.drawn("hvi"), 330)),
    Rule("hvdifftap.18", "5 V nwell to n+ diff", 430, lambda r: m.separation(r, r.ndiff, r.hv_well, 430)),
    Rule("hvdifftap.19", "5 V nwell enclosure of n+ tap", 330,
         lambda r: m.enclosure(r, r.hv_well, r.drawn("tap") & r.drawn("nsdm") & r.drawn("hvi"), 330)),
    Rule("hvdifftap.20", "5 V nwell to p+ tap", 430,
         lambda r: m.separation(r, _p_tap(r), r.hv_well, 430)),
    Rule("hvdifftap.21", "diff or tap across the edge of hvi", 0, lambda r: _straddles(r.difftap, r.drawn("hvi"))),
    Rule("hvdifftap.22", "hvi enclosure of diff and tap", 180,
         lambda r: m.enclosure(r, r.drawn("hvi"), r.hdifftap, 180)),
    Rule("hvdifftap.23", "hvi to other diff and tap", 180,
         lambda r: m.separation(r, r.drawn("hvi"), _outside(r.difftap, r.drawn("hvi")), 180)),
    Rule("hvdifftap.24", "5 V n+ diff to nwell", 430,
         lambda r: m.separation(r, r.ndiff & r.drawn("hvi"), r.drawn("nwell"), 430)),
    Rule("hvdifftap.25", "5 V n+ diff to n+ diff across a p+ tap", 1070, _hv_across_tap),
    Rule("hvpoly.13", "channel length under hvi", 500, _hv_channel),
    Rule("hvpoly.14", "gate across the edge of hvi", 0, lambda r: _straddles(r.gate, r.drawn("hvi"))),
    Rule("hvntm.1", "hvntm width", 700, lambda r: m.width(r, r.drawn("hvntm"), 700)),
    Rule("hvntm.2", "hvntm spacing", 700, lambda r: m.space(r, r.drawn("hvntm"), 700)),
    Rule("hvntm.3", "hvntm enclosure of 5 V n+ diff", 185,
         lambda r: m.enclosure(r, r.drawn("hvntm"), (r.ndiff & r.drawn("hvi")).interacting(r.drawn("hvntm")), 185)),
    Rule("hvntm.4", "hvntm to n+ diff outside hvi", 185,
         lambda r: m.apart(r, r.drawn("hvntm"), r.ndiff - r.drawn("hvi"), 185)),
    Rule("hvntm.5", "hvntm to p+ diff", 185,
         lambda r: m.apart(r, r.drawn("hvntm"), r.drawn("diff") & r.drawn("psdm"), 185)),
    Rule("hvntm.6a", "hvntm to p+ tap that does not abut", 185,
         lambda r: m.apart(r, r.drawn("hvntm"), _p_tap(r).not_interacting(r.drawn("diff")), 185)),
)  # fmt: skip

RESISTORS: tuple[Rule, ...] = (
    Rule("poly.3", "poly resistor width", 330, lambda r: m.width(r, _body(r), 330)),
    Rule("MR_poly.LEN.2", "length of a poly resistor", 660, _short_resistor),
    Rule("poly.9", "poly resistor to poly, diff and tap", 480, _resistor_space),
    Rule("poly.15", "poly over a diff resistor", 0, lambda r: r.drawn("poly") & r.drawn("diff") & r.drawn("diff_res")),
    Rule("x.10", "contact on a resistor body", 0,
         lambda r: r.drawn("licon") & (r.drawn("poly_res") + r.drawn("diff_res"))),
    Rule("li.7", "li resistor width", 290, lambda r: m.width(r, r.drawn("li") & r.drawn("li_res"), 290)),
    *_rpm("rpm", "rpm"),
    *_rpm("urpm", "urpm"),
    Rule("rpm.1b", "width of a precision resistor: 0.35, 0.69, 1.41, 2.85, 5.73 um (1b to 1f)", 0, _precision_width),
    Rule("licon.1b", "contacts of precision resistors: 0.19 um x 2 um (licon.1c too)", 190, _bar),
    Rule("licon.2b", "spacing of the short sides of such contacts", 350, _bar_ends),
    Rule("licon.2c", "spacing of their long sides", 510, _bar_sides),
    Rule("licon.2d", "such contacts to others", 510,
         lambda r: m.separation(r, r.slotted_licon, r.square_licon, 510)),
)  # fmt: skip
DEVICES = (*DEEP_WELLS, *HIGH_VOLTAGE, *RESISTORS)
