"""Joins the ports of nets by wires on the grid."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise

import numpy as np

from somaforge.generator.block import Box
from somaforge.generator.chip.access import Access, End, accesses, stubs
from somaforge.generator.chip.grid import ALONG_ROWS, LAYERS, Grid, Node
from somaforge.generator.chip.jumpers import TOP, charged, is_gate, put_jumpers
from somaforge.generator.chip.route import Route
from somaforge.generator.chip.search import Flags, Ints, Price, Scratch, cheapest, scratch_for
from somaforge.generator.draw import Canvas
from somaforge.pdk.errors import InputError

WRONG_WAY, CHANGE = 2, 4
"""Costs of a step against a layer's direction, and of a via, where a step costs 1."""
ROUNDS = 60
OUT = 6
"""Tracks of `strap` around a port on it that a net may use that else stays below."""
SOFT = 12
"""Rounds in which a place that is taken costs more each time; from then on what grows is the memory of where nets met,
or two nets of a large chip change places for ever."""
MEET = 2
"""What a place costs in addition for every net that is there already, times the round; and for every time they met."""


def join(grid: Grid, nets: Mapping[str, Sequence[End]], low: bool = False) -> dict[str, Route]:
    """Wires for every net with two ports or more.

    Nets are routed one after the other by the cheapest way; where two meet, both are routed again and the place gets
    more expensive each time (McMurchie and Ebeling 1995), until none meet; then they get jumpers. InputError with the
    nets that have no way. `low`: nets with bare gates stay below `strap` from the beginning, for a chip whose wires are
    so long that a hop near every gate finds no room; after SOFT rounds history decides, too.
    """
    joined = {net: found for net, found in nets.items() if len(found) > 1}
    try:
        places = accesses(grid, [end for found in joined.values() for end in found])
    except ValueError as error:
        raise InputError(f"chip: {error}; give its blocks more room") from None
    ends = {net: [(end.port.layer, places[end]) for end in found] for net, found in joined.items()}
    for layer, box in stubs(places.values()):
        grid.block(layer, [box])
    for access in places.values():
        grid.wire[access.node] = False
    below = grid.wire.copy()
    below[TOP] = False
    gated = {net for net, found in joined.items() if low and any(is_gate(end) for end in found)}
    used, history = (np.zeros(grid.wire.shape, dtype=np.int32) for _ in range(2))
    scratch = scratch_for(grid.wire)
    routes: dict[str, Route] = {}
    for turn in range(ROUNDS):
        for net in ends:
            if net in routes:
                own = _index(routes[net])
                if not (used[own] > 1).any():
                    continue
                used[own] -= 1
            price = Price(grid.price, history, used, (1 + (min(turn, SOFT) if low else turn)) * MEET)
            if net in gated:
                with suppress(InputError), _leaving(grid, below, ends[net]):
                    routes[net] = _route(grid, below, price, net, ends[net], scratch)
                    used[_index(routes[net])] += 1
                    continue
            routes[net] = _route(grid, grid.wire, price, net, ends[net], scratch)
            used[_index(routes[net])] += 1
        if not (used > 1).any():
            for net in routes:
                if charged(grid, routes[net], joined[net], places):
                    routes[net] = _below(grid, routes[net], ends[net], used, scratch)
            put_jumpers(grid, routes, joined, places, used)
            return routes
        history[used > 1] += MEET * (turn if low and turn >= SOFT else 1)
    lost = [net for net, route in routes.items() if (used[_index(route)] > 1).any()]
    raise InputError(f"chip: no room for the wires {', '.join(lost[:5])}; give its blocks more")


@contextmanager
def _leaving(grid: Grid, below: Flags, ends: Sequence[tuple[str, Access]]) -> Iterator[None]:
    """`below` with room on `strap` around the ends that lie there: no cut has room at the port itself."""
    near = []
    for _, access in ends:
        z, i, j = access.node
        if z == TOP:
            near.append((TOP, slice(max(i - OUT, 0), i + OUT + 1), slice(max(j - OUT, 0), j + OUT + 1)))
    for window in near:
        below[window] = grid.wire[window]
    try:
        yield
    finally:
        for window in near:
            below[window] = False


def _index(route: Route) -> tuple[Ints, ...]:
    """Of a route's nodes in an array."""
    return tuple(np.array(sorted(route.nodes()), dtype=np.int32).T)


def _below(grid: Grid, route: Route, ends: Sequence[tuple[str, Access]], used: Ints, scratch: Scratch) -> Route:
    """The net again without the highest conductor, where no other net is; the route as it was if there is no way."""
    used[_index(route)] -= 1
    free = grid.wire & (used == 0)
    free[TOP] = False
    with suppress(InputError):  # a jumper serves as well
        route = _route(grid, free, Price(grid.price, used, used), route.net, ends, scratch)
    used[_index(route)] += 1
    return route


def _route(
    grid: Grid, wire: Flags, price: Price, net: str, ends: Sequence[tuple[str, Access]], scratch: Scratch
) -> Route:
    """From the first end to the nearest other one, from there on from all of the wire; InputError without a way."""
    route = Route(net, accesses=list(ends))
    tree, left = {ends[0][1].node}, [access.node for _, access in ends[1:]]
    across = np.array([layer in ALONG_ROWS for layer in LAYERS], dtype=np.int32)
    while left := [node for node in left if node not in tree]:
        goals = np.zeros(grid.wire.shape, dtype=np.bool_)
        for node in left:
            goals[node] = True
        box = np.array([f([n[axis] for n in left]) for axis in (1, 2) for f in (min, max)], dtype=np.int32)
        starts = np.array(sorted(tree), dtype=np.int32)
        found = cheapest(wire, grid.via, price, across, starts, goals, box, (WRONG_WAY, CHANGE), scratch)
        if not len(found):
            raise InputError(f"chip: no way for the wire {net}; give its blocks more room")
        path: list[Node] = [(int(z), int(i), int(j)) for z, i, j in found]
        route.paths.append(path)
        tree |= set(path)
    return route


def draw_route(canvas: Canvas, grid: Grid, route: Route) -> None:
    """Wires, vias and pads of a net."""
    tracks = grid.tracks
    for layer, access in route.accesses:
        for box in access.stub:
            canvas.box(layer, *box)
    for path in route.paths:
        for layer, box in _runs(grid, path):
            canvas.box(layer, *box)
        for a, b in pairwise(path):
            if a[0] != b[0]:
                x, y = tracks.at(a)
                cut = canvas.r.over(LAYERS[min(a[0], b[0])])
                canvas.around(cut.role, x, y, cut.size // 2, cut.size // 2)
                for z in (a[0], b[0]):
                    canvas.around(LAYERS[z], x, y, *tracks.pad(LAYERS[z]))


def _runs(grid: Grid, path: Sequence[Node]) -> list[tuple[str, Box]]:
    """Straight pieces of a path."""
    found, start = [], 0
    for k in range(1, len(path)):
        last = k + 1 == len(path)
        if last or _way(path[k - 1], path[k]) != _way(path[k], path[k + 1]):
            a, b = path[start], path[k]
            start = k
            if a[0] == b[0]:
                layer = LAYERS[a[0]]
                half, (x1, y1), (x2, y2) = grid.tracks.half(layer), grid.tracks.at(a), grid.tracks.at(b)
                box = (min(x1, x2) - half, min(y1, y2) - half, max(x1, x2) + half, max(y1, y2) + half)
                found.append((layer, box))
    return found


def _way(a: Node, b: Node) -> tuple[int, int, int]:
    return b[0] - a[0], b[1] - a[1], b[2] - a[2]
