"""Sums over the synapses of a matrix for a few lanes in a step of time: shapes of rows and columns, then products."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.array.capacitance import COLUMNS_V
from somaforge.flow.engines.array.cells import STEP_V, Cells
from somaforge.flow.engines.array.kernels import compiled
from somaforge.flow.engines.array.nodes import Above, Below, Nodes, Places, interval, log_of
from somaforge.flow.engines.array.reduced import Matrix
from somaforge.flow.engines.array.steps import Singles, Trial, times
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats


class Side(NamedTuple):
    """Capacitances of one end of a matrix, columns or rows: sums over the other end's, code by code.

    Tables [codes, own shapes, other shapes * lanes] are repeated for every lane.
    """

    codes: npt.NDArray[np.int16]
    """[own, other]."""
    load: Singles
    """In F."""
    pushed: Singles
    """In F: current over the slope of the other end."""
    third: Singles
    """[codes, other factors * lanes] in F: what has no shapes at this end."""
    factors: Singles
    """[other, (shapes, shapes times slope, factors of `third`) * lanes]: the other end as it is."""
    sums: Singles
    """[codes, the same]: room."""

    @classmethod
    def of(cls, codes: Codes, load: Floats, pushed: Floats, third: Floats, lanes: int) -> "Side":
        """Tables of capacitance [codes, own shapes, other shapes] and `third` [codes, other factors]."""
        many = (np.repeat(table, lanes, axis=-1).astype(np.float32) for table in (load, pushed, third))
        width = (2 * load.shape[2] + third.shape[1]) * lanes
        room = (np.zeros((count, width), dtype=np.float32) for count in (codes.shape[1], len(load)))
        return cls(np.ascontiguousarray(codes, dtype=np.int16), *many, *room)


class Products:
    """The sums of one matrix and room for them."""

    def __init__(self, matrix: Matrix, cells: Cells, rows: Nodes, columns: Nodes, lanes: int) -> None:
        """For so many lanes."""
        self._matrix, self._cells, self._rows, self._columns = matrix, cells, rows, columns
        count, across = cells.codes.shape

        def room(places: int) -> Singles:
            return np.zeros((lanes, places), dtype=np.float32)

        positive, negative = matrix.positive, matrix.negative
        self._positive, self._negative = room(len(positive.core)), room(len(negative.core))
        self._at, self._at_n = (
            np.zeros((lanes, len(cells.entries[0][0, 0]) * across)),
            np.zeros((lanes, len(cells.by_row[0]) * count)),
        )
        out_out, out_n, n_n, n_out = cells.entries
        over_rows = out_out.transpose(0, 2, 1), out_n.transpose(0, 2, 1)
        self._onto_columns = Side.of(cells.codes.T, *over_rows, cells.out_p, lanes)
        self._onto_rows = Side.of(cells.codes, n_n, n_out, cells.p_out, lanes)
        self.above = Above(
            matrix.columns,
            positive.columns,
            negative.columns,
            room(positive.core.shape[1]),
            room(negative.core.shape[1]),
            *(np.zeros((lanes, across)) for _ in range(2)),
        )
        self.below = Below(*(np.zeros((lanes, count)) for _ in range(3)))
        self._by_p = np.zeros((lanes, across))

    def before(self, trial: Trial, near: Places) -> None:
        """What the guessed columns do to the rails; see `below`."""
        side, below = self._onto_rows, self.below
        guessed(self._rows, self._columns, self._cells, trial, near, side.factors, self._at, self._at_n)
        by_code(side, self._at_n, below.load, below.pushed, below.into_p)

    def after(self, trial: Trial, logs: Floats) -> None:
        """What the rails, whose currents have these `logs` [2, lanes, rows], give to the columns; see `above`."""
        side, above, matrix = self._onto_columns, self.above, self._matrix
        moved(self._rows, matrix, self._cells, trial, logs, self._positive, self._negative, side.factors)
        times(self._positive, matrix.positive.core, above.given)
        times(self._negative, matrix.negative.core, above.taken)
        by_code(side, self._at, above.load, above.pushed, self._by_p)
        np.add(above.pushed, self._by_p, out=above.pushed)


def nothing(lanes: int) -> tuple[Above, Below]:
    """Of matrices that are not there."""
    none, single = np.zeros((lanes, 0)), np.zeros((lanes, 0), dtype=np.float32)
    cubics = np.zeros((1, 4, 0))
    return Above(np.zeros(2), cubics, cubics, single, single, none, none), Below(none, none, none)


@compiled
def by_code(side: Side, at: Floats, load: Floats, pushed: Floats, third: Floats) -> None:
    """Load in F, current in A by moving shapes and current of the third kind [lanes, own].

    `at` [lanes, own * shapes] are the shapes of this end.
    """
    codes, shapes, wide = side.load.shape
    lanes, every = at.shape[0], side.factors.shape[1]
    one, two = np.empty(wide, dtype=np.float32), np.empty(wide, dtype=np.float32)
    for a in range(side.codes.shape[0]):
        side.sums[:] = 0
        for b in range(side.codes.shape[1]):
            total, more = side.sums[side.codes[a, b]], side.factors[b]
            for j in range(every):
                total[j] += more[j]
        for i in range(lanes):
            load[i, a], pushed[i, a], third[i, a] = 0.0, 0.0, 0.0
        for w in range(shapes):
            one[:], two[:] = 0, 0
            for k in range(codes):
                total, first, second = side.sums[k], side.load[k, w], side.pushed[k, w]
                for j in range(wide):
                    one[j] += first[j] * total[j]
                for j in range(wide):
                    two[j] += second[j] * total[wide + j]
            for j in range(wide):
                i = j % lanes
                load[i, a] += one[j] * at[i, a * shapes + w]
                pushed[i, a] += two[j] * at[i, a * shapes + w]
        for k in range(codes):
            for j in range(side.third.shape[1]):
                third[j % lanes, a] += side.third[k, j] * side.sums[k, 2 * wide + j]


@compiled
def of_level(cells: Cells, log: float) -> tuple[int, float]:
    """Level below ln of a current in A, and the share of the way to the next one."""
    last = cells.by_row.shape[0] - 1
    x = min(max((log - cells.level_low) / cells.level_step, 0.0), float(last))
    i = min(int(x), last - 1)
    return i, x - i


@compiled
def guessed(
    rows: Nodes, columns: Nodes, cells: Cells, trial: Trial, near: Places, out: Singles, at: Floats, at_n: Floats
) -> None:
    """Shapes of the capacitances at the guess: of columns `at` and their factors `out`, and of the n rails `at_n`."""
    count, across, lanes = rows.maps.shape[1], columns.maps.shape[1], trial.h.size
    first, shapes = rows.first + 2 * count, cells.by_row.shape[1]
    low, last, wide = COLUMNS_V[0], cells.by_column.shape[0] - 1, cells.by_column.shape[1]
    for i in range(lanes):
        for s in range(count):
            j = first + s
            log, near[i, j] = log_of(rows.maps[2, s], rows.map_low, rows.map_step, trial.guess[i, j], near[i, j])
            k, share = of_level(cells, log)
            for u in range(shapes):
                at_n[i, s * shapes + u] = cells.by_row[k, u] * (1 - share) + cells.by_row[k + 1, u] * share
        for c in range(across):
            slope = trial.slope[i, columns.first + c]
            x = min(max((trial.guess[i, columns.first + c] - low) / STEP_V, 0.0), float(last))
            k = min(int(x), last - 1)
            share = x - k
            for w in range(wide):
                shape = cells.by_column[k, w] * (1 - share) + cells.by_column[k + 1, w] * share
                at[i, c * wide + w] = shape
                out[c, w * lanes + i], out[c, (wide + w) * lanes + i] = shape, shape * slope
            out[c, 2 * wide * lanes + i] = slope


@compiled
def moved(
    rows: Nodes,
    matrix: Matrix,
    cells: Cells,
    trial: Trial,
    logs: Floats,
    positive: Singles,
    negative: Singles,
    out: Singles,
) -> None:
    """Factors of the rows at the rails that were found: of the products of both signs, and `out` of capacitances."""
    count, shapes, lanes = rows.maps.shape[1], cells.by_row.shape[1], trial.h.size
    first, points = rows.first + count, matrix.rows
    for i in range(lanes):
        for s in range(count):
            p_slope, n_slope = trial.slope[i, first + s], trial.slope[i, first + count + s]
            k, share = of_level(cells, logs[0, i, s])
            for u in range(shapes):
                shape = cells.by_row[k, u] * (1 - share) + cells.by_row[k + 1, u] * share
                out[s, (2 * shapes + u) * lanes + i] = shape * p_slope
            k, share = of_level(cells, logs[1, i, s])
            for u in range(shapes):
                shape = cells.by_row[k, u] * (1 - share) + cells.by_row[k + 1, u] * share
                out[s, u * lanes + i], out[s, (shapes + u) * lanes + i] = shape, shape * n_slope
            factors(points, matrix.positive.rows, logs[0, i, s], positive[i], s)
            factors(points, matrix.negative.rows, logs[1, i, s], negative[i], s)


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
