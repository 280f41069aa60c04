"""Blocks with ports, and one that is added here without a line in the package: it stands beside the array, shares its
supplies and takes an output current.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import pytest
from specs import design, free_design

from somaforge.flow.checks import drc, lvs
from somaforge.generator import lef, verilog
from somaforge.generator.array import array_block, floorplan
from somaforge.generator.block import Block, Part, Port, Role, compose
from somaforge.generator.cells.rows import rows
from somaforge.generator.cells.soma import draw_soma, plan_soma
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.design import Design
from somaforge.generator.draw import Canvas
from somaforge.generator.layout import draw
from somaforge.generator.names import SOMA
from somaforge.generator.netlist import write_spice
from somaforge.pdk.sky130.process import SKY130


def reading_soma(made: Design, name: str) -> Block:
    """One more soma, the first part of a readout: its rail `vn` is brought out as a monitor."""
    z, plan, m = rows(made), plan_soma(made), made.measures
    soma = made.library.circuits[made.cell(SOMA)]
    ports_of = {"in": "current", "vp": "copied", "vn": "seen", "vdd": "vdd", "gnd": "gnd"}
    top = Circuit(
        name, tuple(ports_of.values()), (), (Call("x_soma", soma.name, tuple(ports_of[p] for p in soma.ports)),)
    )
    half = m.power_half

    def rail(net: str, role: Role, layer: str, y: int, wide: int) -> Port:
        return Port(net, role, layer, (plan.width, y - wide, plan.width + 2 * wide, y + wide))

    input_y, wide = z.switch[1], m.strap_half
    ports = (
        Port("current", Role.ANALOG_INPUT, "strap", (-2 * wide, input_y - wide, 0, input_y + wide)),
        rail("copied", Role.MONITOR, "row", z.p.gate_y, m.bus_half),
        rail("seen", Role.MONITOR, "row", z.n.gate_y, m.bus_half),
        rail("vdd", Role.SUPPLY, "strap", z.height, half),
        rail("gnd", Role.GROUND, "strap", 0, half),
    )

    def paint(layout: kdb.Layout) -> kdb.Cell:
        canvas = Canvas(layout, made.pdk, name)
        cell = layout.cell(soma.name)
        if cell is None:
            own = Canvas(layout, made.pdk, soma.name)
            draw_soma(own, made, z)
            cell = own.cell
        canvas.place(cell, 0, 0)
        for port in ports:
            x1, y1, x2, y2 = port.box
            canvas.box(port.layer, min(x1, plan.input_x if port.net == "current" else 0), y1, max(x2, plan.input_x), y2)
            canvas.label(port.layer, port.net, (x1 + x2) // 2, (y1 + y2) // 2)
        return canvas.cell

    library = Library({soma.name: soma, name: top}, name)
    return Block(name, (0, -m.edge, plan.width + m.edge, z.height + m.edge), ports, library, paint)


def read_array(made: Design) -> Block:
    """The array with that soma at its last output, which it takes for itself."""
    floor = floorplan(made)
    array = array_block(made, floor)
    extra = reading_soma(made, f"{made.spec.name}__reading")
    gap = 4000
    x, y = floor.die[2] + gap, floor.row(floor.outputs, 0) * floor.rows.height
    taken = next(port for port in array.ports if port.net == "out_0")
    moved = [port.moved(x, y) for port in extra.ports]
    start = next(port for port in moved if port.net == "current")
    outside = [p for p in array.ports if p.net != "out_0"] + [p for p in moved if p.role is Role.MONITOR]

    def wires(canvas: Canvas) -> None:
        """The output up to the strap, and the array's straps to those of the soma."""
        y_out, middle = (taken.box[1] + taken.box[3]) // 2, floor.die[2] + gap // 2
        half, pad = canvas.m.bus_half, canvas.m.lone_pad_half
        canvas.box("row", taken.box[0], y_out - half, middle + half, y_out + half)
        canvas.stack(middle, y_out, "row", "strap", "h")
        low, high = sorted((y_out, (start.box[1] + start.box[3]) // 2))
        canvas.box("column", middle - pad, low - pad, middle + pad, high + pad)
        canvas.box("strap", middle - pad, low - pad, middle + pad, high + pad)
        canvas.box("strap", middle - pad, start.box[1], start.box[2], start.box[3])
        for port in moved:
            if port.role.is_power:
                canvas.box("strap", floor.die[2] - canvas.m.edge, port.box[1], port.box[2], port.box[3])

    left, bottom, _, top = floor.die
    outline = (left, bottom, x + extra.outline[2], top)
    parts = [Part("array", array, nets={"out_0": "current"}), Part("reading", extra, x, y)]
    return compose(made.pdk, f"{made.spec.name}_read", parts, outline, tuple(outside), wires)


def _drawn(block: Block, folder: Path) -> tuple[Path, Path]:
    layout = kdb.Layout()
    layout.dbu = 0.001
    block.draw(layout)
    gds, spice = folder / "block.gds", folder / "block.spice"
    layout.write(str(gds))
    write_spice(block.library, spice)
    return gds, spice


def test_a_block_beside_the_array_is_clean_and_matches(tmp_path: Path) -> None:
    made = free_design((3, 1))
    block = read_array(made)
    gds, spice = _drawn(block, tmp_path)
    found = drc.run(SKY130, gds, block.name, tmp_path / "drc.lyrdb")
    assert {rule: n for rule, n in found.items() if n} == {}
    result = lvs.run(SKY130, gds, spice, block.name, None)
    assert result.mismatches == ()
    assert result.devices == block.library.transistor_count()
    soma = made.library.circuits[made.cell(SOMA)]
    assert result.devices == made.library.transistor_count() + len(soma.mos)


def test_lef_and_verilog_are_written_from_its_ports() -> None:
    made = free_design((3, 1))
    block = read_array(made)
    layout = kdb.Layout()
    layout.dbu = 0.001
    block.draw(layout)
    text = lef.lef(lef.abstract(layout, made.pdk, block), made.pdk.rules)
    pins = re.findall(r"^  PIN (\S+)$", text, re.MULTILINE)
    assert "seen" in pins
    assert "out_0" not in pins, "it ends inside"
    assert re.search(r"PIN seen\n    DIRECTION INOUT ;\n    USE ANALOG ;", text)
    assert re.search(r"PIN wl_0_0\n    DIRECTION INPUT ;\n    USE SIGNAL ;", text)
    assert "inout wire seen" in verilog.pins(block)


def test_a_wire_that_is_left_out_is_found(tmp_path: Path) -> None:
    block = read_array(free_design((3, 1)))

    def cut(layout: kdb.Layout) -> kdb.Cell:
        cell = block.draw(layout)
        cell.shapes(layout.layer(*SKY130.layers["column_via"])).clear()
        return cell

    gds, spice = _drawn(replace(block, draw=cut), tmp_path)
    assert lvs.run(SKY130, gds, spice, block.name, None).mismatches


@pytest.mark.parametrize("change", [lambda ports: ports[1:], lambda ports: (*ports, replace(ports[0], net="strange"))])
def test_ports_are_those_of_the_circuit(change: Callable[[tuple[Port, ...]], tuple[Port, ...]]) -> None:
    made = free_design((2, 1))
    block = reading_soma(made, "reading")
    with pytest.raises(ValueError, match=r"block reading: its circuit reading and its ports differ: (current|strange)"):
        replace(block, ports=change(block.ports))


@pytest.mark.needs_pdk
@pytest.mark.parametrize("port", ["none", "scan"])
def test_every_port_is_drawn_where_it_says(port: str) -> None:
    """A wire of the net covers it, and its name lies on it."""
    made = design([4, 2, 3], port=port)
    drawn = draw(made)
    top = drawn.layout.cell(drawn.top)
    for role in {p.layer for p in drawn.block.ports}:
        metal = kdb.Region(top.begin_shapes_rec(drawn.layout.layer(*made.pdk.layers[role]))).merged()
        names = {
            (t.string, t.x, t.y)
            for t in kdb.Texts(top.shapes(drawn.layout.layer(*made.pdk.layers[f"{role}_label"]))).each()
        }
        for one in (p for p in drawn.block.ports if p.layer == role):
            box = kdb.Box(*one.box)
            assert (kdb.Region(box) - metal).is_empty(), one
            assert (one.net, box.center().x, box.center().y) in names, one
    roles = drawn.block.roles()
    assert list(roles) == list(drawn.library.circuits[drawn.top].ports)
    assert drawn.block.nets(Role.CLOCK) == (() if port == "none" else ("clk",))
