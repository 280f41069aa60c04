"""The array as a block: cells, rows, matrices and the network with its wires; word lines and bit lines are ports."""

from dataclasses import replace

import klayout.db as kdb

from somaforge.generator.block import Block, Port, Role, draw_ports
from somaforge.generator.cells.latch import draw_latch
from somaforge.generator.cells.plan import plan_core
from somaforge.generator.cells.rows import Rows, rows
from somaforge.generator.cells.soma import draw_soma, plan_soma
from somaforge.generator.cells.synapse import draw_output_synapse, draw_synapse
from somaforge.generator.currents import current_ports
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.names import (
    GROUND,
    LATCH,
    OUTPUT_SYNAPSE,
    ROW_NETS,
    SOMA,
    SUPPLY,
    SYNAPSE,
    bit_line,
    bit_line_bar,
    matrix_role,
    output_net,
    row_net,
    row_role,
    word_line,
)
from somaforge.generator.network import stack_of
from somaforge.generator.wiring import draw_wiring


def floorplan(design: Design) -> Floorplan:
    """Where everything of the array lies; InputError with the key that cannot be drawn."""
    core, soma = plan_core(design), plan_soma(design)
    if not design.somas:  # room for the rails of its rows, and one lane more to the cells
        soma = replace(soma, width=(2 * design.layers[0] + 1) * design.measures.lane_pitch)
    placed = stack_of(design.spec, design.drives)
    notched = design.spec.drivers is not None and design.spec.drivers.bank is not None
    return Floorplan(
        design.layers, rows(design), soma, core, placed, design.memory, design.measures, design.somas, notched
    )


def array_block(design: Design, plan: Floorplan) -> Block:
    """The array of a design; its circuit is the design's."""
    ports = array_ports(plan)

    def draw(layout: kdb.Layout) -> kdb.Cell:
        top = _draw_array(layout, design, plan)
        draw_ports(top, ports)
        top.box("boundary", *plan.die)
        return top.cell

    return Block(design.library.top, plan.die, ports, design.library, draw)


def array_ports(plan: Floorplan) -> tuple[Port, ...]:
    """Those of the currents; word lines and supplies at the left edge, bit lines at the lower one."""
    m, rules = plan.measures, plan.measures.rules
    left, bottom = plan.die[:2]
    found = [*current_ports(plan, plan.die)]
    for bank in range(len(plan.memory.banks)):
        for r in plan.memory.word_rows(bank):
            layer, x, y = plan.word_pin(bank, r)
            half = m.bus_half if layer == "row" else m.strap_half
            box = (x - half, y - half, x + half, y + half)
            found.append(Port(word_line(bank, r), Role.DIGITAL_INPUT, layer, box))
    half = rules.column.width // 2
    for pair in plan.memory.pairs():
        for x, name in zip(plan.bit_line_x(*pair), (bit_line, bit_line_bar), strict=True):
            box = (x - half, bottom, x + half, bottom + 2 * half)
            found.append(Port(name(*pair), Role.DIGITAL_BOTH, "column", box))
    for k in range(plan.row_count + 1):
        net, role = (SUPPLY, Role.SUPPLY) if k % 2 else (GROUND, Role.GROUND)
        y = k * plan.rows.height
        box = (left, y - m.power_half, left + 2 * (m.edge // 4), y + m.power_half)
        found.append(Port(net, role, "strap", box))
    return tuple(found)


def _draw_array(layout: kdb.Layout, design: Design, plan: Floorplan) -> Canvas:
    z = plan.rows
    latch = Canvas(layout, design.pdk, design.cell(LATCH))
    draw_latch(latch, design, z)
    soma = _soma(layout, design, z) if plan.somas else None
    synapse = Canvas(layout, design.pdk, design.cell(SYNAPSE))
    draw_synapse(synapse, latch, design, z)
    top = Canvas(layout, design.pdk, design.library.top)
    if soma:
        _place_somas(top, design, plan, soma)
    for m in range(plan.outputs):
        top.place(_matrix(layout, design, plan, m, synapse), plan.block_x(m), plan.extent(m)[0])
    if not plan.drives:
        output = Canvas(layout, design.pdk, design.cell(OUTPUT_SYNAPSE))
        draw_output_synapse(output, design, z)
        for j in range(design.layers[-1]):
            r = plan.row(plan.outputs, j)
            top.place(output, plan.block_x(plan.outputs), plan.row_origin(r), plan.is_mirrored(r))
    draw_wiring(top, plan)
    return top


def _place_somas(top: Canvas, design: Design, plan: Floorplan, soma: Canvas) -> None:
    for layer in range(len(plan.stack.bases)):
        for i in range(design.layers[layer]):
            r = plan.row(layer, i)
            top.place(soma, plan.soma_x(layer), plan.row_origin(r), plan.is_mirrored(r))


def _soma(layout: kdb.Layout, design: Design, z: Rows) -> Canvas:
    soma = Canvas(layout, design.pdk, design.cell(SOMA))
    draw_soma(soma, design, z)
    return soma


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
