"""The soma: five transistors of unit devices, interdigitated, in the same strips as the synapse's mirrors."""

from dataclasses import dataclass
from itertools import pairwise

from somaforge.generator.cells.plan import StripPlan, plan_strip, strip_inset
from somaforge.generator.cells.rows import Rows, Strip
from somaforge.generator.cells.strip import (
    bus,
    draw_devices,
    draw_frame,
    draw_power,
    gate_contact,
    power_bus,
    tie_gate_to_rail,
    tie_to_rail,
)
from somaforge.generator.cells.synapse import mirror_devices
from somaforge.generator.design import SOMA_LEFT_DUMMIES, Design, n_dummies, p_dummies, soma_units
from somaforge.generator.draw import Canvas
from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class SomaPlan:
    """Horizontal positions of a soma."""

    width: int
    margin: int
    """Left of the strips: room for the input's and the word line's via stacks."""
    n: StripPlan
    p: StripPlan
    input_x: int
    """Where the input current arrives: a via stack up to the strap."""


def _pairs(nets: list[tuple[str, str]], rail: str, left: int, right: int) -> tuple[list[str], list[str]]:
    """Gate and diffusion nets: dummies, then for each (gate, drain) a pair of units that share the drain, dummies."""
    gates, diffusions = ["rail"] * left, [rail] * (left + 1)
    for gate, drain in nets:
        gates += [gate, gate]
        diffusions += [drain, rail]
    return gates + ["rail"] * right, diffusions + [rail] * right


def _interleaved(a: list[tuple[str, str]], b: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Both lists in their order, each spread evenly over the whole: matched devices share their surroundings."""
    spread = [((i + 0.5) / len(part), which, item) for which, part in enumerate((a, b)) for i, item in enumerate(part)]
    return [item for _, _, item in sorted(spread)]


def plan_soma(design: Design) -> SomaPlan:
    """Positions from the rules; InputError where the multipliers cannot be drawn."""
    m0, m = soma_units(design.spec)
    for name, units in (("multiplier", m), ("input_multiplier", m0)):
        if units % 2:
            raise InputError(
                f"array.mirror.{name}: {units} is odd; the soma's units share drains in pairs, so use an even number"
            )
    n_nets = _interleaved([("in", "in")] * (m0 // 2), [("in", "vp")] * (m // 2)) + [("vn", "vn")] * (m // 2)
    p_nets = [("vp", "vp"), ("vp", "vn")] * (m // 2)
    length = design.sizes.unit.l
    left = SOMA_LEFT_DUMMIES
    n_gates, n_diff = _pairs(n_nets, "gnd", left["n"], n_dummies(design.spec) - left["n"])
    p_gates, p_diff = _pairs(p_nets, "vdd", left["p"], p_dummies(design.spec) - left["p"])
    margin = design.measures.soma_margin
    n = plan_strip(design, margin, [(g, length) for g in n_gates], n_diff)
    p = plan_strip(design, margin, [(g, length) for g in p_gates], p_diff)
    return SomaPlan(n.contacts[-1] + strip_inset(design), margin, n, p, design.measures.snap(margin // 4))


def draw_soma(canvas: Canvas, design: Design, rows: Rows) -> SomaPlan:
    """Draw a soma; returns the positions that the floorplan needs."""
    plan = plan_soma(design)
    draw_frame(canvas, rows, plan.width, mirror_devices(design))
    for strip, devices, rail in ((rows.n, plan.n, "gnd"), (rows.p, plan.p, "vdd")):
        draw_devices(canvas, strip, devices)
        for x in devices.at(rail):
            tie_to_rail(canvas, strip, x)
        for i, net in enumerate(devices.gate_nets):
            if net == "rail":
                for beside in devices.contacts[i : i + 2]:
                    tie_gate_to_rail(canvas, strip, devices.gates[i], beside)
        _one_nitride_cut(canvas, strip, devices)
        for i in range(1, len(devices.contacts) - 1):
            net = devices.diffusions[i]
            if net != rail:
                own = devices.gate_nets[i] == net
                _drain(canvas, rows, plan, net, devices.contacts[i], rail == "gnd", own)
    via = canvas.pad("row", "inner", None, "h")[0]
    bus(canvas, "vp", rows.p.gate_y, plan.margin, plan.width)
    bus(canvas, "vn", rows.n.gate_y, min(_points(plan, "vn")) - via - canvas.r.row_via.below[0], plan.width)
    power_bus(canvas, "gnd", rows.ground_bus, 0, plan.width)
    power_bus(canvas, "vdd", rows.supply_bus, 0, plan.width)
    _input(canvas, rows, plan)
    draw_power(canvas, rows, plan.width, *(k * canvas.m.snap(plan.width // 3) for k in (1, 2)))
    return plan


def _one_nitride_cut(canvas: Canvas, strip: Strip, devices: StripPlan) -> None:
    """One cut for neighbouring dummies: short gates leave less than their space between two."""
    half = canvas.r.contact_size // 2 + canvas.r.nitride_over_contact
    xs = [x for x, net in zip(devices.gates, devices.gate_nets, strict=True) if net == "rail"]
    for a, b in pairwise(xs):
        if b - a < 2 * half + canvas.r.nitride_space:
            canvas.nitride(a, strip.gate_y, b, strip.gate_y)


def _points(plan: SomaPlan, net: str) -> list[int]:
    return [*plan.n.at(net), *plan.p.at(net)]


def _drain(canvas: Canvas, rows: Rows, plan: SomaPlan, net: str, x: int, n_side: bool, own: bool) -> None:
    """A drain contact. Where the gates beside it are of the same net it is tied to their bar (a diode); where they
    are not, a wire on `inner` takes it to the bus of its net."""
    r = canvas.r
    strip = rows.n if n_side else rows.p
    reach = canvas.m.local_half
    wire = r.inner.width
    canvas.contact(x, strip.drain_y)
    if own:
        gate_contact(canvas, strip, x)
        end = canvas.m.local_end
        canvas.box("local", x - reach, strip.drain_y - strip.up * end, x + reach, strip.gate_y + strip.up * end)
        if net != "in":
            canvas.stack(x, strip.gate_y, "local", "row", "h")
        return
    canvas.local_pad(x, strip.drain_y, "v")
    canvas.stack(x, strip.drain_y, "local", "inner", "v")
    target = rows.p.gate_y if net == "vp" else rows.n.gate_y
    canvas.line("inner", x, strip.drain_y, x, target, wire)
    canvas.stack(x, target, "inner", "row", "h")


def _input(canvas: Canvas, rows: Rows, plan: SomaPlan) -> None:
    """From the diodes of M0 up to a bus across the middle of the cell and to the strap at its left edge."""
    y = rows.switch[1]
    wire = canvas.r.inner.width
    xs = plan.n.at("in")
    for x in xs:
        canvas.stack(x, rows.n.gate_y, "local", "inner", "v")
        canvas.line("inner", x, rows.n.gate_y, x, y, wire)
        canvas.stack(x, y, "inner", "row", "h")
    bus(canvas, "in", y, plan.input_x - canvas.m.bus_half, max(xs) + canvas.pad("row", "inner", None, "h")[0])
    canvas.stack(plan.input_x, y, "row", "strap", "h")
    for layer in ("column", "strap"):
        canvas.around(layer, plan.input_x, y, canvas.m.lone_pad_half, canvas.m.lone_pad_half)
