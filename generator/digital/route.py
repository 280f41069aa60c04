"""Wires of a placed netlist: nets one after the other by the cheapest way, those that meet again at a higher price.

The negotiation is that of periphery.route, over one conductor more and as compiled loops: a control of 500 cells has
200,000 nodes. What may stand side by side is said in `maze.meets`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from somaforge.generator.digital.anneal import Ints
from somaforge.generator.digital.maze import Bools, cheapest
from somaforge.generator.digital.obstacles import Open
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.route import Net, Node
from somaforge.pdk.errors import InputError

ROUNDS = 80
DEAREST = 8
"""The turn after which a place that others use costs no more than before: from then on history decides, else a net
would always meet the one that is cheap to meet and the others would never make way."""
HISTORY = 4
"""Sites that a place costs more after every round in which it was used twice."""
GIVE_UP = 25
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
        self.scratch = np.zeros((5, self.closed.size), np.int64)
        self.runs = 0
        _, self.columns, self.tracks = map(int, self.closed.shape)
        self.places: dict[str, tuple[Ints, Ints]] = {}

    def number(self, node: Node) -> int:
        """Of a node."""
        return ((node[0] - 1) * self.columns + node[1]) * self.tracks + node[2]

    def node(self, number: int) -> Node:
        """With that number."""
        column, track = divmod(number, self.tracks)
        return column // self.columns + 1, column % self.columns, track

    def add(self, net: Net) -> None:
        """Note that a net is there."""
        places = np.array(sorted(map(self.number, net.places())), np.int64)
        pads = np.array(sorted(map(self.number, net.pads())), np.int64)
        self.places[net.name] = places, pads
        self.used.reshape(-1)[places] += 1
        self.pads.reshape(-1)[pads] += 1

    def remove(self, net: Net) -> None:
        """It is there no longer."""
        places, pads = self.places[net.name]
        self.used.reshape(-1)[places] -= 1
        self.pads.reshape(-1)[pads] -= 1

    def clashes(self, nets: Sequence[Net]) -> Bools:
        """Nodes at which two nets meet, as `maze.meets` has it."""
        owner, pads = np.zeros(self.closed.shape, np.int64), np.zeros(self.pads.shape, np.int64)
        for k, net in enumerate(nets, 1):
            at, pads_at = self.places[net.name]
            owner.reshape(-1)[at] = k
            pads.reshape(-1)[pads_at] = k
        bad: Bools = self.used > 1
        for there, who, axis in ((bad[0], pads, 1), (bad[1], owner[1], 1), (bad[2], owner[2], 0)):
            one, other = (who[:, :-1], who[:, 1:]) if axis else (who[:-1], who[1:])
            two = (one != other) & (one > 0) & (other > 0)
            first, second = (there[:, :-1], there[:, 1:]) if axis else (there[:-1], there[1:])
            first |= two
            second |= two
        return bad

    def way(self, starts: Iterable[Node], goals: Iterable[Node], turn: int) -> list[Node]:
        """The cheapest; empty if there is none."""
        self.runs += 1
        first, last = (np.array(sorted(map(self.number, nodes)), np.int64) for nodes in (starts, goals))
        found: Ints = cheapest(
            self.open.right, self.open.up, self.open.pad, self.closed, self.used, self.pads, self.history, self.contact,
            first, last, self.m.site, self.m.pitch, turn, self.scratch, self.runs,
        )  # fmt: skip
        return [self.node(int(n)) for n in found]


class NoRoomError(InputError):
    """More wires than tracks."""


def route(field: Field, nets: list[Net]) -> int:
    """Fill in the wires of the nets; the number of rounds. NoRoomError if they do not fit."""
    for net in nets:
        net.clear()
        field.add(net)
    fewest, since, again = 1 << 60, 0, nets
    for turn in range(ROUNDS):
        for net in again:
            field.remove(net)
            net.clear()
            _route_net(field, net, min(turn, DEAREST))
            field.add(net)
        bad = field.clashes(nets)
        if not bad.any():
            return turn + 1
        since = 0 if bad.sum() < fewest else since + 1
        fewest = min(fewest, int(bad.sum()))
        if since > GIVE_UP:
            break
        field.history += HISTORY * bad
        again = [net for net in nets if bad.reshape(-1)[field.places[net.name][0]].any()]
    names = ", ".join(net.name for net in again[:5])
    raise NoRoomError(f"routing: no room for the wires; {fewest} places are used twice, of {names}")


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
