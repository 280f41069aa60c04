"""What the synapse and the output synapse share: two mirror strips, the bit switches and the wires between them."""

from itertools import pairwise

from somaforge.generator.cells.plan import CorePlan, contact_pitch
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
from somaforge.generator.names import N_SOURCE, OUT, P_SOURCE, VN, VP, node_net


def draw_core(canvas: Canvas, design: Design, rows: Rows, plan: CorePlan) -> None:
    """Strips, switches, node wires, gate buses, output bus and the vertical wires of a synapse."""
    sign = plan.slot(design.spec.array.bits)
    for strip, rail, source, gate in (
        (rows.n, "gnd", N_SOURCE, VN),
        (rows.p, "vdd", P_SOURCE, VP),
    ):
        draw_devices(canvas, strip, plan.strip)
        for x in plan.strip.at("rail"):
            tie_to_rail(canvas, strip, x)
        tie_to_bar(canvas, strip, plan.strip.at("source"))
        tie_gate_to_rail(canvas, strip, plan.dummy_contact, plan.strip.contacts[-1])
        canvas.label("local", source, plan.strip.at("source")[0], strip.bar_y)
        _sign_gate(canvas, strip, plan, sign)
        _gate_bus(canvas, strip, plan, gate)
        _drains(canvas, strip, plan, sum(rows.switch) // 2)
        canvas.label("local", rail, 0, strip.rail)
    wire = canvas.r.inner.width
    canvas.line("inner", sign, rows.n.gate_y, sign, rows.p.gate_y, wire)
    for k in range(design.spec.array.bits):
        _switch(canvas, design, rows, plan, k)
    xs = [_switch_out(design, plan.slot(k)) for k in range(design.spec.array.bits)]
    middle = sum(rows.switch) // 2
    ends = [*xs, plan.out_line]
    bus(canvas, OUT, middle, min(ends) - canvas.m.bus_half, max(ends) + canvas.m.bus_half)
    draw_power(canvas, rows, plan.width, plan.supply_line, plan.ground_line)
    power_bus(canvas, "gnd", rows.ground_bus, 0, plan.width)
    power_bus(canvas, "vdd", rows.supply_bus, 0, plan.width)


def draw_column(canvas: Canvas, design: Design, rows: Rows, plan: CorePlan) -> None:
    """The vertical wire of the column's sum, joined with the output bus."""
    line, middle, x = canvas.r.column.width // 2, sum(rows.switch) // 2, plan.out_line
    canvas.stack(x, middle, "row", "column", "h")
    canvas.box("column", x - line, 0, x + line, rows.height)
    canvas.label("column", OUT, x, canvas.m.half(rows.height))
    # The pads of two vias that are nearly as near as their space become one.
    nearest = min((_switch_out(design, slot) for slot in plan.slots[1:]), key=lambda at: abs(at - x))
    pads = canvas.pad("row", "inner", None, "h")[0] + canvas.pad("row", None, "row", "h")[0]
    if abs(nearest - x) < pads + canvas.r.row.space:
        half = canvas.m.bus_half
        canvas.box("row", min(nearest, x) - half, middle - half, max(nearest, x) + half, middle + half)


def _sign_gate(canvas: Canvas, strip: Strip, plan: CorePlan, sign_x: int) -> None:
    """Local interconnect from the sign switch's gate to the vertical wire of the sign."""
    half, end = canvas.m.local_half, canvas.m.local_end
    x = plan.sign_contact
    gate_contact(canvas, strip, x)
    canvas.box("local", min(x, sign_x) - end, strip.gate_y - half, max(x, sign_x) + end, strip.gate_y + half)
    canvas.stack(sign_x, strip.gate_y, "local", "inner", "h")


def _gate_bus(canvas: Canvas, strip: Strip, plan: CorePlan, net: str) -> None:
    """The row wire of the mirror gates and its contacts to the gate bar."""
    half = canvas.r.contact_size // 2 + canvas.r.nitride_over_contact
    for a, b in pairwise((plan.sign_contact, *plan.bar_contacts, plan.dummy_contact)):
        if b - a < 2 * half + canvas.r.nitride_space:
            canvas.nitride(a, strip.gate_y, b, strip.gate_y)
    for x in plan.bar_contacts:
        gate_contact(canvas, strip, x)
        canvas.local_pad(x, strip.gate_y, "h")
        canvas.stack(x, strip.gate_y, "local", "row", "h")
    bus(canvas, net, strip.gate_y, 0, plan.width)


def _drains(canvas: Canvas, strip: Strip, plan: CorePlan, start: int) -> None:
    """Drain contacts and the row tracks that join the drains of a bit with its vertical wire, which starts at the
    switch (at height `start`)."""
    via = canvas.pad("inner", "local", "inner", "h")
    wire = canvas.r.inner.width // 2
    for k, track in enumerate(plan.tracks):
        y = strip.drain_y - strip.up * track * canvas.m.track_pitch
        for x in plan.strip.at(node_net(k)):
            canvas.contact(x, strip.drain_y)
            canvas.local_pad(x, strip.drain_y, "v")
            canvas.stack(x, strip.drain_y, "local", "inner", "h")
            if track:
                canvas.box("inner", x - wire, strip.drain_y, x + wire, y)
        slot = plan.slot(k)
        canvas.box("inner", slot - wire, start, slot + wire, y)
        _join(canvas, plan.drains(k), y, slot, via)
        canvas.label("inner", node_net(k), slot, strip.gate_y)


def _join(canvas: Canvas, xs: list[int], y: int, slot: int, pad: tuple[int, int]) -> None:
    """Join points of `inner` on one track: near ones on it, the groups on `row`."""
    groups: list[list[int]] = []
    for x in xs:
        if groups and x - groups[-1][-1] < canvas.m.pad_clearance:
            groups[-1].append(x)
        else:
            groups.append([x])
    for group in groups:
        canvas.box("inner", group[0] - pad[0], y - pad[1], group[-1] + pad[0], y + pad[1])
    if len(groups) > 1:
        places = [next((x for x in g if x != slot), g[0]) for g in groups]
        for x in places:
            canvas.stack(x, y, "inner", "row", "h")
        half = canvas.m.bus_half
        canvas.box("row", places[0] - half, y - half, places[-1] + half, y + half)


def _switch_out(design: Design, slot: int) -> int:
    return slot - contact_pitch(design, design.sizes.switch.l)


def _switch(canvas: Canvas, design: Design, rows: Rows, plan: CorePlan, bit: int) -> None:
    """A bit switch under its latch: its drain on the node's vertical wire, its gate joined with q of the latch."""
    r, z = canvas.r, design.sizes
    slot = plan.slot(bit)
    out = _switch_out(design, slot)
    gate = plan.switch_gate(design, bit)
    half = r.contact_size // 2
    end = half + r.active_over_contact_end
    low, high = rows.switch
    middle = (low + high) // 2
    canvas.box("active", out - end, low, slot + end, high)
    g = z.switch.l // 2
    pad = half + r.gate_over_contact
    canvas.box("gate", gate - g, low - r.gate_beyond_active, gate + g, rows.weight_y + pad)
    wide = max(g, half + r.gate_over_contact_end)
    canvas.box("gate", gate - wide, rows.weight_y - pad, gate + wide, rows.weight_y + pad)
    canvas.gate_contact(gate, rows.weight_y)
    canvas.local_pad(gate, rows.weight_y, "h")
    for x in (out, slot):
        canvas.contact(x, middle)
        canvas.local_pad(x, middle, "v")
    canvas.stack(slot, middle, "local", "inner")
    canvas.stack(out, middle, "local", "row", "h")
