"""Wires between standard cells on `inner` and `row`, on the grid that the cells are made for (sites x tracks).

Nets are routed one after the other by the cheapest path; where two meet, both are routed again and the place gets more
expensive each time (the negotiation of PathFinder, McMurchie and Ebeling 1995), until none meet. On this grid wires of
neighbouring tracks keep all spaces; what does not is forbidden: pads above each other on `inner`, and any two nets on
neighbouring nodes of one column of `row`.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import klayout.db as kdb

from somaforge.generator.periphery.measures import PortMeasures

ROUNDS = 80

Node = tuple[int, int, int]
"""Layer (1: inner, 2: row), column, track."""


@dataclass(frozen=True)
class Access:
    """A contact to a pin: the `inner` node that it serves and where the cut lies (at most half a column aside)."""

    node: Node
    x: int | None
    """None where the cell has the pin on `inner`."""
    claims: tuple[Node, ...]


@dataclass
class Net:
    """Terminals of a net and, once routed, its wires."""

    name: str
    pins: list[list[Access]] = field(default_factory=list)
    wires: list[list[Node]] = field(default_factory=list)
    """Wires on `row` that exist: each a run of nodes of one column."""
    own: set[Node] = field(default_factory=set)
    """`inner` nodes on or too near to what the cells have of this net on it."""
    hooks: list[list[Node]] = field(default_factory=list)
    """`row` nodes below a `column` wire of the net: any of them may carry the via to it."""
    nodes: set[Node] = field(default_factory=set)
    edges: set[tuple[Node, Node]] = field(default_factory=set)
    contacts: set[Access] = field(default_factory=set)
    vias2: set[Node] = field(default_factory=set)

    def clear(self) -> None:
        """Forget the route; wires that exist stay."""
        self.edges = {(a, b) for wire in self.wires for a, b in pairwise(wire)}
        self.nodes = {node for wire in self.wires for node in wire}
        self.contacts, self.vias2 = set(), set()

    def places(self) -> set[Node]:
        """Every node that the net keeps others from."""
        return self.nodes | self.own | {node for access in self.contacts for node in access.claims}

    def pads(self) -> set[Node]:
        """`inner` nodes with a pad."""
        vias = {a for a, b in self.edges if a[0] != b[0]} | {b for a, b in self.edges if a[0] != b[0]}
        return {n for n in vias if n[0] == 1} | {c for access in self.contacts for c in access.claims}


class Grid:
    """What may be used: tracks over a block of rows of cells."""

    def __init__(
        self, m: PortMeasures, columns: int, tracks: int, inner: kdb.Region, closed: Iterable[Node] = ()
    ) -> None:
        self.m, self.columns, self.tracks = m, columns, tracks
        self.closed = set(closed)
        self._obstacles = [polygon.bbox() for polygon in inner.decompose_trapezoids_to_region().each()]
        self._free: dict[tuple[int, int, int, int], bool] = {}
        self._steps: dict[Node, tuple[tuple[Node, int], ...]] = {}
        self._near = m.pdk.rules.inner.space - 1

    def at(self, node: Node) -> tuple[int, int]:
        """Position of a node in nm."""
        return self.m.at(node)

    def pad(self, node: Node) -> kdb.Box:
        """A pad on `inner` at a node."""
        x, y = self.at(node)
        half_x, half_y = self.m.inner_pad
        return kdb.Box(x - half_x, y - half_y, x + half_x, y + half_y)

    def free(self, x1: int, y1: int, x2: int, y2: int) -> bool:
        """Whether `inner` may be drawn there."""
        key = (x1, y1, x2, y2)
        if key not in self._free:
            box = kdb.Box(*key).enlarged(self._near, self._near)
            self._free[key] = not any(box.overlaps(o) for o in self._obstacles)
        return self._free[key]

    def pad_free(self, node: Node) -> bool:
        """Whether such a pad fits."""
        pad = self.pad(node)
        return self.free(pad.left, pad.bottom, pad.right, pad.top)

    def inside(self, node: Node) -> bool:
        """Whether the node exists and is open."""
        return 0 <= node[1] < self.columns and 0 <= node[2] < self.tracks and node not in self.closed

    def neighbours(self, node: Node) -> Iterable[tuple[Node, int]]:
        """Steps from a node with their costs in nm; a via costs as much as four columns, the wrong way double."""
        if node not in self._steps:  # every net comes by, again and again
            self._steps[node] = tuple(self._around(node))
        return self._steps[node]

    def _around(self, node: Node) -> Iterator[tuple[Node, int]]:
        layer, i, j = node
        x, y = self.at(node)
        half = self.m.wire_half
        for di, dj in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            other = (layer, i + di, j + dj)
            if not self.inside(other):
                continue
            x2, y2 = self.at(other)
            if layer == 1:
                low, high = (min(x, x2), min(y, y2)), (max(x, x2), max(y, y2))
                if not self.free(low[0] - half, low[1] - half, high[0] + half, high[1] + half):
                    continue
            length = abs(x2 - x) + abs(y2 - y)
            yield other, length * (2 if (di != 0) == (layer == 2) else 1)
        other = (3 - layer, i, j)
        if self.inside(other) and self.pad_free((1, i, j)):
            yield other, 4 * self.m.site


class _Usage:
    """Who is where; counts the nets that a step would meet."""

    def __init__(self) -> None:
        self.nodes: Counter[Node] = Counter()
        self.pads: Counter[Node] = Counter()
        self.history: Counter[Node] = Counter()

    def add(self, net: Net, sign: int) -> None:
        for node in net.places():
            self.nodes[node] += sign
        for pad in net.pads():
            self.pads[pad] += sign

    def meets(self, node: Node, pad: bool) -> int:
        layer, i, j = node
        there = self.nodes.get  # a counter's own look at what it does not have is slow
        count = there(node, 0)
        if layer == 2:
            count += there((2, i, j - 1), 0) + there((2, i, j + 1), 0)
        elif pad:
            count += self.pads.get((1, i, j - 1), 0) + self.pads.get((1, i, j + 1), 0)
        return count


def route(grid: Grid, nets: list[Net]) -> None:
    """Fill in the wires of the nets; ValueError if they do not fit."""
    usage = _Usage()
    for net in nets:
        net.clear()
        usage.add(net, 1)
    for turn in range(ROUNDS):
        for net in nets:
            usage.add(net, -1)
            if turn == 0 or _conflicts(net, usage):
                net.clear()
                _route_net(grid, net, usage, turn)
            usage.add(net, 1)
        bad = [node for net in nets for node in _own_conflicts(net, usage)]
        if not bad:
            return
        usage.history.update(bad)
    names = sorted({net.name for net in nets if list(_own_conflicts(net, usage))})
    raise ValueError(f"periphery: no room for the wires {', '.join(names)}")


def _conflicts(net: Net, usage: _Usage) -> bool:
    pads = net.pads()
    return any(usage.meets(node, node in pads) for node in net.places())


def _own_conflicts(net: Net, usage: _Usage) -> list[Node]:
    usage.add(net, -1)
    pads = net.pads()
    bad = [node for node in net.places() if usage.meets(node, node in pads)]
    usage.add(net, 1)
    return bad


@dataclass(frozen=True)
class _Terminal:
    """Nodes of which one must be reached; a pin's nodes each have their contact."""

    kind: str
    nodes: frozenset[Node]
    contacts: Mapping[Node, Access]

    def settle(self, net: Net, node: Node) -> None:
        """Note what joins the net to this terminal at a node."""
        if self.kind == "pin":
            net.contacts.add(self.contacts[node])
        elif self.kind == "hook":
            net.vias2.add(node)


