"""The cheapest way between two parts of a net over three conductors, as a compiled loop (A*).

Nodes are numbers: (layer * columns + column) * tracks + track; layers are inner (0), row (1) and column (2). `row` runs
along columns, `column` along every second track; `inner` goes both ways where the cells leave it open.
"""

import heapq

import numpy as np
from numpy.typing import NDArray

from somaforge.generator.digital.anneal import Ints, compiled

Bools = NDArray[np.bool_]
SHARED, PER_TURN = 2, 2
"""Cost of a node that another net uses, in sites, and what it grows by each turn."""
INNER = 3
"""Cost of a step on `inner` over its length: wires over a cell keep others from its pins."""
CUT = 4
"""Cost of a via in sites."""


@compiled
def meets(layer: int, i: int, j: int, pad: bool, used: Ints, pads: Ints) -> int:
    """Nets that a net would meet at a node: there, and beside it where two may not stand side by side."""
    _, columns, tracks = used.shape
    count = used[layer, i, j]
    if layer == 1:
        if j > 0:
            count += used[1, i, j - 1]
        if j + 1 < tracks:
            count += used[1, i, j + 1]
    elif layer == 2:
        if i > 0:
            count += used[2, i - 1, j]
        if i + 1 < columns:
            count += used[2, i + 1, j]
    elif pad:
        if j > 0:
            count += pads[i, j - 1]
        if j + 1 < tracks:
            count += pads[i, j + 1]
    return int(count)


@compiled
def price(layer: int, i: int, j: int, pad: bool, side: int, used: Ints, pads: Ints, history: Ints, turn: int) -> int:
    """Cost in sites of being at a node, over the way to it; `side` is the column beside that a contact takes too."""
    rate = SHARED + PER_TURN * turn
    cost = meets(layer, i, j, pad, used, pads) * rate + history[layer, i, j]
    if side != 0:
        cost += meets(layer, i + side, j, True, used, pads) * rate + history[layer, i + side, j]
    return int(cost)


@compiled
def cheapest(
    right: Bools,
    up: Bools,
    pad_free: Bools,
    closed: Bools,
    used: Ints,
    pads: Ints,
    history: Ints,
    contact: Ints,
    starts: Ints,
    goals: Ints,
    site: int,
    pitch: int,
    turn: int,
    scratch: Ints,
    run: int,
) -> Ints:
    """Nodes from a start to a goal; empty if there is no way.

    `scratch` has a row each for costs, for the nodes before, and for the last `run` in which a node was reached, a
    start or a goal, all below this one at the beginning. `contact` is 0 where the net has no contact to choose, else 2
    plus the side of its claim beside.
    """
    _, columns, tracks = used.shape
    best, before, seen, start_of, goal_of = scratch[0], scratch[1], scratch[2], scratch[3], scratch[4]
    low_i, high_i, low_j, high_j = columns, 0, tracks, 0
    for goal in goals:
        n = int(goal)
        goal_of[n] = run
        i, j = (n // tracks) % columns, n % tracks
        low_i, high_i = min(low_i, i), max(high_i, i)
        low_j, high_j = min(low_j, j), max(high_j, j)
    # Cost and node in one number, which is half the work of a pair: the nodes of equal cost in their order.
    many = np.int64(used.size)
    queue = [np.int64(0)]
    heapq.heappop(queue)
    for start in starts:
        n = int(start)
        layer, i, j = n // (columns * tracks), (n // tracks) % columns, n % tracks
        start_of[n] = run
        seen[n] = run
        before[n] = -1
        side = contact[n] - 2 if contact[n] > 0 else 0
        extra = site * price(layer, i, j, contact[n] > 0, side, used, pads, history, turn)
        best[n] = extra
        away = site * max(low_i - i, i - high_i, 0) + pitch * max(low_j - j, j - high_j, 0)
        heapq.heappush(queue, np.int64(extra + away) * many + n)
    while len(queue) > 0:
        reached, at = divmod(heapq.heappop(queue), many)
        n = int(at)
        layer, i, j = n // (columns * tracks), (n // tracks) % columns, n % tracks
        away = site * max(low_i - i, i - high_i, 0) + pitch * max(low_j - j, j - high_j, 0)
        if reached - away > best[n]:
            continue
        if goal_of[n] == run:
            length, last = 1, n
            while before[last] >= 0:
                last = int(before[last])
                length += 1
            path = np.empty(length, np.int64)
            last = n
            for k in range(length - 1, -1, -1):
                path[k] = last
                last = int(before[last])
            return path
        for way in range(6):
            l2, i2, j2, step = layer, i, j, 0
            if way == 0 or way == 1:
                i2 = i + 1 if way == 0 else i - 1
                if layer == 1 or i2 < 0 or i2 >= columns or (layer == 0 and not right[min(i, i2), j]):
                    continue
                step = site * (INNER if layer == 0 else 1)
            elif way == 2 or way == 3:
                j2 = j + 1 if way == 2 else j - 1
                if layer == 2 or j2 < 0 or j2 >= tracks or (layer == 0 and not up[i, min(j, j2)]):
                    continue
                step = pitch * (INNER if layer == 0 else 1)
            else:
                l2 = layer + 1 if way == 4 else layer - 1
                if l2 < 0 or l2 > 2 or (min(layer, l2) == 0 and not pad_free[i, j]):
                    continue
                step = CUT * site
            if closed[l2, i2, j2]:
                continue
            other = (l2 * columns + i2) * tracks + j2
            cut = l2 != layer
            side = contact[other] - 2 if goal_of[other] == run and contact[other] > 0 else 0
            cost = price(l2, i2, j2, cut or contact[other] > 0, side, used, pads, history, turn)
            if cut and layer == 0:
                cost += meets(0, i, j, True, used, pads) * (SHARED + PER_TURN * turn)
            total = best[n] + step + site * cost
            if start_of[other] != run and (seen[other] != run or total < best[other]):
                seen[other] = run
                best[other] = total
                before[other] = n
                away = site * max(low_i - i2, i2 - high_i, 0) + pitch * max(low_j - j2, j2 - high_j, 0)
                heapq.heappush(queue, np.int64(total + away) * many + other)
    return np.empty(0, np.int64)
