"""Patterns that end when their decision is safe, on waveforms whose ends are known by hand."""

import numpy as np
import pytest

from somaforge.flow.measure.adaptive import Rule, Shown, Waves, choose, decided, fixed

PERIOD_S, POINTS = 40e-6, 400
POWER_W = 200e-6


def waves(tau_s: list[float], small: float = 0.0) -> Waves:
    """Output 0 falls and output 1 rises with the time constant of each pattern; output 2 stays at `small`."""
    time = PERIOD_S * np.arange(1, POINTS + 1) / POINTS
    left = np.exp(-time[None, :] / np.array(tau_s)[:, None])
    outputs = 1e-7 * np.stack([left, 1 - left, np.full_like(left, small)], axis=-1)
    energy = np.tile(POWER_W * time, (len(tau_s), 1))
    ones = np.ones(len(tau_s), dtype=np.int64)
    return Waves(time, outputs, energy, ones, ones)


def test_a_lead_is_there_when_it_is_by_hand() -> None:
    """left / (1 - left) = 1 - lead, so left = (1 - lead) / (2 - lead); the pattern before leads at first, too."""
    tau = [1e-6, 3e-6]
    lead = 0.5
    by_hand = [t * np.log((2 - lead) / (1 - lead)) for t in tau]
    found = waves(tau)
    stops = Rule(after_s=0.0, lead=lead, held_s=2e-6).stops(found)
    # output 0 leads by half until left = 2/3: 0.4 and 1.2 us, too short to be held for 2 us
    assert found.time[stops] == pytest.approx(np.array(by_hand) + 2e-6, abs=0.15e-6)
    assert found.time[Rule(1e-6, lead, 0.0).stops(found)] == pytest.approx([max(1e-6, by_hand[0]), 1e-6], abs=0.15e-6)
    early = Shown.of(found, Rule(1e-6, lead, 0.0).stops(found))
    assert early.agreement == 0.5, "the slow pattern still shows the one before"


def test_what_never_looks_safe_ends_last() -> None:
    found = waves([1e-6], small=0.9)
    assert Rule(5e-6, 0.5, 0.0).stops(found).tolist() == [POINTS - 1]


def test_a_fixed_time_waits_for_the_slow_ones() -> None:
    """A winner is there from left = 1/2 on, tau ln 2 after the start."""
    tau = [1e-6] * 98 + [5e-6, 20e-6]
    found = waves(tau)
    assert decided(found).sum(axis=1)[[0, 98]] == pytest.approx([POINTS - 7, POINTS - 35], abs=1)
    assert found.time[fixed(found)][0] == pytest.approx(5e-6 * np.log(2), abs=0.2e-6)
    assert found.time[fixed(found, 1.0)][0] == pytest.approx(20e-6 * np.log(2), abs=0.2e-6)


def test_the_chosen_rule_takes_less_than_the_fixed_time_and_decides_as_well() -> None:
    slow = np.exp(np.random.default_rng(1).normal(np.log(3e-6), 0.5, 200)).tolist()
    found = waves(slow)
    rule = choose(found)
    shown, all_alike = Shown.of(found, rule.stops(found)), Shown.of(found, fixed(found))
    assert shown.agreement >= 0.99
    assert all_alike.agreement >= 0.99
    assert shown.energy_J < 0.8 * all_alike.energy_J
    assert shown.energy_J == pytest.approx(POWER_W * shown.time_s, rel=1e-6)


def test_no_rule_for_patterns_that_end_with_another_winner() -> None:
    found = waves([1e-6, 1e-3])
    with pytest.raises(ValueError, match="no rule ends 99% of the patterns"):
        choose(found)


def test_chips_are_joined_only_at_the_same_times() -> None:
    one = waves([1e-6, 2e-6])
    assert len(Waves.joined([one, one]).labels) == 4
    other = Waves(2 * one.time, one.outputs, one.energy, one.rest, one.labels)
    with pytest.raises(ValueError, match="different points in time"):
        Waves.joined([one, other])
