"""Horizontal positions: strips, latch slots and the synapse. Nothing is drawn here; the rows ask it for tracks."""

from collections.abc import Sequence
from dataclasses import dataclass

from somaforge.generator.design import Design
from somaforge.generator.draw import assign_tracks, far_from
from somaforge.generator.names import SIGN, node_net
from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class StripPlan:
    """Gates and diffusions of a strip from left to right; diffusion i lies between gates i-1 and i."""

    gate_nets: tuple[str, ...]
    gate_lengths: tuple[int, ...]
    diffusions: tuple[str, ...]
    contacts: tuple[int, ...]
    """Centres of the diffusion contacts."""
    gates: tuple[int, ...]
    """Centres of the gates."""

    def at(self, net: str) -> list[int]:
        """Contacts of a net."""
        return [x for x, n in zip(self.contacts, self.diffusions, strict=True) if n == net]


def contact_pitch(design: Design, length: int) -> int:
    """Contact to contact over a gate of that length."""
    r = design.pdk.rules
    return length + r.contact_size + 2 * r.contact_to_gate


def plan_strip(
    design: Design,
    x: int,
    gates: Sequence[tuple[str, int]],
    diffusions: Sequence[str],
    end: int | None = None,
) -> StripPlan:
    """Positions of a strip whose first contact is at x. `end` moves the last contact outwards to the cell's edge."""
    centres, contacts = [], [x]
    for _, length in gates:
        pitch = contact_pitch(design, length)
        centres.append(contacts[-1] + pitch // 2)
        contacts.append(contacts[-1] + pitch)
    if end is not None:
        contacts[-1] = max(end, contacts[-1])
    return StripPlan(
        tuple(g for g, _ in gates), tuple(n for _, n in gates), tuple(diffusions), tuple(contacts), tuple(centres)
    )


def strip_inset(design: Design) -> int:
    """From a cell's edge to the first or last contact of its strips. Strips of neighbours keep their space: one that
    runs on through the array would be one device cluster as long as the row, and no cell could be checked by itself."""
    r = design.pdk.rules
    return design.measures.half_up(r.active_space) + r.contact_size // 2 + r.active_over_contact_end


@dataclass(frozen=True)
class LatchPlan:
    """Horizontal positions relative to the contact of qb, in nm."""

    q: int
    middle: int
    gate: int
    """Gate of the inverter that drives q (its input is qb)."""
    gate_bar: int
    access: int
    access_bar: int
    bl: int
    blb: int
    left: int
    right: int
    bl_line: int
    """Centre of the vertical bit line."""
    blb_line: int
    line_pitch: int
    """Smallest distance of two vertical lines with via pads, centre to centre."""

    @property
    def pitch(self) -> int:
        """Slot to slot, with the diffusion space between."""
        return self.right - self.left


def plan_latch(design: Design) -> LatchPlan:
    """Positions from the rules: the cross coupling sets the distance of q and qb."""
    r, z = design.pdk.rules, design.sizes
    half = r.contact_size // 2
    to_gate = half + r.contact_to_gate + z.pull_down.l // 2
    # A cross-coupling contact keeps the space to the column of the other node, its pad that to the other gate.
    contact = 2 * design.measures.local_half + r.local.space
    pad = half + r.gate_over_contact
    q = -max(contact + pad + r.gate_space + z.pull_down.l // 2 + to_gate, 4 * to_gate)
    # The step from the access to the pull-down width keeps its distance to both gates.
    between = r.gate_to_active + r.active_beyond_gate
    access_bar = -to_gate + z.pull_down.l // 2 + between + z.access.l // 2
    access_bar = max(access_bar, half + r.contact_to_gate + z.access.l // 2)
    blb = access_bar + z.access.l // 2 + r.contact_to_gate + half
    edge = blb + half + r.active_over_contact_end + design.measures.half_up(r.active_space)
    # Vertical lines of neighbouring slots need their space between the pads of their vias.
    via_pad = r.row_via.size // 2 + r.row_via.above[0]
    line = min(blb, edge - via_pad - r.column.space // 2)
    return LatchPlan(
        q=q,
        middle=design.measures.half(q),
        gate=q + to_gate,
        gate_bar=-to_gate,
        access=q - access_bar,
        access_bar=access_bar,
        bl=q - blb,
        blb=blb,
        left=q - edge,
        right=edge,
        bl_line=q - line,
        blb_line=line,
        line_pitch=2 * via_pad + r.column.space,
    )


SHIFT_END_NM = 6000
"""Strips move right by less than that."""


@dataclass(frozen=True)
class CorePlan:
    """Horizontal positions of a synapse."""

    width: int
    slots: tuple[int, ...]
    """Origin of each latch slot (its qb contact), sign first, then the highest bit down to bit 0."""
    bits: tuple[int, ...]
    """The bit of each slot; the sign is bit `bits`."""
    strip: StripPlan
    """Both strips have these positions; rail, source and bar are named by each."""
    latch: LatchPlan
    sign_contact: int
    """Contact of the sign switch's gate, clear of the rail's column of local interconnect."""
    dummy_contact: int
    bar_contacts: tuple[int, ...]
    """Contacts between the gate bar and the row wire: one at each end. Each via stack is capacitance on the rail."""
    tracks: tuple[int, ...]
    """Row track of each bit's drains, counted from the middle of the cell towards the rail."""

    def slot(self, bit: int) -> int:
        """Origin of the slot of a bit."""
        return self.slots[self.bits.index(bit)]

    def switch_gate(self, design: Design, bit: int) -> int:
        """Centre of the gate of a bit switch."""
        return self.slot(bit) - design.measures.half(contact_pitch(design, design.sizes.switch.l))

    def drains(self, bit: int) -> list[int]:
        """Drain contacts of a bit and its vertical wire, from left to right."""
        return sorted([*self.strip.at(node_net(bit)), self.slot(bit)])

    @property
    def spans(self) -> tuple[int, ...]:
        """Length of the wire that joins the drains of each bit."""
        ends = [self.drains(k) for k in range(len(self.bits) - 1)]
        return tuple(d[-1] - d[0] for d in ends)

    @property
    def out_line(self) -> int:
        """Centre of the column's output wire: the middle of the highest bit's slot."""
        return self.slots[1] + self.latch.middle

    @property
    def supply_line(self) -> int:
        """Centre of the vertical supply wire: the middle of the sign's slot."""
        return self.slots[0] + self.latch.middle

    @property
    def ground_line(self) -> int:
        """Centre of the vertical ground wire: a third slot's middle, or with one bit a track of its own."""
        if len(self.slots) > 2:
            return self.slots[2] + self.latch.middle
        return self.slots[-1] + self.latch.blb_line + self.latch.line_pitch


def _sequence(bits: int) -> tuple[list[str], list[str]]:
    """Gate nets and diffusion nets of a strip: sign switch, units from the highest bit down, dummy."""
    gates, diffusions = [SIGN], ["rail", "source"]
    for k in range(bits - 1, -1, -1):
        for _ in range(2**k):
            gates.append("bar")
            diffusions.append(node_net(k) if diffusions[-1] == "source" else "source")
    return [*gates, "rail"], [*diffusions, "rail"]


def plan_core(design: Design) -> CorePlan:
    """Positions from the rules; InputError where the parameters cannot be drawn."""
    array, z = design.spec.array, design.sizes
    if array.mirror.style == "scaled":
        raise InputError(
            "array.mirror.style: scaled mirrors have no layout: widths scaled by 1:2:4 do not give currents of 1:2:4 "
            "in silicon (narrow-width effects); use style: unit"
        )
    for what, width in (("mirror", z.unit.w), ("switch", z.switch.w)):
        if width < design.measures.contacted_width:
            raise InputError(
                f"array.{what}.w_um: {width / 1000} um leaves no room for the contacts of its diffusion; "
                f"use {design.measures.contacted_width / 1000} um or more"
            )
    if z.switch.l > 1600:
        raise InputError("array.switch.l_um: a switch longer than 1.6 um does not fit its slot; use a shorter one")
    if z.unit.l < design.measures.shortest_unit:
        raise InputError(
            f"array.mirror.l_um: {z.unit.l / 1000} um leaves no room for the gate contacts of a mirror strip; "
            f"use {design.measures.shortest_unit / 1000} um or more"
        )
    # The latches are wider than the mirrors: strips move right to where the bits' drains lie near their switches. With
    # few or short units the sign's wire would else cover the whole gate bar.
    plans = (_plan(design, shift) for shift in range(0, SHIFT_END_NM, 10 * design.pdk.grid_nm))
    drawable = [plan for plan in plans if plan.bar_contacts]
    if not drawable:
        raise InputError("array.mirror: the gate bar has no room for its contact; use a longer unit (l_um)")
    return min(drawable, key=lambda plan: (plan.width, sum(plan.spans)))


def _plan(design: Design, shift: int) -> CorePlan:
    array, z, r, m = design.spec.array, design.sizes, design.pdk.rules, design.measures
    latch = plan_latch(design)
    gates, diffusions = _sequence(array.bits)
    lengths = [(net, z.sign.l if net == SIGN else z.unit.l) for net in gates]
    inset = strip_inset(design)
    strip = plan_strip(design, inset + shift, lengths, diffusions)
    slots, bits = _slots(design, strip, latch)
    width = max(strip.contacts[-1] + inset, slots[-1] + latch.right)
    if array.bits == 1:
        width = max(width, slots[-1] + latch.right + latch.line_pitch)
    strip = plan_strip(design, inset + shift, lengths, diffusions, end=width - inset)
    half = r.contact_size // 2
    pad = half + r.gate_over_contact_end
    sign_contact = max(strip.gates[0], strip.contacts[0] + m.local_half + r.local.space + m.local_end)
    dummy_contact = max(strip.gates[-1], strip.gates[-1] - z.unit.l // 2 + pad)
    low = max(strip.gates[1] - z.unit.l // 2 + pad, max(slots[0], sign_contact) + m.contact_clearance)
    high = min(max(strip.gates[-2] + z.unit.l // 2 - pad, strip.gates[1]), dummy_contact - m.contact_clearance)
    contacts: list[int] = []
    x, grid = low, design.pdk.grid_nm
    while x <= high:
        fits = far_from(x, slots, m.pad_clearance)
        contacts += [x] if fits else []
        x += -(-m.bar_contact_pitch // grid) * grid if fits else grid
    drains = [sorted([*strip.at(node_net(k)), slots[bits.index(k)]]) for k in range(array.bits)]
    tracks = assign_tracks([(d[0], d[-1]) for d in drains], m.pad_clearance)
    return CorePlan(
        width,
        slots,
        bits,
        strip,
        latch,
        sign_contact,
        dummy_contact,
        tuple(contacts[:1] + contacts[1:][-1:]),
        tuple(tracks),
    )


def _slots(design: Design, strip: StripPlan, latch: LatchPlan) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Latch slots from left to right: each near the drains of its bit, its vertical wire clear of all others."""
    count = design.spec.array.bits
    bits = (count, *range(count - 1, -1, -1))
    slots: list[int] = []
    for bit in bits:
        x = -latch.left if not slots else slots[-1] + latch.pitch
        if bit < count:
            own = strip.at(node_net(bit))
            others = [d for k in range(count) if k != bit for d in strip.at(node_net(k))]
            x = max(x, design.measures.half(own[0] + own[-1]))
            while not far_from(x, others, design.measures.pad_clearance):
                x += design.pdk.grid_nm
        slots.append(x)
    return tuple(slots), bits
