"""Resistance of a net as one number: squares of every piece and every contact, in series. An upper estimate for a
table; simulations use the segments of `wires`."""

import math
from collections.abc import Iterator

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.blocks import CUTS, METALS
from somaforge.flow.pex.geometry import Geometry
from somaforge.flow.pex.kernel import POLY, SUBSTRATE, Ints
from somaforge.flow.pex.polygons import boxes_region
from somaforge.pdk.interconnect import Interconnect

_CLUSTER_NM = 300
"""Cuts nearer than this (more than any cut's own spacing rule, 190 to 200 nm) are in parallel."""


def squares(area: float, perimeter: float) -> float:
    """Length over width of the straight wire that has this area and perimeter (at least 1)."""
    half = perimeter / 2
    root = math.sqrt(max(half * half / 4 - area, 0.0))
    return (half / 2 + root) / (half / 2 - root)


def net_resistances(geometry: Geometry, process: Interconnect) -> dict[str, float]:
    """Net -> ohm, for every net with metal or poly."""
    total = dict.fromkeys(geometry.nets, 0.0)
    shapes = geometry.conductors
    for layer, net, boxes in _by_net(shapes.layer, shapes.net, shapes.box):
        if layer < POLY or net < 0:
            continue
        sheet = process.sheet_ohm[METALS[layer - POLY]]
        for polygon in _region(boxes).each():
            total[geometry.nets[net]] += sheet * squares(polygon.area(), polygon.perimeter())
    poly, well = (_region(shapes.box[(shapes.layer == k) & (shapes.net >= 0)]) for k in (POLY, SUBSTRATE))
    cuts = geometry.cuts
    for layer, net, boxes in _by_net(cuts.layer, cuts.net, cuts.box):
        for kind, region in _kinds(CUTS[layer], _region(boxes), poly, well):
            total[geometry.nets[net]] += process.cut_ohm[kind] * _series_of_parallel(region)
    return total


def _kinds(cut: str, region: kdb.Region, poly: kdb.Region, well: kdb.Region) -> Iterator[tuple[str, kdb.Region]]:
    """A contact's resistance depends on what lies under it."""
    if cut != "licon":
        yield cut, region
        return
    on_poly, rest = region.split_inside(poly)
    in_well, outside = rest.split_inside(well)
    yield from (("licon_poly", on_poly), ("licon_p", in_well), ("licon_n", outside))


def _series_of_parallel(cuts: kdb.Region) -> float:
    """Sum over clusters of 1 / (cuts in the cluster)."""
    if cuts.is_empty():
        return 0.0
    total = 0.0
    for cluster in cuts.sized(_CLUSTER_NM // 2).merged().each():
        total += 1 / max(1, kdb.Region(cluster).pull_interacting(cuts).count())
    return total


def _region(boxes: Ints) -> kdb.Region:
    return boxes_region(boxes.tolist())


def _by_net(layer: Ints, net: Ints, boxes: Ints) -> Iterator[tuple[int, int, Ints]]:
    """Groups of equal (layer, net)."""
    if not len(layer):
        return
    order = np.lexsort((net, layer))
    keys = np.stack((layer[order], net[order]), axis=1)
    starts = np.flatnonzero(np.any(np.diff(keys, axis=0, prepend=keys[:1] - 1) != 0, axis=1))
    for start, end in zip(starts, [*starts[1:], len(order)], strict=True):
        yield int(keys[start, 0]), int(keys[start, 1]), boxes[order[start:end]]
