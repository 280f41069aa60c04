"""Operating points: which ones, when a chip works, the fixed run time by hand, and the best point."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.flow.montecarlo.test_montecarlo_spread import small_spec
from tests.flow.small import nominal, small_design

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.measure import operating
from somaforge.flow.measure.operating import Drive, PointResult
from somaforge.flow.measure.timed import Timed, speed_metrics
from somaforge.flow.memory.leakage import of_chip
from somaforge.flow.memory.worst_latch import WorstLatch
from somaforge.generator.spec import Input, Operating

OWN = Drive(1.8, 15e-9)


def evaluation(times: list[float], settled: list[bool]) -> dict[str, Any]:
    """Patterns of 1 uW, one joule-line through zero."""
    count = len(times)
    return {
        "timed": list(range(count)),
        "time_to_output_s": times,
        "energy_J": [1e-11] * count,
        "energy_to_output_J": [1e-6 * t for t in times],
        "predictions": [0] * count,
        "labels": [0] * count,
        "settled": settled,
        "run_times_s": [5e-6, 1e-5],
        "energy_by_J": [5e-12, 1e-11],
        "pattern_time_s": 1e-5,
        "leakage_W": 1e-8,
    }


def point(drive: Drive, accuracy: float, efficiency: float | None, works: bool = True) -> PointResult:
    timed = None
    if works:
        timed = {
            "efficiency_per_J": efficiency,
            "mac_J": None if efficiency is None else 1 / efficiency,
            "run_s": 1e-6,
            "time_to_output_p99_s": 9e-7,
            "power_W": 1e-3,
        }
    return PointResult(drive, accuracy, 1e-3, works, timed)


POINTS = [
    point(OWN, 0.98, 4e12),
    point(Drive(1.4, 15e-9), 0.975, 6e12),
    point(Drive(1.2, 15e-9), 0.94, 8e12),
    point(Drive(1.0, 15e-9), 0.2, None, works=False),
    point(Drive(1.4, 45e-9), 0.979, 5e12),
    point(Drive(1.2, 45e-9), 0.97, None),
]


def test_own_point_comes_first_and_stands_once() -> None:
    wanted = Operating(currents_A=(15e-9, 45e-9), supplies_V=(1.8, 1.2))
    drives = operating.drives_of(wanted, OWN)
    assert drives[0] == OWN
    assert len(drives) == len(set(drives)) == 4
    assert drives[1].id == "1.8V_45nA"
    assert len(operating.drives_of(wanted, Drive(1.8, 30e-9))) == 5


def test_own_mean_current_of_a_full_scale() -> None:
    """Iris: every feature from 0 to 1; the mean of the training set times the full scale."""
    spec, dataset = small_spec(), datasets.load("iris")
    own = operating.own_drive(spec.model_copy(update={"input": Input(full_scale_A=100e-9)}), dataset)
    assert own.input_A == pytest.approx(100e-9 * dataset.train_x.mean())
    there = own.spec(spec)
    assert dataset.full_scale(there.input) == pytest.approx(100e-9)
    assert operating.pattern_time_s(spec, Drive(1.8, own.input_A / 3), own) == 3 * spec.evaluation.pattern_time_s
    assert operating.pattern_time_s(spec, Drive(1.8, own.input_A * 3), own) == spec.evaluation.pattern_time_s
    longer = spec.model_copy(update={"operating": Operating(pattern_time_s=6e-5)})
    assert operating.pattern_time_s(longer, own, own) == 6e-5


def test_run_time_by_hand() -> None:
    """Of 100 patterns one may be late; none may end with another winner beside it."""
    times = [i * 1e-8 for i in range(100)]
    assert Timed.of([evaluation(times, [True] * 100)]).decided_s == times[98]
    assert Timed.of([evaluation(times, [False, *[True] * 99])]).decided_s == times[99]
    assert Timed.of([evaluation([0.0] * 100, [True] * 100)]).fixed_time(49) == {}, "the winner never changes"
    still = speed_metrics([evaluation([0.0] * 100, [True] * 100)], 49)
    assert not [name for name in still if "time" in name and "timed" not in name], "no speed was measured; 0 would pass"
    moving = speed_metrics([evaluation([0.0] * 99 + [1e-6], [True] * 100)], 49)
    assert moving["time_to_output__p50__s"] == 0 < moving["time_to_output__p99__s"]
    late = Timed.of([evaluation(times, [False, False, *[True] * 98])])
    assert late.decided_s is None
    assert late.decided(1.0) == 0.98
    found = operating.speed_and_energy([evaluation(times, [True] * 100)], macs=49)
    assert found["run_s"] == times[98]
    assert found["mac_J"] == pytest.approx(1e-6 * times[98] / 49), "1 uW all the time"
    assert found["efficiency_per_J"] == pytest.approx(1 / found["mac_J"])
    assert found["power_W"] == pytest.approx(1e-6)
    nothing = operating.speed_and_energy([evaluation(times, [False] * 100)], macs=49)
    assert nothing["run_s"] is nothing["mac_J"] is nothing["efficiency_per_J"] is None


def test_a_point_works_at_rest_and_in_time() -> None:
    """Of ten patterns nine must end with the winner at rest; what never settles does not count as working."""
    times = [1e-6] * 10
    for late, works in ((1, True), (2, False), (10, False)):
        found = operating.speed_and_energy([evaluation(times, [False] * late + [True] * (10 - late))], macs=49)
        assert operating.works_in_time(found) == works
    assert not operating.works_in_time(None), "the engine found no solution in time"
    good, bad = WorstLatch(36, 0.5, 0.3, 0.1), WorstLatch(36, 0.5, 0.3, -0.1)
    assert operating.works_at_rest(0.9, 1.0, good)
    assert not operating.works_at_rest(0.89, 1.0, good)
    assert not operating.works_at_rest(1.0, 1.0, bad), "its weights cannot be written"


def test_best_point_within_the_loss_and_lowest_supply() -> None:
    found = operating.metrics(POINTS, OWN, loss=0.01)
    assert (found["best_point__supply__V"], found["best_point__input__A"]) == (1.4, 15e-9)
    assert found["best_point__accuracy_loss__ratio"] == pytest.approx(0.005)
    assert found["best_point__mac__per_J"] == 6e12
    assert operating.metrics(POINTS, OWN, loss=0.05)["best_point__supply__V"] == 1.2
    assert operating.metrics(POINTS, OWN, loss=0.0)["best_point__supply__V"] == 1.8
    assert found["operating__supply_min__V"] == 1.2
    assert found["operating__working__count"] == 5
    memory = vars(WorstLatch(36, 0.7, 0.4, 0.3))
    known = [replace(p, leakage_W=1e-6 * p.drive.supply_V, memory=memory) for p in POINTS]
    there = operating.metrics(known, OWN, loss=0.01)
    assert there["best_point__memory_leakage__W"] == pytest.approx(1.4e-6)
    assert there["best_point__memory_margin_min__V"] == 0.3
    gap = [replace(p, works=p.drive.supply_V != 1.4) for p in POINTS]
    assert operating.lowest_supply(gap, OWN) == 1.8, "a supply below one that does not work does not count"


def test_without_a_run_time_there_is_no_best_point() -> None:
    found = operating.metrics([point(OWN, 0.98, None)], OWN, 0.01)
    assert not [name for name in found if name.startswith("best_point")]
    assert PointResult.from_json(json.loads(json.dumps(POINTS[1].to_json()))) == POINTS[1]


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_a_supply_without_headroom_is_a_result() -> None:
    """0.8 V is less than the thresholds of a p and an n transistor together (about 0.5 V and 0.9 V with the foundry's
    devices): the chip may do anything, but nothing raises."""
    rng = np.random.default_rng(1)
    design = small_design((4, 4, 3))
    chip = nominal(design, tuple(rng.integers(-7, 8, shape) for shape in ((4, 4), (4, 3))), design.flat_without_memory)
    inputs, labels = rng.uniform(0, 1e-7, (3, 4)), np.zeros(3, dtype=np.int64)
    high = operating.at_rest(ArrayEngine(), chip, inputs, labels, 3)
    low = operating.at_rest(ArrayEngine(), replace(chip, at=replace(chip.at, supply_V=0.8)), inputs, labels, 3)
    assert 0 < low["power_W"] < high["power_W"]
    assert high["leakage_W"] == of_chip(chip).total_W > low["leakage_W"] > 0
    assert high["power_W"] - high["leakage_W"] == pytest.approx(1.8 * ArrayEngine().dc(chip, inputs).supply.mean())
    found = operating.in_time(ArrayEngine(), chip, inputs, labels, 4e-6, 3, high["predictions"])
    assert found["agreement"] == 1
    assert Timed.of([found]).decided_s is not None
    other = (high["predictions"] + 1) % 3
    assert operating.in_time(ArrayEngine(), chip, inputs, labels, 4e-6, 3, other)["agreement"] == 0
