"""What a Monte Carlo study simulates: chips, corners, temperatures and supplies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from somaforge.flow.measure.point import Point
from somaforge.generator.spec import Spec
from somaforge.generator.spec.fields import Corner
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint

Source = Literal["nominal", "per-chip", "per-point", "run"]
"""Whose weights a chip gets: a network trained for the chip without mismatch, for each chip itself (characterized on
the array engine at the spec's operating point), for each chip at each point, or the bitfiles of a finished run."""
MAX_POINTS = 1_000_000


@dataclass(frozen=True)
class StudyPoints:
    """A whole study."""

    spec: Spec
    points: tuple[Point, ...]
    source: Source
    patterns: int
    """Test patterns for each point, the first of the data set."""
    timed: int = 0
    """How many of them run in time, for speed and energy; 0: settled currents only."""
    kept: int = 0
    """Of how many patterns the output currents stay in the record."""

    @property
    def seeds(self) -> tuple[int, ...]:
        """The chips."""
        return tuple(dict.fromkeys(point.seed for point in self.points))


def grid(
    spec: Spec,
    seeds: Sequence[int],
    corners: Sequence[Corner],
    temperatures_C: Sequence[float],
    supplies_V: Sequence[float],
) -> tuple[Point, ...]:
    """Every combination, chips last. InputError for a value outside what a spec may say, or one that stands twice."""
    for name, values in (
        ("--chips", seeds), ("--corners", corners), ("--temperatures", temperatures_C), ("--supplies", supplies_V)
    ):  # fmt: skip
        if not values or len(set(values)) != len(values):
            raise InputError(f"{name}: needs at least one value, and each one once; got {', '.join(map(str, values))}")
    count = len(seeds) * len(corners) * len(temperatures_C) * len(supplies_V)
    if count > MAX_POINTS:
        raise InputError(f"montecarlo: {count} points are more than {MAX_POINTS}; take fewer chips or corners")
    points = tuple(
        Point(seed, OperatingPoint(corner, float(temperature), float(supply)))
        for corner in corners
        for temperature in temperatures_C
        for supply in supplies_V
        for seed in seeds
    )
    for point in {p.at: p for p in points}.values():
        try:
            Spec.model_validate(point.spec(spec).model_dump())
        except ValueError as error:
            raise InputError(f"montecarlo: {point.id}: {' '.join(str(error).split())[:200]}") from None
    return points
