"""Compiled loops over parts of a range, side by side: they release the interpreter's lock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

import numpy as np
import torch

Found = TypeVar("Found")
PARTS = 8
"""For each thread: one that has easy ones goes on with what others left."""


def in_parts(count: int, work: Callable[[int, int], Found], parts: int = PARTS) -> list[Found]:
    """`work(first, last)` of `parts` of range(count) for each thread, on as many threads as torch may use."""
    threads = torch.get_num_threads()
    if threads == 1:
        return [work(0, count)]
    edges = np.linspace(0, count, 1 + min(count, parts * threads)).astype(int).tolist()
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda pair: work(*pair), pairwise(edges)))
