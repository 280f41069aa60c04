"""Drawing helpers: boxes, contacts and via stacks in nm, with every size taken from the PDK's rules."""

from collections.abc import Iterable, Sequence
from typing import Literal

import klayout.db as kdb

from somaforge.generator.measures import Measures
from somaforge.pdk import Pdk

Orientation = Literal["h", "v"]


class Canvas:
    """One cell being drawn. Coordinates in nm, which are the database units of the layout."""

    def __init__(self, layout: kdb.Layout, pdk: Pdk, name: str) -> None:
        self.layout, self.pdk, self.r = layout, pdk, pdk.rules
        self.m = Measures(pdk.rules, pdk.grid_nm)
        self.cell = layout.create_cell(name)

    def layer(self, name: str) -> int:
        """The layout's index of a PDK layer."""
        return int(self.layout.layer(*self.pdk.layers[name]))

    def box(self, layer: str, x1: int, y1: int, x2: int, y2: int) -> None:
        """A rectangle; corners in any order."""
        shape = kdb.Box(x1, y1, x2, y2)
        if shape.width() == 0 or shape.height() == 0:
            raise ValueError(f"{self.cell.name}: empty box on {layer} at {shape}")
        self.cell.shapes(self.layer(layer)).insert(shape)

    def around(self, layer: str, x: int, y: int, half_x: int, half_y: int) -> None:
        """A rectangle around a centre."""
        self.box(layer, x - half_x, y - half_y, x + half_x, y + half_y)

    def line(self, layer: str, x1: int, y1: int, x2: int, y2: int, width: int) -> None:
        """A straight wire with square ends that reach half a width beyond its end points."""
        h = width // 2
        self.box(layer, min(x1, x2) - h, min(y1, y2) - h, max(x1, x2) + h, max(y1, y2) + h)

    def label(self, layer: str, net: str, x: int, y: int, pin_half: tuple[int, int] | None = None) -> None:
        """A net name on a metal; with `pin_half` also a pin shape."""
        self.cell.shapes(self.layer(f"{layer}_label")).insert(kdb.Text(net, kdb.Trans(x, y)))
        if pin_half is not None:
            self.around(f"{layer}_pin", x, y, *pin_half)

    def contact(self, x: int, y: int) -> None:
        """A contact cut; the layers around it are the caller's."""
        self.around("contact", x, y, self.r.contact_size // 2, self.r.contact_size // 2)

    def local_pad(self, x: int, y: int, orientation: Orientation) -> None:
        """Local interconnect over a contact, with the end enclosure along the orientation."""
        across, along = self.m.local_half, self.m.local_end
        self.around("local", x, y, *((along, across) if orientation == "h" else (across, along)))

    def gate_contact(self, x: int, y: int) -> None:
        """A contact on a gate with its nitride cut; the gate's pad is the caller's."""
        self.contact(x, y)
        self.nitride(x, y, x, y)

    def nitride(self, x1: int, y1: int, x2: int, y2: int) -> None:
        """One nitride cut for the gate contacts in two corners; nothing where the process has no such layer."""
        if "nitride" not in self.pdk.layers:
            return
        half = self.r.contact_size // 2 + self.r.nitride_over_contact
        self.box("nitride", min(x1, x2) - half, min(y1, y2) - half, max(x1, x2) + half, max(y1, y2) + half)

    def pad(self, layer: str, below: str | None, above: str | None, orientation: Orientation) -> tuple[int, int]:
        """Half sizes of the pad on conductor `layer` that encloses the cuts above the conductors `below` (the one under
        it) and `above` (itself)."""
        small, large = self.m.pad(layer, below, above)
        return (large, small) if orientation == "h" else (small, large)

    def stack(self, x: int, y: int, bottom: str, top: str, orientation: Orientation = "v") -> None:
        """Cuts and pads from conductor `bottom` to `top`. On `local` only the cut is drawn: its
        pads and wires, which are the caller's, hold it."""
        first, last = self.r.level(bottom), self.r.level(top)
        for i, here in enumerate(self.r.conductors[first : last + 1], first):
            if i < last:
                cut = self.r.cuts[i]
                self.around(cut.role, x, y, cut.size // 2, cut.size // 2)
            if here is self.r.local:
                continue
            below = self.r.conductors[i - 1].role if i > first else None
            # A stack ends on a column's wire, which is vertical.
            along: Orientation = "v" if here is self.r.column and i == last else orientation
            self.around(here.role, x, y, *self.pad(here.role, below, here.role if i < last else None, along))

    def place(self, child: "Canvas | kdb.Cell", x: int, y: int, flip: bool = False) -> None:
        """An instance; `flip` mirrors it at its own x axis before it is moved."""
        cell = child.cell if isinstance(child, Canvas) else child
        transformation = kdb.Trans(kdb.Trans.M0 if flip else kdb.Trans.R0, x, y)
        self.cell.insert(kdb.CellInstArray(cell.cell_index(), transformation))


def assign_tracks(spans: Sequence[tuple[int, int]], clearance: int) -> list[int]:
    """Left-edge track assignment: a track number for each span so that spans on one track keep the clearance."""
    ends: list[int] = []
    tracks = [0] * len(spans)
    for i in sorted(range(len(spans)), key=lambda k: spans[k]):
        low, high = spans[i]
        free = (t for t, end in enumerate(ends) if low - end >= clearance)
        track = next(free, len(ends))
        ends[track:] = [high, *ends[track + 1 :]]
        tracks[i] = track
    return tracks


def far_from(x: int, others: Iterable[int], distance: int) -> bool:
    """Whether x keeps the distance from all others."""
    return all(abs(x - other) >= distance for other in others)
