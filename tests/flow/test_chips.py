"""Virtual chips: the same seed is the same chip everywhere."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.small import small_design

from somaforge.flow.chips import VirtualChip, standard_normal
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

    def test_scale_with_mismatch(self) -> None:
        design = small_design()
        full = VirtualChip(1).shifts(design.flat, design.pdk)
        assert np.allclose(VirtualChip(1, 0.5).shifts(design.flat, design.pdk), 0.5 * full)
        assert not np.any(VirtualChip(1, 0.0).shifts(design.flat, design.pdk))
        assert not np.any(VirtualChip(2).shifts(design.flat, design.pdk) == full)
