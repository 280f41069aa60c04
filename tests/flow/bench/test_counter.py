"""From currents to periods and back."""

import pytest

from somaforge.flow.bench.converter import Converter
from somaforge.flow.bench.cosim import CLOCK_HZ
from somaforge.flow.bench.meter import COUNTER, QUIET_MS


@pytest.mark.parametrize("current_A", [1e-12, 1e-9, 1e-6])
def test_there_and_back(current_A: float) -> None:
    assert Converter().current_A(Converter().period_s(current_A)) == pytest.approx(current_A)


def test_by_hand() -> None:
    """153 fC at 1 nA: 153 us, and 0.1 us beside it; a period of nothing is no division by zero."""
    assert Converter().period_s(1e-9) == pytest.approx(153.1e-6)
    assert Converter().current_A(0.0) == pytest.approx(153e-6)


def test_the_counter_knows_what_its_patience_leaves_out() -> None:
    """Two pulses of 8 pA take 38 ms of the 40; less reads as 0."""
    least = 8e-12
    assert 0.9 * QUIET_MS < 2e3 * Converter().period_s(least) < QUIET_MS
    assert COUNTER.noise_A == pytest.approx(least / 12**0.5, rel=0.01)


def test_the_clock_is_that_of_the_control() -> None:
    assert CLOCK_HZ == 20_000_000
