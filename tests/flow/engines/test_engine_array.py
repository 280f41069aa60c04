"""The array engine against the reference simulator, with mismatch; and that a wrong transistor is seen."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.small import nominal, small_design, with_mirrors, zeros

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array import chip as model
from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import DcResult, ProgrammedChip
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.generator.design import Design
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint

CODES = (np.array([[7, -3, 1], [-2, 6, 0], [5, 4, -1], [3, -7, 2]]), np.array([[4, -2, 7], [1, 5, -3], [-6, 3, 2]]))
INPUTS = np.array([[300e-9, 20e-9, 150e-9, 0.0], [50e-9, 250e-9, 10e-9, 80e-9], [5e-9, 10e-9, 15e-9, 2e-9]])


def chip_of(design: Design, seed: int = 1) -> ProgrammedChip:
    return VirtualChip(seed).programmed(design, design.flat, CODES)


def errors(found: DcResult, reference: DcResult) -> np.ndarray:
    """Relative errors of output currents above 1 % of full scale."""
    above = reference.outputs > 0.01 * reference.outputs.max()
    assert above.sum() >= 4
    return np.abs(found.outputs / reference.outputs - 1)[above]


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
class TestAgainstNgspice:
    def test_outputs_and_supply_of_a_chip_with_mismatch(self) -> None:
        chip = chip_of(small_design((4, 3, 3)))
        reference, found = NgspiceEngine().dc(chip, INPUTS), ArrayEngine().dc(chip, INPUTS)
        wrong = errors(found, reference)
        assert np.median(wrong) < 0.002
        assert wrong.max() < 0.01
        assert found.supply == pytest.approx(reference.supply, rel=2e-3)
        assert np.abs(found.outputs - reference.outputs).max() < 1e-3 * reference.outputs.max()

    def test_one_wrong_shift_is_seen(self) -> None:
        """Half a sigma and up, on one of four units of a soma's diode and of one mirror that is on."""
        design = small_design((4, 3, 3))
        chip, simulator = chip_of(design), ArrayEngine()
        right = simulator.dc(chip, INPUTS[:1]).outputs
        names = [m.name for m in design.flat.mos]
        for name in ("x_soma_0_0.m0_2", "x_matrix_0.x_row_0.x_synapse_0.mp_2_3", "x_output_0.mp_0_0"):
            shifts = chip.shifts.copy()
            shifts[names.index(name)] += 0.005
            changed = simulator.dc(replace(chip, shifts=shifts), INPUTS[:1]).outputs
            assert np.abs(changed / right - 1).max() > 5e-3, name
        latch = chip.shifts.copy()
        latch[names.index("x_matrix_0.x_row_0.x_synapse_0.x_latch_0.m_up")] += 0.1
        assert np.array_equal(simulator.dc(replace(chip, shifts=latch), INPUTS[:1]).outputs, right)

    @pytest.mark.parametrize(("corner", "temperature", "supply"), [("ss", -20.0, 1.8), ("fs", 85.0, 1.62)])
    def test_other_operating_points(self, corner: str, temperature: float, supply: float) -> None:
        chip = replace(chip_of(small_design((4, 3, 3)), 2), at=OperatingPoint(corner, temperature, supply))
        reference, found = NgspiceEngine().dc(chip, INPUTS[:2]), ArrayEngine().dc(chip, INPUTS[:2])
        assert errors(found, reference).max() < 0.01
        assert found.supply == pytest.approx(reference.supply, rel=3e-3)

    def test_a_smaller_input_diode_gives_its_rails_more_current(self) -> None:
        """Half the units in M0: M1 to M4 carry twice the input current."""
        supplies = []
        for units in (4, 2):
            design = with_mirrors(small_design((4, 3, 3)), input_multiplier=units)
            chip = chip_of(design)
            reference, found = NgspiceEngine().dc(chip, INPUTS / 4), ArrayEngine().dc(chip, INPUTS / 4)
            assert errors(found, reference).max() < 0.01
            assert found.supply == pytest.approx(reference.supply, rel=2e-3)
            idle = nominal(design, zeros(design))
            supplies.append(ArrayEngine().dc(idle, INPUTS[:1] / 4).supply[0] / (INPUTS[0].sum() / 4))
        # synapses are off: the supply gives the input currents, M2 and M3; M1 and M3 copy with more across them
        assert supplies[0] == pytest.approx(1 + 2, rel=0.15)
        assert supplies[1] == pytest.approx(1 + 2 * 2, rel=0.15)

    def test_scaled_mirrors(self) -> None:
        """One device of another width for each bit: a table for each."""
        design = with_mirrors(small_design((2, 2, 2), bits=2), style="scaled")
        codes = (np.array([[3, -1], [2, 2]]), np.array([[2, 1], [-1, 3]]))
        chip = ProgrammedChip(
            design, design.flat, codes, VirtualChip(4).shifts(design.flat, design.pdk), design.spec.at
        )
        inputs = np.array([[30e-9, 60e-9], [100e-9, 20e-9]])
        reference, found = NgspiceEngine().dc(chip, inputs), ArrayEngine().dc(chip, inputs)
        assert errors(found, reference).max() < 0.01


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_patterns_are_independent_and_programs_change_with_them() -> None:
    design = small_design((4, 3, 3))
    chip, simulator = chip_of(design), ArrayEngine()
    together = simulator.dc(chip, INPUTS)
    for i, x in enumerate(INPUTS):
        assert simulator.dc(chip, x[None]).outputs[0] == pytest.approx(together.outputs[i], rel=1e-4, abs=1e-14)
    changing = simulator.dc(chip, INPUTS, [zeros(design), CODES, CODES])
    assert np.abs(changing.outputs[0]).max() < 1e-12
    assert changing.outputs[1:] == pytest.approx(together.outputs[1:], rel=1e-4, abs=1e-14)
    with pytest.raises(ValueError, match="1 programs for 3 patterns"):
        simulator.dc(chip, INPUTS, [CODES])


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_refusals() -> None:
    design = small_design()
    chip = nominal(design)
    inputs = np.full((1, 2), 1e-8)
    with pytest.raises(InputError, match="latches are ideal here"):
        ArrayEngine().dc(replace(chip, memory="transistor"), inputs)
    flat = replace(design.flat, mos=tuple(m for m in design.flat.mos if m.name != "x_soma_1_0.m3_2"))
    with pytest.raises(InputError, match=r"no transistor x_soma_1_0\.m3_2; the array engine needs"):
        ArrayEngine().dc(nominal(design, flat=flat), inputs)
    wide = tuple(replace(m, w_nm=900) if m.name == "x_soma_1_0.m3_2" else m for m in design.flat.mos)
    with pytest.raises(InputError, match=r"x_soma_1_0\.m3_2 is .*900.* others in its role"):
        ArrayEngine().dc(nominal(design, flat=replace(design.flat, mos=wide)), inputs)


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_many_patterns_at_once_give_the_same_currents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above model.MANY synapses become surfaces; they are checked in every run, and left if they are wrong."""
    chip = chip_of(small_design((4, 3, 3)))
    inputs = 300e-9 * np.random.default_rng(1).random((model.MANY, 4)) ** 3
    inputs[:3] = INPUTS[:, :4]
    many = ArrayEngine().dc(chip, inputs)
    few = ArrayEngine().dc(chip, inputs[:20])
    assert (many.effort.attempts, few.effort.attempts) == (("surfaces",), ("newton",))
    first = DcResult(many.outputs[:20], many.supply[:20], many.unsettled[:20], many.effort)
    assert np.median(errors(first, few)) < 2e-4
    assert np.abs(first.outputs - few.outputs).max() < 5e-4 * few.outputs.max()
    assert first.supply == pytest.approx(few.supply, rel=5e-4)
    monkeypatch.setattr(collapse, "POINTS", 4)
    coarse = ArrayEngine().dc(chip, inputs)
    assert coarse.effort.attempts == ("surfaces", "newton")
    assert coarse.outputs[:20] == pytest.approx(few.outputs, rel=1e-4, abs=1e-13)
