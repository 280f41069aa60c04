"""The synapse with its latches, and the output synapse whose weight is wired to +1."""

from somaforge.generator.cells.core import draw_column, draw_core
from somaforge.generator.cells.plan import CorePlan, plan_core
from somaforge.generator.cells.rows import Rows
from somaforge.generator.cells.strip import bus, draw_frame
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.draw import Canvas
from somaforge.pdk.base import DeviceType


def mirror_devices(design: Design) -> tuple[DeviceType, DeviceType]:
    """The n and p device of the mirrors."""
    mirror = design.spec.array.mirror
    return design.pdk.device("n", mirror.nfet), design.pdk.device("p", mirror.pfet)


def draw_synapse(canvas: Canvas, latch: Canvas, design: Design, rows: Rows) -> CorePlan:
    """Draw a synapse; `latch` is the drawn latch cell. Returns the positions that the floorplan needs."""
    plan = plan_core(design)
    bits = design.spec.array.bits
    draw_frame(canvas, rows, plan.width, mirror_devices(design))
    draw_core(canvas, design, rows, plan)
    r = canvas.r
    half = r["licon.1"] // 2
    line = r["m3.1"] // 2
    for bit, net in enumerate(latch_nets(bits)):
        slot = plan.slot(bit)
        canvas.place(latch, slot, 0)
        q = slot + plan.latch.q
        if bit == bits:
            canvas.box("li", q - half, rows.weight_y - half, slot + half + r["li.5"], rows.weight_y + half)
            canvas.stack(slot, rows.weight_y, "li", "met1")
        else:
            canvas.box("li", q - half, rows.weight_y - half, plan.switch_gate(design, bit), rows.weight_y + half)
            # One nitride cut for the switch's gate contact and the word line's: npc.2 leaves no room between two.
            cut = half + r["licon.15"]
            xs = sorted((plan.switch_gate(design, bit), slot + plan.latch.middle))
            canvas.box("npc", xs[0] - cut, rows.weight_y - cut, xs[1] + cut, rows.word_y + cut)
        canvas.label("li", net, q, rows.weight_y)
        for x, name in ((plan.latch.bl_line, f"bl_{bit}"), (plan.latch.blb_line, f"blb_{bit}")):
            canvas.box("met3", slot + x - line, 0, slot + x + line, rows.height)
            canvas.label("met3", name, slot + x, rows.height // 10 * 5)
    bar = r["poly.1a"] // 2
    canvas.box("poly", 0, rows.word_y - bar, plan.width, rows.word_y + bar)
    bus(canvas, "wl", rows.word_y, 0, plan.width)
    draw_column(canvas, design, rows, plan)
    return plan


def draw_output_synapse(canvas: Canvas, design: Design, rows: Rows) -> CorePlan:
    """Draw an output synapse: the synapse's mirrors and switches with the gates wired to the rails."""
    plan = plan_core(design)
    bits = design.spec.array.bits
    draw_frame(canvas, rows, plan.width, mirror_devices(design))
    draw_core(canvas, design, rows, plan)
    half = canvas.r["licon.1"] // 2
    wire = canvas.r["m1.1"] // 2
    for k in range(bits):
        x = plan.slot(k) + plan.latch.middle
        gate = plan.switch_gate(design, k)
        left = min(x, gate) - half - canvas.r["li.5"]
        right = max(x, gate) + half + canvas.r["li.5"]
        canvas.box("li", left, rows.weight_y - half, right, rows.weight_y + half)
        canvas.stack(x, rows.weight_y, "li", "met1")
        target = rows.supply_bus if k == 0 else rows.ground_bus
        canvas.box("met1", x - wire, rows.weight_y, x + wire, target)
        canvas.stack(x, target, "met1", "met2")
    canvas.stack(plan.slot(bits), rows.ground_bus, "met1", "met2")
    bus(canvas, "out", sum(rows.switch) // 2, plan.out_line, plan.width)
    return plan
