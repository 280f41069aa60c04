"""What the synapse and the output synapse share: two mirror strips, the bit switches and the wires between them."""

from dataclasses import dataclass

from somaforge.generator.cells.latch import LatchPlan, plan_latch
from somaforge.generator.cells.rows import Rows, Strip
from somaforge.generator.cells.strip import (
    BUS_HALF,
    StripPlan,
    bus,
    contact_pitch,
    draw_devices,
    draw_power,
    plan_strip,
    strip_inset,
    tie_gate_to_rail,
    tie_to_bar,
    tie_to_rail,
)
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas, assign_tracks, far_from
from somaforge.pdk.errors import InputError

PAD_CLEARANCE = 300
"""Distance of two met1 wires of different nets, centre to centre: the widest pad, half a wire and m1.2."""
JOIN = 460
"""Same-net met1 points closer than this are joined on met1: two via pads (via.5a) and m1.2."""


@dataclass(frozen=True)
class CorePlan:
    """Horizontal positions of a synapse."""

    width: int
    slots: tuple[int, ...]
    """Origin of each latch slot (its qb contact), sign first, then the highest bit down to bit 0."""
    bits: tuple[int, ...]
    """The bit of each slot; the sign is bit `bits`."""
    strip: StripPlan
    """The p strip; the n strip has the same positions and n names."""
    latch: LatchPlan

    def slot(self, bit: int) -> int:
        """Origin of the slot of a bit."""
        return self.slots[self.bits.index(bit)]

    def switch_gate(self, design: Design, bit: int) -> int:
        """Centre of the gate of a bit switch."""
        return self.slot(bit) - contact_pitch(design, design.sizes.switch.l) // 10 * 5

    @property
    def out_line(self) -> int:
        """Centre of the column's output wire on met3: the middle of the highest bit's slot."""
        return self.slots[1] + self.latch.middle

    @property
    def supply_line(self) -> int:
        """Centre of the vertical supply wire on met3: the middle of the sign's slot."""
        return self.slots[0] + self.latch.middle

    @property
    def ground_line(self) -> int:
        """Centre of the vertical ground wire on met3: a third slot's middle, or with one bit a track of its own."""
        if len(self.slots) > 2:
            return self.slots[2] + self.latch.middle
        return self.slots[-1] + self.latch.blb_line + self.latch.line_pitch


def _sequence(bits: int) -> tuple[list[str], list[str]]:
    """Gate nets and diffusion nets of a strip: sign switch, units from the highest bit down, dummy."""
    gates, diffusions = ["w_sign"], ["rail", "source"]
    for k in range(bits - 1, -1, -1):
        for _ in range(2**k):
            gates.append("bar")
            diffusions.append(f"node_{k}" if diffusions[-1] == "source" else "source")
    return [*gates, "rail"], [*diffusions, "rail"]


