"""Paths for characterization: which soma of each layer is source, hop and monitor, and the weights between them."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from somaforge.flow.engines.base import Program
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Configuration:
    """Paths that share no soma, so that they can be measured at the same time."""

    layers: tuple[int, ...]
    nodes: Ints
    """[layers, paths]: the soma that a path visits in each layer."""

    @property
    def paths(self) -> int:
        """Paths measured at the same time."""
        return int(self.nodes.shape[1])

    def program(self, codes: Ints) -> Program:
        """Weights with `codes` [matrices, paths] along the paths and 0 elsewhere."""
        matrices = []
        for m, (rows, columns) in enumerate(pairwise(self.layers)):
            weights = np.zeros((rows, columns), dtype=np.int64)
            weights[self.nodes[m], self.nodes[m + 1]] = codes[m]
            matrices.append(weights)
        return tuple(matrices)

    def inputs(self, current: float) -> Floats:
        """Input currents [inputs] in A: `current` into the source of every path."""
        found: Floats = np.zeros(self.layers[0])
        found[self.nodes[0]] = current
        return found

    @cached_property
    def rivals(self) -> Ints:
        """[layers, paths]: for every path another soma of that layer; -1 where the layer has only one soma."""
        rolled = np.roll(self.nodes, -1, axis=1)
        if self.paths > 1:
            return rolled
        sizes = np.array(self.layers)[:, None]
        return np.where(sizes > 1, (self.nodes + 1) % sizes, -1)


def configurations_around(
    layers: tuple[int, ...], visits: int, dead: tuple[tuple[int, int], ...]
) -> list[Configuration]:
    """The same through somas that are not among `dead` (layer, soma). CheckError if a layer has no two of them."""
    if not dead:
        return configurations_of(layers, visits)
    alive = [np.setdiff1d(np.arange(n), [s for at, s in dead if at == layer]) for layer, n in enumerate(layers)]
    fewest = min(range(len(layers)), key=lambda layer: len(alive[layer]))
    if len(alive[fewest]) < 2:
        raise CheckError(f"characterization: layer {fewest} has {len(alive[fewest])} somas that work; it takes two")
    found = configurations_of(tuple(map(len, alive)), visits)
    return [
        Configuration(layers, np.array([somas[at] for somas, at in zip(alive, c.nodes, strict=True)])) for c in found
    ]


def configurations_of(layers: tuple[int, ...], visits: int, seed: int = 0) -> list[Configuration]:
    """Configurations that take at least `visits` paths through every soma, through different synapses if there are any.

    The fewest-visited somas of each layer come first and are linked by the least-used synapses; ties are broken by a
    seeded draw, so they are the same on every machine. For equal layers this is as good as rotating the layers
    against each other, and it works for unequal ones.
    """
    generator = np.random.default_rng(seed)
    paths = min(layers)
    visited = [np.zeros(n) for n in layers]
    used = [np.zeros((a, b)) for a, b in pairwise(layers)]
    found = []
    while min(v.min() for v in visited) < visits:
        chosen = [np.lexsort((generator.random(n), v))[:paths] for n, v in zip(layers, visited, strict=True)]
        for m, wear in enumerate(used):
            cost = wear[np.ix_(chosen[m], chosen[m + 1])] + 1e-3 * generator.random((paths, paths))
            _, order = linear_sum_assignment(cost)
            chosen[m + 1] = chosen[m + 1][order]
            wear[chosen[m], chosen[m + 1]] += 1
        for layer, nodes in zip(visited, chosen, strict=True):
            layer[nodes] += 1
        found.append(Configuration(layers, np.array(chosen, dtype=np.int64)))
    return found
