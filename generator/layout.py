"""Draws a Design: cells, rows, matrices, and the network with its wires and pins. Writes GDS, OASIS and a picture."""

from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.generator.cells.latch import draw_latch
from somaforge.generator.cells.plan import plan_core
from somaforge.generator.cells.rows import rows
from somaforge.generator.cells.soma import draw_soma, plan_soma
from somaforge.generator.cells.synapse import draw_output_synapse, draw_synapse
from somaforge.generator.circuit import Library
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.names import (
    LATCH,
    OUTPUT_SYNAPSE,
    ROW_NETS,
    SOMA,
    SYNAPSE,
    bit_line,
    bit_line_bar,
    matrix_role,
    output_net,
    row_net,
    row_role,
)
from somaforge.generator.periphery.macro import DrawnMacro, draw_macro
from somaforge.generator.stacking import stack
from somaforge.generator.wiring import draw_wiring
from somaforge.pdk.files import atomic_path


@dataclass(frozen=True)
class DrawnDesign:
    """The finished layout with the plan that it was drawn from."""

    layout: kdb.Layout
    top: str
    plan: Floorplan
    library: Library
    """Schematic of the top cell."""
    macro: DrawnMacro | None = None
    """What the port's periphery adds."""

    @property
    def die(self) -> tuple[int, int, int, int]:
        """Outline of the top cell in nm: x1, y1, x2, y2."""
        return self.plan.die if self.macro is None else self.macro.outline

    def metrics(self) -> dict[str, float]:
        """Areas in um2 and the share of the macro that cells cover."""
        core, die = _area_um2(self.plan.die), _area_um2(self.die)
        cells = self.plan.cell_area_um2()
        periphery = 0.0 if self.macro is None else self.macro.cell_area_um2
        return {
            "layout__synapse__um2": self.plan.synapse.width * self.plan.rows.height / 1e6,
            "layout__soma__um2": self.plan.soma.width * self.plan.rows.height / 1e6,
            "layout__die__um2": die,
            "layout__utilization__ratio": (cells + periphery) / die,
            "layout__core_utilization__ratio": cells / core,
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


def require_drawable(design: Design) -> None:
    """InputError with the key that cannot be drawn; draws nothing."""
    core, soma = plan_core(design), plan_soma(design)
    plan = Floorplan(design.layers, rows(design), soma, core, stack(design.layers), design.memory, design.measures)
    for bank in range(len(design.memory.banks)):
        for row in design.memory.word_rows(bank):
            plan.word_pin(bank, row)


def draw(design: Design) -> DrawnDesign:
    """Draw the whole network; InputError if a parameter cannot be drawn."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    z = rows(design)
    latch = Canvas(layout, design.pdk, design.cell(LATCH))
    draw_latch(latch, design, z)
    soma = Canvas(layout, design.pdk, design.cell(SOMA))
    soma_plan = draw_soma(soma, design, z)
    synapse = Canvas(layout, design.pdk, design.cell(SYNAPSE))
    synapse_plan = draw_synapse(synapse, latch, design, z)
    output = Canvas(layout, design.pdk, design.cell(OUTPUT_SYNAPSE))
    draw_output_synapse(output, design, z)
    top = Canvas(layout, design.pdk, design.library.top)
    plan = Floorplan(design.layers, z, soma_plan, synapse_plan, stack(design.layers), design.memory, top.m)
    for layer, size in enumerate(design.layers):
        for i in range(size):
            r = plan.row(layer, i)
            top.place(soma, plan.soma_x(layer), plan.row_origin(r), plan.is_mirrored(r))
    for m in range(plan.outputs):
        top.place(_matrix(layout, design, plan, m, synapse), plan.block_x(m), plan.extent(m)[0])
    for j in range(design.layers[-1]):
        r = plan.row(plan.outputs, j)
        top.place(output, plan.block_x(plan.outputs), plan.row_origin(r), plan.is_mirrored(r))
    draw_wiring(top, plan)
    top.box("boundary", *plan.die)
    if design.spec.array.port == "none":
        return DrawnDesign(layout, top.cell.name, plan, design.library)
    macro = draw_macro(layout, design.pdk, design.library, design.memory, plan, design.spec.name)
    return DrawnDesign(layout, design.spec.name, plan, macro.library, macro)


def _area_um2(outline: tuple[int, int, int, int]) -> float:
    x1, y1, x2, y2 = outline
    return (x2 - x1) * (y2 - y1) / 1e6


def _matrix(layout: kdb.Layout, design: Design, plan: Floorplan, matrix: int, synapse: Canvas) -> Canvas:
    """A matrix cell of row cells. Both carry the schematic's net names: the columns of a row are alike, and only the
    names tell a comparison which is which."""
    columns, z = design.layers[matrix + 1], plan.rows
    row = Canvas(layout, design.pdk, design.cell(row_role(matrix)))
    for c in range(columns):
        row.place(synapse, c * plan.synapse.width, 0)
    wires = tuple(zip(ROW_NETS, (z.p.gate_y, z.n.gate_y, z.word_y), strict=True))
    for net, y in wires:
        row.label("row", net, row.m.bus_half, y)
    _label_columns(row, design, plan, columns, z.height // 2)
    whole = Canvas(layout, design.pdk, design.cell(matrix_role(matrix)))
    low, _ = plan.extent(matrix)
    for r in range(design.layers[matrix]):
        at = plan.row(matrix, r)
        whole.place(row, 0, plan.row_origin(at) - low, plan.is_mirrored(at))
        for net, y in wires:
            whole.label("row", row_net(net, r), whole.m.bus_half, plan.y(at, y) - low)
    _label_columns(whole, design, plan, columns, z.height // 2)
    return whole


def _label_columns(canvas: Canvas, design: Design, plan: Floorplan, columns: int, y: int) -> None:
    latch = plan.synapse.latch
    for c in range(columns):
        x = c * plan.synapse.width
        canvas.label("column", output_net(c), x + plan.synapse.out_line, y)
        for bit in range(design.weights.latches):
            canvas.label("column", bit_line(c, bit), x + plan.synapse.slot(bit) + latch.bl_line, y)
            canvas.label("column", bit_line_bar(c, bit), x + plan.synapse.slot(bit) + latch.blb_line, y)
