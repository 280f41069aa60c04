"""Draws the cells of a row from their plans."""

from itertools import pairwise

from somaforge.generator.draw import Canvas
from somaforge.generator.readout.parts import Parts
from somaforge.generator.readout.row import RAILS, Levels, RowPlan
from somaforge.generator.readout.strips import Gate, StripPlan


def draw_row(canvas: Canvas, plan: RowPlan, z: Levels) -> None:
    """The whole cell, its nets named."""
    _frame(canvas, plan.width, z)
    for kind, strip in plan.strips():
        _diffusions(canvas, z, kind, strip)
        for gate in strip.gates:
            _gate(canvas, z, kind, strip, gate)
        if not strip.gates:
            continue
        xs = [g.contact for g in strip.gates]
        canvas.nitride(min(xs), z.gate_y[kind], max(xs), z.gate_y[kind])
        for net, x, what in strip.columns(RAILS[kind]):
            _column(canvas, plan, z, kind, net, x, z.gate_y[kind] if what == "gate" else z.drain_y[kind])
    half = canvas.r.row.width // 2
    for net in plan.shared:
        if net not in plan.circuit.ports:
            continue  # the row's last cell does without it
        y = z.y(plan.track(net))
        canvas.box("row", 0, y - half, plan.width, y + half)
        canvas.label("row", net, canvas.m.bus_half, y)
    for wire in plan.wires:
        y = z.y(plan.track(wire.net))
        if wire.right > wire.left:
            canvas.box("row", wire.left, y - half, wire.right, y + half)
        canvas.label("row", wire.net, wire.left, y)
    _join(canvas, plan, z)
    _leaving(canvas, plan, z)


def _join(canvas: Canvas, plan: RowPlan, z: Levels) -> None:
    """Pads of one net that nearly touch become one: a narrow wire between them would leave notches."""
    wide, high = canvas.pad("row", "inner", None, "h")
    for net, xs in plan.terminals.items():
        for left, right in pairwise(xs):
            if right - left < 2 * wide + canvas.r.row.space:
                y = z.y(plan.track(net))
                canvas.box("row", left, y - high, right, y + high)


def _frame(canvas: Canvas, width: int, z: Levels) -> None:
    """Well, implants, taps and rails; they reach over the edges as far as the outermost cell of a row needs."""
    r, h = canvas.r, z.height
    end = r.contact_size // 2 + r.active_over_contact_end
    over, well = end + r.implant_over_active, end + r.well_over_active
    tap = canvas.m.tap_half + r.implant_to_other
    canvas.box("well", -well, z.well_y, width + well, h + canvas.m.tap_half + r.well_over_tap)
    canvas.box("p_implant", -over, -tap, width + over, tap)
    canvas.box("n_implant", -over, tap, width + over, z.far["n"] + r.implant_over_active)
    canvas.box("p_implant", -over, z.far["p"] - r.implant_over_active, width + over, h - tap)
    canvas.box("n_implant", -over, h - tap, width + over, h + tap)
    reach, pitch = canvas.m.local_half, canvas.m.tap_pitch
    for y, net in ((0, "gnd"), (h, "vdd")):
        canvas.box("tap", -end, y - canvas.m.tap_half, width + end, y + canvas.m.tap_half)
        canvas.box("local", -end, y - reach, width + end, y + reach)
        canvas.box("inner", -end, y - canvas.m.rail_half, width + end, y + canvas.m.rail_half)
        canvas.label("inner", net, canvas.m.half(width), y)
        for x in range(canvas.m.snap(pitch // 2), width - pitch // 2 + 1, pitch):
            canvas.contact(x, y)
            canvas.around("local_via", x, y, r.local_via.size // 2, r.local_via.size // 2)


def _rail_y(z: Levels, kind: str) -> int:
    return 0 if kind == "n" else z.height


def _up(kind: str) -> int:
    """From the rail to the channel."""
    return 1 if kind == "n" else -1


def _diffusions(canvas: Canvas, z: Levels, kind: str, strip: StripPlan) -> None:
    r, up, far = canvas.r, _up(kind), z.far[kind]
    half, reach = r.contact_size // 2, canvas.m.local_half
    for island in strip.islands:
        canvas.box("active", island.left, far - up * island.width, island.right, far)
        gates = [g for g in strip.gates if island.left < g.left < island.right]
        marker = Parts(canvas.pdk).marker(gates[0].mos)
        if marker is not None:
            layer, beyond = marker
            edge = far - up * (island.width + beyond)
            canvas.box(layer, gates[0].left - beyond, edge, gates[-1].right + beyond, far + up * beyond)
    for c in strip.contacts:
        if c.kind == "rail":
            y = far - up * c.low + up * (r.active_over_contact_end + half)
            canvas.contact(c.x, y)
            top = y + up * canvas.m.local_end
            canvas.box("local", c.x - reach, _rail_y(z, kind), c.x + reach, top)
        else:
            canvas.contact(c.x, z.drain_y[kind])


def _gate(canvas: Canvas, z: Levels, kind: str, strip: StripPlan, gate: Gate) -> None:
    """Gate and its contact beyond the diffusion; a gate on its own rail is joined with the contact beside it."""
    r, up, far, y = canvas.r, _up(kind), z.far[kind], z.gate_y[kind]
    half = r.contact_size // 2
    pad, high = half + r.gate_over_contact_end, half + r.gate_over_contact
    low = far - up * (gate.mos.w_nm + r.gate_beyond_active)
    canvas.box("gate", gate.left, low, gate.right, far + up * r.gate_beyond_active)
    neck = (max(gate.left, gate.contact - pad), min(gate.right, gate.contact + pad))
    canvas.box("gate", neck[0], far, neck[1], y)
    canvas.around("gate", gate.contact, y, pad, high)
    canvas.contact(gate.contact, y)
    if gate.tie is None:
        return
    reach, long = canvas.m.local_half, canvas.m.local_end
    ends = sorted((gate.contact, gate.tie))
    left, right = (ends[0] - long, ends[1] + reach) if gate.contact < gate.tie else (ends[0] - reach, ends[1] + long)
    canvas.box("local", left, y - reach, right, y + reach)
    canvas.box("local", gate.tie - reach, _rail_y(z, kind), gate.tie + reach, y + up * reach)


def _column(canvas: Canvas, plan: RowPlan, z: Levels, kind: str, net: str, x: int, y: int) -> None:
    """From a contact to its net's track, or to the rail of the other strip."""
    half = canvas.r.inner.width // 2
    canvas.local_pad(x, y, "v")
    canvas.stack(x, y, "local", "inner", "v")
    if net in RAILS.values():
        canvas.box("inner", x - half, y, x + half, z.height if net == "vdd" else 0)
        return
    track = z.y(plan.track(net))
    canvas.box("inner", x - half, y, x + half, track)
    cut = canvas.r.inner_via.size // 2
    canvas.around("inner_via", x, track, cut, cut)
    canvas.around("inner", x, track, *canvas.pad("inner", None, "inner", "v"))
    canvas.around("row", x, track, *canvas.pad("row", "inner", None, "h"))


def _leaving(canvas: Canvas, plan: RowPlan, z: Levels) -> None:
    half = canvas.r.column.width // 2
    for net, way, x in plan.leaving:
        y = z.y(plan.track(net))
        canvas.stack(x, y, "row", "column", "h")
        canvas.around("row", x, y, *canvas.pad("row", "inner", "row", "h"))  # it may have no wire beside it
        canvas.box("column", x - half, y, x + half, z.height if way == "up" else 0)
        canvas.label("column", net, x, z.height - half if way == "up" else half)
