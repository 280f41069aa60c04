"""What cells leave open of the grid over them, and where their pins can be reached, once for each kind of cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import klayout.db as kdb
import numpy as np
from numpy.typing import NDArray

from somaforge.generator.periphery.access import accesses, beside, on_inner
from somaforge.generator.periphery.cells import cell_geometry
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.route import Access, Grid, Node

Mask = NDArray[np.bool_]
MARGIN = 2
"""Columns at both sides of a cell, within which its metal counts for wires over its neighbours."""


@dataclass(frozen=True)
class Open:
    """What may be used of `inner` on a grid: steps to the right, steps up, and pads."""

    right: Mask
    up: Mask
    pad: Mask

    def close(self, other: "Open", column: int, track: int) -> None:
        """Take away what `other` does not leave open, its first node at (column, track)."""
        for mine, theirs in ((self.right, other.right), (self.up, other.up), (self.pad, other.pad)):
            i, j = max(0, column), max(0, track)
            cut = theirs[i - column :, j - track :]
            cut = cut[: mine.shape[0] - i, : mine.shape[1] - j]
            mine[i : i + cut.shape[0], j : j + cut.shape[1]] &= cut

    def close_along(self, other: "Open", track: int) -> None:
        """The same with a cell at every site of a row, of which `track` is the first track of `other`."""
        sites, j = self.pad.shape[0], max(0, track)
        for mine, theirs in ((self.right, other.right), (self.up, other.up), (self.pad, other.pad)):
            for shift, column in enumerate(theirs, -MARGIN):
                cut = column[j - track :][: mine.shape[1] - j]
                mine[max(0, shift) : max(0, sites + shift), j : j + len(cut)] &= cut


@dataclass(frozen=True)
class Kind:
    """A cell in a row of its own; nodes are relative to its lower left corner."""

    open: Open
    """Its first node is MARGIN columns left and a row below."""
    pins: Mapping[str, tuple[Access, ...]]
    own: Mapping[str, frozenset[Node]]
    """Nodes that what a cell has of a pin on `inner` keeps other nets from."""
    metal: Mapping[str, kdb.Region]
    """That itself, in nm."""


class Kinds(dict[tuple[str, bool], Kind]):
    """(cell of the library, mirrored) -> its kind, made when it is asked for the first time in a process."""

    def __init__(self, m: PortMeasures) -> None:
        super().__init__()
        self.m = m

    def __missing__(self, key: tuple[str, bool]) -> Kind:
        self[key] = _kind(self.m, *key)
        return self[key]


@cache
def _kind(m: PortMeasures, name: str, mirrored: bool) -> Kind:
    """ValueError if a pin cannot be reached even when the cell stands alone."""
    cell = cell_geometry(m.cells, name)
    x = MARGIN * m.site
    at = kdb.Trans(kdb.Trans.M0, x, 2 * m.row) if mirrored else kdb.Trans(x, m.row)
    inner, cuts = cell.inner.transformed(at), cell.cuts.transformed(at)
    for own in cell.pins_inner.values():
        inner -= own.transformed(at)
    grid = Grid(m, cell.sites + 2 * MARGIN, 3 * m.tracks, inner.merged())
    pins: dict[str, tuple[Access, ...]] = {}
    owned: dict[str, frozenset[Node]] = {}
    metal: dict[str, kdb.Region] = {}
    for pin, local in cell.pins.items():
        own = cell.pins_inner.get(pin, kdb.Region()).transformed(at)
        found = accesses(grid, local.transformed(at), cuts) if own.is_empty() else on_inner(grid, own)
        if not found:
            raise ValueError(f"{name}.{pin}: no contact reaches it")
        pins[pin] = tuple(moved(access, m, -MARGIN, -m.tracks) for access in found)
        owned[pin] = frozenset((n[0], n[1] - MARGIN, n[2] - m.tracks) for n in beside(grid, own))
        metal[pin] = own.moved(-x, -m.row)
    return Kind(_open(grid), pins, owned, metal)


def moved(access: Access, m: PortMeasures, columns: int, tracks: int) -> Access:
    """The same contact elsewhere on the grid."""
    layer, i, j = access.node
    x = None if access.x is None else access.x + columns * m.site
    claims = tuple((n[0], n[1] + columns, n[2] + tracks) for n in access.claims)
    return Access((layer, i + columns, j + tracks), x, claims)


def _open(grid: Grid) -> Open:
    right, up, pad = (np.ones((grid.columns, grid.tracks), bool) for _ in range(3))
    half = grid.m.wire_half
    for i in range(grid.columns):
        for j in range(grid.tracks):
            x, y = grid.at((1, i, j))
            pad[i, j] = grid.pad_free((1, i, j))
            right[i, j] = grid.free(x - half, y - half, x + grid.m.site + half, y + half)
            up[i, j] = grid.free(x - half, y - half, x + half, y + grid.m.pitch + half)
    return Open(right, up, pad)
