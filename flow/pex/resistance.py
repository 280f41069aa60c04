"""Resistance of a net as one number: squares of every piece and every contact, in series. An upper estimate for a
table; simulations use the segments of `wires`."""

import math

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.geometry import Geometry
from somaforge.flow.pex.kernel import GATE, Rectangles
from somaforge.flow.pex.polygons import boxes_region
from somaforge.pdk.interconnect import Interconnect

_CLUSTER_NM = 300
"""Cuts nearer than this (more than any cut's own spacing rule, 190 to 200 nm) are in parallel."""


def squares(area: float, perimeter: float) -> float:
    """Length over width of the straight wire that has this area and perimeter (at least 1).

    >>> squares(10 * 1, 2 * (10 + 1))
    10.0
    """
    half = perimeter / 2
    root = math.sqrt(max(half * half / 4 - area, 0.0))
    return (half / 2 + root) / (half / 2 - root)


def net_resistances(geometry: Geometry, process: Interconnect) -> dict[str, float]:
    """Net -> ohm, for every net with metal or gates. Nets of one shape are computed once."""
    known: dict[bytes, float] = {}
    found = {}
    for number, name in enumerate(geometry.nets):
        wires, cuts = geometry.of_net(number), geometry.cuts_of_net(number)
        corner = wires.box[:, :2].min(axis=0) if len(wires.net) else np.zeros(2, dtype=np.int64)
        wires, cuts = (Rectangles(r.layer, r.box - np.tile(corner, 2), r.net) for r in (wires, cuts))
        key = b"".join(v.tobytes() for r in (wires, cuts) for v in (r.layer, r.box))
        if key not in known:
            known[key] = _resistance(wires, cuts, process)
        found[name] = known[key]
    return found


def _resistance(wires: Rectangles, cuts: Rectangles, process: Interconnect) -> float:
    total = 0.0
    for k, metal in enumerate(process.wires):
        for polygon in boxes_region(wires.box[wires.layer == GATE + k].tolist()).each():
            total += process.sheet_ohm[metal] * squares(polygon.area(), polygon.perimeter())
    for k, cut in enumerate(process.stack.cuts):
        total += process.cut_ohm[cut.name] * _series_of_parallel(boxes_region(cuts.box[cuts.layer == k].tolist()))
    return total


def _series_of_parallel(cuts: kdb.Region) -> float:
    """Sum over clusters of 1 / (cuts in the cluster)."""
    if cuts.is_empty():
        return 0.0
    total = 0.0
    for cluster in cuts.sized(_CLUSTER_NM // 2).merged().each():
        total += 1 / max(1, kdb.Region(cluster).pull_interacting(cuts).count())
    return total
