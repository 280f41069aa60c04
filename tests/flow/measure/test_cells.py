"""Single cells against hand estimates: unit gains, subthreshold slopes, noise margins."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.measure import cells
from somaforge.flow.memory.latch_margins import noise_margin
from somaforge.generator.design import Design, build
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import InputError


@cache
def design() -> Design:
    return build(load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml"))


@cache
def transfer() -> cells.Transfer:
    return cells.transfer(design(), design().spec.at, lowest_A=1e-9, highest_A=3e-7)


spice = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


class TestTransfer:
    pytestmark = spice

    def test_sweep_is_logarithmic_and_ascending(self) -> None:
        steps = np.diff(np.log10(transfer().inputs_A))
        assert np.all(np.abs(steps - cells.DECADE_STEP) < 0.002)
        assert transfer().inputs_A[0] == pytest.approx(1e-9)
        assert transfer().inputs_A[-1] == pytest.approx(3e-7)

    def test_a_unit_takes_its_share_of_the_soma(self) -> None:
        """The soma has four units in parallel: a quarter each, more by the drain voltage (short channels)."""
        weak = transfer().inputs_A < 2e-8
        assert np.all(transfer().gain(1)[weak] > 0.25)
        assert np.all(transfer().gain(1)[weak] < 0.35)
        assert np.all(transfer().outputs_A[transfer().codes.index(0)] < 1e-3 * transfer().inputs_A)

    def test_codes_are_linear_at_low_current_and_bend_at_high(self) -> None:
        """Unit mirrors: 1:2:4; the drop over the sign switch grows with the current."""
        low = np.array([transfer().gain(c)[0] for c in range(1, 8)])
        high = np.array([transfer().gain(c)[-1] for c in range(1, 8)])
        assert low / low[0] == pytest.approx(np.arange(1, 8), rel=0.01)
        assert np.all(np.diff(high) > 0)
        assert 0.8 < high[6] / (7 * high[0]) < 0.97

    def test_signs(self) -> None:
        for code in range(1, 8):
            ratio = -transfer().gain(-code) / transfer().gain(code)
            assert np.all(ratio > 0.8)
            assert np.all(ratio < 1.3)

    def test_subthreshold_slope(self) -> None:
        """n U_T ln 10 with n from 1.2 to 1.8: 71 to 107 mV per decade at 27 C."""
        decade = round(1 / cells.DECADE_STEP)
        n_slope = transfer().rail_n_V[decade] - transfer().rail_n_V[0]
        p_slope = transfer().rail_p_V[0] - transfer().rail_p_V[decade]
        assert 0.071 < n_slope < 0.107
        assert 0.071 < p_slope < 0.112

    def test_impossible_currents_are_refused(self) -> None:
        with pytest.raises(InputError, match="give 0 < lowest < highest"):
            cells.transfer(design(), design().spec.at, lowest_A=1e-6, highest_A=1e-9)


class TestLatch:
    pytestmark = spice

    @pytest.mark.parametrize("corner", ["tt", "sf"])
    def test_margins_while_holding_and_reading(self, corner: str) -> None:
        """Holding: near the ideal of half the supply; reading divides, but must keep ten sigma of mismatch (20 mV)."""
        at = replace(design().spec.at, corner=corner)
        hold = cells.butterfly(design(), at, reading=False)
        read = cells.butterfly(design(), at, reading=True)
        assert 0.4 < hold.noise_margin_V < design().spec.supply_V / 2
        assert 0.2 < read.noise_margin_V < hold.noise_margin_V


def test_noise_margin_of_ideal_inverters() -> None:
    """A step at half the supply leaves two squares of half the supply; a follower of gain 1 leaves none."""
    x = np.linspace(0, 1.8, 1801)
    step = np.clip((0.9 - x) * 1e4 + 0.9, 0, 1.8)
    assert noise_margin(x, step, step) == pytest.approx(0.9, abs=0.005)
    assert noise_margin(x, 1.8 - x, 1.8 - x) == pytest.approx(0.0, abs=1e-3)


def test_noise_margin_is_that_of_the_smaller_eye() -> None:
    """Steps at 0.9 V and 0.5 V: squares of 0.9 V and of at most 0.5 V."""
    x = np.linspace(0, 1.8, 1801)
    early, middle = (np.clip((trip - x) * 1e4 + 0.9, 0, 1.8) for trip in (0.5, 0.9))
    assert noise_margin(x, middle, early) == pytest.approx(0.5, abs=0.005)
    assert noise_margin(x, early, middle) == pytest.approx(0.5, abs=0.005)
