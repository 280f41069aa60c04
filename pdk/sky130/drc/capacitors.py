"""Rules of MiM capacitors. Names and values: sky130 PDK documentation, "Periphery rules" (capm, cap2m)."""

from dataclasses import dataclass

import klayout.db as kdb

from somaforge.pdk import measure as m
from somaforge.pdk.sky130.drc.layers import Layers, Rule

L_CORNERS = 6
"""Corners of an L; a rectangle has four."""
ASPECT = 20


@dataclass(frozen=True)
class _Plate:
    """One kind of top plate with what lies below and above it; lengths in nm."""

    name: str
    bottom: str
    """Metal that is the bottom plate."""
    above: str
    """Via on the plate."""
    above_nm: int
    below: str
    """Via under the bottom plate; it stays away from the top plate."""


def _bottoms(layers: Layers, plate: _Plate) -> kdb.Region:
    """Bottom plates: metal under a top plate and 0.14 um around it."""
    under = (layers.drawn(plate.name) & layers.drawn(plate.bottom)).merged()
    return under.sized(layers.dbu(140)).merged()


def _bottom_space(layers: Layers, plate: _Plate) -> kdb.Region:
    """2b: two bottom plates that no metal joins, or one and metal that is none."""
    bottoms, metal = _bottoms(layers, plate), layers.drawn(plate.bottom).merged()
    if bottoms.is_empty():
        return kdb.Region()
    among = bottoms.isolated_check(layers.dbu(1200), False, m.EUCLIDIAN).polygons() - metal
    return among + m.separation(layers, bottoms, metal.not_interacting(bottoms), 1200)


def _shapes(layers: Layers, plate: _Plate) -> kdb.Region:
    """7: rectangles and Ls."""
    odd = kdb.Region()
    for polygon in layers.drawn(plate.name).merged().each():
        if polygon.num_points() > L_CORNERS or polygon.holes() or not polygon.is_rectilinear():
            odd.insert(polygon)
    return odd


def _long(layers: Layers, plate: _Plate) -> kdb.Region:
    """6: more than 20 times as long as wide."""
    return layers.drawn(plate.name).merged().with_bbox_aspect_ratio(0, ASPECT, True, True, True)


def _via_enclosure(layers: Layers, plate: _Plate) -> kdb.Region:
    vias = layers.drawn(plate.above).merged().overlapping(layers.drawn(plate.name))
    return m.enclosure(layers, layers.drawn(plate.name), vias, plate.above_nm)


def _via_space(layers: Layers, plate: _Plate) -> kdb.Region:
    vias = layers.drawn(plate.above).merged().not_overlapping(layers.drawn(plate.name))
    return m.separation(layers, layers.drawn(plate.name), vias, plate.above_nm)


def _other_metal(layers: Layers, plate: _Plate) -> kdb.Region:
    others = layers.drawn(plate.bottom).merged().not_overlapping(layers.drawn(plate.name))
    return m.separation(layers, layers.drawn(plate.name), others, 500)


def _rules(p: _Plate) -> tuple[Rule, ...]:
    return (
        Rule(f"{p.name}.1", f"{p.name} width", 1000, lambda r: m.width(r, r.drawn(p.name), 1000)),
        Rule(f"{p.name}.2a", f"{p.name} spacing", 840, lambda r: m.space(r, r.drawn(p.name), 840)),
        Rule(f"{p.name}.2b", f"spacing of bottom plates of {p.name}", 1200, lambda r: _bottom_space(r, p)),
        Rule(f"{p.name}.3", f"{p.bottom} enclosure of {p.name}", 140,
             lambda r: m.enclosure(r, r.drawn(p.bottom), r.drawn(p.name), 140)),
        Rule(f"{p.name}.4", f"{p.name} enclosure of {p.above}", p.above_nm, lambda r: _via_enclosure(r, p)),
        Rule(f"{p.name}.5", f"{p.name} to other {p.above}", p.above_nm, lambda r: _via_space(r, p)),
        Rule(f"{p.name}.6", f"{p.name} longer than 20 widths", 0, lambda r: _long(r, p)),
        Rule(f"{p.name}.7", f"{p.name} neither rectangle nor L", 0, lambda r: _shapes(r, p)),
        Rule(f"{p.name}.8", f"{p.name} to {p.below}, no overlap", 140,
             lambda r: m.apart(r, r.drawn(p.name), r.drawn(p.below), 140)),
        Rule(f"{p.name}.11", f"{p.name} to {p.bottom} that is not its plate", 500, lambda r: _other_metal(r, p)),
    )  # fmt: skip


CAPACITORS: tuple[Rule, ...] = (
    *_rules(_Plate("capm", "met3", "via3", 140, "via2")),
    *_rules(_Plate("cap2m", "met4", "via4", 200, "via3")),
)
