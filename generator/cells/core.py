"""What the synapse and the output synapse share: two mirror strips, the bit switches and the wires between them."""

from itertools import pairwise

from somaforge.generator.cells.plan import BUS_HALF, PAD_CLEARANCE, TRACK_PITCH, CorePlan, contact_pitch
from somaforge.generator.cells.rows import Rows, Strip
from somaforge.generator.cells.strip import (
    bus,
    draw_devices,
    draw_power,
    gate_contact,
    power_bus,
    tie_gate_to_rail,
    tie_to_bar,
    tie_to_rail,
)
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas


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
        tie_gate_to_rail(canvas, strip, plan.dummy_contact, plan.strip.contacts[-1])
        canvas.label("li", source, plan.strip.at("source")[0], strip.bar_y)
        _sign_gate(canvas, strip, plan, sign)
        _gate_bus(canvas, strip, plan, gate)
        _drains(canvas, strip, plan, sum(rows.switch) // 2)
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
    power_bus(canvas, "gnd", rows.ground_bus, 0, plan.width)
    power_bus(canvas, "vdd", rows.supply_bus, 0, plan.width)


def draw_column(canvas: Canvas, design: Design, rows: Rows, plan: CorePlan) -> None:
    """The vertical wire of the column's sum on met3, joined with the output bus."""
    line, middle, x = canvas.r["m3.1"] // 2, sum(rows.switch) // 2, plan.out_line
    canvas.stack(x, middle, "met2", "met3", "h")
    canvas.box("met3", x - line, 0, x + line, rows.height)
    canvas.label("met3", "out", x, rows.height // 10 * 5)
    # The pads of two vias that are nearly as near as m2.2 become one.
    nearest = min((_switch_out(design, slot) for slot in plan.slots[1:]), key=lambda at: abs(at - x))
    pads = canvas.pad("met2", "met1", None, "h")[0] + canvas.pad("met2", None, "met2", "h")[0]
    if abs(nearest - x) < pads + canvas.r["m2.2"]:
        canvas.box("met2", min(nearest, x) - BUS_HALF, middle - BUS_HALF, max(nearest, x) + BUS_HALF, middle + BUS_HALF)


def _sign_gate(canvas: Canvas, strip: Strip, plan: CorePlan, sign_x: int) -> None:
    """Local interconnect from the sign switch's gate to the vertical wire of the sign."""
    half = canvas.r["licon.1"] // 2
    end = half + canvas.r["li.5"]
    x = plan.sign_contact
    gate_contact(canvas, strip, x)
    canvas.box("li", min(x, sign_x) - end, strip.gate_y - half, max(x, sign_x) + end, strip.gate_y + half)
    canvas.stack(sign_x, strip.gate_y, "li", "met1", "h")


def _gate_bus(canvas: Canvas, strip: Strip, plan: CorePlan, net: str) -> None:
    """The row wire of the mirror gates and its contacts to the gate bar."""
    half = canvas.r["licon.1"] // 2 + canvas.r["licon.15"]
    for a, b in pairwise((plan.sign_contact, *plan.bar_contacts, plan.dummy_contact)):
        if b - a < 2 * half + canvas.r["npc.2"]:
            canvas.box("npc", a - half, strip.gate_y - half, b + half, strip.gate_y + half)
    for x in plan.bar_contacts:
        gate_contact(canvas, strip, x)
        canvas.li_pad(x, strip.gate_y, "h")
        canvas.stack(x, strip.gate_y, "li", "met2", "h")
    bus(canvas, net, strip.gate_y, 0, plan.width)


def _drains(canvas: Canvas, strip: Strip, plan: CorePlan, start: int) -> None:
    """Drain contacts and the met2 tracks that join the drains of a bit with its vertical wire, which starts at the
    switch (at height `start`)."""
    via = canvas.pad("met1", "li", "met1", "h")
    wire = canvas.r["m1.1"] // 2
    for k, track in enumerate(plan.tracks):
        y = strip.drain_y - strip.up * track * TRACK_PITCH
        for x in plan.strip.at(f"node_{k}"):
            canvas.contact(x, strip.drain_y)
            canvas.li_pad(x, strip.drain_y, "v")
            canvas.stack(x, strip.drain_y, "li", "met1", "h")
            if track:
                canvas.box("met1", x - wire, strip.drain_y, x + wire, y)
        slot = plan.slot(k)
        canvas.box("met1", slot - wire, start, slot + wire, y)
        _join(canvas, plan.drains(k), y, slot, via)
        canvas.label("met1", f"node_{k}", slot, strip.gate_y)


def _join(canvas: Canvas, xs: list[int], y: int, slot: int, pad: tuple[int, int]) -> None:
    """Join met1 points on one track: near ones on met1, the groups on met2."""
    groups: list[list[int]] = []
    for x in xs:
        if groups and x - groups[-1][-1] < PAD_CLEARANCE:
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
