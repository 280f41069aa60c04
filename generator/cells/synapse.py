"""The synapse with its latches, and the output synapse whose weight is wired to +1."""

from itertools import pairwise

from somaforge.generator.cells.core import draw_column, draw_core
from somaforge.generator.cells.plan import CorePlan, plan_core
from somaforge.generator.cells.rows import Rows
from somaforge.generator.cells.strip import bus, draw_frame
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.draw import Canvas
from somaforge.generator.names import WORD, bit_line, bit_line_bar
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
    half = canvas.m.local_half
    line = r.column.width // 2
    for bit, net in enumerate(latch_nets(bits)):
        slot = plan.slot(bit)
        canvas.place(latch, slot, 0)
        q = slot + plan.latch.q
        if bit == bits:
            canvas.box("local", q - half, rows.weight_y - half, slot + canvas.m.local_end, rows.weight_y + half)
            canvas.stack(slot, rows.weight_y, "local", "inner")
        else:
            canvas.box("local", q - half, rows.weight_y - half, plan.switch_gate(design, bit), rows.weight_y + half)
            # One nitride cut for the switch's gate contact and the word line's: their space leaves no room between two.
            xs = sorted((plan.switch_gate(design, bit), slot + plan.latch.middle))
            canvas.nitride(xs[0], rows.weight_y, xs[1], rows.word_y)
        canvas.label("local", net, q, rows.weight_y)
        for x, name in ((plan.latch.bl_line, bit_line(bit)), (plan.latch.blb_line, bit_line_bar(bit))):
            canvas.box("column", slot + x - line, 0, slot + x + line, rows.height)
            canvas.label("column", name, slot + x, canvas.m.half(rows.height))
    _join_word_gates(canvas, rows, plan)
    bus(canvas, WORD, rows.word_y, 0, plan.width)
    draw_column(canvas, design, rows, plan)
    return plan


def _join_word_gates(canvas: Canvas, rows: Rows, plan: CorePlan) -> None:
    """Latches have their own contact to the word line. Their gates are joined only where they are too near for a space:
    between latches that stand far apart, below long mirrors, the gate material of a whole row would be an antenna."""
    bar = canvas.r.gate_width // 2
    low, high = rows.word_y - bar, rows.word_y + bar
    ends = [(slot + plan.latch.left, slot + plan.latch.right) for slot in plan.slots]
    gaps = [(a[1], b[0]) for a, b in pairwise(ends)]
    gaps.append((ends[-1][1], plan.width + ends[0][0]))  # to the next synapse
    near = [(left, right) for left, right in gaps if right - left < canvas.r.gate_space]
    if len(near) == len(gaps):
        canvas.box("gate", 0, low, plan.width, high)
        return
    for left, right in near:
        if left < min(right, plan.width):  # latches that abut, at the cell's edge too, need nothing between them
            canvas.box("gate", left, low, min(right, plan.width), high)
        if right > plan.width:
            canvas.box("gate", max(left - plan.width, 0), low, right - plan.width, high)


def draw_output_synapse(canvas: Canvas, design: Design, rows: Rows) -> CorePlan:
    """Draw an output synapse: the synapse's mirrors and switches with the gates wired to the rails."""
    plan = plan_core(design)
    bits = design.spec.array.bits
    draw_frame(canvas, rows, plan.width, mirror_devices(design))
    draw_core(canvas, design, rows, plan)
    half, end = canvas.m.local_half, canvas.m.local_end
    wire = canvas.r.inner.width // 2
    for k in range(bits):
        x = plan.slot(k) + plan.latch.middle
        gate = plan.switch_gate(design, k)
        left, right = min(x, gate) - end, max(x, gate) + end
        canvas.box("local", left, rows.weight_y - half, right, rows.weight_y + half)
        canvas.stack(x, rows.weight_y, "local", "inner")
        target = rows.supply_bus if k == 0 else rows.ground_bus
        canvas.box("inner", x - wire, rows.weight_y, x + wire, target)
        canvas.stack(x, target, "inner", "row")
    canvas.stack(plan.slot(bits), rows.ground_bus, "inner", "row")
    bus(canvas, "out", sum(rows.switch) // 2, plan.out_line, plan.width)
    return plan
