"""Which blocks of the array lie on top of each other: the narrowest legal floorplan of a layer list.

Block k is the matrix after layer k, with that layer's somas at its left; the last block is the outputs: the last
layer's somas with one column of output synapses. Consecutive blocks may share a bank, stacked upwards or downwards.
A column's sum runs vertically and must reach the row of the neuron that it feeds:

- into the next block of the same bank it goes over that block's columns on `top`, so stacked matrices have one row of
  wiring between them, where the sums change layers. Output synapses leave the sum's own track free: no such row.
- into the next bank it goes on `column`, in its own rows or past the end of its bank, and never over another matrix:
  the last block of a stack must look at rows that no earlier block of its bank occupies.
"""

from collections.abc import Iterator
from dataclasses import dataclass

SOMA_COLUMNS = 2
"""What a bank's somas count against its columns when floorplans are compared: about their width in synapses."""


@dataclass(frozen=True)
class Stack:
    """Blocks and where they lie; rows are physical rows, 0 at the bottom."""

    banks: tuple[tuple[int, ...], ...]
    """Blocks of each bank; together 0, 1, ... in order."""
    bases: tuple[int, ...]
    """Physical row of each block's first row."""

    def bank(self, block: int) -> int:
        """The bank that holds a block."""
        return next(b for b, blocks in enumerate(self.banks) if block in blocks)


ALONE = Stack(((0,),), (0,))
"""One matrix with nothing behind it."""


def stack(layers: tuple[int, ...]) -> Stack:
    """The narrowest floorplan no taller than the largest layer; of equals the one found first (fewer stacks first)."""
    search = _Search(layers)
    _, banks, bases = min(search.plans(0, 0), key=lambda plan: plan[0])
    return Stack(banks, bases)


_Banks = tuple[tuple[int, ...], ...]
_Plan = tuple[int, _Banks, tuple[int, ...]]


@dataclass(frozen=True)
class _Search:
    layers: tuple[int, ...]

    def columns(self, block: int) -> int:
        """Columns of a block; the outputs are one column."""
        return self.layers[block + 1] if block + 1 < len(self.layers) else 1

    def plans(self, first: int, base: int) -> Iterator[_Plan]:
        """The best floorplan of the blocks from `first` on for every way to make the next bank; `first` lies at row
        `base`. Each is (columns, banks, bases)."""
        for end in range(first + 1, len(self.layers) + 1):
            blocks = tuple(range(first, end))
            width = max(self.columns(b) for b in blocks) + SOMA_COLUMNS
            for up in (True, False) if len(blocks) > 1 else (True,):
                bases = self._bases(blocks, base, up)
                if bases is None:
                    continue
                if end == len(self.layers):
                    yield width, (blocks,), bases
                    continue
                start = self._next_base(blocks, bases, up)
                rest = None if start is None else min(self.plans(end, start), key=lambda p: p[0], default=None)
                if rest is not None:
                    yield width + rest[0], (blocks, *rest[1]), bases + rest[2]

    def _bases(self, blocks: tuple[int, ...], base: int, up: bool) -> tuple[int, ...] | None:
        """Rows of a bank's blocks from the first on; None where they do not fit."""
        bases = [base]
        for block in blocks[1:]:
            gap = 0 if block == len(self.layers) - 1 else 1
            step = self.layers[block - 1] + gap if up else -gap - self.layers[block]
            bases.append(bases[-1] + step)
        top = max(b + self.layers[block] for b, block in zip(bases, blocks, strict=True))
        return tuple(bases) if min(bases) >= 0 and top <= max(self.layers) else None

    def _next_base(self, blocks: tuple[int, ...], bases: tuple[int, ...], up: bool) -> int | None:
        """Where the next bank's first block lies so that all sums of this bank's last block reach it."""
        if len(blocks) == 1:
            return 0
        last, base = blocks[-1], bases[-1]
        following = self.layers[last + 1]
        if up:
            return base if base + following <= max(self.layers) else None
        start = min(base, base + self.layers[last] - following)
        return start if start >= 0 else None
