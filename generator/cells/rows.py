"""Vertical positions that all cells of a row share, so that soma, synapse and output synapse abut.

From bottom to top: ground rail with substrate tap, n mirror strip, gate bar `vn`, bit switches, their gate contacts,
word-line bar, latch n devices, cross coupling, latch p devices, gate bar `vp`, p mirror strip, supply rail with well
tap. The rails lie on the cell's edges and are shared with the mirrored row above and below.
"""

from dataclasses import dataclass

from somaforge.generator.cells.plan import plan_core
from somaforge.generator.design import Design


@dataclass(frozen=True)
class Strip:
    """One mirror strip. `up` is the direction from the rail towards the middle of the cell (+1 or -1)."""

    edge: int
    """The diffusion's edge next to the rail."""
    width: int
    up: int
    rail: int
    """The rail's centre line."""
    drain_y: int
    """Centre of the drain contacts, near the middle of the cell."""
    bar_y: int
    """Centre of the common source's local interconnect."""
    source_y: int
    """Centre of the source contacts: on the bar where the strip is wide enough for it."""
    gate_y: int
    """Centre of the gate bar and of its contacts."""

    @property
    def far(self) -> int:
        """The diffusion's edge next to the middle of the cell."""
        return self.edge + self.up * self.width


@dataclass(frozen=True)
class Rows:
    """Centre lines and edges in nm, from the bottom of the cell."""

    n: Strip
    switch: tuple[int, int]
    weight_y: int
    word_y: int
    latch_n: tuple[int, int]
    """Edges of the pull-down devices; the access devices fill the lower part."""
    access_top: int
    cross_y: tuple[int, int]
    latch_p: tuple[int, int]
    well_y: int
    """Lower edge of the well."""
    p: Strip
    height: int
    ground_bus: int
    supply_bus: int


def _strip_height(design: Design, tracks: int) -> int:
    """From the rail's centre to the strip's edge: tap space, room for the source bar if the strip is narrow, and for
    the drains' tracks beyond the first."""
    r = design.pdk.rules
    width = design.sizes.unit.w
    half = r.contact_size // 2
    tap = design.measures.tap_half + max(r.active_space, 2 * r.implant_to_other)
    # Seen from the far edge: drain contact, its pad, space, bar. What does not fit on the strip lies before it.
    bar = (
        design.measures.local_half
        + r.local.space
        + r.active_over_contact_end
        + half
        + design.measures.local_end
        + r.local.space
        + 2 * design.measures.local_half
        - width
    )
    drain = width - r.active_over_contact_end - half
    via_pad = max(design.measures.pad("row", "inner", "row"))  # the rail's via stack has the tallest pad there
    track = via_pad + r.row.space + design.measures.bus_half + (tracks - 1) * design.measures.track_pitch - drain
    return max(tap, bar, track)


def _to_diffusion(design: Design, p_side: bool, pad: int) -> int:
    """From diffusion to the centre of a gate contact whose pad reaches `pad` towards it; p implant keeps its own
    distance from gate contacts."""
    r, half = design.pdk.rules, design.measures.contact_half
    to_implant = r.implant_over_active + r.gate_contact_to_p_implant if p_side else 0
    return max(max(r.gate_contact_to_active, to_implant) + half, r.gate_to_active + pad)


def _to_gate_bar(design: Design, p_side: bool) -> int:
    """From a strip's far edge to its gate bar: contact and bus of the bar keep clear of those of the drains."""
    r, m = design.pdk.rules, design.measures
    drain = r.active_over_contact_end + m.contact_half
    wires = max(2 * m.bus_half + r.row.space, m.local_end + r.local.space + m.local_half)
    return max(_to_diffusion(design, p_side, m.contact_half + r.gate_over_contact), wires - drain)


def _strip(design: Design, rail: int, up: int, edge_distance: int) -> Strip:
    r = design.pdk.rules
    half = r.contact_size // 2
    width = design.sizes.unit.w
    edge = rail + up * edge_distance
    far = edge + up * width
    drain = far - up * (r.active_over_contact_end + half)
    bar = drain - up * (design.measures.local_end + r.local.space + design.measures.local_half)
    lowest = edge + up * (r.active_over_contact + half)
    source = bar if (bar - lowest) * up >= 0 else lowest
    gate = far + up * _to_gate_bar(design, up < 0)
    return Strip(edge, width, up, rail, drain, bar, source, gate)


def rows(design: Design) -> Rows:
    """Row positions for the sizes of a design."""
    r, z, m = design.pdk.rules, design.sizes, design.measures
    half = r.contact_size // 2
    beside = m.local_half + r.local.space + m.local_end
    pad = half + r.gate_over_contact  # half height of a gate contact's pad; the larger enclosure lies along the bar
    edge_distance = _strip_height(design, max(plan_core(design).tracks) + 1)
    n = _strip(design, 0, 1, edge_distance)
    switch_low = n.gate_y + pad + r.gate_space + r.gate_beyond_active
    switch_high = switch_low + z.switch.w
    # The weight's wires keep clear of what stands on the switch's contacts.
    above = max(beside, 2 * max(m.pad("inner", "local", None)) + r.inner.space)
    weight = max(switch_high + _to_diffusion(design, False, pad), (switch_low + switch_high) // 2 + above)
    word = weight + max(2 * pad + r.gate_space, beside)
    n_low = word + pad + r.gate_space + r.gate_beyond_active
    n_high = n_low + z.pull_down.w
    wide = half + r.gate_over_contact_end
    ground_bus = n_high - r.active_over_contact_end - half
    cross_1 = max(n_high + _to_diffusion(design, False, wide), ground_bus + beside)
    cross_2 = cross_1 + max(2 * wide + r.gate_space, 2 * m.local_end + r.local.space)
    p_low = cross_2 + max(_to_diffusion(design, True, wide), beside - z.pull_up.w // 2)
    p_low = max(p_low, n_high + r.active_to_well + r.well_over_active)
    p_high = p_low + z.pull_up.w
    gate_p = p_high + r.gate_beyond_active + r.gate_space + pad
    height = gate_p + _to_gate_bar(design, True) + z.unit.w + edge_distance
    well_low, well_high = n_high + r.active_to_well, p_low - r.well_over_active
    return Rows(
        n=n,
        switch=(switch_low, switch_high),
        weight_y=weight,
        word_y=word,
        latch_n=(n_low, n_high),
        access_top=n_low + z.access.w,
        cross_y=(cross_1, cross_2),
        latch_p=(p_low, p_high),
        well_y=design.measures.half(well_low + well_high),
        p=_strip(design, height, -1, edge_distance),
        height=height,
        ground_bus=ground_bus,
        supply_bus=(p_low + p_high) // 2,
    )
