"""Drawing helpers: boxes, contacts and via stacks in nm, with every size taken from the PDK's rules."""

from collections.abc import Iterable, Sequence
from typing import Literal

import klayout.db as kdb

from somaforge.pdk import Pdk

Orientation = Literal["h", "v"]

# A cut joins the layer below with the layer above: (cut layer, size rule, enclosures below, enclosures above).
# The two enclosures are (two opposite sides, the other two sides).
_CUTS: dict[str, tuple[str, str, tuple[str, str], tuple[str, str]]] = {
    "li": ("mcon", "ct.1", ("", ""), ("m1.4", "m1.5")),
    "met1": ("via", "via.1a", ("via.4a", "via.5a"), ("m2.4", "m2.5")),
    "met2": ("via2", "via2.1a", ("via2.4", "via2.5"), ("m3.4", "m3.4")),
    "met3": ("via3", "via3.1", ("via3.4", "via3.5"), ("m4.3", "m4.3")),
    "met4": ("via4", "via4.1", ("via4.4", "via4.4"), ("m5.3", "m5.3")),
}
METALS = ("li", "met1", "met2", "met3", "met4", "met5")


class Canvas:
    """One cell being drawn. Coordinates in nm, which are the database units of the layout."""

    def __init__(self, layout: kdb.Layout, pdk: Pdk, name: str) -> None:
        self.layout, self.pdk, self.r = layout, pdk, pdk.rules
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
        """A licon cut; the layers around it are the caller's."""
        self.around("licon", x, y, self.r["licon.1"] // 2, self.r["licon.1"] // 2)

    def li_pad(self, x: int, y: int, orientation: Orientation) -> None:
        """Local interconnect over a licon, with the end enclosure along the orientation."""
        across = self.r["licon.1"] // 2
        along = across + self.r["li.5"]
        self.around("li", x, y, *((along, across) if orientation == "h" else (across, along)))

    def poly_contact(self, x: int, y: int) -> None:
        """A licon on poly with its nitride cut; poly is the caller's."""
        self.contact(x, y)
        half = self.r["licon.1"] // 2 + self.r["licon.15"]
        self.around("npc", x, y, half, half)

    def pad(
        self, layer: str, below_cut: str | None, above_cut: str | None, orientation: Orientation
    ) -> tuple[int, int]:
        """Half sizes of the pad on `layer` that encloses the cuts to the layers below and above it."""
        half = [0, 0]
        for name, side in ((below_cut, 3), (above_cut, 2)):
            if name is None:
                continue
            rules = _CUTS[name]
            size = self.r[rules[1]] // 2
            small, large = (size + self.r[rule] for rule in rules[side])
            pair = (large, small) if orientation == "h" else (small, large)
            half = [max(half[0], pair[0]), max(half[1], pair[1])]
        return half[0], half[1]

    def stack(self, x: int, y: int, bottom: str, top: str, orientation: Orientation = "v") -> None:
        """Cuts and pads from metal `bottom` to metal `top`. On li only the cut is drawn: its li is the caller's."""
        first, last = METALS.index(bottom), METALS.index(top)
        for i in range(first, last + 1):
            if i < last:
                cut, rule, _, _ = _CUTS[METALS[i]]
                self.around(cut, x, y, self.r[rule] // 2, self.r[rule] // 2)
            if METALS[i] == "li":
                continue
            below = METALS[i - 1] if i > first else None
            above = METALS[i] if i < last else None
            self.around(METALS[i], x, y, *self.pad(METALS[i], below, above, orientation))

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
