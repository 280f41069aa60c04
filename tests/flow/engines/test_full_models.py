"""Array engine and references against the foundry's whole models: series resistance and body resistors included."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.flow.small import small_design, wired

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.array.network import Places
from somaforge.flow.engines.base import Effort, ProgrammedChip, TransientResult
from somaforge.flow.engines.columns import ColumnReference
from somaforge.flow.engines.error import full_model_error
from somaforge.flow.engines.layered import LADDER, settled
from somaforge.flow.engines.ngspice import CAREFUL, NgspiceEngine
from somaforge.flow.engines.ngspice import LADDER as USUAL
from somaforge.flow.engines.synapses import SynapseReference
from somaforge.flow.engines.time_error import compared_in_time, half_time, time_error
from somaforge.flow.spice.process import Run, RunError
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


@pytest.fixture(scope="module")
def chip() -> ProgrammedChip:
    """9-6-4 with mismatch and random weights."""
    design = small_design((9, 6, 4))
    draw = np.random.default_rng(3)
    codes = (draw.integers(-7, 8, (9, 6)), draw.integers(-7, 8, (6, 4)))
    return ProgrammedChip(
        design, design.flat, codes, VirtualChip(1).shifts(design.flat, design.pdk), design.spec.at, exact=True
    )


@pytest.fixture(scope="module")
def inputs() -> Floats:
    found: Floats = 200e-9 * np.random.default_rng(4).random((3, 9)) ** 2
    return found


@pytest.fixture(scope="module")
def whole(chip: ProgrammedChip, inputs: Floats) -> Floats:
    """Output currents of the whole array in ngspice."""
    return NgspiceEngine().dc(chip, inputs).outputs


def errors(found: Floats, reference: Floats) -> Floats:
    above = reference > 0.01 * reference.max()
    assert above.sum() >= 4
    wrong: Floats = np.abs(found[above] / reference[above] - 1)
    return wrong


def test_settled_currents(chip: ProgrammedChip, inputs: Floats, whole: Floats) -> None:
    """With tables from models without series resistance these were 0.66 % (median) and 0.9 % off."""
    wrong = errors(ArrayEngine().dc(chip, inputs).outputs, whole)
    assert np.median(wrong) < 1.5e-3
    assert wrong.max() < 0.01


def test_a_wrong_shift_is_seen(chip: ProgrammedChip, inputs: Floats, whole: Floats) -> None:
    """20 mV on one of four units of a soma: above the bound of the median."""
    place = [m.name for m in chip.flat.mos].index("x_soma_0_0.m0_2")
    shifts = chip.shifts.copy()
    shifts[place] += 0.02
    found = ArrayEngine().dc(replace(chip, shifts=shifts), inputs).outputs
    assert errors(found, whole).max() > 0.02


def test_references_agree_with_the_whole_array(chip: ProgrammedChip, inputs: Floats, whole: Floats) -> None:
    """Series resistance beside nodes that float: with a voltage tolerance of 0.1 uV they came out with milliamperes."""
    for reference in (ColumnReference, SynapseReference):
        assert errors(reference(chip).solve(inputs).outputs, whole).max() < 5e-4, reference


def test_what_a_run_reports(chip: ProgrammedChip, inputs: Floats) -> None:
    plain = replace(chip, exact=False)
    found = ArrayEngine().at_rest(plain, inputs)
    error = full_model_error(plain, inputs, found)
    assert error.solved == 1.0
    assert error.currents > 10
    assert error.p50 < 5e-3
    assert error.max < 0.02
    wrong = replace(found, outputs=1.03 * found.outputs)
    assert full_model_error(plain, inputs, wrong).max > 0.02


def test_what_ngspice_did_not_settle_is_not_taken() -> None:
    quick, careful = LADDER["direct"], LADDER["gmin-stepping"]
    stepped = Run(b"", "Note: Starting dynamic gmin stepping\n", 0)
    with pytest.raises(RunError, match="no operating point but a transient"):
        settled(Run(b"", "Note: Transient op started\n", 0), careful)
    with pytest.raises(RunError, match="stepping with bypass"):
        settled(stepped, quick)
    assert settled(stepped, careful) is stepped


def test_in_time(chip: ProgrammedChip, inputs: Floats) -> None:
    """Half of a change within 5 %, two of them in 0.07 us; ngspice with larger steps is late there by more than half
    of that."""
    plain = wired(replace(chip, exact=False))
    found = time_error(plain, inputs, 2e-6, ArrayEngine())
    assert found.changes >= 3
    assert found.max < 0.05
    assert found.energy_max < 0.02


def test_larger_steps_of_the_reference_are_late(chip: ProgrammedChip, inputs: Floats) -> None:
    """By hand: 7 times 0.1 fC on 30 fF are 23 mV in a step, an e-fold of a current (39 mV in a diode of n 1.5) hardly
    resolved; 3e-17 C and once is 1 mV."""
    plain = wired(replace(chip, exact=False))
    coarse, careful = (NgspiceEngine(ladder=each).transient(plain, inputs[:2], 2e-6) for each in (USUAL, CAREFUL))
    assert len(careful.time) > 1.5 * len(coarse.time)
    late = compared_in_time(coarse, careful)
    assert 0.02 < late.max < 0.1
    assert late.energy_max < 0.005


def test_nodes_inside_a_synapse_follow_within_a_nanosecond(chip: ProgrammedChip) -> None:
    """By hand: a switch and a sign device are on (some 10 uS), a node between them carries some 5 fF: 0.5 ns. A delay
    of 5 ns would take ten times that. What follows slowly hangs on mirrors that are off, and is no part of the way."""
    engine, places = ArrayEngine(), Places(chip.design, chip.flat)
    kinds, one = places.kinds(chip), torch.ones(1, dtype=torch.float64)
    column, across = 0.45, 0.01
    for kind, gate, low in ((kinds.switch, 1.8, column), (kinds.p_sign, 1.8, 0.0), (kinds.n_sign, 1.8, 0.0)):
        current = engine.device(kind)(gate * one, (low + across) * one, low * one).current
        seconds = 5e-15 * across / float(current)
        assert seconds < 1e-9, (kind, seconds)


def test_a_late_output_is_seen() -> None:
    time = np.linspace(0.0, 2e-6, 201)
    effort = Effort(0.0, (), ())

    def run(delay: float) -> TransientResult:
        rise = 1e-7 * np.clip((time - 1e-6 - delay) / 4e-7, 0.0, 1.0)
        return TransientResult(time, rise[:, None], np.full(201, 1e-6), 1e-6, 2, effort)

    assert half_time(time[100:], run(0.0).outputs[100:, 0], 0.0, 1e-7) == pytest.approx(2e-7)
    assert half_time(time[100:], run(0.0).outputs[100:, 0], 0.0, 3e-7) == float("inf")
    late = compared_in_time(run(2e-8), run(0.0))
    assert (late.changes, late.energy_max) == (1, 0.0)
    assert late.max == pytest.approx(0.1, rel=1e-6)
    with pytest.raises(CheckError, match="nothing to compare in time"):
        compared_in_time(run(0.0), run(5e-6))
