"""The control in silicon: its Verilog synthesised, placed and wired, clean, and its netlist down to transistors."""

from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.control.test_control import SPEC

from somaforge.flow.checks import antenna, drc, lvs, precheck
from somaforge.flow.control.gates import gates_of
from somaforge.flow.synthesis.yosys import require_equivalent
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import build
from somaforge.generator.digital.block import Digital
from somaforge.generator.digital.timing import longest_path
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.spec import parse_spec
from somaforge.pdk import load
from somaforge.pdk.layout_file import open_layout, write_layout

PDK = load("sky130")
CONTROL = Control.of(build(parse_spec(SPEC, "test")))
pytestmark = pytest.mark.needs_pdk
SLOW_STAGE_NS = 0.6
"""A gate of drive 1 at the slow corner with three inputs and 0.1 mm of wire behind it, some 25 fF: its 0.15 pF in a
nanosecond, twice as long where it is slow, and its own delay as long again (docs/control.md)."""
HALF_PERIOD_NS = 25.0


@pytest.fixture(scope="module")
def drawn() -> Digital:
    return control_block(PDK, CONTROL, gates_of(CONTROL, PortMeasures(PDK).cells))


@pytest.fixture(scope="module")
def files(drawn: Digital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, block, layout = tmp_path_factory.mktemp("control"), drawn.block(), kdb.Layout()
    layout.dbu = 0.001
    block.draw(layout)
    write_layout(layout, folder / "control.gds")
    write_spice(block.library, folder / "control.spice")
    return folder


def test_it_is_clean_and_its_netlist(files: Path, drawn: Digital) -> None:
    """LVS proves that the layout is the netlist, which simulation and yosys prove to be the source."""
    opened = open_layout(files / "control.gds", CONTROL.name)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(PDK, opened) if v.count] == []
    result = lvs.run(PDK, files / "control.gds", files / "control.spice", CONTROL.name, None)
    assert result.mismatches == ()
    assert result.devices == drawn.block().library.transistor_count() + len(drawn.netlist.inputs)  # their diodes


@pytest.mark.needs_klayout_app
def test_it_is_clean_for_the_shuttle(files: Path) -> None:
    found = precheck.run(PDK, files / "control.gds", CONTROL.name, files / "precheck.lyrdb")
    assert {rule: count for rule, count in found.items() if count} == {}


def test_it_fits_beside_the_macro(drawn: Digital) -> None:
    """A tile of 334 x 225 um holds 298 x 87 um of macro and drivers: some 330 x 62 um are left for this block."""
    x1, y1, x2, y2 = drawn.frame.outline
    assert (x2 - x1) / 1000 < 330
    assert (y2 - y1) / 1000 < 63
    assert 0.5 < drawn.utilization < 0.7


def test_half_a_clock_is_enough(drawn: Digital) -> None:
    """Some paths end at flip-flops of the falling edge."""
    assert 8 < len(longest_path(drawn.netlist)) < HALF_PERIOD_NS / SLOW_STAGE_NS


@pytest.mark.nightly
def test_yosys_proves_it_equal(drawn: Digital) -> None:
    require_equivalent(CONTROL.verilog(), CONTROL.name, drawn.netlist, drawn.m.cells)
