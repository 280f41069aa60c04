"""Fewer segments, so that a whole macro can be simulated: sites that lie next to each other become one node.

Every row and every column of an array as a ladder of single cells makes a mesh of all of them, and a direct solver's
work grows with the mesh: 25,100 positions of five nets are out of ngspice's reach, one node for every eight cells is
not. Between two merged nodes stands the resistance of the segments that cross, for the whole distance between them.
`resistance_error` says what a wire lost by it.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

from somaforge.flow.pex.kernel import Ints
from somaforge.flow.pex.wires import Segment, Wire
from somaforge.pdk.arrays import Floats

PROBED = 200
_SHORT_OHM = 1e-6
"""A segment of no resistance, as far as a solver can tell."""


@dataclass(frozen=True)
class Merged:
    """A wire with fewer nodes."""

    wire: Wire
    """Its sites are the nodes that are left."""
    node: tuple[int, ...]
    """Site of the whole wire -> site of this one."""


def merge(wire: Wire, cells: int) -> Merged:
    """Up to `cells` neighbours along each direction become one node, which lies where the middle one is. What lies
    farther away, or is joined only from elsewhere, stays apart."""
    if cells == 1:
        return Merged(wire, tuple(range(len(wire.sites))))
    x, y = np.array(wire.x_nm), np.array(wire.y_nm)
    lengths = [abs(x[s.a] - x[s.b]) + abs(y[s.a] - y[s.b]) for s in wire.segments]
    reach = max(1, int(cells * np.median(lengths))) if lengths else 1
    cluster = _clusters(wire, np.stack(((x - x.min()) // reach, (y - y.min()) // reach)))
    kept = [_middle(np.flatnonzero(cluster == k), x, y, wire.port) for k in range(int(cluster.max()) + 1)]
    found: dict[tuple[int, int], list[float]] = {}
    for s in wire.segments:
        a, b = sorted((int(cluster[s.a]), int(cluster[s.b])))
        if a == b:
            continue
        length = abs(x[s.a] - x[s.b]) + abs(y[s.a] - y[s.b])
        distance = abs(x[kept[a]] - x[kept[b]]) + abs(y[kept[a]] - y[kept[b]])
        # A wire to somewhere else is not what lies between the neighbours at its ends.
        longer = distance / length if length <= reach else 1.0
        found.setdefault((a, b), []).append(max(s.ohm, _SHORT_OHM) * longer)
    segments = tuple(Segment(a, b, 1 / sum(1 / r for r in ohms)) for (a, b), ohms in found.items())
    fewer = replace(
        wire,
        sites=tuple(wire.sites[k] for k in kept),
        x_nm=tuple(wire.x_nm[k] for k in kept),
        y_nm=tuple(wire.y_nm[k] for k in kept),
        port=int(cluster[wire.port]),
        segments=segments,
    )
    return Merged(fewer, tuple(cluster.tolist()))


def resistance_error(whole: Wire, merged: Merged) -> tuple[float, float]:
    """Largest error of the resistance from the port to a site, and the largest such resistance, both in ohm.

    Of a wire with more than PROBED sites, that many are looked at.
    """
    sites = np.unique(np.linspace(0, len(whole.sites) - 1, min(PROBED, len(whole.sites))).astype(np.int64))
    exact = resistances(whole, sites)
    coarse = resistances(merged.wire, np.array(merged.node, dtype=np.int64)[sites])
    return float(np.abs(coarse - exact).max()), float(exact.max())


def resistances(wire: Wire, sites: Ints) -> Floats:
    """Ohm from the port to each of `sites`, through all segments."""
    count = len(wire.sites)
    ends = np.array([(s.a, s.b) for s in wire.segments], dtype=np.int64).reshape(-1, 2)
    siemens = np.array([1 / max(s.ohm, _SHORT_OHM) for s in wire.segments])
    a, b = np.concatenate((ends, ends[:, ::-1])).T
    both = np.tile(siemens, 2)
    rows, columns = np.concatenate((a, a)), np.concatenate((b, a))
    laplacian = coo_matrix((np.concatenate((-both, both)), (rows, columns)), shape=(count, count)).tocsc()
    others = np.delete(np.arange(count), wire.port)
    found = np.zeros(len(sites))
    if len(others) == 0:
        return found
    place = np.full(count, -1)
    place[others] = np.arange(len(others))
    solver = splu(laplacian[others][:, others])
    for k, site in enumerate(place[sites].tolist()):
        if site >= 0:
            unit = np.zeros(len(others))
            unit[site] = 1.0
            found[k] = solver.solve(unit)[site]
    return found


def _clusters(wire: Wire, parts: Ints) -> Ints:
    """Number of the node of each site: sites of the same parts [2, sites] that segments within these parts join."""
    ends = np.array([(s.a, s.b) for s in wire.segments], dtype=np.int64).reshape(-1, 2)
    inside = ends[np.all(parts[:, ends[:, 0]] == parts[:, ends[:, 1]], axis=0)]
    count = len(wire.sites)
    graph = coo_matrix((np.ones(len(inside)), (inside[:, 0], inside[:, 1])), shape=(count, count))
    _, cluster = connected_components(graph, directed=False)
    numbers: Ints = cluster.astype(np.int64)
    return numbers


def _middle(sites: Ints, x: Ints, y: Ints, port: int) -> int:
    """The site nearest to the others' centre; the port where it is one of them, because it keeps the net's name."""
    if port in sites:
        return port
    distance = np.abs(x[sites] - x[sites].mean()) + np.abs(y[sites] - y[sites].mean())
    return int(sites[np.argmin(distance)])
