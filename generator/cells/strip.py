"""A mirror strip: gates side by side on one diffusion, contacts between them, tied to rail, bar or drain wires."""

from collections.abc import Sequence

from somaforge.generator.cells.plan import BUS_HALF, StripPlan
from somaforge.generator.cells.rows import RAIL_HALF, TAP_HALF, Rows, Strip
from somaforge.generator.draw import Canvas
from somaforge.pdk.base import DeviceType


def draw_devices(canvas: Canvas, strip: Strip, plan: StripPlan) -> None:
    """Diffusion and gates; neighbouring gates of one net share a bar on the side of the middle of the cell.

    The bar is as narrow as poly.1a lets it be, next to the diffusion: its capacitance costs time. `gate_contact` draws
    the pads.
    """
    r = canvas.r
    end = r["licon.1"] // 2 + r["licon.5c"]
    canvas.box("diff", plan.contacts[0] - end, strip.edge, plan.contacts[-1] + end, strip.far)
    pad = r["licon.1"] // 2 + r["licon.8"]
    wide = r["licon.1"] // 2 + r["licon.8a"]
    tail = strip.edge - strip.up * r["poly.8"]
    narrow = strip.gate_y - strip.up * (pad - r["poly.1a"])
    start = 0
    for i, (net, x, length) in enumerate(zip(plan.gate_nets, plan.gates, plan.gate_lengths, strict=True)):
        canvas.box("poly", x - length // 2, tail, x + length // 2, narrow)
        if i + 1 < len(plan.gates) and plan.gate_nets[i + 1] == net:
            continue
        left = plan.gates[start] - plan.gate_lengths[start] // 2
        right = x + length // 2
        if start == i:
            # A single short gate: its pad reaches to the right, where the contact is (see dummy_contact).
            right = max(right, left + 2 * wide)
            canvas.box("poly", left, strip.gate_y - pad, right, strip.gate_y + pad)
        else:
            canvas.box("poly", left, strip.gate_y - strip.up * pad, right, narrow)
        start = i + 1


def gate_contact(canvas: Canvas, strip: Strip, x: int) -> None:
    """A contact on a gate bar, with its pad of poly."""
    half = canvas.r["licon.1"] // 2
    canvas.poly_contact(x, strip.gate_y)
    canvas.around("poly", x, strip.gate_y, half + canvas.r["licon.8a"], half + canvas.r["licon.8"])


def tie_to_rail(canvas: Canvas, strip: Strip, x: int) -> None:
    """A contact on the strip's rail side with local interconnect to the rail."""
    y = strip.edge + strip.up * (canvas.r["licon.5c"] + canvas.r["licon.1"] // 2)
    canvas.contact(x, y)
    reach = canvas.r["licon.1"] // 2
    canvas.box("li", x - reach, strip.rail, x + reach, y + strip.up * (reach + canvas.r["li.5"]))


def tie_gate_to_rail(canvas: Canvas, strip: Strip, gate_x: int, contact_x: int) -> None:
    """A gate tied off: its contact joined with the rail contact beside it."""
    gate_contact(canvas, strip, gate_x)
    reach = canvas.r["licon.1"] // 2
    long = reach + canvas.r["li.5"]
    left, right = min(gate_x, contact_x), max(gate_x, contact_x)
    out = (left - long, right + reach) if gate_x < contact_x else (left - reach, right + long)
    canvas.box("li", out[0], strip.gate_y - reach, out[1], strip.gate_y + reach)
    canvas.box("li", contact_x - reach, strip.rail, contact_x + reach, strip.gate_y + strip.up * reach)


def tie_to_bar(canvas: Canvas, strip: Strip, xs: Sequence[int]) -> None:
    """The common source: contacts joined by a bar of local interconnect along the strip."""
    reach = canvas.r["licon.1"] // 2
    for x in xs:
        canvas.contact(x, strip.source_y)
        if strip.source_y != strip.bar_y:
            canvas.box("li", x - reach, strip.bar_y, x + reach, strip.source_y + strip.up * (reach + canvas.r["li.5"]))
    end = reach + canvas.r["li.5"]
    canvas.box("li", min(xs) - end, strip.bar_y - reach, max(xs) + end, strip.bar_y + reach)


def draw_frame(canvas: Canvas, rows: Rows, width: int, mirror: tuple[DeviceType, DeviceType]) -> None:
    """Wells, implants, taps, rails and buses across the cell. They reach over the edges as far as the last contact's
    diffusion needs, so that a row ends by itself; inside an array the neighbours overlap with the same shapes."""
    r = canvas.r
    end = r["licon.1"] // 2 + r["licon.5c"]
    over = end + r["nsd.5a"]
    well = end + r["difftap.8"]
    tap = TAP_HALF + r["nsd.7"]
    h = rows.height
    canvas.box("nwell", -well, rows.well_y, width + well, h + TAP_HALF + r["difftap.10"])
    canvas.box("psdm", -over, -tap, width + over, tap)
    implant = r["nsd.5a"]
    canvas.box("nsdm", -over, tap, width + over, rows.latch_n[1] + implant)
    # Two p implants: the poly contacts of the gate bar between them must lie outside (licon.9).
    canvas.box("psdm", -over, rows.latch_p[0] - implant, width + over, rows.latch_p[1] + implant)
    canvas.box("psdm", -over, rows.p.far - implant, width + over, h - tap)
    canvas.box("nsdm", -over, h - tap, width + over, h + tap)
    for device, strip in zip(mirror, (rows.n, rows.p), strict=True):
        if device.flavour != "standard":
            layer, rule = ("lvtn", "lvtn.3a") if device.flavour == "lvt" else ("hvtp", "hvtp.3")
            canvas.box(
                layer, -over, min(strip.edge, strip.far) - r[rule], width + over, max(strip.edge, strip.far) + r[rule]
            )
    pitch = 600  # tap contacts: any pitch above licon.2 and ct.2 does; this one keeps the rail's resistance low
    reach = r["licon.1"] // 2
    for y, layer in ((0, "gnd"), (h, "vdd")):
        canvas.box("tap", -end, y - TAP_HALF, width + end, y + TAP_HALF)
        canvas.box("li", -end, y - reach, width + end, y + reach)
        canvas.box("met1", -end, y - RAIL_HALF, width + end, y + RAIL_HALF)
        canvas.label("met1", layer, width // 2 // 5 * 5, y)
        for x in range(pitch // 2, width - pitch // 2 + 1, pitch):
            canvas.contact(x, y)
            canvas.around("mcon", x, y, r["ct.1"] // 2, r["ct.1"] // 2)


def bus(canvas: Canvas, net: str, y: int, x1: int, x2: int) -> None:
    """A row wire on met2, as narrow as m2.1 lets it be: it carries no current, and its capacitance costs time."""
    _row_wire(canvas, net, y, x1, x2, canvas.r["m2.1"] // 2)


def power_bus(canvas: Canvas, net: str, y: int, x1: int, x2: int) -> None:
    """A row wire of a supply on met2, as wide as its vias."""
    _row_wire(canvas, net, y, x1, x2, BUS_HALF)


def _row_wire(canvas: Canvas, net: str, y: int, x1: int, x2: int, half: int) -> None:
    canvas.box("met2", x1, y - half, x2, y + half)
    canvas.label("met2", net, (x1 + x2) // 10 * 5, y)


STRAP_HALF = 300
"""Half width of the horizontal met4 power straps over the rails."""


def draw_power(canvas: Canvas, rows: Rows, width: int, supply_x: int, ground_x: int) -> None:
    """Vertical met3 wires that join the rails with their buses, and met4 straps along the rails."""
    half = canvas.r["m3.1"] // 2
    for net, x, rail, local in (
        ("vdd", supply_x, rows.height, rows.supply_bus),
        ("gnd", ground_x, 0, rows.ground_bus),
    ):
        canvas.box("met3", x - half, 0, x + half, rows.height)
        canvas.label("met3", net, x, rows.height // 10 * 5)
        canvas.stack(x, rail, "met1", "met4")
        canvas.stack(x, local, "met2", "met3", "h")
        canvas.box("met4", 0, rail - STRAP_HALF, width, rail + STRAP_HALF)
