"""Intervals of speed and energy against laws that are known."""

from typing import Any

import numpy as np
import pytest

from somaforge.flow.measure.intervals import ENDS, interval_metrics
from somaforge.flow.measure.timed import speed_metrics

RUN_TIMES = np.array([5e-6, 1e-5])


def chips(
    random: np.random.Generator, count: int, patterns: int, between: float, within: float
) -> list[dict[str, Any]]:
    """Powers around 1 uW that differ from chip to chip and from pattern to pattern; times between 1 and 2 us."""
    found = []
    for _ in range(count):
        power = 1e-6 * (1 + between * random.standard_normal() + within * random.standard_normal(patterns))
        time = random.uniform(1e-6, 2e-6, patterns)
        found.append(
            {
                "timed": list(range(patterns)),
                "time_to_output_s": time.tolist(),
                "energy_J": (power * 1e-5).tolist(),
                "energy_to_output_J": (power * time).tolist(),
                "predictions": [0] * patterns,
                "labels": [0] * patterns,
                "settled": [True] * patterns,
                "run_times_s": RUN_TIMES.tolist(),
                "energy_by_J": (power.mean() * RUN_TIMES).tolist(),
                "energy_by_each_J": np.outer(power, RUN_TIMES).tolist(),
                "pattern_time_s": 1e-5,
                "leakage_W": 0.0,
            }
        )
    return found


@pytest.mark.parametrize(("between", "within"), [(0.1, 0.01), (0.0, 0.2)])
def test_width_is_that_of_the_mean(between: float, within: float) -> None:
    """Efficiency is one over a mean power: 20 chips of 30 patterns know it to sqrt(b^2 + w^2 / 30) / sqrt(20)."""
    runs = chips(np.random.default_rng(2), 20, 30, between, within)
    found, at = interval_metrics(runs, 49), speed_metrics(runs, 49)["efficiency__mac__per_J"]
    width = (found["efficiency__mac_high__per_J"] - found["efficiency__mac_low__per_J"]) / at
    error = np.sqrt((between**2 + within**2 / 30) / 20)
    assert width == pytest.approx(2 * 1.96 * error, rel=0.35)


def test_every_figure_lies_in_its_interval_and_the_seed_is_fixed() -> None:
    runs = chips(np.random.default_rng(3), 5, 30, 0.05, 0.05)
    found, points = interval_metrics(runs, 49), speed_metrics(runs, 49)
    for name, (low, high) in ENDS.items():
        assert found[low] <= points[name] <= found[high]
        assert found[low] < found[high]
    assert interval_metrics(runs, 49) == found


def test_a_run_time_without_an_upper_end() -> None:
    """One pattern in 60 never settles: in some draws more than one in a hundred do not, and no time is enough."""
    runs = chips(np.random.default_rng(4), 2, 30, 0.05, 0.05)
    runs[0]["settled"][0] = False
    found = interval_metrics(runs, 49)
    assert "fixed_time__run_high__s" not in found
    assert found["fixed_time__mac_low__per_J"] == 0
    assert found["fixed_time__run_low__s"] > 1e-6


def test_one_chip_has_its_patterns() -> None:
    found = interval_metrics(chips(np.random.default_rng(5), 1, 40, 0.5, 0.1), 49)
    assert 0 < found["efficiency__mac_high__per_J"] / found["efficiency__mac_low__per_J"] - 1 < 0.1
