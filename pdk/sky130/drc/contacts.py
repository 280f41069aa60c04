"""Rules of contacts, npc, local interconnect. Names and values: sky130 PDK documentation, "Periphery rules"."""

import klayout.db as kdb

from somaforge.pdk import measure as m
from somaforge.pdk.sky130.drc.layers import Layers, Rule


def _diff_two_sides(layers: Layers) -> kdb.Region:
    """licon.5c: diffusion encloses a contact by 60 nm on one of two adjacent sides."""
    diff = layers.drawn("diff")
    return m.two_sides(layers, layers.difftap.merged(), layers.square_licon.inside(diff), 60, 170)


def _tap_two_sides(layers: Layers) -> kdb.Region:
    """licon.7: isolated tap encloses a contact by 120 nm on one of two adjacent sides, standard cells excepted.

    A tap that abuts diffusion is not isolated (licon.5b is its rule): the foundry draws RF transistors so.
    """
    isolated = layers.drawn("tap").merged().not_interacting(layers.drawn("diff"))
    contacts = layers.tap_licon.inside(isolated).outside(layers.drawn("areaid_sc"))
    return m.two_sides(layers, isolated, contacts, 120, 170)


def _on_two_sides(layers: Layers, outer: kdb.Region, inside: kdb.Region | None, nm: int) -> kdb.Region:
    """Square contacts and bars, each with its own size; `inside` leaves out contacts elsewhere."""
    squares, bars = layers.square_licon, layers.slotted_licon
    if inside is not None:
        squares, bars = squares.inside(inside), bars.inside(inside)
    return m.two_sides(layers, outer, squares, nm, 170) + m.two_sides(layers, outer, bars, nm, 2000)


CONTACTS: tuple[Rule, ...] = (
    Rule("npc.1", "npc width", 270, lambda r: m.width(r, r.drawn("npc"), 270)),
    Rule("npc.2", "npc spacing", 270, lambda r: m.space(r, r.drawn("npc"), 270)),
    Rule("npc.4", "npc to gate", 90, lambda r: m.separation(r, r.drawn("npc"), r.gate, 90) + (r.drawn("npc") & r.gate)),
    Rule("licon.1", "licon is a square", 170, lambda r: m.exact_square(r, r.square_licon, 170)),
    Rule("licon.2", "licon spacing", 170, lambda r: m.space(r, r.drawn("licon"), 170)),
    Rule(
        "licon.4",
        "licon lands on poly, diff or tap",
        0,
        lambda r: r.drawn("licon") - (r.difftap + r.drawn("poly")),
    ),
    Rule(
        "licon.5a",
        "diff enclosure of licon",
        40,
        lambda r: (
            r.drawn("diff").enclosing_check(r.drawn("licon"), r.dbu(40), False, m.EUCLIDIAN).polygons()
            - r.drawn("tap").sized(r.dbu(40))
        ),
    ),
    Rule("licon.5b", "tap contact to diff edge", 60, lambda r: m.separation(r, r.tap_licon, r.drawn("diff"), 60)),
    Rule("licon.5c", "diff enclosure of licon on one of two adjacent sides", 60, _diff_two_sides),
    Rule("licon.6", "licon across the edge of a tap", 0, lambda r: r.tap_licon - r.drawn("tap")),
    Rule("licon.7", "tap enclosure of licon on one of two adjacent sides", 120, _tap_two_sides),
    Rule(
        "licon.8",
        "poly enclosure of licon",
        50,
        lambda r: r.drawn("poly").enclosing_check(r.drawn("licon"), r.dbu(50), False, m.EUCLIDIAN).polygons(),
    ),
    Rule(
        "licon.8a",
        "poly enclosure of licon on one of two adjacent sides",
        80,
        lambda r: _on_two_sides(r, r.drawn("poly"), r.drawn("poly"), 80),
    ),
    Rule(
        "licon.9",
        "poly licon to psdm",
        110,
        lambda r: m.apart(r, r.poly_licon - r.slotted_licon, r.drawn("psdm"), 110),
    ),
    Rule(
        "licon.11",
        "diff licon to gate outside standard cells",
        55,
        lambda r: m.separation(r, r.active_licon.outside(r.drawn("areaid_sc")), r.gate, 55),
    ),
    Rule(
        "licon.11a",
        "diff licon to gate in standard cells",
        50,
        lambda r: m.separation(r, r.active_licon.interacting(r.drawn("areaid_sc")), r.gate, 50),
    ),
    Rule(
        "licon.13",
        "diff or tap licon to npc",
        90,
        lambda r: (
            m.separation(r, r.drawn("licon") & r.difftap, r.drawn("npc"), 90)
            + (r.drawn("licon") & r.difftap & r.drawn("npc"))
        ),
    ),
    Rule("licon.14", "poly licon to diff or tap", 190, lambda r: m.separation(r, r.poly_licon, r.difftap, 190)),
    Rule("licon.15", "npc enclosure of poly licon", 100, lambda r: m.enclosure(r, r.drawn("npc"), r.poly_licon, 100)),
    Rule("licon.16", "tap without licon", 0, lambda r: r.drawn("tap").merged().not_interacting(r.drawn("licon"))),
    Rule(
        "licon.17",
        "licon on poly and on diff or tap at once",
        0,
        lambda r: r.poly_licon & r.difftap,
    ),
    Rule("li.1", "li width", 170, lambda r: m.width(r, r.drawn("li"), 170)),
    Rule("li.3", "li spacing", 170, lambda r: m.space(r, r.drawn("li"), 170)),
    Rule(
        "li.5",
        "li enclosure of licon on one of two adjacent sides",
        80,
        lambda r: _on_two_sides(r, r.drawn("li"), None, 80),
    ),
    Rule("li.5a", "licon without li", 0, lambda r: r.drawn("licon") - r.drawn("li")),
    Rule("li.6", "li area", 56100, lambda r: m.small_area(r, r.drawn("li"), 56100)),
    Rule("ct.1", "mcon is a square", 170, lambda r: m.exact_square(r, r.drawn("mcon"), 170)),
    Rule("ct.2", "mcon spacing", 190, lambda r: m.space(r, r.drawn("mcon"), 190)),
    Rule("ct.4", "mcon without li", 0, lambda r: r.drawn("mcon") - r.drawn("li")),
)
