"""The cheapest way through a grid of layers, as compiled code: a chip has half a million places."""

import heapq
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Compiled = Callable[..., Any]


def _compiled(function: Compiled) -> Compiled:
    """Machine code, kept beside the file."""
    made: Compiled = numba.njit(cache=True, nogil=True)(function)
    return made


@_compiled
def cheapest(
    wire: Flags, via: Flags, price: Ints, across: Ints, starts: Ints, goals: Flags, box: Ints, costs: tuple[int, int]
) -> Ints:
    """Nodes from a start to a goal, [n, 3] of (layer, column, row); empty if there is no way.

    wire: [layers, columns, rows], where a wire may lie; via: [layers - 1, ...], where layer k may be joined with k + 1;
    starts and goals are free. price: [layers, ...], of every place beyond the step to it. across: per layer, 1 if wires
    run along rows (columns change), 0 if along columns. box: first and last column and row of the goals. costs: (of a
    step the wrong way, of a via), where a step costs 1.
    """
    layers, columns, rows = wire.shape
    wrong, change = costs
    best = np.full(layers * columns * rows, 1 << 30, dtype=np.int32)
    before = np.full(layers * columns * rows, -1, dtype=np.int32)
    queue = [(0, 0)]
    queue.pop()
    for k in range(len(starts)):
        node = (starts[k, 0] * columns + starts[k, 1]) * rows + starts[k, 2]
        best[node] = 0
        heapq.heappush(queue, (0, node))
    end = -1
    while len(queue) > 0:
        _, node = heapq.heappop(queue)
        z, rest = divmod(node, columns * rows)
        x, y = divmod(rest, rows)
        if goals[z, x, y]:
            end = node
            break
        cost = best[node]
        for way in range(6):
            z2, x2, y2, step = z, x, y, 1
            if way == 0:
                x2 += 1
            elif way == 1:
                x2 -= 1
            elif way == 2:
                y2 += 1
            elif way == 3:
                y2 -= 1
            elif way == 4:
                z2 += 1
            else:
                z2 -= 1
            if not (0 <= z2 < layers and 0 <= x2 < columns and 0 <= y2 < rows):
                continue
            if way < 4:
                if (way < 2) != (across[z] == 1):
                    step = wrong
            else:
                step = change
                if not via[min(z, z2), x, y]:
                    continue
            if not (wire[z2, x2, y2] or goals[z2, x2, y2]):
                continue
            other = (z2 * columns + x2) * rows + y2
            total = cost + step + price[z2, x2, y2]
            if total < best[other]:
                best[other] = total
                before[other] = node
                left = max(box[0] - x2, 0) + max(x2 - box[1], 0) + max(box[2] - y2, 0) + max(y2 - box[3], 0)
                heapq.heappush(queue, (total + left, other))
    found = np.empty((0, 3), dtype=np.int32)
    if end < 0:
        return found
    count, node = 1, end
    while before[node] >= 0:
        node = before[node]
        count += 1
    found = np.empty((count, 3), dtype=np.int32)
    node = end
    for k in range(count - 1, -1, -1):
        z, rest = divmod(node, columns * rows)
        found[k, 0], found[k, 1], found[k, 2] = z, rest // rows, rest % rows
        node = before[node]
    return found
