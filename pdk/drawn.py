"""Drawn layers of one layout as hierarchical regions, and what a design rule is: the ground of every rule table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import klayout.db as kdb

from somaforge.pdk.layout_file import OpenLayout

SMALL_SHAPES = 20_000
"""A layout of fewer shapes is checked without threads: starting them costs more than they save (a macro of 2-2-1 with
its port takes 0.7 s of processor time without and 6 s with two, one of 12,900 shapes 8 s and 13 s)."""

Numbers = tuple[int, int]
Found = kdb.Region | kdb.EdgePairs | kdb.Edges


def _threads(layout: kdb.Layout) -> int:
    shapes = sum(cell.shapes(layer).size() for cell in layout.each_cell() for layer in layout.layer_indexes())
    return 0 if shapes < SMALL_SHAPES else 2


class Drawn:
    """Regions of one layout by layer name; lengths given to its helpers are nm. A process adds its derived layers."""

    def __init__(
        self,
        opened: OpenLayout,
        layers: Mapping[str, Numbers],
        pins: Mapping[str, Numbers],
        threads: int | None = None,
    ) -> None:
        """`layers` are those that a rule can ask for by name, `pins` the pin shapes of conductors."""
        self._opened = opened
        self._numbers, self._pins = layers, pins
        self._store = kdb.DeepShapeStore()
        self._store.threads = _threads(opened.layout) if threads is None else threads
        self._drawn: dict[str, kdb.Region] = {}
        self.asked: set[str] = set()
        """Names of the layers that were asked for so far."""

    def drawn(self, name: str) -> kdb.Region:
        """The layer of that name, merged semantics."""
        self.asked.add(name)
        if name not in self._drawn:
            layer = self._opened.layout.layer(*self._numbers[name])
            self._drawn[name] = kdb.Region(self._opened.cell.begin_shapes_rec(layer), self._store)
        return self._drawn[name]

    def pins(self, name: str) -> kdb.Region:
        """Pin shapes of the conductor `name`."""
        layer = self._opened.layout.layer(*self._pins[name])
        return kdb.Region(self._opened.cell.begin_shapes_rec(layer), self._store)

    def nets(self) -> kdb.LayoutToNetlist:
        """An empty connectivity on these layers."""
        made = kdb.LayoutToNetlist(self._store)
        made.threads = self._store.threads
        return made

    def dbu(self, nm: float) -> int:
        """A length in nm as database units."""
        return self._opened.dbu_from_nm(nm)

    @property
    def dbu_um(self) -> float:
        """The database unit in um."""
        return self._opened.layout.dbu

    @property
    def opened(self) -> OpenLayout:
        """The layout itself, for rules about shapes as they were drawn."""
        return self._opened

    @property
    def bbox(self) -> kdb.Box:
        """Bounding box of the checked cell in database units."""
        return self._opened.cell.bbox()


L = TypeVar("L", bound=Drawn)


@dataclass(frozen=True)
class Rule(Generic[L]):
    """One coded rule."""

    name: str
    """The foundry's name."""
    description: str
    value_nm: int
    """Length in nm that the rule is about (area rules: nm2; 0 where the rule has no number)."""
    find: Callable[[L], Found]
    """Returns the violations; empty if the layout keeps the rule."""
    general: bool = False
    """Whether it holds for any layer (grid, angles, pins): it says nothing of what the layer is for."""


@dataclass(frozen=True, eq=False)
class Table(Generic[L]):
    """The native rules of a process."""

    open: Callable[[OpenLayout], L]
    """A layout's layers, drawn and derived."""
    layers: Mapping[str, Numbers]
    """Those that a rule can ask for by name."""
    rules: tuple[Rule[L], ...]


AnyTable = Table[Any]
"""Of whatever process: its layers are known to its own rules alone."""
