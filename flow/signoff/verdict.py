"""The verdict: every metric against its limit. What is missing fails; a waiver says who, why and until when."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.generator.spec import Conditions, Limit, Spec, Waiver

Status = Literal["pass", "fail", "missing", "waived"]
Lookup = Callable[[Conditions], Mapping[str, float]]
"""The metrics at other conditions than the run's own; empty where nothing was measured."""

STANDARD = (
    *(Limit(metric=check.metric, max=0) for check in LAYOUT_CHECKS),
    Limit(metric="drc__unchecked_layers__count", max=0),
    Limit(metric="lvs__mismatches__count", max=0),
    Limit(metric="netgen__mismatches__count", max=0),
    Limit(metric="memory__bad_latches__count", max=0),
    Limit(metric="program__wrong_bits__count", max=0),
)
"""Limits that hold for every spec: silicon that fails one of them does not work. A spec can waive, not drop them."""


FRAMED = (Limit(metric="shuttle__failures__count", max=0),)
"""The same for a chip in a frame."""


@dataclass(frozen=True)
class Result:
    """One line of the table of limits."""

    metric: str
    minimum: float | None
    maximum: float | None
    value: float | None
    """None: nothing measured it."""
    status: Status
    waiver: str = ""
    """Why a failure is accepted, by whom and until when; or why a waiver is void."""
    conditions: str = ""
    """Where the limit holds, if not at the run's own operating point."""

    @property
    def failed(self) -> bool:
        """Whether this line alone makes the sign-off fail."""
        return self.status in ("fail", "missing")

    @property
    def bound(self) -> str:
        """The limit for a reader, for example ">= 0.96"."""
        where = f" at {self.conditions}" if self.conditions else ""
        return _bound(self.minimum, self.maximum) + where

    def __str__(self) -> str:
        """One line: what was measured against what."""
        value = "missing" if self.value is None else f"{self.value:g}"
        note = f" ({self.waiver})" if self.waiver else ""
        return f"{self.metric} is {value}, must be {self.bound}{note}"


@dataclass(frozen=True)
class Signoff:
    """All results of one run."""

    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """True if no line failed and there was at least one line to check."""
        return len(self.results) > 0 and not any(r.failed for r in self.results)

    @property
    def failures(self) -> tuple[Result, ...]:
        """The lines that failed."""
        return tuple(r for r in self.results if r.failed)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that from_json reads back."""
        return {"passed": self.passed, "results": [asdict(r) for r in self.results]}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Signoff":
        """The value that to_json wrote."""
        return Signoff(tuple(Result(**r) for r in data["results"]))


def limits_of(spec: Spec) -> tuple[Limit, ...]:
    """The standard limits, then the spec's own; a line that stands twice is checked once."""
    return tuple(dict.fromkeys((*STANDARD, *(FRAMED if spec.frame else ()), *spec.limits)))


def nowhere(conditions: Conditions) -> Mapping[str, float]:
    """A Lookup of a run that has its own operating point only."""
    return {}


def judge(
    limits: Sequence[Limit],
    waivers: Sequence[Waiver],
    metrics: Mapping[str, float],
    today: date,
    elsewhere: Lookup = nowhere,
) -> Signoff:
    """Each limit against its metric. A waiver holds on its last day and is void after it."""

    def value(limit: Limit) -> float | None:
        where = metrics if limit.conditions is None else elsewhere(limit.conditions)
        return where.get(limit.metric)

    return Signoff(tuple(_judge_one(limit, waivers, value(limit), today) for limit in limits))


def _judge_one(limit: Limit, waivers: Sequence[Waiver], value: float | None, today: date) -> Result:
    if value is None:
        status: Status = "missing"
    elif within(value, limit):
        status = "pass"
    else:
        status = "fail"
    note = ""
    mine = [w for w in waivers if w.metric == limit.metric]
    if status == "fail" and mine:  # what was not measured cannot be waived
        waiver = max(mine, key=lambda w: w.expires)
        if waiver.expires >= today:
            status = "waived"
            note = f"waived by {waiver.name} until {waiver.expires}: {waiver.reason}"
        else:
            note = f"the waiver by {waiver.name} expired on {waiver.expires}"
    return Result(limit.metric, limit.min, limit.max, value, status, note, _where(limit.conditions))


def _where(conditions: Conditions | None) -> str:
    if conditions is None:
        return ""
    parts: list[str] = [] if conditions.corner is None else [conditions.corner]
    parts += [] if conditions.temperature_C is None else [f"{conditions.temperature_C:g} C"]
    parts += [] if conditions.supply_V is None else [f"{conditions.supply_V:g} V"]
    return ", ".join([*parts, f"{conditions.calibration} calibration"])


def within(value: float, limit: Limit) -> bool:
    """Whether a value meets a limit; what is not a finite number never does."""
    if not math.isfinite(value):
        return False
    return (limit.min is None or value >= limit.min) and (limit.max is None or value <= limit.max)


def bound_of(limit: Limit) -> str:
    """The limit for a reader, for example ">= 0.96"."""
    return _bound(limit.min, limit.max)


def _bound(minimum: float | None, maximum: float | None) -> str:
    parts = []
    if minimum is not None:
        parts.append(f">= {minimum:g}")
    if maximum is not None:
        parts.append(f"<= {maximum:g}")
    return " and ".join(parts)
