"""Draws a Design: cells, rows, matrices, and the network with its wires and pins. Writes GDS, OASIS and a picture."""

from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.generator.address import bit_line, bit_line_bar, memory_map, word_line
from somaforge.generator.cells.latch import draw_latch
from somaforge.generator.cells.plan import BUS_HALF
from somaforge.generator.cells.rows import rows
from somaforge.generator.cells.soma import LONE_PAD_HALF, draw_soma
from somaforge.generator.cells.strip import STRAP_HALF
from somaforge.generator.cells.synapse import draw_output_synapse, draw_synapse
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas
from somaforge.generator.floorplan import EDGE_NM, Floorplan
from somaforge.pdk.files import atomic_path


@dataclass(frozen=True)
class DrawnDesign:
    """The finished layout with the plan that it was drawn from."""

    layout: kdb.Layout
    top: str
    plan: Floorplan

    def metrics(self) -> dict[str, float]:
        """Areas in um2 and the share of the macro that cells cover."""
        x1, y1, x2, y2 = self.plan.die
        die = (x2 - x1) * (y2 - y1) / 1e6
        return {
            "layout__synapse__um2": self.plan.synapse.width * self.plan.rows.height / 1e6,
            "layout__soma__um2": self.plan.soma.width * self.plan.rows.height / 1e6,
            "layout__die__um2": die,
            "layout__utilization__ratio": self.plan.cell_area_um2() / die,
        }

    def write(self, path: Path) -> None:
        """Write GDS (.gds) or OASIS (.oas); whole or not at all, without time stamps so that the same design gives
        the same file."""
        options = kdb.SaveLayoutOptions()
        options.gds2_write_timestamps = False
        options.write_context_info = False
        options.set_format_from_filename(str(path))
        with atomic_path(path) as beside:
            self.layout.write(str(beside), options)


