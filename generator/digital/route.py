"""Wires of a placed netlist: nets one after the other by the cheapest way, those that meet again at a higher price.

The negotiation is that of periphery.route, over one conductor more and as compiled loops: a control of 500 cells has
200,000 nodes. What may stand side by side is said in `maze.meets`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from somaforge.generator.digital.anneal import Ints
from somaforge.generator.digital.maze import Bools, cheapest, meets
from somaforge.generator.digital.obstacles import Open
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.route import Net, Node

ROUNDS = 60
GIVE_UP = 20
"""Rounds without fewer conflicts after which there is no hope."""


@dataclass
class Field:
    """The grid, and who is where on it."""

    m: PortMeasures
    open: Open
    closed: Bools
    """layers x columns x tracks."""

    def __post_init__(self) -> None:
        self.used = np.zeros(self.closed.shape, np.int64)
        self.pads = np.zeros(self.closed.shape[1:], np.int64)
        self.history = np.zeros(self.closed.shape, np.int64)
        self.contact = np.zeros(self.closed.size, np.int64)

    def number(self, node: Node) -> int:
        """Of a node."""
        _, columns, tracks = self.closed.shape
        return int(((node[0] - 1) * columns + node[1]) * tracks + node[2])

    def node(self, number: int) -> Node:
        """With that number."""
        _, columns, tracks = self.closed.shape
        return number // (columns * tracks) + 1, number // tracks % columns, number % tracks

    def add(self, net: Net, sign: int) -> None:
        """Note that a net is there, or no longer."""
        for layer, i, j in net.places():
            self.used[layer - 1, i, j] += sign
        for _, i, j in net.pads():
            self.pads[i, j] += sign

    def conflicts(self, net: Net) -> list[Node]:
        """Where a net that is not in the field now would meet others."""
        pads = net.pads()
        return [
            node
            for node in sorted(net.places())
            if meets(node[0] - 1, node[1], node[2], node in pads, self.used, self.pads)
        ]

    def way(self, starts: Iterable[Node], goals: Iterable[Node], turn: int) -> list[Node]:
        """The cheapest; empty if there is none."""
        first, last = (np.array(sorted(map(self.number, nodes)), np.int64) for nodes in (starts, goals))
        found: Ints = cheapest(
            self.open.right, self.open.up, self.open.pad, self.closed, self.used, self.pads, self.history, self.contact,
            first, last, self.m.site, self.m.pitch, turn,
        )  # fmt: skip
        return [self.node(int(n)) for n in found]


def route(field: Field, nets: list[Net]) -> int:
    """Fill in the wires of the nets; the number of rounds. ValueError if they do not fit."""
    for net in nets:
        net.clear()
        field.add(net, 1)
    fewest, since = 1 << 60, 0
    for turn in range(ROUNDS):
        for net in nets:
            field.add(net, -1)
            if turn == 0 or field.conflicts(net):
                net.clear()
                _route_net(field, net, turn)
            field.add(net, 1)
        bad = []
        for net in nets:
            field.add(net, -1)
            bad += field.conflicts(net)
            field.add(net, 1)
        if not bad:
            return turn + 1
        since = 0 if len(bad) < fewest else since + 1
        fewest = min(fewest, len(bad))
        if since > GIVE_UP:
            break
        for layer, i, j in bad:
            field.history[layer - 1, i, j] += 1
    raise ValueError(f"routing: no room for the wires; {fewest} places are used twice")


def _route_net(field: Field, net: Net, turn: int) -> None:
    """Join the terminals one by one, always the cheapest next."""
    pins = [{access.node: access for access in pin} for pin in net.pins]
    contacts = {field.number(node): access for pin in pins for node, access in pin.items()}
    for number, access in contacts.items():
        field.contact[number] = 2 + access.claims[-1][1] - access.node[1]
    left: list[tuple[set[Node], int | None]] = [(set(wire), None) for wire in net.wires]
    left += [(set(pin), k) for k, pin in enumerate(pins)]
    tree, of_first = left.pop(0)
    while left:
        path = field.way(tree, {node for nodes, _ in left for node in nodes}, turn)
        if not path:
            raise ValueError(f"routing: a pin of {net.name} cannot be reached")
        if of_first is not None:
            net.contacts.add(pins[of_first][path[0]])
            tree, of_first = {path[0]}, None
        end = next(k for k, (nodes, _) in enumerate(left) if path[-1] in nodes)
        nodes, pin = left.pop(end)
        if pin is None:
            tree |= nodes
        else:
            net.contacts.add(pins[pin][path[-1]])
        tree |= set(path)
        net.nodes.update(path)
        net.edges.update(pairwise(path))
    field.contact[list(contacts)] = 0
