"""95 % intervals of speed and energy: how much other chips and other patterns would move them.

Bootstrap in two levels (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8: the sample is drawn as
it came about): chips with replacement, and of each drawn chip its timed patterns with replacement. Ends are
percentiles. With a handful of chips the interval is too narrow rather than too wide, and a 99th percentile is never
above the slowest pattern that was seen.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from somaforge.flow.measure.timed import decided_time
from somaforge.pdk.arrays import Floats

DRAWS = 1000
SEED = 1
ENDS = {
    "time_to_output__p99__s": ("time_to_output__p99_low__s", "time_to_output__p99_high__s"),
    "efficiency__mac__per_J": ("efficiency__mac_low__per_J", "efficiency__mac_high__per_J"),
    "fixed_time__run__s": ("fixed_time__run_low__s", "fixed_time__run_high__s"),
    "fixed_time__mac__per_J": ("fixed_time__mac_low__per_J", "fixed_time__mac_high__per_J"),
}
"""Metric -> names of the ends of its interval."""
SHARES = (0.025, 0.975)


def interval_metrics(evaluations: Sequence[Mapping[str, Any]], macs: int) -> dict[str, float]:
    """Ends of the intervals of the metrics in ENDS, from what Evaluation.to_json gave for each chip; all chips have as
    many timed patterns. A run time that too few patterns keep has no upper end: it is left out."""
    found = {}
    for name, values in _draws(evaluations, macs).items():
        for end, share in zip(ENDS[name], SHARES, strict=True):
            value = float(np.quantile(values, share, method="nearest"))
            if np.isfinite(value):
                found[end] = value
    return found


def _draws(evaluations: Sequence[Mapping[str, Any]], macs: int) -> dict[str, Floats]:
    """Every draw's value of each metric, [DRAWS]."""
    time, energy, by = (
        np.array([e[key] for e in evaluations], dtype=float)
        for key in ("time_to_output_s", "energy_J", "energy_by_each_J")
    )
    settled = np.array([e["settled"] for e in evaluations], dtype=bool)
    run_times = np.concatenate([[0.0], np.array(evaluations[0]["run_times_s"], dtype=float)])
    random = np.random.default_rng(SEED)
    chips, patterns = time.shape
    found: dict[str, list[float]] = {}

    def add(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    for _ in range(DRAWS):
        drawn = random.integers(chips, size=(chips, 1)), random.integers(patterns, size=(chips, patterns))
        add("time_to_output__p99__s", float(np.percentile(time[drawn], 99)))
        add("efficiency__mac__per_J", macs / float(energy[drawn].mean()))
        run = decided_time(time[drawn].ravel(), settled[drawn].ravel())
        spent = np.concatenate([[0.0], by[drawn].mean(axis=(0, 1))])
        add("fixed_time__run__s", np.inf if run is None else run)
        # without a run time that is long enough nothing is decided, however much is spent
        add("fixed_time__mac__per_J", macs / float(np.interp(run, run_times, spent)) if run else 0.0)
    return {name: np.array(values) for name, values in found.items()}
