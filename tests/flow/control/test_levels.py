"""Levels of a control at rest: what flip-flops hold after a reset, and what a netlist that never rests is."""

import pytest
from tests.flow.control.test_control import SPEC

from somaforge.flow.control.gates import gates_of
from somaforge.flow.control.levels import at_rest, flip_flops
from somaforge.flow.measure.control_power import CLOCK, HIGH
from somaforge.generator.control import Control
from somaforge.generator.design import build
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import Gate, GateNetlist
from somaforge.generator.spec import parse_spec
from somaforge.pdk import load
from somaforge.pdk.errors import ToolError
from somaforge.pdk.library import INPUTS, OUTPUT, Function

PINS = ("clk", "rst_n", "d")


def gate(function: Function, output: str, *nets: str) -> Gate:
    return Gate(f"x_{output}", function, 1, (*zip(INPUTS[function], nets, strict=True), (OUTPUT, output)))


def test_reset_is_released_through_two_flip_flops() -> None:
    """The first takes 1 at the first rising edge, the second at the next; what they hold back follows, on either edge;
    a clock gate is none of them."""
    netlist = GateNetlist(PINS, ("late",), (), (
        gate("reset_flip_flop", "a", "clk", "rst_n", "rst_n"),
        gate("reset_flip_flop", "b", "clk", "a", "rst_n"),
        gate("inverter", "d_b", "d"),
        gate("falling_reset_flip_flop", "late", "clk", "d_b", "b"),
        gate("set_flip_flop", "kept", "clk", "kept", "rst_n"),
        gate("clock_gate", "gated", "clk", "b"),
    ))  # fmt: skip
    assert [g.output for g in flip_flops(netlist)] == ["a", "b", "late", "kept"]
    netlist = GateNetlist(PINS, ("late",), (), netlist.gates[:-1])
    found = at_rest(netlist, "clk", frozenset({"rst_n"}))
    assert found == {
        "clk": False, "rst_n": True, "d": False, "a": True, "b": True, "d_b": True, "late": True, "kept": True
    }  # fmt: skip
    assert not any(at_rest(netlist, "clk", frozenset({"d"}))[net] for net in ("a", "b", "late"))


def test_a_toggle_never_rests() -> None:
    netlist = GateNetlist(PINS, ("q",), (), (gate("reset_flip_flop", "q", "clk", "q_b", "rst_n"),
                                             gate("inverter", "q_b", "q")))  # fmt: skip
    with pytest.raises(ToolError, match="q and its like are still moving 64 clocks after a reset"):
        at_rest(netlist, "clk", frozenset({"rst_n"}))


@pytest.mark.needs_pdk
def test_the_control_rests_with_its_reset_released() -> None:
    """docs/control.md: nothing is selected, the race stands, no frame; its state is the two flip-flops that release the
    reset, and the pin cs_n, which is kept inverted, sampled as 0."""
    control = Control.of(build(parse_spec(SPEC, "test")))
    netlist = gates_of(control, PortMeasures(load("sky130")).cells)
    found = at_rest(netlist, CLOCK, HIGH)
    held = {g.output for g in flip_flops(netlist) if found[g.output]}
    assert held == {"awake_0", "awake_1"}
    assert found["race_reset"]
    assert not any(found[f"select_{i}"] for i in range(control.outputs))
