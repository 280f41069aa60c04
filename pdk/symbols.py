"""Symbols of transistors in the library of schematic symbols that comes with a process, for xschem."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Point = tuple[int, int]
"""Of a page, in xschem's units, y downwards."""


@dataclass(frozen=True)
class Terminals:
    """Where a transistor's terminals are, from the middle of its symbol."""

    d: Point
    g: Point
    s: Point
    b: Point


@dataclass(frozen=True)
class Symbol:
    """The symbol of one device."""

    file: str
    """As a schematic names it, below the library's folder."""
    terminals: Terminals
    attributes: Mapping[str, str]
    """Of an instance, beside its name, its size and how many are in parallel."""
    width: str
    """Attribute of the channel's width in um."""
    length: str
    """Attribute of its length in um."""
    parallel: str
    """Attribute of the number of devices in parallel."""

    @property
    def points_down(self) -> bool:
        """Whether its source is above its drain, as a p channel's below a supply."""
        return self.terminals.s[1] < self.terminals.d[1]


Symbols = Callable[[str], Symbol]
"""From a device's full name; InputError if the library has none for it."""
