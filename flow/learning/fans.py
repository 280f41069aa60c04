"""The ways to the synapses of a matrix and from them to the outputs; which columns and rows go together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.base import Program
from somaforge.flow.learning.calibration import Calibration
from somaforge.pdk.arrays import Floats

Ints = npt.NDArray[np.int64]


LEVEL = 0.5
"""Current into a row that is measured over the largest in use: what rows carry in a network at work."""


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


def chain(layers: tuple[int, ...], matrix: int, row: int) -> list[int]:
    """The somas from an input to that row of a matrix, one per layer."""
    return [row % size for size in layers[: matrix + 1]]


def row_input(calibration: Calibration, full: int, matrix: int, highest_A: float) -> float:
    """Input current in A with which the rows of a matrix carry LEVEL behind their chains, but not more than what was
    calibrated."""
    typical = float(np.mean(np.concatenate([np.asarray(s) for s in calibration.slopes])))
    return highest_A * min(LEVEL / (typical * calibration.code_gain[full]) ** matrix, 1.0)


@dataclass(frozen=True, eq=False)
class Law:
    """How the ways from the columns of a matrix to the outputs bend, where that was measured."""

    exponents: Floats
    """[columns]: of the output current over the column's."""
    middle: float
    """Current into a column in reference currents at which nominal and measured law agree: the scale is free."""


class Fan:
    """Behind its matrix, path p goes through somas p, p + paths, ... of each layer: as many as keep the current up."""

    def __init__(
        self, layers: tuple[int, ...], matrix: int, calibration: Calibration, full: int, law: Law | None = None
    ) -> None:
        self._layers, self._matrix, self._known, self._law = layers, matrix, calibration, law
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
        """Currents into the group's columns for output currents [..., columns], both in reference currents, by the
        measured law; if every synapse of the fan were nominal where there is none.
        """
        known, x = self._known, outputs
        for layer in range(len(self._layers) - 1, self._matrix, -1):
            weight = 1.0 if layer == len(self._layers) - 1 else known.code_gain[self._codes[layer - self._matrix - 1]]
            slopes = np.array([np.asarray(known.slopes[layer])[somas].sum() for somas in self._somas(group, layer)])
            x = (x / (weight * slopes)) ** (1.0 / self._exponents(group, layer))
        if self._law is None:
            return x
        bend = self.nominal(group) / self._law.exponents[group.columns]
        return self._law.middle * (x / self._law.middle) ** bend

    def nominal(self, group: Group) -> Floats:
        """Exponents [columns] of the ways from the group's columns to the outputs by the calibration."""
        stages = [self._exponents(group, layer) for layer in range(self._matrix + 1, len(self._layers))]
        found: Floats = np.prod(stages, axis=0)
        return found

    def _exponents(self, group: Group, layer: int) -> Floats:
        every = self._known.exponents_of(layer)
        return np.array([every[somas].mean() for somas in self._somas(group, layer)])

    def _somas(self, group: Group, layer: int) -> list[Ints]:
        """Of each path in a layer behind the matrix; the outputs are one soma each."""
        columns = np.arange(group.columns.start, group.columns.stop)
        if layer == self._matrix + 1:
            return [columns[p : p + 1] for p in range(len(columns))]
        if layer == len(self._layers) - 1:
            return [np.array([p]) for p in range(len(columns))]
        wide = self._wide[layer - self._matrix - 1]
        return [p + self._paths * np.arange(wide) for p in range(len(columns))]
