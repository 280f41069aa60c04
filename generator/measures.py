"""Lengths that several cells share, made from the process's rules. Everything in nm."""

from dataclasses import dataclass
from functools import cached_property
from math import isqrt

from somaforge.pdk.geometry import Conductor, Cut, Rules


def up(length: int, step: int) -> int:
    """The next multiple of `step`."""
    return -(-length // step) * step


@dataclass(frozen=True)
class Measures:
    """What the rules of a process make of the cells' wires, pads and pitches."""

    rules: Rules
    grid: int

    def snap(self, length: int) -> int:
        """On the grid, at most `length`."""
        return length // self.grid * self.grid

    def half(self, length: int) -> int:
        """Half of it, on the grid."""
        return length // (2 * self.grid) * self.grid

    def half_up(self, length: int) -> int:
        """The nearest half on the grid that is not less."""
        return self.half(length + self.grid)

    def _half(self, cut: Cut, side: int) -> int:
        return cut.size // 2 + side

    def _along(self, conductor: Conductor, across: int) -> int:
        """Half length of a pad that is on its own and has that half width: its area is not below the smallest one."""
        return up(-(-conductor.area_nm2 // (4 * across)), self.grid)

    def _lone_half(self, *conductors: Conductor) -> int:
        """Half side of a square pad that is on its own on these conductors."""
        return max(up(isqrt(c.area_nm2 - 1) // 2 + 1, self.grid) for c in conductors)

    @cached_property
    def contact_half(self) -> int:
        """Half side of a contact."""
        return self.rules.contact_size // 2

    @cached_property
    def local_half(self) -> int:
        """Half width of `local` over contacts and below vias, and of its wires."""
        r = self.rules
        cut = self._half(r.local_via, min(r.local_via.below))
        return max(self.contact_half + r.local_beside_contact, up(r.local.width, 2 * self.grid) // 2, cut)

    @cached_property
    def local_end(self) -> int:
        """From a contact's or via's centre to the end of `local` over it."""
        r = self.rules
        return max(
            self.contact_half + r.local_over_contact,
            self._half(r.local_via, max(r.local_via.below)),
            self._along(r.local, self.local_half),
        )

    @cached_property
    def contacted_width(self) -> int:
        """Least width of a transistor: its contact lies at one edge of the diffusion with the larger enclosure."""
        r = self.rules
        return up(r.contact_size + r.active_over_contact + r.active_over_contact_end, 2 * self.grid)

    def pad(self, layer: str, below: str | None, above: str | None) -> tuple[int, int]:
        """Half sizes, the smaller first, of the pad on conductor `layer` that encloses the cuts above the conductors
        `below` (the one under it) and `above` (itself). One of `inner` or `row` between two cuts may be on its own."""
        half = [0, 0]
        for lower in (below, above):
            if lower is not None:
                cut = self.rules.over(lower)
                sides = cut.below if lower == layer else cut.above
                half = [max(h, self._half(cut, side)) for h, side in zip(half, sides, strict=True)]
        if layer in ("inner", "row") and below is not None and above is not None:
            half[1] = max(half[1], self._along(self.rules.conductor(layer), half[0]))
        return half[0], half[1]

    def pull_down_width(self, access: int) -> int:
        """Least width of a latch's pull-down: its ground wire keeps clear of the bit lines' pads at the access devices,
        which are in the middle of that width."""
        tall = max(self.pad("row", "inner", "row"))
        above = self.rules.active_over_contact_end + self.contact_half
        return up(access // 2 + tall + self.rules.row.space + self.bus_half + above, 2 * self.grid)

    @cached_property
    def bus_half(self) -> int:
        """Half width of the row wires: a via to the column with its smaller enclosure."""
        return self._half(self.rules.row_via, self.rules.row_via.below[0])

    @cached_property
    def tap_half(self) -> int:
        """Half height of the taps: a contact with the active layer's larger enclosure on each side."""
        return self.contact_half + self.rules.active_over_contact_end

    @cached_property
    def rail_half(self) -> int:
        """Half height of the rails: a cut from local interconnect with both enclosures."""
        return self._half(self.rules.local_via, sum(self.rules.local_via.above))

    @cached_property
    def pad_clearance(self) -> int:
        """Distance of two inner wires of different nets, centre to centre: two via pads and the space. Points of one
        net that are closer than this are joined on the inner conductor."""
        return 2 * max(self.pad("inner", "local", "inner")) + self.rules.inner.space

    @cached_property
    def track_pitch(self) -> int:
        """Of the row tracks that join the drains of a bit."""
        return 2 * self.bus_half + self.rules.row.space

    @cached_property
    def contact_clearance(self) -> int:
        """Of two wires of local interconnect over contacts, centre to centre: two ends and the space."""
        return 2 * self.local_end + self.rules.local.space

    @cached_property
    def shortest_unit(self) -> int:
        """Length of a unit: a dummy's contact pad keeps the gates' space to the next gate."""
        return 2 * (self.contact_half + self.rules.gate_over_contact_end)

    @cached_property
    def shortest_sign(self) -> int:
        """Length of the sign switch: its gate contact lies clear of the rail's contact beside it, and the contact's pad
        keeps the gates' space to the first unit."""
        r, half = self.rules, self.contact_half
        contact = self.local_half + r.local.space + self.local_end
        first_unit = r.contact_size + 2 * r.contact_to_gate + half + r.contact_to_gate
        return up(contact + half + r.gate_over_contact_end + r.gate_space - first_unit, 2 * self.grid)

    @cached_property
    def tap_pitch(self) -> int:
        """Of the contacts of taps: 0.6 um, which keeps the rail's resistance low, or what their spaces ask."""
        r = self.rules
        return max(600, up(r.contact_size + r.contact_space, self.grid), r.local_via.size + r.local_via.space)

    @cached_property
    def bar_contact_pitch(self) -> int:
        """Of the contacts of a gate bar: 1 um, which leaves the space between their nitride cuts, or what that asks."""
        cut = self.contact_half + self.rules.nitride_over_contact
        return max(1000, 2 * cut + self.rules.nitride_space)

    @cached_property
    def lone_pad_half(self) -> int:
        """Half side of a pad on column or strap that is on its own: its area is above their smallest one."""
        return self._lone_half(self.rules.column, self.rules.strap)

    @cached_property
    def lane_pitch(self) -> int:
        """Of wires on column with vias to the rows beside each other."""
        return up(2 * self.lone_pad_half + self.rules.column.space, 4 * self.grid)

    @cached_property
    def soma_margin(self) -> int:
        """Left of a soma's strips: room for two via stacks up to the strap, with the columns' space between them and to
        the neighbour's wires."""
        return 4 * up(self.lone_pad_half + self.rules.column.space // 2, 10 * self.grid)

    @cached_property
    def power_half(self) -> int:
        """Half width of the power straps over the rails: twice the narrowest."""
        return int(self.rules.strap.width)

    @cached_property
    def edge(self) -> int:
        """From the outermost cells to the macro's edge: half of the wells' space beyond what a well reaches out."""
        beyond = self.contact_half + self.rules.active_over_contact_end + self.rules.well_over_active
        return up(beyond + self.rules.well_space // 2, 100)

    @cached_property
    def strap_half(self) -> int:
        """Half width of a strap wire: as wide as a via from the column with its larger enclosure."""
        return self._half(self.rules.column_via, max(self.rules.column_via.above))

    @cached_property
    def strap_via_half(self) -> int:
        """Half side of the strap's pad of a via to the top conductor."""
        return self._half(self.rules.strap_via, max(self.rules.strap_via.below))

    @cached_property
    def strap_via_clearance(self) -> int:
        """From the centre of such a via to that of the nearest strap wire of another net."""
        return self.strap_via_half + self.rules.strap.space + self.strap_half

    @cached_property
    def word_track(self) -> int:
        """Pitch of the word lines' strap tracks over a row, with some room against coupling."""
        return up(2 * self.strap_half + self.rules.strap.space, 100)