def _terminals(net: Net) -> list[_Terminal]:
    """Wires first: a route that begins on one needs no via there."""
    return [
        *(_Terminal("wire", frozenset(wire), {}) for wire in net.wires),
        *(_Terminal("pin", frozenset(a.node for a in pin), {a.node: a for a in pin}) for pin in net.pins),
        *(_Terminal("hook", frozenset(hook), {}) for hook in net.hooks),
    ]


def _route_net(grid: Grid, net: Net, usage: _Usage, turn: int) -> None:
    """Join the terminals one by one, always the cheapest next."""
    start, *left = _terminals(net)
    contacts = {a.node for pin in net.pins for a in pin}
    # The net's other wires are in net.nodes from the beginning, but they are not joined yet.
    starts: set[Node] = set(start.nodes)
    tree: set[Node] = set(start.nodes) if start.kind == "wire" else set()
    above: set[Node] = set()
    for k in range(len(left)):
        path = _cheapest(grid, usage, turn, starts, {n for t in left for n in t.nodes}, contacts)
        if k == 0:
            start.settle(net, path[0])
        elif path[0] not in tree:
            net.vias2.add(path[0])
        end = next(t for t in left if path[-1] in t.nodes)
        end.settle(net, path[-1])
        left.remove(end)
        net.nodes.update(path)
        net.edges.update(pairwise(path))
        if "hook" in (end.kind, start.kind):
            # Once joined, the wire on `column` is part of the tree.
            above |= {n for t in (end, start) if t.kind == "hook" for n in t.nodes}
        tree |= set(path) | (end.nodes if end.kind == "wire" else set())
        starts = tree | above


