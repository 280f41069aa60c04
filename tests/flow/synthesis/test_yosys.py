"""Synthesis: gates of the library only, proved equal to their source, and a proof that can fail."""

from dataclasses import replace

import pytest
from tests.flow.synthesis.counter import COUNTER

from somaforge.flow.synthesis.yosys import require_equivalent, synthesise
from somaforge.generator.digital.netlist import with_pin_buffers
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.library import StandardCells

pytestmark = pytest.mark.needs_pdk


@pytest.fixture(scope="module")
def cells() -> StandardCells:
    found = load("sky130").cells
    assert found is not None
    return found


@pytest.fixture(scope="module")
def netlist(cells: StandardCells) -> GateNetlist:
    return synthesise(COUNTER, "counter", cells)


def test_a_counter_has_its_flip_flops_and_few_gates(netlist: GateNetlist) -> None:
    """By hand: six flip-flops, two of them set by the reset; per bit half an adder and a choice, some four gates."""
    kinds = [gate.function for gate in netlist.gates]
    assert (kinds.count("set_flip_flop"), kinds.count("reset_flip_flop")) == (2, 4)
    assert 6 + 6 <= len(kinds) <= 6 + 6 * 6
    assert netlist.outputs == (*(f"q_{k}" for k in range(6)), "full")


def test_gates_and_buffers_are_the_source(netlist: GateNetlist, cells: StandardCells) -> None:
    require_equivalent(COUNTER, "counter", netlist, cells)
    require_equivalent(COUNTER, "counter", with_pin_buffers(netlist), cells)


def test_one_gate_of_another_function_is_found(netlist: GateNetlist, cells: StandardCells) -> None:
    k = next(k for k, gate in enumerate(netlist.gates) if gate.function == "xnor2")
    wrong = replace(netlist.gates[k], function="xor2")
    gates = (*netlist.gates[:k], wrong, *netlist.gates[k + 1 :])
    with pytest.raises(InputError, match="yosys"):
        require_equivalent(COUNTER, "counter", replace(netlist, gates=gates), cells)


def test_a_reset_to_another_value_is_found(netlist: GateNetlist, cells: StandardCells) -> None:
    k = next(k for k, gate in enumerate(netlist.gates) if gate.function == "set_flip_flop")
    pins = tuple(("reset_n" if pin == "set_n" else pin, net) for pin, net in netlist.gates[k].pins)
    wrong = replace(netlist.gates[k], function="reset_flip_flop", pins=pins)
    gates = (*netlist.gates[:k], wrong, *netlist.gates[k + 1 :])
    with pytest.raises(InputError, match="yosys"):
        require_equivalent(COUNTER, "counter", replace(netlist, gates=gates), cells)


@pytest.mark.parametrize(
    ("verilog", "says"),
    [
        ("module counter (a, y); input a; output y; assign y = b; endmodule", "y would be on a constant"),
        ("module counter (a, y); input a; output y; assign y = 1'b1; endmodule", "y would be on a constant"),
        ("module counter (a, y); input a; output y; assign y = a endmodule", "syntax error"),
        ("module other (a, y); input a; output y; assign y = a; endmodule", "counter"),
        ("module counter (a, b, y); input a, b; output y; reg y; always @(*) if (a) y = b; endmodule", "LATCH"),
    ],
    ids=["floating", "constant", "syntax", "another name", "latch"],
)
def test_what_cannot_be_built_is_refused(verilog: str, says: str, cells: StandardCells) -> None:
    with pytest.raises(InputError, match=says):
        synthesise(verilog, "counter", cells)
