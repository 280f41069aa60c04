"""Patterns one after the other in lanes side by side: every lane goes through a chain of patterns.

A pattern starts where the one before it ends, but for the first of a chain: its start is guessed, and set right when
the chain before it is there. Where the difference counts, patterns are repeated.
"""

from collections.abc import Sequence

import numpy as np

from somaforge.flow.engines.array.network import Ints
from somaforge.flow.engines.array.nodes import LEAST
from somaforge.flow.engines.array.threads import in_parts
from somaforge.flow.engines.array.transient import Course, End, Points, Stepper
from somaforge.pdk.arrays import Bools, Floats

START_V = 3e-3
"""Error of a pattern's start that asks to repeat it, at a node that carries its layer's currents."""
DARK = 0.15
"""How much it counts, at least, at a node that comes on in the pattern: 20 mV. Where a column starts from decides when
it arrives."""
OFF = 0.06
"""The same at a node that stays off, 50 mV: it goes on into the starts of later patterns and does nothing else."""
LANES = 4
"""Side by side: what those of one thread share of a matrix then costs less than the rest. As many for any number of
threads, so that what is found depends on it by no more than rounding."""
SHORTEST = 4
"""Patterns of a chain: some of each are repeated."""


def chained(stepper: Stepper, rest: Floats, course: Course, nodes: Ints) -> "Chains":
    """All patterns, whose starts are where the ones before them end; `rest` [patterns, nodes] is where they settle.

    It ends: the first start is right, and each round makes the first of those right that were wrong.
    """
    count = len(rest)
    fallen = stepper.fallen(course.period_s)
    starts = stepper.nodes(falling(stepper.logs(rest), fallen))
    starts[0] = rest[0]
    lanes = max(1, min(LANES, count // SHORTEST))
    chains = Chains(stepper, course, nodes, starts)
    wrong = np.ones(count, dtype=np.bool_)
    while wrong.any():
        chains.run(_pieces(np.flatnonzero(wrong), lanes), wrong)
        better = stepper.nodes(corrected(stepper.logs(starts), stepper.logs(chains.ends), chains.left, fallen))
        wrong = (np.abs(better - starts) * chains.weights).max(axis=1) > START_V
        starts[wrong] = better[wrong]
    return chains


def _pieces(wrong: Ints, lanes: int) -> list[int]:
    """Where chains begin so that all lanes have to do: behind a pattern that is right, and evenly in between."""
    longest = max(SHORTEST, -(-len(wrong) // lanes))
    heads: list[int] = []
    last = length = 0
    for p in wrong.tolist():
        length = length + 1 if heads and p == last + 1 and length < longest else 1
        if length == 1:
            heads.append(p)
        last = p
    return heads


class Chains:
    """Runs chains and keeps what they found."""

    def __init__(self, stepper: Stepper, course: Course, nodes: Ints, starts: Floats) -> None:
        """`starts` [patterns, nodes] changes with what is found; points have `nodes`."""
        self._stepper, self._course, self._nodes, self._starts = stepper, course, nodes, starts
        self._points: dict[int, Points] = {}
        self.ends, self.left, self.weights = (np.zeros_like(starts) for _ in range(3))
        self.runs = np.zeros(len(starts), dtype=np.int64)

    @property
    def points(self) -> list[Points]:
        """Of all patterns."""
        return [self._points[p] for p in range(len(self._starts))]

    def run(self, heads: Sequence[int], wrong: Bools) -> None:
        """From each of `heads` on through all that are `wrong`, and farther while ends do not fit the starts there."""
        others = {*heads, len(self._starts)}

        def after(pattern: int, end: End) -> tuple[int, Floats] | None:
            self._points[pattern], self.ends[pattern], self.left[pattern] = end.points, end.nodes, end.left
            self.weights[pattern] = np.where(end.peak > LEAST, np.maximum(end.peak, DARK), OFF)
            self.runs[pattern] += 1
            following = pattern + 1
            if following in others or not (wrong[following] or self._apart(following, end.nodes)):
                return None
            self._starts[following] = end.nodes
            return following, end.nodes

        def lanes(begin: int, end: int) -> None:
            for i in range(begin, end, LANES):
                first = [(p, self._starts[p]) for p in heads[i : min(i + LANES, end)]]
                self._stepper.run(first, self._course, self._nodes, after)

        in_parts(len(heads), lanes, parts=1)

    def _apart(self, pattern: int, start: Floats) -> bool:
        """Whether the pattern was simulated from another start."""
        return float((np.abs(start - self._starts[pattern]) * self.weights[pattern]).max()) > START_V


def falling(rest: Floats, fallen: Floats) -> Floats:
    """ln of the currents at the starts if every pattern ended at rest but for nodes that fall (see corrected)."""
    found = [rest[0]]
    for p in range(len(rest) - 1):
        found.append(np.maximum(rest[p], -np.logaddexp(-found[p], -fallen)))
    return np.stack(found)


def corrected(starts: Floats, ends: Floats, left: Floats, fallen: Floats) -> Floats:
    """ln of the nodes' currents at the starts that fit the ends [patterns, nodes].

    Nodes that are off keep falling for many patterns, so the correction of a start goes on into all that follow. A node
    left alone falls by dI/dt = -I^2 / (C E_FOLD_V): 1/I grows by the same amount from any start. From that and from
    what was `left` of a small change follows the end from the corrected start; it is a guess for the next pass.
    """
    found = [starts[0]]
    for p in range(len(starts) - 1):
        grown = found[p] - starts[p]
        end = ends[p] - np.log1p(np.maximum(left[p] * np.expm1(-grown), -1 + 1e-15))
        found.append(np.minimum(end, np.maximum(ends[p], fallen)))
    return np.stack(found)
