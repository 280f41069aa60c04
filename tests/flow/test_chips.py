"""Virtual chips: the same seed is the same chip everywhere."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.small import small_design

from somaforge.flow.chips import VirtualChip, standard_normal
from somaforge.flow.machinery.base import Step
from somaforge.flow.steps import cells, characterize, noise
from somaforge.pdk.sky130 import mismatch

PINNED = (0.3641775221999148, 1.4353335915390322)


def test_draws_are_pinned() -> None:
    """Computed once with hashlib and scipy's ndtri; another machine must find the same transistors."""
    assert standard_normal(1, "x_soma_0_0.m0_0") == pytest.approx(PINNED[0], abs=1e-12)
    assert standard_normal(2, "x_soma_0_0.m0_0") == pytest.approx(PINNED[1], abs=1e-12)


def test_draws_are_standard_normal() -> None:
    draws = np.array([standard_normal(7, f"m{i}") for i in range(20_000)])
    assert abs(draws.mean()) < 4 / np.sqrt(20_000)
    assert draws.std() == pytest.approx(1.0, abs=4 / np.sqrt(40_000))
    assert np.mean(np.abs(draws) > 1.959964) == pytest.approx(0.05, abs=0.007)


@pytest.mark.needs_pdk
class TestShifts:
    def test_follow_the_transistor_not_its_place(self) -> None:
        design = small_design()
        mos = design.flat.mos
        shifts = VirtualChip(3).shifts(design.flat, design.pdk)
        moved = replace(design.flat, mos=tuple(replace(m, d=m.d + "__s1") for m in reversed(mos)))
        assert np.array_equal(VirtualChip(3).shifts(moved, design.pdk), shifts[::-1])

    def test_have_the_foundry_spread(self) -> None:
        design = small_design((4, 4, 4))
        shifts = VirtualChip(5).shifts(design.flat, design.pdk)
        unit = design.sizes.unit
        for device in {m.device for m in design.flat.mos}:
            chosen = [s for s, m in zip(shifts, design.flat.mos, strict=True) if (m.device, m.l_nm) == (device, unit.l)]
            sigma = mismatch.sigma_vth_V(device, unit.w, unit.l)
            assert np.std(chosen) == pytest.approx(sigma, rel=4 / np.sqrt(2 * len(chosen)))

    def test_follow_the_law_of_the_spec(self) -> None:
        """The same deviates, 2.1 times as far for an n-channel unit of 0.42/0.54 um; p-channel devices are the same."""
        design = small_design()
        chips = design.spec.chips
        pelgrom = VirtualChip.of(chips.model_copy(update={"law": "pelgrom"}), 3).shifts(design.flat, design.pdk)
        ratio = VirtualChip.of(chips, 3).shifts(design.flat, design.pdk) / pelgrom
        for m, found in zip(design.flat.mos, ratio, strict=True):
            wanted = [mismatch.sigma_vth_V(m.device, m.w_nm, m.l_nm, law) for law in ("continuous", "pelgrom")]
            assert found == pytest.approx(wanted[0] / wanted[1], rel=1e-12)
            assert found > 1.4 if "nfet" in m.device else found == pytest.approx(1, abs=1e-12)

    def test_a_programmed_chip_has_both_shifts(self) -> None:
        design = small_design()
        for law in ("continuous", "subthreshold"):
            drawn = VirtualChip(3, law=law)
            chip = drawn.programmed(design, design.flat)
            assert np.array_equal(chip.shifts, drawn.shifts(design.flat, design.pdk))
            assert not any(codes.any() for codes in chip.codes)
            if law == "continuous":
                assert chip.weak is None
            else:
                assert chip.weak is not None
                assert np.array_equal(chip.weak, drawn.weak(design.flat, design.pdk))
                assert np.std(chip.weak) > 5e-3

    @pytest.mark.parametrize("step", [cells.STEP, noise.STEP, characterize.STEP])
    def test_steps_run_again_under_another_law(self, step: Step) -> None:
        spec = small_design().spec
        other = spec.model_copy(update={"chips": spec.chips.model_copy(update={"law": "pelgrom"})})
        assert step.config(spec) != step.config(other)

    def test_scale_with_mismatch(self) -> None:
        design = small_design()
        full = VirtualChip(1).shifts(design.flat, design.pdk)
        assert np.allclose(VirtualChip(1, 0.5).shifts(design.flat, design.pdk), 0.5 * full)
        assert not np.any(VirtualChip(1, 0.0).shifts(design.flat, design.pdk))
        assert not np.any(VirtualChip(2).shifts(design.flat, design.pdk) == full)
