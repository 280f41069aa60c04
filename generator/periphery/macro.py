"""The macro: the array as a cell, its periphery around it, and the pins at the outer edge."""

from dataclasses import dataclass

import klayout.db as kdb

from somaforge.generator.address import MemoryMap
from somaforge.generator.circuit import Library
from somaforge.generator.draw import Canvas
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.names import cell_name, input_net, output_net
from somaforge.generator.periphery.circuit import macro
from somaforge.generator.periphery.control import pin_y
from somaforge.generator.periphery.draw import DrawnPeriphery, draw_periphery
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import GateNetlist, build
from somaforge.generator.periphery.plan import PeripheryPlan, plan_periphery
from somaforge.pdk import Pdk
from somaforge.pdk.library import StandardCells


@dataclass(frozen=True)
class DrawnMacro:
    """What the periphery adds to a drawn core."""

    library: Library
    """Schematic of the macro: core, the library's cells, periphery, top."""
    gates: GateNetlist
    outline: tuple[int, int, int, int]
    """x1, y1, x2, y2 in nm."""
    cell_area_um2: float
    """Of the periphery's cells."""


def draw_macro(
    layout: kdb.Layout, pdk: Pdk, core: Library, memory: MemoryMap, floor: Floorplan, name: str
) -> DrawnMacro:
    """Draw the periphery of the core cell (it is in `layout`) and the top cell `name` of both."""
    m = PortMeasures(pdk)
    plan = plan_periphery(m, floor)
    gates = build(memory, plan.gates)
    periphery = draw_periphery(layout, pdk, plan)
    _own(layout, m.cells, periphery.canvas.cell, name)
    top = Canvas(layout, pdk, name)
    top.place(layout.cell(core.top), 0, 0)
    top.place(periphery.canvas, 0, 0)
    _pins(top, plan, periphery)
    top.box("boundary", *periphery.outline)
    return DrawnMacro(macro(m.cells, core, memory, gates, name), gates, periphery.outline, periphery.cell_area_um2)


def _own(layout: kdb.Layout, cells: StandardCells, periphery: kdb.Cell, name: str) -> None:
    """Give the periphery and every cell below it, the library's apart, the names that they have in this design."""
    for index in (periphery.cell_index(), *periphery.called_cells()):
        role = layout.cell(index).name
        if not cells.has(role):
            layout.rename_cell(index, cell_name(name, role))


def _pins(top: Canvas, plan: PeripheryPlan, periphery: DrawnPeriphery) -> None:
    """Inputs, supply and port at the left edge, outputs at the right edge."""
    floor = plan.floor
    left, _, right, _ = periphery.outline
    half = floor.measures.strap_half
    for i in range(floor.layers[0]):
        y = floor.y(floor.row(0, i), floor.input_y)
        top.box("strap", left, y - half, floor.die[0] + half, y + half)
        top.label("strap", input_net(i), left + half, y, (half, half))
    for k in range(floor.row_count + 1):
        net, y = ("vdd" if k % 2 else "gnd"), k * floor.rows.height
        top.box("strap", left, y - top.m.power_half, floor.die[0], y + top.m.power_half)
        top.label("strap", net, left + top.m.power_half, y, (top.m.power_half, top.m.power_half))
    for j in range(floor.layers[-1]):
        y = floor.y(floor.row(floor.outputs, j), sum(floor.rows.switch) // 2)
        top.box("row", floor.die[2] - 2 * top.m.bus_half, y - top.m.bus_half, right, y + top.m.bus_half)
        top.label("row", output_net(j), right - top.m.bus_half, y, (top.m.bus_half, top.m.bus_half))
    half = top.r.column.width // 2
    for pin, y in pin_y(plan.m).items():
        top.label("column", pin, left + half, plan.slices_bottom + y, (half, half))
