"""What a study says: distributions with quantiles and their intervals, and the yield of every limit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from somaforge.flow.signoff.population import CONFIDENCE, Yield, population_yield
from somaforge.generator.spec import Limit
from somaforge.pdk.models import OperatingPoint

QUANTILES = (0.01, 0.05, 0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Quantile:
    """A quantile of a sample."""

    share: float
    value: float
    low: float | None
    """Ends of the 95 % interval from order statistics, whatever the distribution is; None where the sample is too small
    to have one."""
    high: float | None


@dataclass(frozen=True)
class Distribution:
    """One metric over chips."""

    count: int
    mean: float
    deviation: float
    """Standard deviation of the sample; 0 for one chip."""
    smallest: float
    largest: float
    quantiles: tuple[Quantile, ...]


@dataclass(frozen=True)
class Condition:
    """All chips at one operating point."""

    name: str
    at: OperatingPoint
    metrics: Mapping[str, Distribution]
    population: Yield | None
    """None if no limit is on a metric that was measured."""

    def to_json(self) -> dict[str, Any]:
        """For summary.json."""
        metrics = {name: asdict(d) for name, d in self.metrics.items()}
        found = self.population.to_json() if self.population is not None else None
        return {
            "name": self.name,
            **vars(self.at),
            "metrics": metrics,
            "yield": found,
        }


@dataclass(frozen=True)
class Summary:
    """A whole study."""

    conditions: tuple[Condition, ...]
    overall: Yield | None
    """Chips that meet every limit at every condition."""
    points: int
    unjudged: tuple[str, ...]
    """Metrics of limits that the study does not measure: DRC, LVS, ngspice."""

    def to_json(self) -> dict[str, Any]:
        """For summary.json."""
        return {
            "points": self.points,
            "confidence": CONFIDENCE,
            "yield": self.overall.to_json() if self.overall is not None else None,
            "unjudged": list(self.unjudged),
            "conditions": [condition.to_json() for condition in self.conditions],
        }


def quantile(sample: Sequence[float], share: float) -> Quantile:
    """A quantile (linear between the values) with the interval that order statistics give it."""
    values = np.sort(np.asarray(sample, dtype=float))
    n = len(values)
    # the number of values below the true quantile is binomial
    low, high = int(binom.ppf((1 - CONFIDENCE) / 2, n, share)), int(binom.ppf((1 + CONFIDENCE) / 2, n, share))
    return Quantile(
        share,
        float(np.quantile(values, share)),
        float(values[low - 1]) if low >= 1 else None,
        float(values[high]) if high < n else None,
    )


def distribution(sample: Sequence[float]) -> Distribution:
    """Of at least one value."""
    values = np.asarray(sample, dtype=float)
    return Distribution(
        len(values),
        float(values.mean()),
        float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        float(values.min()),
        float(values.max()),
        tuple(quantile(sample, share) for share in QUANTILES),
    )


def summarize(records: Iterable[Mapping[str, Any]], limits: Sequence[Limit]) -> Summary:
    """From the records of all points; the order of the records does not matter."""
    groups: dict[OperatingPoint, dict[int, Mapping[str, float]]] = {}
    for record in records:
        at = record["point"]
        groups.setdefault(OperatingPoint.of(at), {})[at["seed"]] = record["metrics"]
    measured = {name for group in groups.values() for metrics in group.values() for name in metrics}
    judged = [limit for limit in limits if limit.metric in measured]
    conditions = [_condition(at, dict(sorted(chips.items())), judged) for at, chips in sorted(groups.items())]
    return Summary(
        tuple(conditions),
        _everywhere(list(groups.values()), judged) if judged else None,
        sum(len(chips) for chips in groups.values()),
        tuple(dict.fromkeys(limit.metric for limit in limits if limit.metric not in measured)),
    )


def _condition(at: OperatingPoint, chips: Mapping[int, Mapping[str, float]], limits: Sequence[Limit]) -> Condition:
    names = sorted({name for metrics in chips.values() for name in metrics})
    metrics = {name: distribution([m[name] for m in chips.values() if name in m]) for name in names}
    found = population_yield(limits, chips, {}) if limits else None
    return Condition(f"{at.corner} {at.temperature_C:g} C {at.supply_V:g} V", at, metrics, found)


def _everywhere(groups: Sequence[Mapping[int, Mapping[str, float]]], limits: Sequence[Limit]) -> Yield:
    """Chips with the worst value that they have anywhere; a chip that was not measured everywhere is not counted."""
    seeds = set.intersection(*(set(group) for group in groups))
    worst: dict[int, dict[str, float]] = {seed: {} for seed in sorted(seeds)}
    for limit in limits:
        for seed, metrics in worst.items():
            values = [group[seed][limit.metric] for group in groups if limit.metric in group[seed]]
            if len(values) < len(groups):
                continue  # somewhere there is none: the limit is missed
            # with both bounds the value farther from their middle decides
            middle = (limit.min + limit.max) / 2 if limit.min is not None and limit.max is not None else 0.0
            if limit.min is not None and limit.max is not None:
                metrics[limit.metric] = max(values, key=lambda v: abs(v - middle))
            else:
                metrics[limit.metric] = min(values) if limit.max is None else max(values)
    return population_yield(limits, worst, {})
