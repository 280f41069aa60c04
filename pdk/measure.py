"""Measurements that several rules share. Lengths are nm; every function returns the violations."""

import math

import klayout.db as kdb

from somaforge.pdk.drawn import Drawn

EUCLIDIAN = kdb.Metrics.Euclidian
PROJECTION = kdb.Metrics.Projection
SQUARE = 2
"""Sizing mode that keeps the corners of boxes."""


def width(layers: Drawn, region: kdb.Region, nm: int) -> kdb.Region:
    """Where `region` is narrower than `nm`."""
    return region.width_check(layers.dbu(nm), False, EUCLIDIAN).polygons()


def space(layers: Drawn, region: kdb.Region, nm: int) -> kdb.Region:
    """Where shapes of `region`, or the sides of a notch, are closer than `nm`."""
    return region.space_check(layers.dbu(nm), False, EUCLIDIAN).polygons()


def separation(layers: Drawn, a: kdb.Region, b: kdb.Region, nm: int) -> kdb.Region:
    """Where `a` and `b` are closer than `nm`; touching counts, overlap does not."""
    return a.separation_check(b, layers.dbu(nm), False, EUCLIDIAN).polygons()


def apart(layers: Drawn, a: kdb.Region, b: kdb.Region, nm: int) -> kdb.Region:
    """Where `a` and `b` are closer than `nm` or overlap."""
    return separation(layers, a, b, nm) + (a & b)


def real(found: kdb.Region) -> kdb.Region:
    """Without the zero-area markers of edges that only touch."""
    return found.with_area(0, True)


def enclosure(layers: Drawn, outer: kdb.Region, inner: kdb.Region, nm: int) -> kdb.Region:
    """Where `outer` surrounds `inner` by less than `nm`, or does not cover it."""
    return outer.enclosing_check(inner, layers.dbu(nm), False, EUCLIDIAN).polygons() + (inner - outer)


def two_sides(layers: Drawn, outer: kdb.Region, inner: kdb.Region, nm: int, size_nm: int) -> kdb.Region:
    """Squares of `inner` (edge `size_nm`) that have no pair of opposite sides enclosed by `nm`.

    "One of two adjacent sides enclosed" holds exactly when two opposite sides are enclosed.
    """
    wide, size = layers.dbu(nm), layers.dbu(size_nm)
    # Edge operations are slow on a million contacts, and nearly all contacts reach far enough into `outer` up and down,
    # or left and right: only the others are looked at edge by edge. Frames of neighbours may merge: what sticks out of
    # `outer` then puts more contacts under suspicion, never fewer.
    up_down = (inner.sized(0, wide, SQUARE) - outer).sized(size, wide + size, SQUARE)
    if up_down.is_empty():
        return kdb.Region()
    left_right = (inner.sized(wide, 0, SQUARE) - outer).sized(wide + size, size, SQUARE)
    suspects = inner & up_down & left_right
    if suspects.is_empty():
        return kdb.Region()
    suspects = inner.interacting(suspects)
    bad = outer.enclosing_check(suspects, wide, False, PROJECTION).second_edges()
    good = (suspects.edges() - bad).width_check(size + 1, False, PROJECTION).polygons()
    return suspects.not_interacting(good)


def exact_square(layers: Drawn, region: kdb.Region, nm: int) -> kdb.Region:
    """Cuts that are not squares with edges of exactly `nm`."""
    size = layers.dbu(nm)
    return (
        region.merged().with_bbox_width(size, True)
        + region.merged().with_bbox_height(size, True)
        + region.non_rectangles()
    )


def small_area(layers: Drawn, region: kdb.Region, nm2: int) -> kdb.Region:
    """Shapes with less area than `nm2`."""
    units = math.ceil(nm2 / (1000 * layers.dbu_um) ** 2 - 1e-6)
    return region.with_area(0, units, False)


def small_holes(layers: Drawn, region: kdb.Region, nm2: int) -> kdb.Region:
    """Holes with less area than `nm2`."""
    return small_area(layers, region.holes(), nm2)


def off_grid(layers: Drawn, region: kdb.Region, nm: int) -> kdb.EdgePairs:
    """Vertices that are not on the grid of `nm` (points: they have no area, so they are not polygons)."""
    return region.grid_check(layers.dbu(nm), layers.dbu(nm))
