"""A small chip at the pins of a tile: clean, its schematic, its outputs driven; what does not fit is said."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from specs import free_design

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.flow.control.gates import gates_of
from somaforge.generator.block import write_block
from somaforge.generator.chip.framed import framed
from somaforge.generator.control import Control
from somaforge.generator.design import Design, build
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.generator.spec.chip import Chip, Drivers
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout

pytestmark = pytest.mark.needs_pdk
PDK = load("sky130")
SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}


@pytest.fixture(scope="module")
def design() -> Design:
    spec = free_design((2, 2, 2), bits=1, port="scan", **SMALL).spec
    return build(spec.model_copy(update={"chip": Chip(drivers=Drivers(bits=1))}))


@pytest.fixture(scope="module")
def gates(design: Design) -> GateNetlist:
    return gates_of(Control.of(design), PortMeasures(PDK).cells)


@pytest.mark.nightly
def test_it_is_clean_and_its_schematic(design: Design, gates: GateNetlist, tmp_path: Path) -> None:
    frame = PDK.frames.load("tiny-tapeout-2x2")
    chip = framed(frame, design, gates)
    gds, spice, top = tmp_path / "chip.gds", tmp_path / "chip.spice", chip.block.name
    write_block(chip.block, gds)
    write_spice(chip.block.library, spice)
    opened = open_layout(gds, top)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(PDK, opened) if v.count] == []
    assert lvs.run(PDK, gds, spice, top, None).mismatches == ()
    driven = {net for call in chip.block.circuit.calls for net in call.nets}
    assert {pin.name for pin in frame.pins if pin.kind == "digital" and pin.direction == "output"} <= driven
    assert chip.analog_used == ("ua[0]", "ua[1]")


def test_a_frame_that_is_too_small_and_one_with_other_pins(design: Design, gates: GateNetlist) -> None:
    with pytest.raises(InputError, match=r"chip.frame: .* um do not fit tiny-tapeout-1x2"):
        framed(PDK.frames.load("tiny-tapeout-1x2"), design, gates)
    with pytest.raises(InputError, match="has no pin"):
        framed(PDK.frames.load("caravel-analog"), design, gates)
