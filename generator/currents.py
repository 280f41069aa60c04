"""Where currents enter and leave an array, or the macro around it: ports at an outline, and the wires to them.

Inputs enter at the left edge in the rows of their somas, outputs leave at the right one. The columns of drivers leave
at the upper edge.
"""

from collections.abc import Iterator

from somaforge.generator.block import Box, Port, Role
from somaforge.generator.draw import Canvas
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.names import drive_net, input_net, output_net, reference_net, vn_net, vp_net


def current_ports(plan: Floorplan, outline: Box) -> Iterator[Port]:
    """Ports of the currents at the edges of an outline; drivers' columns leave where the array ends."""
    m = plan.measures
    left, _, right, top = outline
    name, role = (reference_net, Role.BIAS) if plan.drives else (input_net, Role.ANALOG_INPUT)
    for i in range(plan.layers[0] if plan.somas else 0):
        y = plan.y(plan.row(0, i), plan.input_y)
        yield Port(name(i), role, "strap", (left, y - m.strap_half, left + 2 * m.strap_half, y + m.strap_half))
    if plan.drives:
        half = m.rules.column.width // 2
        for net, x, _ in rails(plan):
            yield Port(net, Role.BIAS, "column", (x - half, top - 2 * half, x + half, top))
        for c in range(plan.layers[-1]):
            x = plan.sum_x(0, c)
            yield Port(drive_net(c), Role.ANALOG_OUTPUT, "column", (x - half, top - 2 * half, x + half, top))
        return
    for j in range(plan.layers[-1]):
        y = _output_y(plan, j)
        yield Port(
            output_net(j), Role.ANALOG_OUTPUT, "row", (right - 2 * m.bus_half, y - m.bus_half, right, y + m.bus_half)
        )


def draw_inputs(top: Canvas, plan: Floorplan, left: int, right: int) -> None:
    """From the edge `left` to `right`, where what carries them on begins."""
    half = plan.measures.strap_half
    for i in range(plan.layers[0] if plan.somas else 0):
        y = plan.y(plan.row(0, i), plan.input_y)
        top.box("strap", left, y - half, right, y + half)


def rails(plan: Floorplan) -> Iterator[tuple[str, int, int]]:
    """Of a bank of drivers: net, x and y of every row's rails, where they begin to lead upwards."""
    for r in range(0 if plan.somas else plan.layers[0]):
        for which, (name, strip) in enumerate(((vp_net, plan.rows.p), (vn_net, plan.rows.n))):
            yield name(0, r), plan.rail_x(r, which), plan.y(plan.row(0, r), strip.gate_y)


def draw_rails(top: Canvas, plan: Floorplan) -> None:
    """From the rows of a bank of drivers to its upper edge."""
    half = top.r.column.width // 2
    for _, x, y in rails(plan):
        top.box("row", x, y - top.m.bus_half, plan.block_x(0) + top.m.bus_half, y + top.m.bus_half)
        top.stack(x, y, "row", "column", "h")
        top.box("column", x - half, y, x + half, plan.die[3])


def draw_outputs(top: Canvas, plan: Floorplan, right: int) -> None:
    """To the edge `right`; the columns of drivers to the upper edge of the array."""
    if plan.drives:
        half = top.r.column.width // 2
        for c in range(plan.layers[-1]):
            x = plan.sum_x(0, c)
            top.box("column", x - half, plan.extent(0)[1], x + half, plan.die[3])
        return
    start, half = plan.block_x(plan.outputs) + plan.synapse.width, top.r.row.width // 2
    for j in range(plan.layers[-1]):
        y = _output_y(plan, j)
        top.box("row", start - half, y - half, right, y + half)
        top.around("row", right - top.m.bus_half, y, top.m.bus_half, top.m.bus_half)


def extend_outputs(top: Canvas, plan: Floorplan, right: int) -> None:
    """From the array's edge to that of the macro, as wide as the array's own port."""
    wide = top.m.bus_half
    for j in range(0 if plan.drives else plan.layers[-1]):
        y = _output_y(plan, j)
        top.box("row", plan.die[2] - 2 * wide, y - wide, right, y + wide)


def _output_y(plan: Floorplan, j: int) -> int:
    return plan.y(plan.row(plan.outputs, j), sum(plan.rows.switch) // 2)
