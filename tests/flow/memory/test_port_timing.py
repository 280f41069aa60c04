"""Timing of the port against estimates by hand."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from somaforge.flow.memory.port_timing import LINE_F, PERIPHERY_F, PortTiming, measure, plan_of, slow, word_ohm
from somaforge.generator.address import memory_map
from somaforge.generator.design import Design, build
from somaforge.generator.layout import draw
from somaforge.generator.periphery.netlist import Plan
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import ToolError

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


@cache
def design() -> Design:
    return build(load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml"))


def plan(rows: int) -> Plan:
    """A memory with that many rows, two columns wide."""
    return Plan(memory_map((rows, 2), 3), (8,))


@cache
def timing(rows: int) -> PortTiming:
    return measure(design(), plan(rows), design().spec.at)


def test_a_bit_line_takes_its_charge_over_the_read_current() -> None:
    """60 % of 1.8 V on wire, access junctions (about 0.6 fF each) and periphery, at the latch's 155 uA, which falls to
    about 0.8 of it on the way."""
    for rows in (100, 400):
        farad = rows * (LINE_F + 0.6e-15) + PERIPHERY_F
        assert timing(rows).read_s == pytest.approx(farad * 0.6 * 1.8 / (0.9 * 155e-6), rel=0.25)


def test_longer_lines_are_slower_and_repeaters_are_not() -> None:
    assert timing(400).read_s > 3 * timing(100).read_s
    assert timing(400).write_s > timing(100).write_s
    assert timing(400).charge_s > 3 * timing(100).charge_s
    assert timing(400).repeater_s == pytest.approx(timing(100).repeater_s, rel=0.05)
    assert 0.05e-9 < timing(100).repeater_s < 1e-9


def test_a_word_line_is_as_wide_as_drawn() -> None:
    """A latch has 2.5 um of it: 18 squares of 0.125 ohm, 16 % more in the highest corner."""
    assert word_ohm(design()) == pytest.approx(18 * 0.125 * 1.16, rel=0.02)
    drawn = draw(design())
    met2, y = drawn.layout.layer(*design().pdk.layers["row"]), drawn.plan.rows.word_y
    wires = [s.bbox() for s in drawn.layout.cell(design().cell("synapse")).each_shape(met2)]
    word = [b for b in wires if b.width() == drawn.plan.synapse.width and b.bottom < y < b.top]
    assert [b.height() for b in word] == [design().pdk.rules.row.width]


def test_half_a_period_is_the_sum_of_what_happens_in_it() -> None:
    t = PortTiming(1e-9, 10e-9, 2e-9, 3e-9, 1e-9, 4e-9)
    assert t.half_period_s == pytest.approx(16.3e-9)
    assert t.clock_Hz == pytest.approx(0.5 / 16.3e-9)


def test_a_slow_corner_is_slower() -> None:
    at = slow(design())
    assert (at.corner, at.temperature_C) == ("ss", -40.0)
    assert at.supply_V == pytest.approx(1.62)
    slowest = measure(design(), plan_of(design()), at)
    typical = measure(design(), plan_of(design()), design().spec.at)
    assert 1.2 < slowest.half_period_s / typical.half_period_s < 3
    assert typical.clock_Hz > 20e6


def test_a_driver_that_is_too_weak_is_seen() -> None:
    """A word line of 4,000 columns behind the smallest buffer does not open in 60 ns."""
    wide = replace(plan(4), memory=memory_map((4, 4000), 3), groups=(8,) * 2000, word_drive=1)
    with pytest.raises(ToolError, match="word_end does not reach"):
        measure(design(), wide, design().spec.at)
