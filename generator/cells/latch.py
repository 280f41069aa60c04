"""The latch: six transistors in one slot. The cell's origin is at the contact of `qb` and at the synapse's bottom."""

from somaforge.generator.cells.plan import LatchPlan, plan_latch
from somaforge.generator.cells.rows import Rows
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas


def draw_latch(canvas: Canvas, design: Design, rows: Rows) -> None:
    """Draw the latch into the canvas; the synapse brings the taps of its wells."""
    p, r, z = plan_latch(design), design.pdk.rules, design.sizes
    half = r.contact_size // 2
    end = half + r.active_over_contact_end
    n_low, n_high = rows.latch_n
    p_low, p_high = rows.latch_p
    canvas.box("well", p.left, rows.well_y, p.right, p_high + r.well_over_active)
    canvas.box("n_implant", p.left, n_low - r.implant_over_active, p.right, n_high + r.implant_over_active)
    canvas.box("p_implant", p.left, p_low - r.implant_over_active, p.right, p_high + r.implant_over_active)
    step = r.gate_to_active + z.access.l // 2
    canvas.box("active", p.bl - end, n_low, p.blb + end, rows.access_top)
    canvas.box("active", p.access + step, n_low, p.access_bar - step, n_high)
    canvas.box("active", p.q - end, p_low, end, p_high)
    bar = r.gate_width // 2
    for x in (p.gate, p.gate_bar):
        g = z.pull_down.l // 2
        canvas.box("gate", x - g, n_low - r.gate_beyond_active, x + g, p_high + r.gate_beyond_active)
    for x in (p.access, p.access_bar):
        g = z.access.l // 2
        canvas.box("gate", x - g, rows.word_y - bar, x + g, rows.access_top + r.gate_beyond_active)
    canvas.box("gate", p.left, rows.word_y - bar, p.right, rows.word_y + bar)

    _word_contact(canvas, rows, p)
    access_y = (n_low + rows.access_top) // 2
    for x, line, net in ((p.bl, p.bl_line, "bl"), (p.blb, p.blb_line, "blb")):
        canvas.contact(x, access_y)
        canvas.local_pad(x, access_y, "v")
        canvas.stack(x, access_y, "local", "row")
        canvas.stack(line, access_y, "row", "column")
        tall = canvas.pad("row", "inner", "row", "v")
        canvas.box("row", min(x, line) - tall[0], access_y - tall[1], max(x, line) + tall[0], access_y + tall[1])
        canvas.label("column", net, line, access_y)
    for y, net in ((rows.ground_bus, "gnd"), (rows.supply_bus, "vdd")):
        canvas.contact(p.middle, y)
        canvas.local_pad(p.middle, y, "h")
        canvas.stack(p.middle, y, "local", "row")
        canvas.label("row", net, p.middle, y)
    # The wells are tapped in the rows, not here: as a cell by itself the latch has them as pins.
    canvas.label("well", "vpb", p.middle, rows.supply_bus)
    canvas.label("substrate", "vnb", p.middle, rows.ground_bus)
    _nodes(canvas, rows, p, access_y)


def _word_contact(canvas: Canvas, rows: Rows, p: LatchPlan) -> None:
    r = canvas.r
    half = r.contact_size // 2
    canvas.around("gate", p.middle, rows.word_y, half + r.gate_over_contact_end, half + r.gate_over_contact)
    canvas.gate_contact(p.middle, rows.word_y)
    canvas.local_pad(p.middle, rows.word_y, "v")
    canvas.stack(p.middle, rows.word_y, "local", "row")
    canvas.label("row", "wl", p.middle, rows.word_y)


def _nodes(canvas: Canvas, rows: Rows, p: LatchPlan, access_y: int) -> None:
    """The storage nodes: columns of local interconnect at q and qb, and the two cross-coupling contacts."""
    r, half = canvas.r, canvas.m.local_half
    supply_y = rows.supply_bus
    for x in (p.q, 0):
        canvas.contact(x, access_y)
        canvas.contact(x, supply_y)
    reach = canvas.m.local_end
    canvas.box("local", p.q - half, rows.weight_y - half, p.q + half, supply_y + reach)
    canvas.box("local", -half, access_y - reach, half, supply_y + reach)
    canvas.label("local", "q", p.q, supply_y)
    canvas.label("local", "qb", 0, supply_y)
    first, second = rows.cross_y
    contact = 2 * half + r.local.space
    pad, wide = canvas.m.contact_half + r.gate_over_contact, canvas.m.contact_half + r.gate_over_contact_end
    for x, y, gate, node in ((p.q + contact, first, p.gate, 0), (-contact, second, p.gate_bar, p.q)):
        canvas.gate_contact(x, y)
        canvas.around("gate", x, y, pad, wide)
        canvas.box("gate", min(x, gate), y - pad, max(x, gate), y + pad)
        canvas.local_pad(x, y, "v")
        canvas.box("local", min(x, node), y - half, max(x, node), y + half)
    canvas.nitride(p.q + contact, first, -contact, second)
