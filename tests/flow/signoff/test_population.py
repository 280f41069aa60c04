"""Yield and its interval against the closed form; what fails first."""

import math

import pytest

from somaforge.flow.signoff.population import population_yield, share
from somaforge.generator.spec import Limit
from somaforge.pdk.errors import CheckError

ACCURACY = Limit(metric="accuracy__spice__ratio", min=0.9)
ENERGY = Limit(metric="energy__mac__J", max=1e-13)
DRC = Limit(metric="drc__native__count", max=0)


@pytest.mark.parametrize("total", [1, 5, 100])
def test_interval_of_a_perfect_population(total: int) -> None:
    """All good: the lower end p solves p^n = 0.025 (Clopper and Pearson 1934)."""
    found = share(total, total)
    assert found.low == pytest.approx(0.025 ** (1 / total))
    assert found.high == 1
    none = share(0, total)
    assert (none.low, none.high) == (0, pytest.approx(1 - 0.025 ** (1 / total)))


def test_interval_covers_in_the_middle() -> None:
    """The ends are where the binomial tails hold 2.5 %."""
    found = share(7, 10)

    def tail(p: float, ks: range) -> float:
        return sum(math.comb(10, k) * p**k * (1 - p) ** (10 - k) for k in ks)

    assert tail(found.low, range(7, 11)) == pytest.approx(0.025)
    assert tail(found.high, range(0, 8)) == pytest.approx(0.025)
    assert str(found) == "7 of 10 (70.0 %, 95 % sure of 34.8 to 93.3 %)"


def test_no_chips_is_no_yield() -> None:
    with pytest.raises(CheckError, match="there are no chips to count"):
        share(0, 0)


def test_what_fails_first() -> None:
    chips = {
        1: {"accuracy__spice__ratio": 0.95, "energy__mac__J": 0.5e-13},
        2: {"accuracy__spice__ratio": 0.85, "energy__mac__J": 2e-13},
        3: {"accuracy__spice__ratio": 0.91, "energy__mac__J": 3e-13},
    }
    found = population_yield((ACCURACY, ENERGY, DRC), chips, {"drc__native__count": 0})
    assert (found.share.good, found.share.total) == (1, 3)
    assert found.first == "energy__mac__J <= 1e-13"
    assert [(e.share.good, e.worst, e.per_chip) for e in found.limits] == [
        (2, 0.85, True), (1, 3e-13, True), (3, 0, False)
    ]  # fmt: skip


def test_nearest_to_failing_when_nothing_fails() -> None:
    chips = {1: {"accuracy__spice__ratio": 0.95, "energy__mac__J": 0.99e-13}}
    found = population_yield((ACCURACY, ENERGY), chips, {})
    assert found.share.good == 1
    assert found.first == "energy__mac__J <= 1e-13"


@pytest.mark.parametrize("value", [{}, {"accuracy__spice__ratio": math.nan}])
def test_what_was_not_measured_fails(value: dict[str, float]) -> None:
    found = population_yield((ACCURACY,), {1: value}, {})
    assert found.share.good == 0
    assert found.limits[0].worst is None
    assert found.to_json()["share"]["ratio"] == 0


def test_limits_on_the_yield_are_not_for_chips() -> None:
    found = population_yield((ACCURACY, Limit(metric="yield__chips__ratio", min=1)), {1: {ACCURACY.metric: 1.0}}, {})
    assert len(found.limits) == 1
    assert found.share.good == 1


def test_a_chip_without_a_metric_that_others_have_fails() -> None:
    """The design's value is over all chips; it does not stand for one that could not be measured."""
    found = population_yield((ENERGY,), {1: {"energy__mac__J": 0.5e-13}, 2: {}}, {"energy__mac__J": 0.6e-13})
    assert (found.share.good, found.share.total) == (1, 2)
    assert found.limits[0].worst is None
