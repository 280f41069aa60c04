"""The control as gates: sound, and in simulation what its source is, with the foundry's models of the cells."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.flow.control.test_control import SPEC, words

from somaforge.flow.control.gates import gates_of, gates_view
from somaforge.flow.control.simulation import Log, Script, run
from somaforge.generator import control as c
from somaforge.generator import control_block
from somaforge.generator.control import Control, Frame
from somaforge.generator.design import build
from somaforge.generator.digital.netlist import require_sound, sinks
from somaforge.generator.digital.place import WIDEST
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.generator.spec import parse_spec
from somaforge.pdk import load

PDK = load("sky130")
CELLS = PortMeasures(PDK).cells
pytestmark = [pytest.mark.needs_iverilog, pytest.mark.needs_pdk]


@pytest.fixture(scope="module")
def control() -> Control:
    return Control.of(build(parse_spec(SPEC, "test")))


@pytest.fixture(scope="module")
def netlist(control: Control) -> GateNetlist:
    return gates_of(control, CELLS)


@pytest.fixture(scope="module")
def placed(control: Control, netlist: GateNetlist) -> GateNetlist:
    """With buffers at the pins and repeaters, as it is laid out."""
    return control_block.placed(PDK, control, netlist, None).netlist


def everything(control: Control) -> Script:
    """Both ports, races of every kind, a measurement, configurations, frames that break off, a reset in the middle."""
    script = Script()
    script.send_all([c.ask(register) for register in (c.IDENTITY, c.WEIGHTS, c.PATTERN, c.STATUS)])
    for pattern, memory in ((False, control.weights), (True, control.pattern)):
        script.send_all(c.write_words(words(memory.rows, memory.width, 7), pattern, nibbles=pattern))
        script.send_all(c.read_words(memory.rows, memory.width, pattern))
    for winners, valid in ((4, True), (3, False), (1, True)):
        script.race(winners, valid, 400)
        script.send(c.start(40))
        script.wait(120)
        script.look()
        script.send(c.ask(c.STATUS))
        script.send(Frame(c.STOP))
    script.send(c.configure(ratio=11, reference=True, monitor=True, selected=2))
    script.converter(2, 700)
    script.look()
    script.send(c.measure(3))
    script.wait(200)
    script.send_all([c.ask(c.TICKS), c.ask(c.PULSES), c.ask(c.STATUS)])
    script.send(c.configure(ratio=3), broken_after=17)
    script.send(c.start(40), broken_after=5)
    script.look()
    script.send(c.start(4000))
    script.reset()
    script.look()
    script.send(c.ask(c.STATUS))
    return script


@pytest.fixture(scope="module")
def wanted(control: Control, tmp_path_factory: pytest.TempPathFactory) -> Log:
    return run(control, everything(control), tmp_path_factory.mktemp("source"))


def test_some_150_flip_flops_and_nothing_floats(control: Control, netlist: GateNetlist, placed: GateNetlist) -> None:
    """By hand: 32 of a frame's data, 24 of the timer, 16 of the pulses, 12 pins of the ports, 11 of the configuration,
    8 of the command, 14 that sample the pins, and some 30 more."""
    flops = sum("flip_flop" in gate.function for gate in netlist.gates)
    assert 130 <= flops <= 170
    assert 3 * flops <= len(netlist.gates) <= 7 * flops
    require_sound(placed)


def test_no_net_drives_more_than_the_widest(placed: GateNetlist) -> None:

    assert max(len(found) for found in sinks(placed).values()) <= WIDEST


def test_gates_answer_as_the_source(control: Control, placed: GateNetlist, wanted: Log, tmp_path: Path) -> None:
    assert "x" not in wanted.bits[:32]
    assert len(wanted.pins) == 6
    found = run(control, everything(control), tmp_path, gates_view(control, placed, CELLS))
    assert found == wanted


def test_two_crossed_wires_are_found(control: Control, placed: GateNetlist, wanted: Log, tmp_path: Path) -> None:
    """The bits of the class, at the buffers of their pins."""
    cross = {"x_out_class_out_0": "class_out_1_out", "x_out_class_out_1": "class_out_0_out"}
    gates = [replace(g, pins=(("a", cross[g.name]), g.pins[1])) if g.name in cross else g for g in placed.gates]
    view = gates_view(control, replace(placed, gates=tuple(gates)), CELLS)
    assert run(control, everything(control), tmp_path, view).pins != wanted.pins
