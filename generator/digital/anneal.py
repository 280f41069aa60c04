"""Order of cells in rows by simulated annealing over the half perimeters of their nets, as a compiled loop.

The same seed gives the same order on every machine.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from somaforge.pdk.arrays import Floats

Ints = NDArray[np.int64]
Compiled = Callable[..., Any]
WARMEST, COLDEST, LATE = 2.0, 0.01, 0.05
"""Temperatures over the mean length of a net at the beginning; LATE is where the exact moves begin."""


def compiled(function: Compiled) -> Compiled:
    """Machine code, kept beside the file."""
    made: Compiled = numba.njit(cache=True, nogil=True)(function)
    return made


@compiled
def _spread(row: Ints, count: int, widths: Ints, sites: int, xs: Floats) -> None:
    """Middles of a row's cells, the free room spread evenly."""
    total = 0
    for p in range(count):
        total += widths[row[p]]
    gap = (sites - total) / (count + 1)
    x = gap
    for p in range(count):
        k = row[p]
        xs[k] = x + widths[k] / 2
        x += widths[k] + gap


@compiled
def _net_cost(
    net: int,
    first: Ints,
    cells: Ints,
    fixed: Floats,
    xs: Floats,
    rows: Ints,
    site: float,
    row: float,
) -> float:
    """Half perimeter in nm; `fixed` is a point of the net outside, or NaN."""
    low_x, high_x, low_y, high_y = 1e18, -1e18, 1e18, -1e18
    for at in range(first[net], first[net + 1]):
        k = cells[at]
        x, y = xs[k] * site, (rows[k] + 0.5) * row
        low_x, high_x = min(low_x, x), max(high_x, x)
        low_y, high_y = min(low_y, y), max(high_y, y)
    if not np.isnan(fixed[net, 0]):
        x, y = fixed[net, 0], fixed[net, 1]
        low_x, high_x = min(low_x, x), max(high_x, x)
        low_y, high_y = min(low_y, y), max(high_y, y)
    return high_x - low_x + high_y - low_y


@compiled
def exchange(
    widths: Ints,
    first: Ints,
    cells: Ints,
    of_first: Ints,
    of_cells: Ints,
    fixed: Floats,
    rows: Ints,
    xs: Floats,
    sites: int,
    count: int,
    most: int,
    site: float,
    row: float,
    moves: int,
    seed: int,
) -> None:
    """Improve rows and middles `xs` of the cells in place, by exchanging the places of two, whatever their widths."""
    np.random.seed(seed)
    load = np.zeros(count, np.int64)
    for k in range(len(widths)):
        load[rows[k]] += widths[k]
    span = 0.0
    for n in range(len(first) - 1):
        span += _net_cost(n, first, cells, fixed, xs, rows, site, row) / (len(first) - 1)
    for move in range(moves):
        part = move / moves
        heat = span * WARMEST * (COLDEST / WARMEST) ** part
        a, b = np.random.randint(len(widths)), np.random.randint(len(widths))
        more = widths[b] - widths[a]
        near = abs(xs[a] - xs[b]) <= 10 + sites * (1 - part) ** 2
        if a == b or not near or (rows[a] != rows[b] and (load[rows[a]] + more > most or load[rows[b]] - more > most)):
            continue
        change = 0.0
        for turn in range(2):
            sign = -1.0 if turn == 0 else 1.0
            for k in (a, b):
                for j in range(of_first[k], of_first[k + 1]):
                    change += sign * _net_cost(of_cells[j], first, cells, fixed, xs, rows, site, row)
            if turn == 0:
                xs[a], xs[b] = xs[b], xs[a]
                rows[a], rows[b] = rows[b], rows[a]
        if change <= 0 or np.random.random() < np.exp(-change / heat):
            load[rows[b]] += more
            load[rows[a]] -= more
        else:
            xs[a], xs[b] = xs[b], xs[a]
            rows[a], rows[b] = rows[b], rows[a]


