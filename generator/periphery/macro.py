"""The macro: the array and its programming port as one block, with the pins at the outer edge."""

from collections.abc import Iterator
from dataclasses import dataclass

import klayout.db as kdb

from somaforge.generator.block import Block, Part, Port, Role, compose
from somaforge.generator.circuit import Library
from somaforge.generator.currents import current_ports, draw_inputs, extend_outputs
from somaforge.generator.draw import Canvas
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.names import (
    CORE,
    GROUND,
    PERIPHERY,
    SUPPLY,
    cell_name,
    port_word,
)
from somaforge.generator.periphery.circuit import gate_circuits
from somaforge.generator.periphery.control import pin_y
from somaforge.generator.periphery.draw import DrawnPeriphery, draw_periphery
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import PINS, PORT_INPUTS, GateNetlist, build
from somaforge.generator.periphery.plan import PeripheryPlan, plan_periphery
from somaforge.pdk import Pdk
from somaforge.pdk.library import DIODE, StandardCells


@dataclass(frozen=True)
class Macro:
    """Array and port."""

    block: Block
    gates: GateNetlist
    cell_area_um2: float
    """Of the port's cells."""


def macro_block(pdk: Pdk, core: Block, floor: Floorplan, name: str, highest: str, guarded: bool = False) -> Macro:
    """The macro `name` of an array; InputError if the process has no cells for its port. `highest`: of PortMeasures.
    `guarded`: with a diode at every input, if the process has one."""
    m = PortMeasures(pdk, highest)
    plan = plan_periphery(m, floor, guarded and bool(m.cells.drives(DIODE)))
    gates = build(floor.memory, plan.gates)
    scratch = kdb.Layout()
    scratch.dbu = 0.001
    drawn = draw_periphery(scratch, pdk, plan)
    port = _port(scratch, plan, drawn, gates, name)
    parts = (Part(CORE, core, nets=floor.memory.port_nets()), Part(PERIPHERY, port))
    ports = tuple(_pins(plan, drawn))
    block = compose(pdk, name, parts, drawn.outline, ports, lambda top: _wires(top, plan, drawn))
    return Macro(block, gates, drawn.cell_area_um2)


def _port(scratch: kdb.Layout, plan: PeripheryPlan, drawn: DrawnPeriphery, gates: GateNetlist, name: str) -> Block:
    """The port as a block: drawn once, because only that says how large it is, and copied from there."""
    cells, own = plan.m.cells, cell_name(name, PERIPHERY)
    circuits = gate_circuits(cells, gates, own)

    def draw(layout: kdb.Layout) -> kdb.Cell:
        there = {found.name: found.cell_index() for found in layout.each_cell() if cells.has(found.name)}
        cell = layout.create_cell(PERIPHERY)
        cell.copy_tree(drawn.canvas.cell)
        _share(layout, cell, there)
        _own(layout, cells, cell, name)
        return cell

    library = Library({circuit.name: circuit for circuit in circuits}, own)
    return Block(own, drawn.outline, tuple(_port_ports(plan, drawn)), library, draw)


def _share(layout: kdb.Layout, periphery: kdb.Cell, there: dict[str, int]) -> None:
    """Library cells that the layout had before serve here too: copies of them would have names of their own."""
    copies = {index: there.get(layout.cell(index).name.partition("$")[0]) for index in periphery.called_cells()}
    for index in (periphery.cell_index(), *periphery.called_cells()):
        for instance in layout.cell(index).each_inst():
            known = copies.get(instance.cell_index)
            if known is not None:
                instance.cell_index = known
    for index, known in copies.items():
        if known is not None:
            layout.delete_cell(index)


def _own(layout: kdb.Layout, cells: StandardCells, periphery: kdb.Cell, name: str) -> None:
    """Give the periphery and every cell below it, the library's apart, the names that they have in this design."""
    for index in (periphery.cell_index(), *periphery.called_cells()):
        role = layout.cell(index).name
        if not cells.has(role):
            layout.rename_cell(index, cell_name(name, role))


def _control_ports(plan: PeripheryPlan, left: int) -> Iterator[Port]:
    half, heights = plan.m.pdk.rules.column.width // 2, pin_y(plan.m)
    for pin, role in PINS.items():
        y = plan.slices_bottom + heights[pin]
        guarded = plan.guarded and pin in PORT_INPUTS
        yield Port(pin, role, "column", (left, y - half, left + 2 * half, y + half), guarded)


def _supplies(plan: PeripheryPlan, left: int) -> Iterator[Port]:
    """A port on every rail's strap, those of the supply first."""
    floor, half = plan.floor, plan.floor.measures.power_half
    for net, role, first in ((SUPPLY, Role.SUPPLY, 1), (GROUND, Role.GROUND, 0)):
        for k in range(first, floor.row_count + 1, 2):
            y = k * floor.rows.height
            yield Port(net, role, "strap", (left, y - half, left + 2 * half, y + half))


def _port_ports(plan: PeripheryPlan, drawn: DrawnPeriphery) -> Iterator[Port]:
    """Pins at the left edge, lines and supplies where the array has them."""
    floor, half = plan.floor, plan.m.pdk.rules.column.width // 2
    yield from _control_ports(plan, drawn.outline[0])
    yield from _supplies(plan, drawn.select_left)
    for bank in range(len(floor.memory.banks)):
        for row in floor.memory.word_rows(bank):
            layer, _, y = floor.word_pin(bank, row)
            x, wide = floor.die[0], floor.measures.strap_half if layer == "strap" else floor.measures.bus_half
            yield Port(port_word(row), Role.DIGITAL_OUTPUT, layer, (x - wide, y - wide, x + wide, y + wide))
    top = floor.die[1]
    for line in (line for group in plan.groups for line in group.lines):
        box = (line.above - half, top - 2 * half, line.above + half, top)
        yield Port(line.name, Role.DIGITAL_BOTH, "column", box)


def _pins(plan: PeripheryPlan, drawn: DrawnPeriphery) -> Iterator[Port]:
    """Supplies and port at the left edge; currents."""
    left = drawn.outline[0]
    yield from _supplies(plan, left)
    yield from current_ports(plan.floor, drawn.outline)
    yield from _control_ports(plan, left)


def _wires(top: Canvas, plan: PeripheryPlan, drawn: DrawnPeriphery) -> None:
    """From the array's own pins to those of the macro."""
    floor = plan.floor
    left, _, right, _ = drawn.outline
    draw_inputs(top, floor, left, floor.die[0] + floor.measures.strap_half)
    for k in range(floor.row_count + 1):
        y = k * floor.rows.height
        top.box("strap", left, y - top.m.power_half, floor.die[0], y + top.m.power_half)
    extend_outputs(top, floor, right)
