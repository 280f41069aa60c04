"""Yield: how many chips of a population meet every limit, how sure that is, and what fails first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import binomtest

from somaforge.flow.signoff.verdict import bound_of, within
from somaforge.generator.spec import Limit
from somaforge.pdk.errors import CheckError

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A number of chips out of a number of chips, with its interval."""

    good: int
    total: int
    low: float
    high: float
    """Clopper-Pearson, two-sided 95 %: never too narrow, whatever the true share is."""

    @property
    def ratio(self) -> float:
        """The share found."""
        return self.good / self.total

    def to_json(self) -> dict[str, Any]:
        """For reports."""
        return {**asdict(self), "ratio": self.ratio, "confidence": CONFIDENCE}

    def __str__(self) -> str:
        """For a reader, for example "4 of 5 (80.0 %, 95 % sure of 28.4 to 99.5 %)"."""
        low, high = 100 * self.low, 100 * self.high
        return f"{self.good} of {self.total} ({100 * self.ratio:.1f} %, 95 % sure of {low:.1f} to {high:.1f} %)"


def share(good: int, total: int) -> Share:
    """`good` of `total` with the Clopper-Pearson interval; CheckError if there are no chips."""
    if total < 1:
        raise CheckError("yield: there are no chips to count; simulate at least one")
    interval = binomtest(good, total).proportion_ci(confidence_level=CONFIDENCE, method="exact")
    return Share(good, total, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class LimitYield:
    """One limit over a population."""

    metric: str
    bound: str
    share: Share
    worst: float | None
    """The value farthest on the wrong side; None if a chip lacks the metric."""
    per_chip: bool
    """False: the metric belongs to the design, so all chips have the same value."""


@dataclass(frozen=True)
class Yield:
    """All limits over a population."""

    share: Share
    """Chips that meet every limit."""
    limits: tuple[LimitYield, ...]
    first: str
    """The limit that most chips miss, or that is nearest to being missed; "" without limits."""

    def to_json(self) -> dict[str, Any]:
        """For reports."""
        limits = [{**asdict(entry), "share": entry.share.to_json()} for entry in self.limits]
        return {"share": self.share.to_json(), "first": self.first, "limits": limits}


def population_yield(
    limits: Sequence[Limit], chips: Mapping[int, Mapping[str, float]], design: Mapping[str, float]
) -> Yield:
    """Chips against limits. A metric that no chip has is taken from `design`; if that lacks it too, it fails. A chip
    that lacks what another has fails.

    Waivers do not count: a waived chip is a chip that misses a limit. Limits on the yield itself and
    limits at other conditions are left out.
    """
    limits = [limit for limit in limits if limit.conditions is None and not limit.metric.startswith("yield__")]
    entries = []
    good = dict.fromkeys(chips, True)
    slack: dict[int, float] = {}
    for number, limit in enumerate(limits):
        own = any(limit.metric in metrics for metrics in chips.values())
        source = chips if own else dict.fromkeys(chips, design)
        values = {seed: metrics.get(limit.metric) for seed, metrics in source.items()}
        met = {seed: value is not None and within(value, limit) for seed, value in values.items()}
        good = {seed: good[seed] and met[seed] for seed in chips}
        slack[number] = min((_margin(value, limit) for value in values.values()), default=-math.inf)
        known = [v for v in values.values() if v is not None and math.isfinite(v)]
        worst = min(known, key=lambda v: _margin(v, limit)) if len(known) == len(values) else None
        entries.append(LimitYield(limit.metric, bound_of(limit), share(sum(met.values()), len(chips)), worst, own))
    order = sorted(range(len(entries)), key=lambda i: (entries[i].share.good, slack[i]))
    first = f"{entries[order[0]].metric} {entries[order[0]].bound}" if entries else ""
    return Yield(share(sum(good.values()), len(chips)), tuple(entries), first)


def _margin(value: float | None, limit: Limit) -> float:
    """Distance to the nearest bound relative to it, negative outside; a bound of 0 is met with room to spare or not."""
    if value is None or not math.isfinite(value):
        return -math.inf
    sides = []
    if limit.min is not None:
        sides.append(_relative(value - limit.min, limit.min))
    if limit.max is not None:
        sides.append(_relative(limit.max - value, limit.max))
    return min(sides)


def _relative(distance: float, bound: float) -> float:
    if bound != 0:
        return distance / abs(bound)
    return math.inf if distance >= 0 else -math.inf
