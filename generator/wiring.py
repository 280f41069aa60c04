"""The wires over the array: inputs, sums, word lines, bit lines, outputs, power. Its pins are its ports (array.py)."""

from somaforge.generator.currents import draw_inputs, draw_outputs, draw_rails
from somaforge.generator.draw import Canvas
from somaforge.generator.floorplan import Floorplan


def draw_wiring(top: Canvas, plan: Floorplan) -> None:
    """Everything between blocks and edges."""
    draw_inputs(top, plan, plan.die[0], plan.soma_x(0) + plan.soma.input_x)
    for matrix in range(0 if plan.drives else plan.outputs):
        for column in range(plan.columns(matrix)):
            (_climb if plan.climbs(matrix, column) else _sum)(top, plan, matrix, column)
    _word_lines(top, plan)
    _bit_lines(top, plan)
    draw_rails(top, plan)
    draw_outputs(top, plan, plan.die[2])
    _power(top, plan)


def _to_soma(top: Canvas, plan: Floorplan, matrix: int, column: int, x: int, y: int) -> None:
    """On `strap` from a place over the array to the soma that the column feeds."""
    half = plan.measures.strap_half
    end = plan.soma_x(matrix + 1) + plan.soma.input_x
    top.box("strap", min(x, end) - half, y - half, max(x, end) + half, y + half)


def _sum(top: Canvas, plan: Floorplan, matrix: int, column: int) -> None:
    """On `column` to the row of the neuron, which may lie beyond the matrix."""
    wide, line = top.pad("column", "row", "column", "v")[0], top.r.column.width // 2
    row = plan.row(matrix + 1, column)
    x, y = plan.sum_x(matrix, column), plan.y(row, plan.input_y)
    low, high = plan.extent(matrix)
    if low < y < high:
        # The pads of the stack below and of the column's own via are close: a wire of their width joins them.
        top.box("column", x - wide, plan.y(row, sum(plan.rows.switch) // 2), x + wide, y)
    else:
        top.box("column", x - line, high if y > high else low, x + line, y)
    top.stack(x, y, "column", "strap")
    _to_soma(top, plan, matrix, column, x, y)


def _climb(top: Canvas, plan: Floorplan, matrix: int, column: int) -> None:
    """Over the next matrix on `top`."""
    half, wide, line = plan.measures.strap_half, plan.measures.rules.top.width // 2, top.r.column.width // 2
    low, high = plan.extent(matrix)
    start = plan.y(plan.wiring_row(matrix), plan.input_y)
    x, beside = plan.sum_x(matrix, column), plan.climb_x(matrix, column)
    top.box("column", x - line, high if start > high else low, x + line, start)
    top.stack(x, start, "column", "strap")
    top.box("strap", beside, start - half, x, start + half)
    y = plan.y(plan.row(matrix + 1, column), plan.input_y)
    for end in (start, y):
        top.stack(beside, end, "strap", "top")
    top.box("top", beside - wide, min(start, y) - wide, beside + wide, max(start, y) + wide)
    _to_soma(top, plan, matrix, column, beside, y)


def _word_lines(top: Canvas, plan: Floorplan) -> None:
    """The first bank's word lines come in on `row`; those of the others on strap tracks over the banks before them."""
    half = plan.measures.strap_half
    left = plan.die[0]
    for bank in range(len(plan.memory.banks)):
        end = plan.bank_x(bank) + plan.soma.width
        for r in plan.memory.word_rows(bank):
            y = plan.y(r, plan.rows.word_y)
            layer, _, pin_y = plan.word_pin(bank, r)
            if layer == "row":
                top.box("row", left, y - top.m.bus_half, end, y + top.m.bus_half)
                continue
            x = plan.bank_x(bank) + plan.soma.margin - plan.soma.input_x
            top.box("strap", left, pin_y - half, x + half, pin_y + half)
            top.stack(x, pin_y, "column", "strap")
            top.stack(x, y, "row", "column", "h")
            low, high = min(pin_y, y) - top.m.lone_pad_half, max(pin_y, y) + top.m.lone_pad_half
            top.box("column", x - top.m.lone_pad_half, low, x + top.m.lone_pad_half, high)
            top.box("row", x - top.m.bus_half, y - top.m.bus_half, end, y + top.m.bus_half)


def _bit_lines(top: Canvas, plan: Floorplan) -> None:
    """Bit lines go down to the macro's lower edge, across whatever lies between the matrices of their bank."""
    half = top.r.column.width // 2
    for bank in range(len(plan.memory.banks)):
        for c in range(plan.memory.bank_columns(bank)):
            gaps = plan.bit_line_gaps(bank, c)
            for bit in range(plan.memory.bits + 1):
                for x in plan.bit_line_x(bank, c, bit):
                    for low, high in gaps:
                        top.box("column", x - half, low, x + half, high)


def _power(top: Canvas, plan: Floorplan) -> None:
    """Straps over the rails across the array; their left ends are the power pins."""
    left, _, right, _ = plan.die
    notch = plan.notch
    for k in range(plan.row_count + 1):
        y = k * plan.rows.height
        end = notch[0] if notch and y > notch[1] else right
        top.box("strap", left, y - top.m.power_half, end, y + top.m.power_half)
