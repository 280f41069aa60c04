"""Rules of the metals and vias. Names and values: sky130 PDK documentation, "Periphery rules"."""

from collections.abc import Iterator

import klayout.db as kdb

from somaforge.pdk import measure as m
from somaforge.pdk.sky130.drc.layers import Layers, Rule


def _wide_space(layers: Layers, metal: str, nm: int) -> kdb.Region:
    """Spacing of metal wider and longer than 3 um to other metal (m1.3ab, m2.3ab, m3.3cd, m4.5ab)."""
    half = layers.dbu(1500)
    drawn = layers.drawn(metal)
    huge = drawn.sized(-half).sized(half) & drawn
    if huge.is_empty():
        return kdb.Region()
    # Metal within 0.28 um of the huge part along its own polygon counts as part of it.
    edges = huge.edges() & drawn.merged().edges()
    near = edges.separation_check(drawn.merged().edges(), layers.dbu(nm), False, m.PROJECTION)
    return near.polygons().outside(drawn)


def _metal(name: str, rule: str, width_nm: int, space_nm: int) -> Iterator[Rule]:
    yield Rule(f"{rule}.1", f"{name} width", width_nm, lambda r: m.width(r, r.drawn(name), width_nm))
    yield Rule(f"{rule}.2", f"{name} spacing", space_nm, lambda r: m.space(r, r.drawn(name), space_nm))


def _cut(name: str, size_rule: str, space_rule: str, size_nm: int, space_nm: int) -> Iterator[Rule]:
    yield Rule(size_rule, f"{name} is a square", size_nm, lambda r: m.exact_square(r, r.drawn(name), size_nm))
    yield Rule(space_rule, f"{name} spacing", space_nm, lambda r: m.space(r, r.drawn(name), space_nm))


def _around(rule: str, metal: str, cut: str, nm: int) -> Rule:
    return Rule(rule, f"{metal} enclosure of {cut}", nm, lambda r: m.enclosure(r, r.drawn(metal), r.drawn(cut), nm))


def _two(rule: str, metal: str, cut: str, nm: int, size_nm: int) -> Rule:
    return Rule(
        rule,
        f"{metal} enclosure of {cut} on one of two adjacent sides",
        nm,
        lambda r: m.two_sides(r, r.drawn(metal), r.drawn(cut), nm, size_nm),
    )


def _area(rule: str, metal: str, nm2: int) -> Rule:
    return Rule(rule, f"{metal} area", nm2, lambda r: m.small_area(r, r.drawn(metal), nm2))


def _holes(rule: str, metal: str, nm2: int) -> Rule:
    return Rule(rule, f"area of holes in {metal}", nm2, lambda r: m.small_holes(r, r.drawn(metal), nm2))


def _wide(rule: str, metal: str, nm: int) -> Rule:
    return Rule(rule, f"spacing of {metal} wider than 3 um", nm, lambda r: _wide_space(r, metal, nm))


METALS: tuple[Rule, ...] = (
    *_metal("met1", "m1", 140, 140),
    _wide("m1.3ab", "met1", 280),
    _around("m1.4", "met1", "mcon", 30),
    _two("m1.5", "met1", "mcon", 60, 170),
    _area("m1.6", "met1", 83000),
    _holes("m1.7", "met1", 140000),
    *_cut("via", "via.1a", "via.2", 150, 170),
    _around("via.4a", "met1", "via", 55),
    _two("via.5a", "met1", "via", 85, 150),
    *_metal("met2", "m2", 140, 140),
    _wide("m2.3ab", "met2", 280),
    _around("m2.4", "met2", "via", 55),
    _two("m2.5", "met2", "via", 85, 150),
    _area("m2.6", "met2", 67600),
    _holes("m2.7", "met2", 140000),
    *_cut("via2", "via2.1a", "via2.2", 200, 200),
    _around("via2.4", "met2", "via2", 40),
    _two("via2.5", "met2", "via2", 85, 200),
    *_metal("met3", "m3", 300, 300),
    _wide("m3.3cd", "met3", 400),
    _around("m3.4", "met3", "via2", 65),
    _area("m3.6", "met3", 240000),
    _holes("m3.7", "met3", 200000),
    *_cut("via3", "via3.1", "via3.2", 200, 200),
    _around("via3.4", "met3", "via3", 60),
    _two("via3.5", "met3", "via3", 90, 200),
    *_metal("met4", "m4", 300, 300),
    _around("m4.3", "met4", "via3", 65),
    _area("m4.4a", "met4", 240000),
    _holes("m4.7", "met4", 200000),
    _wide("m4.5ab", "met4", 400),
    *_cut("via4", "via4.1", "via4.2", 800, 800),
    _around("via4.4", "met4", "via4", 190),
    *_metal("met5", "m5", 1600, 1600),
    _around("m5.3", "met5", "via4", 310),
    _area("m5.4", "met5", 4000000),
    _holes("MR_met5.AR.2", "met5", 140000),  # the shuttle's deck alone has it
)
