"""Frames of shuttles as data: the outline that a chip fills, its pins, its supplies, the layers that it may use.

A frame is read when it is asked for: its files may be big or not be installed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from somaforge.pdk.errors import InputError, nearest

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in nm."""
Numbers = tuple[int, int]
"""GDS layer and datatype."""
Direction = Literal["input", "output", "inout"]
Kind = Literal["digital", "analog", "supply", "ground"]


@dataclass(frozen=True)
class FramePin:
    """One pin: where the shuttle's own wires arrive."""

    name: str
    direction: Direction
    """Seen from the chip."""
    kind: Kind
    shapes: tuple[tuple[str, Box], ...]
    """Role of a conductor (pdk.geometry) and box; the frame joins several."""


@dataclass(frozen=True)
class FrameSupply:
    """A supply net that the chip brings to the frame as upright straps, wherever it likes."""

    net: str
    ground: bool
    layer: str
    """Role of a conductor."""
    min_width_nm: int
    from_edge_nm: int
    """A strap ends at most this far from the lower and from the upper edge of the outline."""


@dataclass(frozen=True)
class Shuttle:
    """What a shuttle demands of every chip, whichever of its frames it fills."""

    name: str
    """Of its family of frames, for example "tiny-tapeout"."""
    top: str
    """Name of the top cell; if it ends with an underscore, what the name begins with."""
    allowed: frozenset[Numbers] | None
    """Layers that the GDS may hold; None: any."""
    forbidden: Mapping[Numbers, str]
    """Layers that it must not hold even without shapes -> what they are."""
    bad_in_cell_names: str
    """Characters."""
    names_over: tuple[tuple[str, Numbers, tuple[Numbers, ...]], ...]
    """(layer's name, its drawing, its pins and labels): these may lie over the drawing alone."""
    apart: tuple[tuple[str, Numbers, Numbers, int], ...]
    """(what, layer, other layer, least distance in nm); they may not overlap either."""
    analog: str
    """Name of the bus of analog pins that reach a package."""
    bonded: int
    """How many of them do; the first ones."""
    not_run: tuple[tuple[str, str], ...]
    """(check of the shuttle, why it does not run here)."""


@dataclass(frozen=True)
class Frame:
    """One frame."""

    name: str
    """For example "tiny-tapeout-2x2"."""
    shuttle: Shuttle
    outline: Box
    pins: tuple[FramePin, ...]
    supplies: tuple[FrameSupply, ...]
    highest: str
    """Role of the highest conductor that a chip may use."""
    size: str
    """What the shuttle calls the outline, for example "2x2"."""
    origin: str
    licence: str
    outside: tuple[tuple[str, Box], ...] = ()
    """Role of a conductor and box: what lies beyond the outline, which the chip draws as it is."""
    contents: Callable[[], object] | None = None
    """A kdb.Layout with the frame's own shapes, for a comparison outside the outline; None: it has pins alone."""

    def top_cell(self, name: str) -> str:
        """Name of the top cell of the design `name`."""
        return self.shuttle.top + name if self.shuttle.top.endswith("_") else self.shuttle.top

    @property
    def width_nm(self) -> int:
        """Of the outline."""
        return self.outline[2] - self.outline[0]

    @property
    def height_nm(self) -> int:
        """Of the outline."""
        return self.outline[3] - self.outline[1]

    @property
    def area_nm2(self) -> int:
        """Of the outline."""
        return self.width_nm * self.height_nm

    def pin(self, name: str) -> FramePin:
        """The pin of that name; InputError with the nearest one if it has none."""
        for pin in self.pins:
            if pin.name == name:
                return pin
        raise InputError(f"frame {self.name} has no pin {name!r}; {nearest(name, [p.name for p in self.pins])}")

    def shortfall_nm(self, width_nm: int, height_nm: int) -> tuple[int, int]:
        """By how much something of that size is too wide and too high; (0, 0) if it fits."""
        return max(width_nm - self.width_nm, 0), max(height_nm - self.height_nm, 0)


@dataclass(frozen=True)
class Frames:
    """The frames of a process, by name."""

    makers: Mapping[str, Callable[[], Frame]]

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they are tried, the smallest of a family first."""
        return tuple(self.makers)

    def load(self, name: str) -> Frame:
        """The frame of that name; InputError if there is none, ToolError if its data is missing."""
        if not self.makers:
            raise InputError(f"frame {name!r}: no shuttle is known that takes this process")
        if name not in self.makers:
            raise InputError(f"frame: unknown frame {name!r}; {nearest(name, self.makers)}")
        return self.makers[name]()

    def smallest(self, family: str, width_nm: int, height_nm: int) -> Frame:
        """The frame of least area of a family that something of that size fits into.

        InputError that says by how much it does not fit into the frame where least is missing.
        """
        frames = [frame for frame in map(self.load, self.names) if frame.shuttle.name == family]
        if not frames:
            raise InputError(f"frame: no family of frames {family!r}; frames: {', '.join(self.names)}")
        fitting = [f for f in frames if f.shortfall_nm(width_nm, height_nm) == (0, 0)]
        if fitting:
            return min(fitting, key=lambda frame: frame.area_nm2)
        closest = min(frames, key=lambda frame: sum(frame.shortfall_nm(width_nm, height_nm)))
        wide, high = closest.shortfall_nm(width_nm, height_nm)
        lacks = [f"{nm / 1000:g} um too {what}" for nm, what in ((wide, "wide"), (high, "high")) if nm]
        raise InputError(
            f"frame: {width_nm / 1000:g} x {height_nm / 1000:g} um fits no frame of {family}: "
            f"{' and '.join(lacks)} for {closest.name} ({closest.width_nm / 1000:g} x {closest.height_nm / 1000:g} um)"
        )


NO_FRAMES = Frames({})
