"""The report's first table: every limit with what was measured, how many chips are within it, and where to look."""

from collections.abc import Mapping
from dataclasses import dataclass

from somaforge.flow.figures.units import engineering
from somaforge.flow.report.data import RunData
from somaforge.flow.signoff.metric import unit_of
from somaforge.flow.signoff.verdict import Status

PLACES: Mapping[str, str] = {
    "drc": "checks",
    "lvs": "checks",
    "netgen": "checks",
    "program": "checks",
    "shuttle": "shuttle",
    "memory": "cells",
    "cells": "cells",
    "port": "cells",
    "characterize": "measured",
    "pex": "effect",
    "accuracy": "chips",
    "train": "chips",
    "time_to_output": "speed",
    "fixed_time": "speed",
    "energy": "speed",
    "efficiency": "speed",
    "best_point": "operating",
    "operating": "operating",
    "corners": "elsewhere",
}
"""First word of a metric -> the part of the report that shows where it comes from; others stand among the metrics."""


@dataclass(frozen=True)
class Line:
    """One limit."""

    metric: str
    bound: str
    measured: str
    status: Status
    waiver: str
    chips: str
    """How many chips are within it; "" of the design and of limits elsewhere."""
    worst: str
    place: str
    """Anchor in the report."""


def shown(metric: str, value: float | None) -> str:
    """A metric's value for a reader: with its unit and an SI prefix; counts and ratios as they are.

    >>> shown("power__ir_drop_max__V", 0.000116931), shown("efficiency__mac__per_J", 8.69e12)
    ('117 uV', '8.69 T/J')
    """
    if value is None:
        return "missing"
    unit = unit_of(metric)
    if unit in ("", "1"):
        return f"{value:,.0f}" if metric.endswith("__count") and float(value).is_integer() else f"{value:.4g}"
    if unit == "um2":
        return f"{value:,.4g} um2" if value < 1000 else f"{value:,.0f} um2"
    return engineering(value, "/J" if unit == "1/J" else unit)


def bound(metric: str, minimum: float | None, maximum: float | None, where: str) -> str:
    """A limit for a reader, in the metric's unit."""
    parts = [
        f"{sign} {shown(metric, value)}" for sign, value in ((">=", minimum), ("<=", maximum)) if value is not None
    ]
    return " and ".join(parts) + (f" at {where}" if where else "")


def lines(run: RunData) -> list[Line]:
    """Every limit, those that failed first."""
    chips = {entry.metric: entry for entry in run.population.limits}
    parts = {"shuttle": run.shuttle, "operating": run.operating["points"], "elsewhere": run.corners["points"]}
    absent = {part for part, there in parts.items() if not there}
    found = []
    for result in run.signoff.results:
        own = chips.get(result.metric) if not result.conditions else None
        each = own is not None and own.per_chip
        place = "elsewhere" if result.conditions else PLACES.get(result.metric.split("__")[0], "metrics")
        found.append(
            Line(
                result.metric,
                bound(result.metric, result.minimum, result.maximum, result.conditions),
                shown(result.metric, result.value),
                result.status,
                result.waiver,
                f"{own.share.good} of {own.share.total}" if own is not None and each else "",
                shown(result.metric, own.worst) if own is not None and each else "",
                "metrics" if place in absent else place,
            )
        )
    order: tuple[Status, ...] = ("fail", "missing", "waived", "pass")
    return sorted(found, key=lambda line: order.index(line.status))