@compiled
def anneal(
    widths: Ints,
    first: Ints,
    cells: Ints,
    of_first: Ints,
    of_cells: Ints,
    fixed: Floats,
    order: Ints,
    counts: Ints,
    sites: int,
    most: int,
    site: float,
    row: float,
    moves: int,
    seed: int,
) -> float:
    """Improve `order` (rows x places, -1 is none) and `counts` in place; the sum of half perimeters in nm.

    Nets are `cells[first[n]:first[n + 1]]`, the nets of a cell `of_cells[of_first[k]:...]`. A row holds at most `most`
    sites of cells. A move puts a cell elsewhere or exchanges two; its reach and the temperature fall together.
    """
    np.random.seed(seed)
    rows, total = len(counts), len(widths)
    where, xs, load = np.zeros(total, np.int64), np.zeros(total), np.zeros(rows, np.int64)
    for r in range(rows):
        for p in range(counts[r]):
            where[order[r, p]] = r
            load[r] += widths[order[r, p]]
        _spread(order[r], counts[r], widths, sites, xs)
    nets = len(first) - 1
    cost, stamp = np.zeros(nets), np.full(nets, -1)
    for n in range(nets):
        cost[n] = _net_cost(n, first, cells, fixed, xs, where, site, row)
    touched, fresh = np.zeros(nets, np.int64), np.zeros(nets)
    backup = np.empty((2, order.shape[1]), np.int64)
    span = float(cost.sum() / nets)
    for move in range(moves):
        part = move / moves
        heat = span * LATE * (COLDEST / LATE) ** part
        k = np.random.randint(total)
        a = where[k]
        reach = 1 + int(2 * (1 - part))
        b = min(rows - 1, max(0, a + np.random.randint(-reach, reach + 1)))
        # Where it would like to be in the row: near where it is, less and less far.
        far = 10 + 0.1 * sites * (1 - part) ** 2
        wish = xs[k] + far * (2 * np.random.random() - 1)
        place = 0
        while place < counts[b] and xs[order[b, place]] < wish:
            place += 1
        swap = -1
        if np.random.random() < 0.5 and place < counts[b] and order[b, place] != k:
            swap = order[b, place]
        delta_b = widths[k] - (widths[swap] if swap >= 0 else 0)
        if a != b and (load[b] + delta_b > most or load[a] - delta_b > most):
            continue
        backup[0, :] = order[a]
        backup[1, :] = order[b]
        counts_a, counts_b = counts[a], counts[b]
        at = 0
        while order[a, at] != k:
            at += 1
        if swap >= 0:
            order[a, at] = swap
            order[b, place] = k
        else:
            for p in range(at, counts[a] - 1):
                order[a, p] = order[a, p + 1]
            counts[a] -= 1
            if a == b and place > at:
                place -= 1
            for p in range(counts[b], place, -1):
                order[b, p] = order[b, p - 1]
            order[b, place] = k
            counts[b] += 1
        where[k] = b
        if swap >= 0:
            where[swap] = a
        _spread(order[a], counts[a], widths, sites, xs)
        if a != b:
            _spread(order[b], counts[b], widths, sites, xs)
        found, change = 0, 0.0
        for r in (a, b):
            for p in range(counts[r]):
                cell = order[r, p]
                for j in range(of_first[cell], of_first[cell + 1]):
                    n = of_cells[j]
                    if stamp[n] != move:
                        stamp[n] = move
                        fresh[found] = _net_cost(n, first, cells, fixed, xs, where, site, row)
                        touched[found] = n
                        change += fresh[found] - cost[n]
                        found += 1
            if a == b:
                break
        if change <= 0 or np.random.random() < np.exp(-change / heat):
            for j in range(found):
                cost[touched[j]] = fresh[j]
            if a != b:
                load[a] -= delta_b
                load[b] += delta_b
            continue
        order[a, :] = backup[0]
        order[b, :] = backup[1]
        counts[a], counts[b] = counts_a, counts_b
        where[k] = a
        if swap >= 0:
            where[swap] = b
        _spread(order[a], counts[a], widths, sites, xs)
        if a != b:
            _spread(order[b], counts[b], widths, sites, xs)
    return float(cost.sum())
