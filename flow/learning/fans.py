"""From the columns of a matrix to the outputs while synapses are measured; which columns and rows go together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.base import Program
from somaforge.flow.learning.calibration import Calibration
from somaforge.pdk.arrays import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Group:
    """What one programming can ask: columns with an output each, rows with a chain of somas each."""

    columns: slice
    rows: Ints
    """All with a chain of their own."""
    new: Ints
    """Those among them that no group before has asked."""


def groups(layers: tuple[int, ...], matrix: int) -> Iterator[Group]:
    """Every column and row of that matrix; the chain of row r goes through soma r modulo the size of each layer."""
    rows, columns = layers[matrix], layers[matrix + 1]
    chains, paths = min(layers[: matrix + 1]), min(layers[matrix + 1 :])
    for first in range(0, columns, paths):
        for row in range(0, rows, chains):
            start = min(row, rows - chains)
            yield Group(
                slice(first, min(first + paths, columns)),
                np.arange(start, start + chains, dtype=np.int64),
                np.arange(row, min(row + chains, rows), dtype=np.int64),
            )


class Fan:
    """Behind its matrix, path p goes through somas p, p + paths, ... of each layer: as many as keep the current up."""

    def __init__(self, layers: tuple[int, ...], matrix: int, calibration: Calibration, full: int) -> None:
        self._layers, self._matrix, self._known = layers, matrix, calibration
        self._paths = min(layers[matrix + 1 :])
        self._codes: list[int] = []
        """From layer matrix + 1 on: the weight that hands on about as much as comes in."""
        self._wide: list[int] = []
        """Somas of one path in these layers."""
        for layer in range(matrix + 1, len(layers) - 1):
            slope = float(np.mean(calibration.slopes[layer]))
            most = 1 if layer == matrix + 1 else layers[layer] // self._paths
            self._wide.append(min(most, max(1, round(1 / (slope * full)))))
            self._codes.append(int(np.clip(round(1 / (slope * self._wide[-1])), 1, full)))

    def outputs(self, group: Group) -> Ints:
        """Where the group's columns are read."""
        columns = np.arange(group.columns.start, group.columns.stop)
        return columns if self._matrix + 2 == len(self._layers) else np.arange(len(columns))

    def write(self, program: Program, group: Group) -> None:
        """Sets the weights behind the group's columns."""
        for k, code in enumerate(self._codes):
            layer = self._matrix + 1 + k
            for p, columns in enumerate(self._somas(group, layer)):
                program[layer][np.ix_(columns, self._somas(group, layer + 1)[p])] = code

    def back(self, group: Group, outputs: Floats) -> Floats:
        """Currents into the group's columns for output currents [..., columns], both in reference currents, if every
        synapse of the fan were nominal.
        """
        known, x = self._known, outputs
        for layer in range(len(self._layers) - 1, self._matrix, -1):
            weight = 1.0 if layer == len(self._layers) - 1 else known.code_gain[self._codes[layer - self._matrix - 1]]
            slopes = np.array([np.asarray(known.slopes[layer])[somas].sum() for somas in self._somas(group, layer)])
            x = known.unbent(x / (weight * slopes))
        return x

    def _somas(self, group: Group, layer: int) -> list[Ints]:
        """Of each path in a layer behind the matrix; the outputs are one soma each."""
        columns = np.arange(group.columns.start, group.columns.stop)
        if layer == self._matrix + 1:
            return [columns[p : p + 1] for p in range(len(columns))]
        if layer == len(self._layers) - 1:
            return [np.array([p]) for p in range(len(columns))]
        wide = self._wide[layer - self._matrix - 1]
        return [p + self._paths * np.arange(wide) for p in range(len(columns))]
