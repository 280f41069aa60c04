"""Patterns in time: every soma has three slow nodes (column, p rail, n rail); synapses follow them at once.

The inner nodes of a synapse carry about 1 fF and settle a thousand times faster than the rails, so their currents are
the surfaces of flow.engines.array.collapse, positive synapses read at the p rail and negative ones at the n rail. The
network feeds forward, so a step of BDF2 goes from layer to layer with one scalar equation per node. Some lanes go side
by side, each through patterns one after the other and with its own steps.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from somaforge.flow.engines.array.network import Ints
from somaforge.flow.engines.array.nodes import Above, Below, Places, solve
from somaforge.flow.engines.array.reduced import Matrix
from somaforge.flow.engines.array.slow import Layer
from somaforge.flow.engines.array.steps import SMALLEST_STEP, Lanes, Trial, accept, predict
from somaforge.flow.engines.array.sums import Products, nothing
from somaforge.pdk.arrays import Bools, Floats
from somaforge.pdk.errors import NotSettledError

TOLERANCE_V = 1e-3
"""Local error of a step at a node that carries its layer's currents."""
E_FOLD_V = 0.036
"""Of a diode in weak inversion."""
FIRST_STEP = 1e-4
"""Of the pattern time."""
STEPS = 4000
"""Of a pattern."""


@dataclass(frozen=True, eq=False)
class Course:
    """What the inputs of some patterns do: [patterns, inputs] in A."""

    old: Floats
    new: Floats
    period_s: float
    rise_s: float
    scale: Floats
    """[layers, patterns] the largest current of the layer in A before and after."""


@dataclass(frozen=True, eq=False)
class Points:
    """Points in time of a pattern but for its start."""

    time: Floats
    """Since the pattern's start, in s."""
    state: Floats
    """[points, nodes] in V: those of the last layer and those asked for."""
    supply: Floats
    """[points] in A, without the output synapses."""


@dataclass(frozen=True, eq=False)
class End:
    """Of a pattern: [nodes]."""

    nodes: Floats
    """In V."""
    left: Floats
    """Of a small change of that node alone at the start: 0 where it has settled, 1 where it hardly moves."""
    peak: Floats
    """Largest weight in the pattern, see nodes.weight."""
    points: Points


@dataclass(eq=False)
class _Record:
    """Points of a pattern on its way."""

    time: list[float] = field(default_factory=list)
    state: list[Floats] = field(default_factory=list)
    supply: list[float] = field(default_factory=list)

    def end(self, lanes: Lanes, i: int) -> End:
        """When it is over."""
        points = Points(np.array(self.time), np.stack(self.state), np.array(self.supply))
        return End(lanes.now[i].copy(), lanes.left[i].copy(), lanes.peak[i].copy(), points)


@dataclass(frozen=True, eq=False)
class _Room:
    """For a step of so many lanes."""

    trial: Trial
    products: list[Products]
    nothing: tuple[Above, Below]


Next = Callable[[int, End], tuple[int, Floats] | None]
"""Of the end of a pattern: the pattern that the lane takes next and its start [nodes], or None."""