def plan_core(design: Design) -> CorePlan:
    """Positions from the rules; InputError where the parameters cannot be drawn."""
    array, z = design.spec.array, design.sizes
    if array.mirror.style == "scaled":
        raise InputError(
            "array.mirror.style: scaled mirrors have no layout: widths scaled by 1:2:4 do not give currents of 1:2:4 on "
            "sky130 (narrow-width effects); use style: unit"
        )
    if z.switch.l > 1600:
        raise InputError("array.switch.l_um: a switch longer than 1.6 um does not fit its slot; use a shorter one")
    latch = plan_latch(design)
    gates, diffusions = _sequence(array.bits)
    lengths = [(net, z.sign.l if net == "w_sign" else z.unit.l) for net in gates]
    inset = strip_inset(design)
    strip = plan_strip(design, inset, lengths, diffusions)
    drains = {k: strip.at(f"node_{k}") for k in range(array.bits)}
    bits = (array.bits, *range(array.bits - 1, -1, -1))
    slots: list[int] = []
    for bit in bits:
        x = -latch.left if not slots else slots[-1] + latch.pitch
        if bit < array.bits:
            others = [d for k, xs in drains.items() if k != bit for d in xs]
            own = drains[bit]
            x = max(x, (own[0] + own[-1]) // 10 * 5)
            while not far_from(x, others, PAD_CLEARANCE):
                x += design.pdk.grid_nm
        slots.append(x)
    width = max(strip.contacts[-1] + inset, slots[-1] + latch.right)
    if array.bits == 1:
        width = max(width, slots[-1] + latch.right + latch.line_pitch)
    strip = plan_strip(design, inset, lengths, diffusions, end=width - inset)
    return CorePlan(width, tuple(slots), bits, strip, latch)


def draw_core(canvas: Canvas, design: Design, rows: Rows, plan: CorePlan) -> None:
    """Strips, switches, node wires, gate buses, output bus and the vertical wires of a synapse."""
    sign = plan.slot(design.spec.array.bits)
    for strip, rail, source, gate in (
        (rows.n, "gnd", "n_source", "vn"),
        (rows.p, "vdd", "p_source", "vp"),
    ):
        draw_devices(canvas, strip, plan.strip)
        for x in plan.strip.at("rail"):
            tie_to_rail(canvas, strip, x)
        tie_to_bar(canvas, strip, plan.strip.at("source"))
        tie_gate_to_rail(canvas, strip, plan.strip.gates[-1], plan.strip.contacts[-1])
        canvas.label("li", source, plan.strip.at("source")[0], strip.bar_y)
        _sign_gate(canvas, strip, plan, sign)
        _gate_bus(canvas, strip, plan, gate)
        _drains(canvas, design, strip, plan, sum(rows.switch) // 2)
        canvas.label("li", rail, 0, strip.rail)
    wire = canvas.r["m1.1"]
    canvas.line("met1", sign, rows.n.gate_y, sign, rows.p.gate_y, wire)
    for k in range(design.spec.array.bits):
        _switch(canvas, design, rows, plan, k)
    xs = [_switch_out(design, plan.slot(k)) for k in range(design.spec.array.bits)]
    middle = sum(rows.switch) // 2
    ends = [*xs, plan.out_line]
    bus(canvas, "out", middle, min(ends) - BUS_HALF, max(ends) + BUS_HALF)
    draw_power(canvas, rows, plan.width, plan.supply_line, plan.ground_line)
    bus(canvas, "gnd", rows.ground_bus, 0, plan.width)
    bus(canvas, "vdd", rows.supply_bus, 0, plan.width)


def _sign_gate(canvas: Canvas, strip: Strip, plan: CorePlan, sign_x: int) -> None:
    """Local interconnect from the sign switch's gate to the vertical wire of the sign, clear of the rail's column."""
    half = canvas.r["licon.1"] // 2
    end = half + canvas.r["li.5"]
    x = max(plan.strip.gates[0], plan.strip.contacts[0] + half + canvas.r["li.3"] + end)
    canvas.poly_contact(x, strip.gate_y)
    wide = half + canvas.r["licon.8a"]
    canvas.around("poly", x, strip.gate_y, wide, half + canvas.r["licon.8"])
    canvas.box("li", x - end, strip.gate_y - half, sign_x + end, strip.gate_y + half)
    canvas.stack(sign_x, strip.gate_y, "li", "met1", "h")


def _gate_bus(canvas: Canvas, strip: Strip, plan: CorePlan, net: str) -> None:
    """The row wire of the mirror gates and its contact to the gate bar."""
    xs = [x for x, g in zip(plan.strip.gates, plan.strip.gate_nets, strict=True) if g == "bar"]
    blocked = list(plan.slots)
    sign_end = plan.slots[0] + JOIN
    dummy = plan.strip.gates[-1] - JOIN
    places = [x for x in xs if far_from(x, blocked, PAD_CLEARANCE) and sign_end + JOIN <= x <= dummy - JOIN]
    if not places:
        # Any place over the bar will do: look on the grid.
        low, high = max(xs[0], sign_end + JOIN), min(xs[-1], dummy - JOIN)
        places = [x for x in range(low, high + 1, canvas.pdk.grid_nm) if far_from(x, blocked, PAD_CLEARANCE)]
    if not places:
        raise InputError("array.mirror: the gate bar has no room for its contact; use a longer unit (l_um) or more bits")
    for x in places:
        canvas.poly_contact(x, strip.gate_y)
        canvas.li_pad(x, strip.gate_y, "h")
        canvas.stack(x, strip.gate_y, "li", "met2", "h")
    bus(canvas, net, strip.gate_y, 0, plan.width)


def _drains(canvas: Canvas, design: Design, strip: Strip, plan: CorePlan, start: int) -> None:
    """Drain contacts and the met2 tracks that join the drains of a bit with its vertical wire, which starts at the
    switch (at height `start`)."""
    r = canvas.r
    bits = range(design.spec.array.bits)
    points = {k: sorted([*plan.strip.at(f"node_{k}"), plan.slot(k)]) for k in bits}
    spans = [(points[k][0], points[k][-1]) for k in bits]
    via = canvas.pad("met1", "li", "met1", "h")
    tracks = assign_tracks(spans, 2 * via[0] + r["m2.2"])
    pitch = 2 * BUS_HALF + r["m2.2"]
    limit = abs(strip.drain_y - strip.rail) - via[1] - 2 * r["m1.2"] - r["licon.1"]
    if max(tracks) * pitch > limit:
        raise InputError(
            "array: the node wires of a synapse need more tracks than its mirror strip is wide; use a wider unit (w_um)"
        )
    wire = r["m1.1"] // 2
    for k in bits:
        y = strip.drain_y - strip.up * tracks[k] * pitch
        for x in plan.strip.at(f"node_{k}"):
            canvas.contact(x, strip.drain_y)
            canvas.li_pad(x, strip.drain_y, "v")
            canvas.stack(x, strip.drain_y, "li", "met1", "h")
            if tracks[k]:
                canvas.box("met1", x - wire, strip.drain_y, x + wire, y)
        slot = plan.slot(k)
        canvas.box("met1", slot - wire, start, slot + wire, y)
        _join(canvas, points[k], y, slot, (via[0], via[1]))
        canvas.label("met1", f"node_{k}", slot, strip.gate_y)


def _join(canvas: Canvas, xs: list[int], y: int, slot: int, pad: tuple[int, int]) -> None:
    """Join met1 points on one track: near ones on met1, the groups on met2."""
    groups: list[list[int]] = []
    for x in xs:
        if groups and x - groups[-1][-1] < JOIN:
            groups[-1].append(x)
        else:
            groups.append([x])
    for group in groups:
        canvas.box("met1", group[0] - pad[0], y - pad[1], group[-1] + pad[0], y + pad[1])
    if len(groups) > 1:
        places = [next((x for x in g if x != slot), g[0]) for g in groups]
        for x in places:
            canvas.stack(x, y, "met1", "met2", "h")
        canvas.box("met2", places[0] - BUS_HALF, y - BUS_HALF, places[-1] + BUS_HALF, y + BUS_HALF)


def _switch_out(design: Design, slot: int) -> int:
    return slot - contact_pitch(design, design.sizes.switch.l)


def _switch(canvas: Canvas, design: Design, rows: Rows, plan: CorePlan, bit: int) -> None:
    """A bit switch under its latch: its drain on the node's vertical wire, its gate joined with q of the latch."""
    r, z = canvas.r, design.sizes
    slot = plan.slot(bit)
    out = _switch_out(design, slot)
    gate = plan.switch_gate(design, bit)
    half = r["licon.1"] // 2
    end = half + r["licon.5c"]
    low, high = rows.switch
    middle = (low + high) // 2
    canvas.box("diff", out - end, low, slot + end, high)
    g = z.switch.l // 2
    pad = half + r["licon.8"]
    canvas.box("poly", gate - g, low - r["poly.8"], gate + g, rows.weight_y + pad)
    wide = max(g, half + r["licon.8a"])
    canvas.box("poly", gate - wide, rows.weight_y - pad, gate + wide, rows.weight_y + pad)
    canvas.poly_contact(gate, rows.weight_y)
    canvas.li_pad(gate, rows.weight_y, "h")
    for x in (out, slot):
        canvas.contact(x, middle)
        canvas.li_pad(x, middle, "v")
    canvas.stack(slot, middle, "li", "met1")
    canvas.stack(out, middle, "li", "met2", "h")
