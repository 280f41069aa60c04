"""Jumpers: a wire that would charge a gate while it is etched goes up to the highest conductor near that gate.

What is etched charges the gates that hang on it by then; a driver's junctions, or a diode's, take the charge away. A
net that meets them on `strap` alone leaves its gates with all of the wire on the conductors below. It is routed again
without `strap` where there is room (`wires.join`); else a hop onto `strap`, near the gate, parts them until `strap` is
etched, when the net is whole. Nets without a driver on the chip need a diode: blocks of library cells have one at every
input (`digital.netlist.with_diodes`).
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from somaforge.generator.block import Role
from somaforge.generator.chip.access import Access, End
from somaforge.generator.chip.grid import LAYERS, Grid, Node
from somaforge.generator.chip.route import Route
from somaforge.generator.chip.search import Ints

GATES = (Role.DIGITAL_INPUT, Role.CLOCK)
"""Ports behind which there are gates alone."""
MOST_BARE_NM = 40_000
"""Of wire below `strap` on a gate without a driver. A library cell's weakest input has 0.25 um2 of gate, which at a
ratio of 400 takes 99 um2 of sidewall: 62 um of a wire that is 0.8 um high; the rest is left to the block."""
TOP = len(LAYERS) - 1
HOP = 2
"""Tracks of `strap`: the pads at its ends keep their space on the conductor below."""

Graph = dict[Node, set[Node]]


def put_jumpers(
    grid: Grid, routes: Mapping[str, Route], nets: Mapping[str, Sequence[End]], places: Mapping[End, Access], used: Ints
) -> None:
    """Put hops into the routes that need them, in place; `used` counts the nets at every node. A gate for which there
    is no room is left as it is: the antenna rules find it."""
    for net, route in routes.items():
        for end in charged(grid, route, nets[net], places):
            _protect(grid, route, nets[net], places, used, end)


def is_gate(end: End) -> bool:
    """Whether nothing but gates is behind an end."""
    return end.block is not None and end.port.role in GATES and not end.port.guarded


def charged(grid: Grid, route: Route, ends: Sequence[End], places: Mapping[End, Access]) -> list[End]:
    """Gates that hang on too much wire."""
    return [end for end in ends if is_gate(end) and bare_nm(grid, route, ends, places, end) > MOST_BARE_NM]


def bare_nm(grid: Grid, route: Route, ends: Sequence[End], places: Mapping[End, Access], gate: End) -> int:
    """Length of the wire below `strap` on which a gate hangs; 0 if another end than gates is on it, too."""
    graph = _graph(route)
    found = _below(graph, places[gate].node)
    here = [end for end in ends if places[end].node in found]
    if any(end.block is not None and not is_gate(end) for end in here):
        return 0
    steps = sum(len(graph[node] & found) for node in found if node in graph) // 2
    stubs = sum(x2 - x1 + y2 - y1 for end in here for x1, y1, x2, y2 in places[end].stub)
    return steps * grid.tracks.pitch + stubs


def _graph(route: Route) -> Graph:
    graph: Graph = {}
    for path in route.paths:
        for a, b in pairwise(path):
            graph.setdefault(a, set()).add(b)
            graph.setdefault(b, set()).add(a)
    return graph


def _below(graph: Graph, start: Node) -> set[Node]:
    """What is joined with a node without `strap`."""
    found, waiting = {start}, [start]
    while waiting:
        for node in graph.get(waiting.pop(), ()):
            if node[0] != TOP and node not in found:
                found.add(node)
                waiting.append(node)
    return found


def _protect(
    grid: Grid, route: Route, ends: Sequence[End], places: Mapping[End, Access], used: Ints, gate: End
) -> None:
    if bare_nm(grid, route, ends, places, gate) <= MOST_BARE_NM:
        return
    kept = [list(path) for path in route.paths]
    for path, first in _hops(grid, route, used, places[gate].node):
        route.paths[path] = _hopped(kept[path], first)
        if bare_nm(grid, route, ends, places, gate) <= MOST_BARE_NM:
            for node in set(route.paths[path]) - set(kept[path]):
                used[node] += 1
            return
        route.paths[path] = kept[path]


def _hops(grid: Grid, route: Route, used: Ints, gate: Node) -> Iterator[tuple[int, int]]:
    """Path and first node of every piece that may go over `strap` instead, the nearest to the gate first."""
    near = []
    busy = {node for path in route.paths for node in (path[0], path[-1])}
    for p, path in enumerate(route.paths):
        for k in range(len(path) - HOP):
            piece = path[k : k + HOP + 1]
            straight = len({node[0] for node in piece}) == 1 and piece[0][0] != TOP
            if straight and not busy & set(piece[1:-1]) and _free(grid, used, piece):
                near.append((abs(piece[0][1] - gate[1]) + abs(piece[0][2] - gate[2]), p, k))
    for _, p, k in sorted(near):
        yield p, k


def _free(grid: Grid, used: Ints, piece: Sequence[Node]) -> bool:
    """Whether `strap` has room over the piece, and what lies between at its ends."""
    layer = piece[0][0]
    ends = [(node[1], node[2]) for node in (piece[0], piece[-1])]
    between = [(z, *at) for at in ends for z in range(layer + 1, TOP)]
    above = [*between, *((TOP, node[1], node[2]) for node in piece)]
    cuts = all(grid.via[(z, *at)] for at in ends for z in range(layer, TOP))
    return cuts and all(grid.wire[node] and used[node] == 0 for node in above)


def _hopped(path: Sequence[Node], first: int) -> list[Node]:
    """The path with HOP steps from its node `first` on the highest layer."""
    layer, last = path[first][0], first + HOP
    up = [(z, *path[first][1:]) for z in range(layer + 1, TOP)]
    down = [(z, *path[last][1:]) for z in range(TOP - 1, layer, -1)]
    over = [(TOP, *node[1:]) for node in path[first : last + 1]]
    return [*path[: first + 1], *up, *over, *down, *path[last:]]