class Stepper:
    """Steps patterns of a chip through one pattern time."""

    def __init__(self, layers: Sequence[Layer], matrices: Sequence[Matrix]) -> None:
        """Keeps the parts."""
        self._layers, self._matrices = layers, matrices

    def _each(self, nodes: Floats) -> list[Floats]:
        """[patterns, all nodes] by layer."""
        return np.split(nodes, np.cumsum([len(layer.idle) for layer in self._layers])[:-1], axis=1)

    def logs(self, nodes: Floats) -> Floats:
        """ln of the currents in A that would hold the nodes [patterns, nodes]."""
        pairs = zip(self._layers, self._each(nodes), strict=True)
        return np.concatenate([layer.rails.logs(np.ascontiguousarray(part)) for layer, part in pairs], axis=1)

    def nodes(self, logs: Floats) -> Floats:
        """Voltages of nodes from such logarithms."""
        pairs = zip(self._layers, self._each(logs), strict=True)
        return np.concatenate([layer.rails.voltages(part) for layer, part in pairs], axis=1)

    def fallen(self, period_s: float) -> Floats:
        """ln of the current in A to which each node [nodes] falls by itself within that time from far above."""
        found: Floats = np.log(np.concatenate([layer.idle for layer in self._layers])) + math.log(E_FOLD_V / period_s)
        return found

    def run(self, first: Sequence[tuple[int, Floats]], course: Course, kept: Ints, after: Next) -> None:
        """Lanes side by side from patterns with their starts [nodes] on; `after` takes every end and says what follows.

        Points have the nodes `kept`.
        """
        pattern = [p for p, _ in first]
        lanes = _lanes(first, course)
        near = np.zeros(lanes.now.shape, dtype=np.int32)
        records, taken = [_Record() for _ in pattern], [0] * len(pattern)
        room = self._room(len(pattern), course)
        while pattern:
            good = self._step(lanes, course, course.scale[:, pattern], near, room)
            trial, going = room.trial, np.ones(len(pattern), dtype=np.bool_)
            for i in np.flatnonzero(good).tolist():
                records[i].time.append(float(trial.time[i]))
                records[i].state.append(trial.found[i, kept])
                records[i].supply.append(float(trial.supply[i]))
                if lanes.time[i] >= course.period_s:
                    if not np.isfinite(lanes.now[i]).all():
                        raise NotSettledError("array engine: a node is no number; simulate this chip with ngspice")
                    following = after(pattern[i], records[i].end(lanes, i))
                    if following is None:
                        going[i] = False
                        continue
                    pattern[i], start = following
                    records[i], taken[i] = _Record(), 0
                    _begin(lanes, i, start, course, pattern[i])
            taken = [t + 1 for t in taken]
            if max(taken) > STEPS:
                raise NotSettledError(
                    "array engine: a pattern needs too many time steps; simulate this chip with ngspice"
                )
            if not going.all():
                lanes, near = lanes.of(going), near[going]
                stay = np.flatnonzero(going).tolist()
                pattern, taken = [pattern[i] for i in stay], [taken[i] for i in stay]
                records = [records[i] for i in stay]
                room = self._room(len(pattern), course)

    def _room(self, lanes: int, course: Course) -> "_Room":
        nodes = [layer.nodes for layer in self._layers]
        products = [
            Products(matrix, layer.cells, rows, columns, lanes)
            for matrix, layer, rows, columns in zip(self._matrices, self._layers, nodes, nodes[1:], strict=False)
            if layer.cells is not None
        ]
        trial = Trial.empty(lanes, sum(len(layer.idle) for layer in self._layers), course.old.shape[1])
        return _Room(trial, products, nothing(lanes))

    def _step(self, lanes: Lanes, course: Course, scale: Floats, near: Places, room: "_Room") -> Bools:
        """Tries one step of every lane; whether it was good."""
        trial, products = room.trial, room.products
        above, none = room.nothing
        predict(lanes, course.rise_s, course.period_s, trial)
        for k, layer in enumerate(self._layers):
            below = none
            if k < len(products):
                products[k].before(trial, near)
                below = products[k].below
            logs = np.empty((2, len(near), layer.nodes.maps.shape[1]))
            solve(layer.nodes, above, below, trial, scale[k], near, logs)
            if k < len(products):
                products[k].after(trial, logs)
                above = products[k].above
        good = np.empty(len(near), dtype=np.bool_)
        accept(lanes, trial, TOLERANCE_V, SMALLEST_STEP * course.period_s, good)
        return good


def _lanes(first: Sequence[tuple[int, Floats]], course: Course) -> Lanes:
    """All at the start of their patterns."""
    count, nodes, inputs = len(first), len(first[0][1]), course.old.shape[1]
    one, every, fed = (count,), (count, nodes), (count, inputs)
    shapes = (*4 * (one,), *5 * (every,), *2 * (fed,))
    names = (name for name in Lanes._fields if name != "known")
    floats = {name: np.zeros(shape) for name, shape in zip(names, shapes, strict=True)}
    lanes = Lanes(known=np.zeros(count, dtype=np.int64), **floats)
    for i, (pattern, start) in enumerate(first):
        _begin(lanes, i, start, course, pattern)
    return lanes


def _begin(lanes: Lanes, i: int, start: Floats, course: Course, pattern: int) -> None:
    """Puts a lane at the start of a pattern."""
    lanes.time[i], lanes.step[i], lanes.known[i] = 0.0, FIRST_STEP * course.period_s, 1
    lanes.gap[i], lanes.older[i] = 1.0, 1.0
    for states in (lanes.now, lanes.before, lanes.oldest):
        states[i] = start
    lanes.left[i], lanes.peak[i] = 1.0, 0.0
    lanes.old[i], lanes.new[i] = course.old[pattern], course.new[pattern]
