"""The latch: six transistors in one slot. The cell's origin is at the contact of `qb` and at the synapse's bottom."""

from somaforge.generator.cells.plan import LatchPlan, plan_latch
from somaforge.generator.cells.rows import Rows
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas


def draw_latch(canvas: Canvas, design: Design, rows: Rows) -> None:
    """Draw the latch into the canvas; the synapse brings the taps of its wells."""
    p, r, z = plan_latch(design), design.pdk.rules, design.sizes
    half = r["licon.1"] // 2
    end = half + r["licon.5c"]
    n_low, n_high = rows.latch_n
    p_low, p_high = rows.latch_p
    canvas.box("nwell", p.left, rows.well_y, p.right, p_high + r["difftap.8"])
    canvas.box("nsdm", p.left, n_low - r["nsd.5a"], p.right, n_high + r["nsd.5a"])
    canvas.box("psdm", p.left, p_low - r["nsd.5a"], p.right, p_high + r["nsd.5a"])
    step = r["poly.4"] + z.access.l // 2
    canvas.box("diff", p.bl - end, n_low, p.blb + end, rows.access_top)
    canvas.box("diff", p.access + step, n_low, p.access_bar - step, n_high)
    canvas.box("diff", p.q - end, p_low, end, p_high)
    bar = r["poly.1a"] // 2
    for x in (p.gate, p.gate_bar):
        g = z.pull_down.l // 2
        canvas.box("poly", x - g, n_low - r["poly.8"], x + g, p_high + r["poly.8"])
    for x in (p.access, p.access_bar):
        g = z.access.l // 2
        canvas.box("poly", x - g, rows.word_y - bar, x + g, rows.access_top + r["poly.8"])
    canvas.box("poly", p.left, rows.word_y - bar, p.right, rows.word_y + bar)

    _word_contact(canvas, rows, p)
    access_y = (n_low + rows.access_top) // 2
    for x, line, net in ((p.bl, p.bl_line, "bl"), (p.blb, p.blb_line, "blb")):
        canvas.contact(x, access_y)
        canvas.li_pad(x, access_y, "v")
        canvas.stack(x, access_y, "li", "met2")
        canvas.stack(line, access_y, "met2", "met3")
        tall = canvas.pad("met2", "met1", "met2", "v")
        canvas.box("met2", min(x, line) - tall[0], access_y - tall[1], max(x, line) + tall[0], access_y + tall[1])
        canvas.label("met3", net, line, access_y)
    for y, net in ((rows.ground_bus, "gnd"), (rows.supply_bus, "vdd")):
        canvas.contact(p.middle, y)
        canvas.li_pad(p.middle, y, "h")
        canvas.stack(p.middle, y, "li", "met2")
        canvas.label("met2", net, p.middle, y)
    # The wells are tapped in the rows, not here: as a cell by itself the latch has them as pins.
    canvas.label("nwell", "vpb", p.middle, rows.supply_bus)
    canvas.label("pwell", "vnb", p.middle, rows.ground_bus)
    _nodes(canvas, rows, p, access_y)


def _word_contact(canvas: Canvas, rows: Rows, p: LatchPlan) -> None:
    r = canvas.r
    half = r["licon.1"] // 2
    canvas.around("poly", p.middle, rows.word_y, half + r["licon.8a"], half + r["licon.8"])
    canvas.poly_contact(p.middle, rows.word_y)
    canvas.li_pad(p.middle, rows.word_y, "v")
    canvas.stack(p.middle, rows.word_y, "li", "met2")
    canvas.label("met2", "wl", p.middle, rows.word_y)


def _nodes(canvas: Canvas, rows: Rows, p: LatchPlan, access_y: int) -> None:
    """The storage nodes: columns of local interconnect at q and qb, and the two cross-coupling contacts."""
    r = canvas.r
    half = r["licon.1"] // 2
    supply_y = rows.supply_bus
    for x in (p.q, 0):
        canvas.contact(x, access_y)
        canvas.contact(x, supply_y)
    reach = half + r["li.5"]
    canvas.box("li", p.q - half, rows.weight_y - half, p.q + half, supply_y + reach)
    canvas.box("li", -half, access_y - reach, half, supply_y + reach)
    canvas.label("li", "q", p.q, supply_y)
    canvas.label("li", "qb", 0, supply_y)
    first, second = rows.cross_y
    contact = 2 * half + r["li.3"]
    pad = half + r["licon.8"]
    for x, y, gate, node in ((p.q + contact, first, p.gate, 0), (-contact, second, p.gate_bar, p.q)):
        canvas.poly_contact(x, y)
        canvas.around("poly", x, y, pad, half + r["licon.8a"])
        canvas.box("poly", min(x, gate), y - pad, max(x, gate), y + pad)
        canvas.li_pad(x, y, "v")
        canvas.box("li", min(x, node), y - half, max(x, node), y + half)
    cut = half + r["licon.15"]
    canvas.box("npc", p.q + contact - cut, first - cut, -contact + cut, second + cut)