def _cheapest(
    grid: Grid, usage: _Usage, turn: int, starts: set[Node], goals: set[Node], contacts: set[Node]
) -> list[Node]:
    """Dijkstra from any start to any goal; places that other nets use cost more with every turn."""

    site, rate = grid.m.site, 2 + 3 * turn

    def extra(node: Node, pad: bool) -> int:
        return site * (usage.meets(node, pad) * rate + usage.history.get(node, 0))

    queue: list[tuple[int, Node]] = []
    best: dict[Node, int] = {}
    before: dict[Node, Node] = {}
    for node in sorted(starts):
        best[node] = extra(node, node in contacts)
        heapq.heappush(queue, (best[node], node))
    while queue:
        cost, node = heapq.heappop(queue)
        if cost > best[node]:
            continue
        if node in goals and node not in starts:
            path = [node]
            while path[-1] in before:
                path.append(before[path[-1]])
            return path[::-1]
        if node in goals:
            return [node]
        for other, step in grid.neighbours(node):
            via = other[0] != node[0]
            total = cost + step + extra(other, via or other in contacts)
            if via:
                total += extra(node, True) if node[0] == 1 else 0
            if total < best.get(other, 1 << 60):
                best[other], before[other] = total, node
                heapq.heappush(queue, (total, other))
    raise ValueError("periphery: a pin cannot be reached")


def shapes(m: PortMeasures, net: Net) -> dict[str, kdb.Region]:
    """Layout of a routed net by layer."""
    rules = m.pdk.rules
    cut, up = rules.inner_via.size // 2, rules.row_via.size // 2
    out = {layer: kdb.Region() for layer in ("local_via", "inner", "inner_via", "row", "row_via")}

    def box(layer: str, x: int, y: int, half_x: int, half_y: int) -> None:
        out[layer].insert(kdb.Box(x - half_x, y - half_y, x + half_x, y + half_y))

    for a, b in net.edges:
        (x1, y1), (x2, y2) = m.at(a), m.at(b)
        if a[0] != b[0]:
            box("inner_via", x1, y1, cut, cut)
            box("inner", x1, y1, *m.inner_pad)
            box("row", x1, y1, *m.row_pad)
            continue
        wire = kdb.Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)).enlarged(m.wire_half, m.wire_half)
        out["inner" if a[0] == 1 else "row"].insert(wire)
    for access in net.contacts:
        x, y = m.at(access.node)
        if access.x is None:
            continue
        box("local_via", access.x, y, rules.local_via.size // 2, rules.local_via.size // 2)
        # A wire of the net on the other side of a cut that lies aside would leave a notch.
        left, right = sorted((x, m.at(access.claims[-1])[0] if access.claims[-1] in net.nodes else access.x))
        out["inner"].insert(kdb.Box(left, y, right, y).enlarged(*m.inner_pad))
    for node in net.vias2:
        x, y = m.at(node)
        box("row_via", x, y, up, up)
        box("row", x, y, *(up + side for side in rules.row_via.below))
    pads = net.pads()
    for layer, i, j in pads:
        if (layer, i, j + 1) in pads:
            x, y = m.at((layer, i, j))
            out["inner"].insert(kdb.Box(x - m.inner_pad[0], y, x + m.inner_pad[0], y + m.pitch))
    # A pad on `row` is so high that a wire that turns on the next track would leave a notch.
    turns = {node for a, b in net.edges if a[0] == b[0] == 2 and a[2] == b[2] for node in (a, b)}
    high = {node for a, b in net.edges if a[0] != b[0] for node in (a, b) if node[0] == 2}
    for layer, i, j in net.nodes:
        if layer == 2 and (layer, i, j + 1) in net.nodes:
            x, y = m.at((layer, i, j))
            ends = {(layer, i, j), (layer, i, j + 1)}
            half = m.row_pad[0] if ends & turns and ends & high else m.wire_half
            out["row"].insert(kdb.Box(x - half, y, x + half, y + m.pitch))
    return {layer: region.merged() for layer, region in out.items()}
