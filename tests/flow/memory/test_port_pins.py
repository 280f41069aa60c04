"""Pins of the port against estimates by hand."""

from functools import cache
from pathlib import Path

import pytest

from somaforge.flow.memory.port_pins import LOADS_F, PortPins, measure
from somaforge.flow.memory.port_timing import plan_of, slow
from somaforge.generator.design import Design, build
from somaforge.generator.spec import load_spec
from somaforge.pdk.models import OperatingPoint

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


@cache
def design() -> Design:
    return build(load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml"))


@cache
def pins(at: OperatingPoint) -> PortPins:
    return measure(design(), plan_of(design()), at)


def test_an_input_is_the_gates_of_one_buffer() -> None:
    """The input stage of a buffer of drive 2 is an inverter of 0.65/0.15 and 1.0/0.15 um or smaller: at 8.3 fF/um2 at
    most 2.1 fF."""
    found = pins(design().spec.at).input_F
    assert set(found) == {"clk", "shift", "data_in", "row_in", "row_step", "write", "read"}
    assert all(0.5e-15 < farad < 2.1e-15 for farad in found.values())


def test_data_out_follows_the_clock_by_five_gates() -> None:
    """Buffer, clock gate, repeater, flip-flop and output buffer: 0.1 to 0.3 ns each at the typical corner."""
    found = pins(design().spec.at).data_out
    assert [follows.load_F for follows in found] == list(LOADS_F)
    for follows in found[:1]:
        assert 0.4e-9 < follows.rise_s < 1.2e-9
        assert 0.4e-9 < follows.fall_s < 1.2e-9


def test_a_load_costs_what_the_output_buffer_gives() -> None:
    """Its p-channel devices, 4 um in all, give about 1 mA at 1.8 V: 150 fF more are half of 0.27 pC, 0.14 ns and more
    while the current falls."""
    small, _, large = pins(design().spec.at).data_out
    assert 0.1e-9 < large.rise_s - small.rise_s < 0.6e-9
    assert large.rise_transition_s > 3 * small.rise_transition_s


def test_a_slow_corner_is_slower() -> None:
    typical, worst = pins(design().spec.at).data_out[0], pins(slow(design())).data_out[0]
    assert 1.3 < worst.rise_s / typical.rise_s < 3
