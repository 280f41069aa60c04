"""Blocks as components of gdsfactory: the same shapes, the same ports, and back."""

import subprocess
import sys

import gdsfactory as gf
import klayout.db as kdb

from somaforge.generator.block import Block
from somaforge.generator.chip.component import component, layout
from somaforge.generator.readout.bias import bias, bias_block
from somaforge.generator.readout.converter import converter, converter_block
from somaforge.pdk import load

PDK = load("sky130")


Numbers = tuple[int, int]


def flat(cell: kdb.Cell) -> dict[Numbers, kdb.Region]:
    found = {(i.layer, i.datatype): cell.layout().layer(i) for i in cell.layout().layer_infos()}
    return {numbers: kdb.Region(cell.begin_shapes_rec(index)).merged() for numbers, index in found.items()}


def drawn(block: Block) -> dict[Numbers, kdb.Region]:
    made = kdb.Layout()
    made.dbu = 0.001
    cell = block.draw(made)
    return flat(cell)


def test_a_block_becomes_a_component_and_comes_back() -> None:
    block = converter_block(PDK, converter(PDK, "there_and_back"), "there_and_back")
    made = component(PDK, block)
    again = layout(made)
    back = flat(again.cell(block.name))
    wanted = drawn(block)
    assert {n for n, region in back.items() if not region.is_empty()} == {
        n for n, r in wanted.items() if not r.is_empty()
    }
    assert all((back[n] ^ region).is_empty() for n, region in wanted.items() if not region.is_empty())
    assert {port.name for port in made.ports} == {port.net for port in block.ports}
    port = next(p for p in made.ports if p.name == "in")
    assert (port.orientation, port.width) == (90, 0.3)
    x1, _, x2, y2 = next(p.box for p in block.ports if p.net == "in")
    assert port.center == ((x1 + x2) / 2000, y2 / 1000)
    assert (port.layer_info.layer, port.layer_info.datatype) == PDK.layers["column"]


def test_components_are_placed_by_gdsfactory() -> None:
    """Two blocks beside each other in a component, which is a layout again."""
    first = component(PDK, bias_block(PDK, bias(PDK, "beside"), "beside"))
    second = component(PDK, converter_block(PDK, converter(PDK, "beside"), "beside"))
    whole = gf.Component("beside__both")
    left = whole.add_ref(first)
    right = whole.add_ref(second)
    right.xmin = left.xmax + 10
    made = layout(whole)
    assert {"beside__both", "beside__bias", "beside__converter"} <= {cell.name for cell in made.each_cell()}
    assert [p.name for p in right.ports] == [p.name for p in second.ports]


def test_the_command_line_does_not_wait_for_it() -> None:
    """Importing the chip's modules and the command line leaves gdsfactory alone."""
    code = (
        "import sys, somaforge.flow.cli, somaforge.generator.chip.component; "
        "print([m for m in sys.modules if m.split('.')[0] in ('gdsfactory', 'kfactory')])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
