"""The cheapest way through a grid of layers, as compiled code: a chip has half a million places."""

import heapq
from collections.abc import Callable
from typing import Any, NamedTuple

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


FAR = 1 << 30
"""Cost of a place that was not reached."""


class Price(NamedTuple):
    """What a place costs beyond the step to it: the sum of three, [layers, columns, rows] each."""

    fixed: Ints
    history: Ints
    used: Ints
    """Nets at the place: times `factor`."""
    factor: int = 0


class Scratch(NamedTuple):
    """What a search writes to, kept from one to the next: to fill it anew for each of a thousand wires of a large chip
    takes longer than to find them."""

    best: Ints
    """[places], cost of each; FAR between searches."""
    before: Ints
    """[places], the one that it was reached from; -1 between searches."""


def scratch_for(wire: Flags) -> Scratch:
    """For a grid of that shape."""
    return Scratch(np.full(wire.size, FAR, dtype=np.int32), np.full(wire.size, -1, dtype=np.int32))


@_compiled
def cheapest(
    wire: Flags,
    via: Flags,
    price: Price,
    across: Ints,
    starts: Ints,
    goals: Flags,
    box: Ints,
    costs: tuple[int, int],
    scratch: Scratch,
) -> Ints:
    """Nodes from a start to a goal, [n, 3] of (layer, column, row); empty if there is no way.

    wire: [layers, columns, rows], where a wire may lie; via: [layers - 1, ...], where layer k may be joined with k + 1;
    starts and goals are free. across: per layer, 1 if wires run along rows (columns change), 0 if along columns. box:
    first and last column and row of the goals. costs: (of a step the wrong way, of a via), where a step costs 1.
    `scratch` is left as it was.
    """
    layers, columns, rows = wire.shape
    wrong, change = costs
    fixed, history, used, factor = price
    best, before = scratch
    touched = [0]
    touched.pop()
    queue = [(0, 0)]
    queue.pop()
    for k in range(len(starts)):
        node = (starts[k, 0] * columns + starts[k, 1]) * rows + starts[k, 2]
        best[node] = 0
        touched.append(node)
        heapq.heappush(queue, (0, node))
    end = -1
    while len(queue) > 0:
        reached, node = heapq.heappop(queue)
        z, rest = divmod(node, columns * rows)
        x, y = divmod(rest, rows)
        left = max(box[0] - x, 0) + max(x - box[1], 0) + max(box[2] - y, 0) + max(y - box[3], 0)
        if reached - left > best[node]:
            continue  # a cheaper way to it was found since
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
            total = cost + step + fixed[z2, x2, y2] + history[z2, x2, y2] + factor * used[z2, x2, y2]
            if total < best[other]:
                if best[other] == FAR:
                    touched.append(other)
                best[other] = total
                before[other] = node
                left = max(box[0] - x2, 0) + max(x2 - box[1], 0) + max(box[2] - y2, 0) + max(y2 - box[3], 0)
                heapq.heappush(queue, (total + left, other))
    count, node = 0, end
    while node >= 0:
        node = before[node]
        count += 1
    found = np.empty((count, 3), dtype=np.int32)
    node = end
    for k in range(count - 1, -1, -1):
        z, rest = divmod(node, columns * rows)
        found[k, 0], found[k, 1], found[k, 2] = z, rest // rows, rest % rows
        node = before[node]
    for node in touched:
        best[node] = FAR
        before[node] = -1
    return found
