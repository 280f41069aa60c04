"""A whole chip's analog part: the transistors of array and readout, programmed, latches and ports left out."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "generator"))
from specs import free_design

from somaforge.flow.chips import VirtualChip
from somaforge.flow.readout.whole import Times, analog, bench_of, classify
from somaforge.generator.chip.chip import chip_block
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design
from somaforge.generator.layout import draw
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


@pytest.mark.needs_ngspice
def test_the_larger_output_wins(made: Design, chip: FlatNetlist) -> None:
    """Identity matrices of one unit: the larger input current wins. By hand: three synapses of 0.31 make 9 nA of
    300 nA (docs: one unit gives 0.31 of its soma's current), the race takes 46 fC over that, `valid` 0.4 us more."""
    inputs = np.array([[300e-9, 80e-9], [80e-9, 300e-9]])
    times = Times(settle_s=3e-6, race_s=12e-6)
    found = classify(bench_of(chip, made, CODES, seed=1), inputs, times, used=2)
    assert found.chosen.tolist() == [0, 1] == found.largest(2).tolist()
    assert found.outputs_A.max(axis=1) == pytest.approx(0.31**3 * 300e-9, rel=0.5)
    race = found.decided_s - times.settle_s
    assert race == pytest.approx(46e-15 / found.outputs_A.max(axis=1) + 0.4e-6, rel=0.2)
