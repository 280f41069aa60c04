"""A mirror strip: gates side by side on one diffusion, contacts between them, tied to rail, bar or drain wires."""

from collections.abc import Sequence

from somaforge.generator.cells.plan import StripPlan
from somaforge.generator.cells.rows import Rows, Strip
from somaforge.generator.draw import Canvas
from somaforge.pdk.base import DeviceType


def draw_devices(canvas: Canvas, strip: Strip, plan: StripPlan) -> None:
    """Diffusion and gates; neighbouring gates of one net share a bar on the side of the middle of the cell.

    The bar is as narrow as a gate may be, next to the diffusion: its capacitance costs time. `gate_contact` draws
    the pads.
    """
    r = canvas.r
    end = r.contact_size // 2 + r.active_over_contact_end
    canvas.box("active", plan.contacts[0] - end, strip.edge, plan.contacts[-1] + end, strip.far)
    pad = r.contact_size // 2 + r.gate_over_contact
    wide = r.contact_size // 2 + r.gate_over_contact_end
    tail = strip.edge - strip.up * r.gate_beyond_active
    narrow = strip.gate_y - strip.up * (pad - r.gate_width)
    start = 0
    for i, (net, x, length) in enumerate(zip(plan.gate_nets, plan.gates, plan.gate_lengths, strict=True)):
        canvas.box("gate", x - length // 2, tail, x + length // 2, narrow)
        if i + 1 < len(plan.gates) and plan.gate_nets[i + 1] == net:
            continue
        left = plan.gates[start] - plan.gate_lengths[start] // 2
        right = x + length // 2
        if start == i:
            # A single short gate: its pad reaches to the right, where the contact is (see dummy_contact).
            right = max(right, left + 2 * wide)
            canvas.box("gate", left, strip.gate_y - pad, right, strip.gate_y + pad)
        else:
            canvas.box("gate", left, strip.gate_y - strip.up * pad, right, narrow)
        start = i + 1


def gate_contact(canvas: Canvas, strip: Strip, x: int) -> None:
    """A contact on a gate bar, with its pad of gate material."""
    half = canvas.r.contact_size // 2
    canvas.gate_contact(x, strip.gate_y)
    canvas.around("gate", x, strip.gate_y, half + canvas.r.gate_over_contact_end, half + canvas.r.gate_over_contact)


def tie_to_rail(canvas: Canvas, strip: Strip, x: int) -> None:
    """A contact on the strip's rail side with local interconnect to the rail."""
    y = strip.edge + strip.up * (canvas.r.active_over_contact_end + canvas.r.contact_size // 2)
    canvas.contact(x, y)
    reach = canvas.m.local_half
    canvas.box("local", x - reach, strip.rail, x + reach, y + strip.up * canvas.m.local_end)


def tie_gate_to_rail(canvas: Canvas, strip: Strip, gate_x: int, contact_x: int) -> None:
    """A gate tied off: its contact joined with the rail contact beside it."""
    gate_contact(canvas, strip, gate_x)
    reach, long = canvas.m.local_half, canvas.m.local_end
    left, right = min(gate_x, contact_x), max(gate_x, contact_x)
    out = (left - long, right + reach) if gate_x < contact_x else (left - reach, right + long)
    canvas.box("local", out[0], strip.gate_y - reach, out[1], strip.gate_y + reach)
    canvas.box("local", contact_x - reach, strip.rail, contact_x + reach, strip.gate_y + strip.up * reach)


def tie_to_bar(canvas: Canvas, strip: Strip, xs: Sequence[int]) -> None:
    """The common source: contacts joined by a bar of local interconnect along the strip."""
    reach = canvas.m.local_half
    for x in xs:
        canvas.contact(x, strip.source_y)
        if strip.source_y != strip.bar_y:
            canvas.box(
                "local",
                x - reach,
                strip.bar_y,
                x + reach,
                strip.source_y + strip.up * canvas.m.local_end,
            )
    end = canvas.m.local_end
    canvas.box("local", min(xs) - end, strip.bar_y - reach, max(xs) + end, strip.bar_y + reach)


def draw_frame(canvas: Canvas, rows: Rows, width: int, mirror: tuple[DeviceType, DeviceType]) -> None:
    """Wells, implants, taps, rails and buses across the cell. They reach over the edges as far as the last contact's
    diffusion needs, so that a row ends by itself; inside an array the neighbours overlap with the same shapes."""
    r = canvas.r
    end = r.contact_size // 2 + r.active_over_contact_end
    over = end + r.implant_over_active
    well = end + r.well_over_active
    tap = canvas.m.tap_half + r.implant_to_other
    h = rows.height
    canvas.box("well", -well, rows.well_y, width + well, h + canvas.m.tap_half + r.well_over_tap)
    canvas.box("p_implant", -over, -tap, width + over, tap)
    implant = r.implant_over_active
    canvas.box("n_implant", -over, tap, width + over, rows.latch_n[1] + implant)
    # Two p implants: the gate contacts of the bar between them must lie outside.
    canvas.box("p_implant", -over, rows.latch_p[0] - implant, width + over, rows.latch_p[1] + implant)
    canvas.box("p_implant", -over, rows.p.far - implant, width + over, h - tap)
    canvas.box("n_implant", -over, h - tap, width + over, h + tap)
    for device, strip in zip(mirror, (rows.n, rows.p), strict=True):
        if device.marker is not None:
            layer, beyond = device.marker
            low, high = sorted((strip.edge, strip.far))
            canvas.box(layer, -over, low - beyond, width + over, high + beyond)
    pitch = canvas.m.tap_pitch
    reach = canvas.m.local_half
    for y, layer in ((0, "gnd"), (h, "vdd")):
        canvas.box("tap", -end, y - canvas.m.tap_half, width + end, y + canvas.m.tap_half)
        canvas.box("local", -end, y - reach, width + end, y + reach)
        canvas.box("inner", -end, y - canvas.m.rail_half, width + end, y + canvas.m.rail_half)
        canvas.label("inner", layer, canvas.m.half(width), y)
        for x in range(canvas.m.snap(pitch // 2), width - pitch // 2 + 1, pitch):
            canvas.contact(x, y)
            canvas.around("local_via", x, y, r.local_via.size // 2, r.local_via.size // 2)


def bus(canvas: Canvas, net: str, y: int, x1: int, x2: int) -> None:
    """A row wire, as narrow as it may be: it carries no current, and its capacitance costs time."""
    _row_wire(canvas, net, y, x1, x2, canvas.r.row.width // 2)


def power_bus(canvas: Canvas, net: str, y: int, x1: int, x2: int) -> None:
    """A row wire of a supply, as wide as its vias."""
    _row_wire(canvas, net, y, x1, x2, canvas.m.bus_half)


def _row_wire(canvas: Canvas, net: str, y: int, x1: int, x2: int, half: int) -> None:
    canvas.box("row", x1, y - half, x2, y + half)
    canvas.label("row", net, canvas.m.half(x1 + x2), y)


def draw_power(canvas: Canvas, rows: Rows, width: int, supply_x: int, ground_x: int) -> None:
    """Vertical wires that join the rails with their buses, and straps along the rails."""
    half = canvas.r.column.width // 2
    for net, x, rail, local in (
        ("vdd", supply_x, rows.height, rows.supply_bus),
        ("gnd", ground_x, 0, rows.ground_bus),
    ):
        canvas.box("column", x - half, 0, x + half, rows.height)
        canvas.label("column", net, x, canvas.m.half(rows.height))
        canvas.stack(x, rail, "inner", "strap")
        canvas.stack(x, local, "row", "column", "h")
        canvas.box("strap", 0, rail - canvas.m.power_half, width, rail + canvas.m.power_half)
