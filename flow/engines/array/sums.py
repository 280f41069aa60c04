"""Sums over the synapses of a matrix for a few lanes in a step of time: shapes of rows and columns, then products."""

import math
from typing import NamedTuple

import numpy as np

from somaforge.flow.engines.array.capacitance import COLUMNS_V
from somaforge.flow.engines.array.cells import STEP_V, Cells
from somaforge.flow.engines.array.nodes import Above, Below, Nodes, Places, interval, log_of
from somaforge.flow.engines.array.reduced import Matrix
from somaforge.flow.engines.array.steps import Singles, Trial, compiled, times
from somaforge.pdk.arrays import Floats


class Room(NamedTuple):
    """Factors of the products of a matrix: [lanes, rows or columns * shapes]."""

    positive: Singles
    """In A: shapes of the currents in p rails times the currents."""
    negative: Singles
    n: Singles
    """Shapes of the capacitances of the rows, n rails."""
    n_slope: Singles
    """Times the slope in V/s."""
    p_slope: Singles
    at: Singles
    """Shapes of the capacitances of the columns."""
    at_slope: Singles
    slope: Singles
    """[lanes, columns] of the columns in V/s."""


class Products:
    """The products of one matrix and room for them."""

    def __init__(self, matrix: Matrix, cells: Cells, rows: Nodes, columns: Nodes, lanes: int) -> None:
        """For so many lanes."""
        self._matrix, self._cells, self._rows, self._columns = matrix, cells, rows, columns

        def room(count: int) -> Singles:
            return np.zeros((lanes, count), dtype=np.float32)

        positive, negative = matrix.positive, matrix.negative
        self._room = Room(
            *(room(len(core)) for core in (positive.core, negative.core, cells.out_out, cells.out_n, cells.out_p)),
            *(room(len(core)) for core in (cells.n_n, cells.n_out, cells.p_out)),
        )
        self.above = Above(
            matrix.columns,
            positive.columns,
            negative.columns,
            room(positive.core.shape[1]),
            room(negative.core.shape[1]),
            np.zeros((lanes, len(cells.n_n))),
            *(room(core.shape[1]) for core in (cells.out_out, cells.out_n, cells.out_p)),
        )
        self.below = Below(
            np.zeros((lanes, len(cells.out_out))),
            *(room(core.shape[1]) for core in (cells.n_n, cells.n_out, cells.p_out)),
        )

    def before(self, trial: Trial, near: Places) -> None:
        """What the guessed columns do to the rails; see `below`."""
        room, cells, below = self._room, self._cells, self.below
        guessed(self._rows, self._columns, cells, trial, near, room, self.above.at, below.at)
        times(room.at, cells.n_n, below.load)
        times(room.at_slope, cells.n_out, below.pushed)
        times(room.slope, cells.p_out, below.into_p)

    def after(self, trial: Trial, logs: Floats) -> None:
        """What the rails, whose currents have these `logs` [2, lanes, rows], give to the columns; see `above`."""
        room, cells, above = self._room, self._cells, self.above
        moved(self._rows, self._matrix, cells, trial, logs, room)
        times(room.positive, self._matrix.positive.core, above.given)
        times(room.negative, self._matrix.negative.core, above.taken)
        times(room.n, cells.out_out, above.load)
        times(room.n_slope, cells.out_n, above.pushed)
        times(room.p_slope, cells.out_p, above.pushed_p)


def nothing(lanes: int) -> tuple[Above, Below]:
    """Of matrices that are not there."""
    none, single = np.zeros((lanes, 0)), np.zeros((lanes, 0), dtype=np.float32)
    cubics = np.zeros((1, 4, 0))
    above = Above(np.zeros(2), cubics, cubics, single, single, none, single, single, single)
    return above, Below(none, single, single, single)


@compiled
def of_level(cells: Cells, log: float) -> tuple[int, float]:
    """Level below ln of a current in A, and the share of the way to the next one."""
    last = cells.by_row.shape[0] - 1
    x = min(max((log - cells.level_low) / cells.level_step, 0.0), float(last))
    i = min(int(x), last - 1)
    return i, x - i


@compiled
def guessed(
    rows: Nodes, columns: Nodes, cells: Cells, trial: Trial, near: Places, room: Room, at: Floats, at_n: Floats
) -> None:
    """Shapes of the capacitances at the guess: of columns `at` and their factors, and of the n rails `at_n`."""
    count, across = rows.maps.shape[1], columns.maps.shape[1]
    first, shapes = rows.first + 2 * count, cells.by_row.shape[1]
    low, last, wide = COLUMNS_V[0], cells.by_column.shape[0] - 1, cells.by_column.shape[1]
    for i in range(trial.h.size):
        for s in range(count):
            j = first + s
            log, near[i, j] = log_of(rows.maps[2, s], rows.map_low, rows.map_step, trial.guess[i, j], near[i, j])
            k, share = of_level(cells, log)
            for u in range(shapes):
                at_n[i, s * shapes + u] = cells.by_row[k, u] * (1 - share) + cells.by_row[k + 1, u] * share
        for c in range(across):
            slope = trial.slope[i, columns.first + c]
            room.slope[i, c] = slope
            x = min(max((trial.guess[i, columns.first + c] - low) / STEP_V, 0.0), float(last))
            k = min(int(x), last - 1)
            share = x - k
            for w in range(wide):
                shape = cells.by_column[k, w] * (1 - share) + cells.by_column[k + 1, w] * share
                at[i, c * wide + w] = shape
                room.at[i, c * wide + w] = shape
                room.at_slope[i, c * wide + w] = shape * slope


@compiled
def moved(rows: Nodes, matrix: Matrix, cells: Cells, trial: Trial, logs: Floats, room: Room) -> None:
    """Factors of the rows' sums at the rails that were found."""
    count, shapes = rows.maps.shape[1], cells.by_row.shape[1]
    first, points = rows.first + count, matrix.rows
    for i in range(trial.h.size):
        for s in range(count):
            p_slope, n_slope = trial.slope[i, first + s], trial.slope[i, first + count + s]
            k, share = of_level(cells, logs[0, i, s])
            for u in range(shapes):
                shape = cells.by_row[k, u] * (1 - share) + cells.by_row[k + 1, u] * share
                room.p_slope[i, s * shapes + u] = shape * p_slope
            k, share = of_level(cells, logs[1, i, s])
            for u in range(shapes):
                shape = cells.by_row[k, u] * (1 - share) + cells.by_row[k + 1, u] * share
                room.n[i, s * shapes + u] = shape
                room.n_slope[i, s * shapes + u] = shape * n_slope
            factors(points, matrix.positive.rows, logs[0, i, s], room.positive[i], s)
            factors(points, matrix.negative.rows, logs[1, i, s], room.negative[i], s)


@compiled
def factors(points: Floats, cubics: Floats, log: float, out: Singles, row: int) -> None:
    """Shapes of one row at ln of its current, times the current; beyond the grid the shape is that of its end."""
    shapes, current = cubics.shape[2], math.exp(log)
    at = min(max(log, points[0]), points[points.size - 1])
    k = interval(points, at)
    t = (at - points[k]) / (points[k + 1] - points[k])
    for u in range(shapes):
        shape = cubics[k, 0, u] + t * (cubics[k, 1, u] + t * (cubics[k, 2, u] + t * cubics[k, 3, u]))
        out[row * shapes + u] = shape * current
