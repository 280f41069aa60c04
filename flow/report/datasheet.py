"""The report's datasheet: smallest, typical and largest value of what was measured, and over what it was."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from somaforge.flow.engines.named import named
from somaforge.flow.report.chips import chip_metrics
from somaforge.flow.report.data import RunData
from somaforge.flow.report.limits import shown

PARAMETERS: Mapping[str, str] = {
    "accuracy__spice__ratio": "accuracy, test patterns in time",
    "accuracy__array__ratio": "accuracy",
    "power__settled__W": "supply power at rest",
    "power__mean__W": "supply power while patterns run",
    "power__memory_leakage__W": "leakage of latches and port, in it",
    "time_to_output__p50__s": "time to output, median",
    "time_to_output__p99__s": "time to output, 99th percentile",
    "energy__mac__J": "energy of a multiply-accumulate",
    "efficiency__mac__per_J": "multiply-accumulates per joule",
    "characterize__slope_spread__ratio": "difference of slopes (standard deviation over mean)",
    "characterize__negative_strength__ratio": "strength of negative weights",
    "program__read_difference_min__V": "difference of bit lines when a latch is read",
}
"""Metric -> what a datasheet calls it, in its order. Other metrics stand in the report's other tables."""
MARGINS = {
    "hold_snm": ("latch: static noise margin, hold", "V"),
    "read_snm": ("latch: static noise margin, read", "V"),
    "write_margin": ("latch: write margin", "V"),
    "read_current": ("latch: read current", "A"),
}


@dataclass(frozen=True)
class Row:
    """One parameter; "" where nobody measured it."""

    parameter: str
    low: str
    typical: str
    high: str
    over: str
    """What it varies over."""


def rows(run: RunData) -> list[Row]:
    """Over the points of a study where there is one, over the chips, and margins over corners and mismatch."""
    try:
        chips = list(_chips(run))
    except ArithmeticError as error:  # chips without energy: the report comes in any case
        chips = [Row("chips", "", "", "", f"not found: {error}")]
    return [*_points(run), *chips, *_margins(run.metrics)]


def _three(metric: str, values: Sequence[float], typical: float, over: str) -> Row:
    low, middle, high = (shown(metric, value) for value in (min(values), typical, max(values)))
    return Row(PARAMETERS[metric], low, middle, high, over)


def _points(run: RunData) -> Iterator[Row]:
    """With the run's own weights; typical is the run's own point, the first of the study."""
    points = [p for p in run.corners["points"] if p["calibration"] == "nominal" and not p["problem"]]
    if len(points) < 2:
        return
    seen = {key: sorted({p[key] for p in points}) for key in ("corner", "temperature_C", "supply_V")}
    units = (("temperature_C", "C"), ("supply_V", "V"))
    ranges = (f"{seen[key][0]:g} to {seen[key][-1]:g} {unit}" for key, unit in units)
    over = f"{len(points)} points: {', '.join(seen['corner'])}; {'; '.join(ranges)}"
    for metric in PARAMETERS:
        values = [p["metrics"][metric] for p in points if metric in p["metrics"]]
        if len(values) == len(points):
            yield _three(metric, values, values[0], over)


def _chips(run: RunData) -> Iterator[Row]:
    """At the run's own point; typical is the mean."""
    if not all(chip.evaluation["predictions"] for chip in run.chips):
        return
    spec, each = run.spec, [chip_metrics(run.spec, chip, run.metrics) for chip in run.chips]
    over = f"{len(each)} chips at {spec.corners[0]}, {spec.temperature_C:g} C, {spec.supply_V:g} V, {named(spec).words}"
    for metric in PARAMETERS:
        values = [found[metric] for found in each if metric in found]
        if values and len(values) == len(each):
            yield _three(metric, values, sum(values) / len(values), over)


def _margins(metrics: Mapping[str, float]) -> Iterator[Row]:
    """The smallest of 200 with mismatch at the worst corner and temperature; typical is the mean at the typical one."""
    for name, (parameter, unit) in MARGINS.items():
        low, typical = (f"memory__{name}_{part}__{unit}" for part in ("mismatch_min", "mismatch_mean"))
        if low in metrics and typical in metrics:
            over = "200 with mismatch: at the worst corner, -40 to 85 C (min); typical corner (typ)"
            yield Row(parameter, shown(low, metrics[low]), shown(typical, metrics[typical]), "", over)
