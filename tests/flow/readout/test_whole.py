"""A whole chip's analog part: the transistors of array and readout, programmed, latches and ports left out."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "generator"))
from specs import free_design, spec_data

from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import INSTANCE
from somaforge.flow.readout.decide import Times, classify, from_drivers, from_pins
from somaforge.flow.readout.whole import analog, bench_of
from somaforge.generator import drivers
from somaforge.generator.chip.chip import chip_block
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.layout import draw
from somaforge.generator.names import is_switch
from somaforge.generator.spec import parse_spec
from somaforge.pdk import load
from somaforge.pdk.errors import InputError

pytestmark = pytest.mark.needs_pdk
PDK = load("sky130")
CODES = (np.array([[1, 0], [0, 1]]), np.array([[1, 0], [0, 1]]))


@pytest.fixture(scope="module")
def made() -> Design:
    return free_design((2, 2, 2), bits=1, port="scan")


@pytest.fixture(scope="module")
def chip(made: Design) -> FlatNetlist:
    return chip_block(PDK, "chip", draw(made).block).library.flatten()


def test_the_array_in_it_is_the_array(made: Design, chip: FlatNetlist) -> None:
    """Names, and with them every virtual chip's transistors, are those of the array alone."""
    found = analog(chip, made, CODES)
    array = {m.name: m for m in made.flat_without_memory.mos}
    inside = {m.name: m for m in found.mos if m.name in array}
    assert inside.keys() == array.keys()
    assert all((m.w_nm, m.l_nm, m.device) == (array[n].w_nm, array[n].l_nm, array[n].device) for n, m in inside.items())
    assert {m.name.split(".")[0] for m in found.mos} - {n.split(".")[0] for n in array} == {
        "x_winner", "x_converter", "x_bias"
    }  # fmt: skip
    shifts = dict(zip((m.name for m in found.mos), VirtualChip(3).shifts(found, PDK), strict=True))
    core = made.flat_without_memory
    alone = zip((m.name for m in core.mos), VirtualChip(3).shifts(core, PDK), strict=True)
    assert all(shifts[name] == value for name, value in alone)


def test_weights_sit_on_rails(made: Design, chip: FlatNetlist) -> None:
    found = {m.name: m for m in analog(chip, made, CODES).mos}
    assert found["x_matrix_0.x_row_0.x_synapse_0.m_switch_0"].g == "vdd"
    assert found["x_matrix_0.x_row_0.x_synapse_1.m_switch_0"].g == "gnd"
    assert found["x_winner.x_racer_1.m_cascode"].s == "meter_1"


def test_another_design_is_refused(made: Design, chip: FlatNetlist) -> None:
    with pytest.raises(InputError, match="none of the weights of drawn is in it"):
        analog(made.flat, made, CODES)


def test_drivers_are_in_it_with_their_names_and_latches() -> None:
    """Every switch of the drivers has a source at its gate, and none is in a latch or port. Bias by hand: 60 nA of the
    pin's 100 nA are nearest to 2/4, so the pin gets 120 nA."""
    data = spec_data([4, 3, 3], bits=1, port="scan") | {"chip": {"drivers": {"bits": 1}}}
    spec = parse_spec(data, "test")
    made = build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": (2, 2, 2)})}))
    bank = drivers.build(made.spec)
    flat = chip_block(PDK, "chip", draw(made).block, draw(bank).block).library.flatten()
    found = analog(flat, made, CODES)
    own = {m.name: m for m in found.mos if m.name.startswith(INSTANCE)}
    assert own.keys() == {INSTANCE + m.name for m in bank.flat_without_memory.mos}
    patterns = [np.array([[1, 0]]), np.array([[0, 1]])]
    stimulus = from_drivers(bank, patterns, np.array([60e-9]), 1e-6)
    driven = {line.split()[1] for line in stimulus.sources if line.startswith("v_latch_")}
    switches = {m.g for name, m in own.items() if is_switch(name.rsplit(".", 1)[-1])}
    assert switches
    assert switches <= driven
    assert stimulus.ratio == 2
    assert stimulus.pin_A == pytest.approx(120e-9)


@pytest.mark.needs_ngspice
def test_the_larger_output_wins(made: Design, chip: FlatNetlist) -> None:
    """Identity matrices of one unit: the larger input current wins. By hand: three synapses of 0.31 make 9 nA of
    300 nA (docs: one unit gives 0.31 of its soma's current), the race takes 28 fC over that and 0.3 us of comparator,
    `valid` 0.4 us more."""
    inputs = np.array([[300e-9, 80e-9], [80e-9, 300e-9]])
    times = Times(settle_s=3e-6, race_s=12e-6)
    found = classify(bench_of(chip, made, CODES, seed=1), from_pins(inputs, times.period_s), times)
    assert found.chosen.tolist() == [0, 1] == found.largest.tolist()
    assert found.outputs_A.max(axis=1) == pytest.approx(0.31**3 * 300e-9, rel=0.5)
    race = found.decided_s - times.settle_s
    assert race == pytest.approx(28e-15 / found.outputs_A.max(axis=1) + 0.7e-6, rel=0.1)


def test_a_current_into_nothing_is_refused(made: Design, chip: FlatNetlist) -> None:
    """The chip of a bias with two outputs has no net `ref_1`: a source there is no reference, and floats."""
    stimulus = from_pins(np.full((1, 2), 1e-7), 1e-6)
    wrong = replace(stimulus, sources=(*stimulus.sources, "i_ref_1 vdd ref_1 1e-9"))
    with pytest.raises(InputError, match="i_ref_1 stands on ref_1, a net that it does not have"):
        classify(bench_of(chip, made, CODES, seed=1), wrong, Times(5e-7, 5e-7))


def test_a_chip_without_a_winner_is_refused(made: Design, chip: FlatNetlist) -> None:
    bench = bench_of(chip, made, CODES, seed=1)
    without = replace(bench.flat, mos=tuple(m for m in bench.flat.mos if not m.name.startswith("x_winner.")))
    with pytest.raises(InputError, match="no winner-take-all behind its outputs"):
        classify(replace(bench, flat=without), from_pins(np.full((1, 2), 1e-7), 1e-6), Times(5e-7, 5e-7))
