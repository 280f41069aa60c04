"""Lengths of the port in nm, from the process's rules and from what its library of cells is made for."""

from dataclasses import dataclass
from functools import cached_property

from somaforge.generator.measures import Measures, up
from somaforge.pdk import Pdk
from somaforge.pdk.errors import InputError
from somaforge.pdk.library import StandardCells

UPPER_TRACKS = 3
"""Tracks of the bus over the row of repeaters; as many lie below it."""


def library(pdk: Pdk) -> StandardCells:
    """The process's cells; InputError if it has none."""
    if pdk.cells is None:
        raise InputError(f"array.port: {pdk.name} has no library of standard cells; use port: none")
    return pdk.cells


@dataclass(frozen=True)
class PortMeasures:
    """Wires on the grid of the cells (a column is a site, a row has `tracks` tracks), and what lies around the rows."""

    pdk: Pdk
    highest: str = "top"
    """Role of the highest conductor that the port may use: `top` or the one below, `strap`."""

    @cached_property
    def cells(self) -> StandardCells:
        """The library; InputError if the process has none."""
        return library(self.pdk)

    @cached_property
    def core(self) -> Measures:
        """The array's lengths."""
        return Measures(self.pdk.rules, self.pdk.grid_nm)

    @cached_property
    def site(self) -> int:
        """Width of a site: pitch of the columns."""
        return self.cells.site_nm

    @cached_property
    def row(self) -> int:
        """Height of a row."""
        return self.cells.row_nm

    @cached_property
    def tracks(self) -> int:
        """Of a row."""
        return self.cells.tracks

    @cached_property
    def pitch(self) -> int:
        """Of the tracks."""
        return self.row // self.tracks

    @cached_property
    def wire_half(self) -> int:
        """Half width of wires on the grid."""
        return max(self.pdk.rules.inner.width, self.pdk.rules.row.width) // 2

    @cached_property
    def inner_pad(self) -> tuple[int, int]:
        """Half sizes of `inner` around contacts and vias: holds the enclosures of both, along the track the larger."""
        r = self.pdk.rules
        sides = [(r.local_via.size // 2, r.local_via.above), (r.inner_via.size // 2, r.inner_via.below)]
        return max(half + max(pair) for half, pair in sides), max(half + min(pair) for half, pair in sides)

    @cached_property
    def row_pad(self) -> tuple[int, int]:
        """The same of the conductor `row` around vias from `inner`; the larger half lies along the column."""
        cut = self.pdk.rules.inner_via
        return cut.size // 2 + min(cut.above), cut.size // 2 + max(cut.above)

    def column_x(self, column: int) -> int:
        """Centre of a column."""
        return self.site // 2 + self.site * column

    def track_y(self, track: int) -> int:
        """Centre of a track."""
        return self.pitch // 2 + self.pitch * track

    def at(self, node: tuple[int, int, int]) -> tuple[int, int]:
        """Position of a node (layer, column, track)."""
        return self.column_x(node[1]), self.track_y(node[2])

    @property
    def strap_half(self) -> int:
        """Half width of the port's power straps: as wide as the array's."""
        return self.core.power_half

    @cached_property
    def line_pitch(self) -> int:
        """Of the bit lines over the slices: a via from column to strap with its pads and their spaces."""
        cut, r = self.pdk.rules.column_via, self.pdk.rules
        return 2 * (cut.size // 2 + max(min(cut.below), *cut.above)) + max(r.column.space, r.strap.space)

    @property
    def line_to_strap(self) -> int:
        """From a bit line to a power strap, centre to centre."""
        return self.strap_half + self.pdk.rules.strap.space + self.core.strap_half

    @property
    def column_margin(self) -> int:
        """From a group's left edge to its first bit line in the array."""
        return 2 * self.pdk.rules.column.space

    @property
    def last_line(self) -> int:
        """Last bit line before the next group: its first one is at least a column's margin behind its edge."""
        return self.line_pitch - self.column_margin

    @cached_property
    def bus_y(self) -> tuple[int, ...]:
        """Tracks of the bus on `column`, from the lowest row's lower edge, the upper ones first.

        As many over that row as the contacts of the power straps to its rails leave room for, spread evenly; the others
        below, a little apart.
        """
        column, room = self.pdk.rules.column, 4 * self.pdk.grid_nm
        first = up(self.core.lone_pad_half + column.space + column.width // 2, room)
        step = (self.row - 2 * first) // (UPPER_TRACKS - 1)
        over = [self.row - first - k * step for k in range(UPPER_TRACKS)]
        below = [-(first + room) - k * (self.line_pitch + room) for k in range(UPPER_TRACKS)]
        return (*over, *below)

    @property
    def rails_on(self) -> dict[str, str]:
        """Conductor of each rail that joins the power straps. Without `top` the straps of the supply, on `strap`, pass
        over the ground's rail, on `column`, to their own below it."""
        return dict.fromkeys(("gnd", "vdd"), "top") if self.highest == "top" else {"gnd": "column", "vdd": "strap"}

    @property
    def rail_half(self) -> int:
        """Half width of these rails."""
        return self.pdk.rules.top.width // 2

    @property
    def rails_y(self) -> dict[str, int]:
        """Centres of the rails: on `top` over the bus, where no bit lines on `strap` are for their vias to meet; else
        below the bus."""
        r, room = self.pdk.rules, 4 * self.pdk.grid_nm
        if self.highest == "top":
            ground = -self.core.edge
            return {"gnd": ground, "vdd": ground + r.top.width + r.top.space}
        ground = -up(self.core.lone_pad_half + r.column.space + self.rail_half - min(self.bus_y), room)
        return {"gnd": ground, "vdd": ground - up(self.core.lone_pad_half + r.strap.space + self.rail_half, room)}

    @property
    def bottom(self) -> int:
        """From the lowest row's lower edge to the macro's: beyond the last track or rail half of its space and some."""
        column, strap = self.pdk.rules.column, self.pdk.rules.strap
        track = column.width // 2 + column.space // 2 - min(self.bus_y)
        rail = self.rail_half + strap.space // 2 - min(self.rails_y.values())
        return -up(track if self.highest == "top" else rail, 500)

    @property
    def channel_pitch(self) -> int:
        """Of the tracks between array and slices."""
        return up(self.line_pitch, self.pitch)

    @property
    def channel_first(self) -> int:
        """From the slices' upper edge to the channel: the first track keeps the space to the contacts of the power
        straps there, and the wire from a bit line's via on that edge to the track is as large as it must be."""
        column, cut = self.pdk.rules.column, self.pdk.rules.column_via
        pad = cut.size // 2 + max(self.pdk.rules.row_via.above)
        return up(self.core.lone_pad_half + column.space + pad, 4 * self.pdk.grid_nm) - self.channel_pitch // 2

    @property
    def well(self) -> int:
        """What the cells' well reaches beyond them."""
        return self.cells.well_beyond_nm

    @property
    def word_space(self) -> int:
        """Between the array's left edge and the row slices: wells, and the wire from a row slice to the word lines."""
        r, core = self.pdk.rules, self.core
        inside = core.edge - (core.contact_half + r.active_over_contact_end + r.well_over_active)
        return up(r.well_space + self.well - inside, 100)

    @property
    def edge(self) -> int:
        """From the outermost well to the macro's edge: half of the wells' space."""
        return up(self.pdk.rules.well_space // 2, 4 * self.pdk.grid_nm)

    @property
    def control_space(self) -> int:
        """Between the control block and the first group: from well to well."""
        return up(self.pdk.rules.well_space + 2 * self.well, 100)

    @property
    def shortest_hook(self) -> int:
        """Of a wire on `column` of its own: above the smallest area."""
        column = self.pdk.rules.column
        return up(column.area_nm2 // column.width + 1, 50)
