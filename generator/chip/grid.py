"""Tracks over a chip: where a wire or a via may lie, given everything that is drawn already.

The pitch is that of two lone pads and their space on the widest routing layer, so that wires and vias on neighbouring
tracks keep every rule: only what was there before must be looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import klayout.db as kdb
import numpy as np

from somaforge.generator.block import Box
from somaforge.generator.chip.search import Flags, Ints
from somaforge.generator.measures import Measures, up
from somaforge.pdk import Pdk

LAYERS = ("row", "column", "strap")
"""Roles of the layers that wires of the chip may use, from below."""
ALONG_ROWS = ("row", "strap")
"""Those whose wires run along rows by preference."""

Node = tuple[int, int, int]
"""Layer (index into LAYERS), column, row."""


@dataclass(frozen=True)
class Tracks:
    """Sizes that the process's rules give to wires of the chip, and where the tracks are."""

    pdk: Pdk
    outline: Box
    own: Measures = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "own", Measures(self.pdk.rules, self.pdk.grid_nm))

    @cached_property
    def pitch(self) -> int:
        """Track to track."""
        spaces = [self.pdk.rules.conductor(layer).space for layer in LAYERS]
        return up(2 * self.own.lone_pad_half + max(spaces), 20 * self.pdk.grid_nm)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows; the outermost keep half a pitch to the outline."""
        x1, y1, x2, y2 = self.outline
        return (x2 - x1) // self.pitch, (y2 - y1) // self.pitch

    def at(self, node: Node) -> tuple[int, int]:
        """Position of a node."""
        x1, y1, _, _ = self.outline
        half = self.pitch // 2
        return x1 + half + node[1] * self.pitch, y1 + half + node[2] * self.pitch

    def half(self, layer: str) -> int:
        """Half width of a wire."""
        return self.own.bus_half if layer == "row" else self.pdk.rules.conductor(layer).width // 2

    def pad(self, layer: str) -> tuple[int, int]:
        """Half sizes of a pad that is on its own, below and above which vias may lie."""
        if layer == "row":
            small, large = self.own.pad("row", None, "row")
            return small, large
        return self.own.lone_pad_half, self.own.lone_pad_half

    def range(self, low: int, high: int, axis: int) -> tuple[int, int]:
        """First and last track strictly between two coordinates, whether they exist or not."""
        first = self.outline[axis] + self.pitch // 2
        return (low - first) // self.pitch + 1, (high - first - 1) // self.pitch


@dataclass
class Grid:
    """What is free of what was there before."""

    tracks: Tracks
    drawn: dict[str, kdb.Region]
    """Layer -> what is drawn on it, merged."""
    wire: Flags = field(init=False)
    via: Flags = field(init=False)
    price: Ints = field(init=False)
    """[layers, columns, rows], of a place beyond the step to it."""

    def __post_init__(self) -> None:
        columns, rows = self.tracks.size
        self.wire = np.ones((len(LAYERS), columns, rows), dtype=np.bool_)
        self.via = np.ones((len(LAYERS) - 1, columns, rows), dtype=np.bool_)
        self.price = np.zeros(self.wire.shape, dtype=np.int32)
        for layer, region in self.drawn.items():
            self.block(layer, boxes(region))

    def over(self, box: Box, price: int) -> None:
        """Wires over this box cost more, at every place on it."""
        i, j = self.tracks.range(box[0], box[2], 0), self.tracks.range(box[1], box[3], 1)
        self.price[:, max(i[0], 0) : max(i[1] + 1, 0), max(j[0], 0) : max(j[1] + 1, 0)] += price

    def block(self, layer: str, taken: Sequence[Box]) -> None:
        """Nothing may come too near to these boxes."""
        z, space = LAYERS.index(layer), self.tracks.pdk.rules.conductor(layer).space
        half, pad = self.tracks.half(layer), self.tracks.pad(layer)
        for box in taken:
            self._close(self.wire[z], box, (half + space, half + space))
            for k in (z - 1, z):
                if 0 <= k < len(self.via):
                    self._close(self.via[k], box, (pad[0] + space, pad[1] + space))

    def _close(self, flags: Flags, box: Box, grow: tuple[int, int]) -> None:
        x1, y1, x2, y2 = box
        i = self.tracks.range(x1 - grow[0], x2 + grow[0], 0)
        j = self.tracks.range(y1 - grow[1], y2 + grow[1], 1)
        flags[max(i[0], 0) : max(i[1] + 1, 0), max(j[0], 0) : max(j[1] + 1, 0)] = False


def boxes(region: kdb.Region) -> list[Box]:
    """Rectangles that cover a region of rectangles."""
    found = (p.bbox() for p in region.decompose_trapezoids_to_region().each())
    return [(b.left, b.bottom, b.right, b.top) for b in found]
