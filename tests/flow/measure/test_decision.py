"""The winner-take-all's figures are those that were measured, and do what they say."""

import json
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.measure import decision
from somaforge.pdk.errors import InputError

RESULTS = json.loads((Path(__file__).parents[3] / "bench/results/readout.json").read_text())


def test_racers_spread_as_measured() -> None:
    drawn = np.log([decision.racers(seed, 3) for seed in range(400)])
    assert drawn.std() == pytest.approx(decision.SPREAD, rel=0.06)
    assert decision.racers(3, 5)[:3] == pytest.approx(decision.racers(3, 3)), "a chip keeps its racers"


def test_right_in_by_hand() -> None:
    """Two currents 3 % apart: ln 1.03 / (0.55 % sqrt 2) is 3.8 sigma, 99.99 % right; 0.5 % apart 0.64 sigma, 74 %."""
    for apart, low, high in ((1.03, 0.99, 1.0), (1.005, 0.67, 0.81)):
        pair = np.array([[15e-9 * apart, 15e-9]])
        right = np.mean([decision.classes(pair, seed)[0] == 0 for seed in range(1000)])
        assert low <= right <= high


def test_race_times_are_the_measured_ones_and_q_over_i_below() -> None:
    currents = np.array([[current, 0.0] for current, _ in decision.RACES])
    assert decision.race_s(currents) == pytest.approx([time for _, time in decision.RACES])
    assert decision.race_s(np.array([[1e-10, 0.0]])) == pytest.approx(320e-6)
    assert decision.race_s(np.array([[1e-6, 0.0]])) == pytest.approx(0.468e-6)


def test_no_current_is_no_race() -> None:
    with pytest.raises(InputError, match="never end"):
        decision.race_s(np.array([[0.0, 0.0]]))


def test_figures_are_those_of_the_bench() -> None:
    """To what 180 racers can say of a spread, and to what a redrawn wire may change."""
    measured = RESULTS["winner"]
    assert pytest.approx(measured["laws"]["continuous"]["sigma_ln_charge"], rel=0.15) == decision.SPREAD
    times = {round(each["current_A"], 12): each["valid_s"] for each in measured["currents"]}
    for current, time in decision.RACES:
        assert time == pytest.approx(times[current], rel=0.15)