def draw(design: Design) -> DrawnDesign:
    """Draw the whole network; InputError if a parameter cannot be drawn."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    z = rows(design)
    latch = Canvas(layout, design.pdk, "latch")
    draw_latch(latch, design, z)
    soma = Canvas(layout, design.pdk, "soma")
    soma_plan = draw_soma(soma, design, z)
    synapse = Canvas(layout, design.pdk, "synapse")
    synapse_plan = draw_synapse(synapse, latch, design, z)
    output = Canvas(layout, design.pdk, "output_synapse")
    draw_output_synapse(output, design, z)
    top = Canvas(layout, design.pdk, design.spec.name)
    memory = memory_map(design.layers, design.spec.array.bits)
    plan = Floorplan(design.layers, z, soma_plan, synapse_plan, memory, top.pad("met4", "met3", None, "h")[0])

    for layer, size in enumerate(design.layers):
        for i in range(size):
            top.place(soma, plan.soma_x(layer), plan.row_origin(i), plan.is_mirrored(i))
    for m in range(len(design.layers) - 1):
        top.place(_matrix(layout, design, plan, m, synapse), plan.matrix_x(m), 0)
    for j in range(design.layers[-1]):
        top.place(output, plan.matrix_x(len(design.layers) - 1), plan.row_origin(j), plan.is_mirrored(j))
    _inputs(top, plan)
    _sums(top, plan)
    _word_lines(top, plan)
    _bit_lines(top, design, plan)
    _outputs(top, plan)
    _power(top, plan)
    top.box("boundary", *plan.die)
    return DrawnDesign(layout, design.spec.name, plan)


def _matrix(layout: kdb.Layout, design: Design, plan: Floorplan, matrix: int, synapse: Canvas) -> Canvas:
    """A matrix cell of row cells. Both carry the schematic's net names: the columns of a row are alike, and only the
    names tell a comparison which is which."""
    columns, z = design.layers[matrix + 1], plan.rows
    row = Canvas(layout, design.pdk, f"row_{matrix}")
    for c in range(columns):
        row.place(synapse, c * plan.synapse.width, 0)
    for net, y in (("vp", z.p.gate_y), ("vn", z.n.gate_y), ("wl", z.word_y)):
        row.label("met2", net, BUS_HALF, y)
    _label_columns(row, design, plan, columns, z.height // 2)
    whole = Canvas(layout, design.pdk, f"matrix_{matrix}")
    for r in range(design.layers[matrix]):
        whole.place(row, 0, plan.row_origin(r), plan.is_mirrored(r))
        for net, y in (("vp", z.p.gate_y), ("vn", z.n.gate_y), ("wl", z.word_y)):
            whole.label("met2", f"{net}_{r}", BUS_HALF, plan.y(r, y))
    _label_columns(whole, design, plan, columns, z.height // 2)
    return whole


def _label_columns(canvas: Canvas, design: Design, plan: Floorplan, columns: int, y: int) -> None:
    latch = plan.synapse.latch
    for c in range(columns):
        x = c * plan.synapse.width
        canvas.label("met3", f"out_{c}", x + plan.synapse.out_line, y)
        for bit in range(design.weights.latches):
            canvas.label("met3", f"bl_{c}_{bit}", x + plan.synapse.slot(bit) + latch.bl_line, y)
            canvas.label("met3", f"blb_{c}_{bit}", x + plan.synapse.slot(bit) + latch.blb_line, y)


def _inputs(top: Canvas, plan: Floorplan) -> None:
    half = plan.wire_half
    left = plan.die[0]
    for i in range(plan.layers[0]):
        y = plan.y(i, plan.input_y)
        top.box("met4", left, y - half, plan.soma_x(0) + plan.soma.input_x, y + half)
        top.label("met4", f"in_{i}", left + half, y, (half, half))


def _sums(top: Canvas, plan: Floorplan) -> None:
    """From every column over the array to the soma that it feeds."""
    half = plan.wire_half
    line = top.r["m3.1"] // 2
    for m in range(len(plan.layers) - 1):
        edge = plan.layers[m] * plan.rows.height
        for c in range(plan.layers[m + 1]):
            x, y = plan.sum_x(m, c), plan.y(c, plan.input_y)
            if y > edge:
                top.box("met3", x - line, edge, x + line, y)
            else:
                # The pads of the stack below and of the column's own via are close: a wire of their width joins them.
                top.box("met3", x - half, plan.y(c, sum(plan.rows.switch) // 2), x + half, y)
            top.stack(x, y, "met3", "met4")
            end = plan.soma_x(m + 1) + plan.soma.input_x
            top.box("met4", x - half, y - half, end + half, y + half)


def _word_lines(top: Canvas, plan: Floorplan) -> None:
    """The first bank's word lines come in on met2; those of the others on met4 tracks over the blocks before them."""
    half = plan.wire_half
    left = plan.die[0]
    for bank in range(len(plan.memory.banks)):
        end = plan.bank_x(bank) + plan.soma.width
        for r in plan.memory.word_rows(bank):
            y = plan.y(r, plan.rows.word_y)
            layer, pin_x, pin_y = plan.word_pin(bank, r)
            pin = BUS_HALF if layer == "met2" else half
            top.label(layer, word_line(bank, r), pin_x, pin_y, (pin, pin))
            if layer == "met2":
                top.box("met2", left, y - BUS_HALF, end, y + BUS_HALF)
                continue
            x = plan.bank_x(bank) + plan.soma.margin - plan.soma.input_x
            top.box("met4", left, pin_y - half, x + half, pin_y + half)
            top.stack(x, pin_y, "met3", "met4")
            top.stack(x, y, "met2", "met3", "h")
            low, high = min(pin_y, y) - LONE_PAD_HALF, max(pin_y, y) + LONE_PAD_HALF
            top.box("met3", x - LONE_PAD_HALF, low, x + LONE_PAD_HALF, high)
            top.box("met2", x - BUS_HALF, y - BUS_HALF, end, y + BUS_HALF)


def _bit_lines(top: Canvas, design: Design, plan: Floorplan) -> None:
    """Bit lines go down to the macro's lower edge."""
    half = top.r["m3.1"] // 2
    bottom = plan.die[1]
    for bank in range(len(plan.memory.banks)):
        for c in range(plan.memory.bank_columns(bank)):
            for bit in range(design.weights.latches):
                lines = zip(plan.bit_line_x(bank, c, bit), (bit_line, bit_line_bar), strict=True)
                for x, name in lines:
                    top.box("met3", x - half, bottom, x + half, 0)
                    top.label("met3", name(bank, c, bit), x, bottom + half, (half, half))


def _outputs(top: Canvas, plan: Floorplan) -> None:
    right = plan.die[2]
    for j in range(plan.layers[-1]):
        y = plan.y(j, sum(plan.rows.switch) // 2)
        top.box("met2", plan.width - BUS_HALF, y - BUS_HALF, right, y + BUS_HALF)
        top.label("met2", f"out_{j}", right - BUS_HALF, y, (BUS_HALF, BUS_HALF))


def _power(top: Canvas, plan: Floorplan) -> None:
    """met4 straps over the rails across the macro; their left ends are the power pins."""
    left, _, right, _ = plan.die
    for k in range(plan.row_count + 1):
        net, y = ("vdd" if k % 2 else "gnd"), k * plan.rows.height
        top.box("met4", left, y - STRAP_HALF, right, y + STRAP_HALF)
        top.label("met4", net, left + EDGE_NM // 4, y, (EDGE_NM // 4, STRAP_HALF))
