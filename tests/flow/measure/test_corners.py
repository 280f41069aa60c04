"""Corners, temperatures, supplies: which points, what is compared, and limits that hold there."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.flow.montecarlo.test_montecarlo_spread import small_spec
from tests.flow.small import nominal, small_design

from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import TransientResult
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.records import read_json
from somaforge.flow.measure import corners
from somaforge.flow.measure.corners import PointResult, lookup, points_of, temperature_drift
from somaforge.flow.measure.point import Point
from somaforge.flow.memory.leakage import of_chip
from somaforge.flow.memory.worst_latch import WorstLatch
from somaforge.flow.runner.unmeasured import AT_A_POINT, TIMED_AT_A_POINT
from somaforge.flow.signoff.verdict import Signoff, judge
from somaforge.flow.steps import corners as step
from somaforge.flow.steps.chip import Job
from somaforge.generator.spec import Evaluation, Limit, Study, Training, parse_spec
from somaforge.pdk.errors import InputError, NotSettledError
from somaforge.pdk.models import OperatingPoint

SPEC = small_spec().model_copy(update={"corners": ("tt", "ss")})
GOOD, BAD = WorstLatch(36, 0.7, 0.4, 0.5), WorstLatch(36, 0.3, 0.2, -0.1)
HOT = PointResult(
    OperatingPoint("ss", 85.0, 1.8), "nominal", {1: {"accuracy__array__ratio": 0.9}, 2: {"accuracy__array__ratio": 0.8}}
)


def test_points_are_corners_by_temperatures_and_supplies_at_one_place() -> None:
    points = points_of(SPEC, Study(temperatures_C=(-40, 85), supplies_V=(1.62, 1.8)))
    places = [(p.at.corner, p.at.temperature_C, p.at.supply_V) for p in points]
    assert len(places) == len(set(places)) == 7
    assert ("tt", 27.0, 1.8) in places, "the run's own point"
    assert ("tt", 27.0, 1.62) in places


def test_a_cross_leaves_out_corners_at_other_temperatures() -> None:
    points = points_of(SPEC, Study(grid="cross", temperatures_C=(-40, 85), supplies_V=(1.62,), chips=1))
    places = [p.at for p in points]
    assert places[0] == SPEC.at == OperatingPoint("tt", 27.0, 1.8)
    assert len(places) == len(set(places)) == 5
    assert not [place for place in places if place.corner == "ss" and place.temperature_C != 27.0]


def test_temperature_drift_by_hand() -> None:
    """Every output grows by a tenth: currents move by 10 %, shares and winners stay."""
    before = np.array([[1.0, 3.0], [2.0, 1.0], [5.0, 0.001]])

    def record(temperature: float, outputs: Any, corner: str = "tt") -> dict[str, Any]:
        at = {"seed": 1, "corner": corner, "temperature_C": temperature, "supply_V": 1.8}
        return {"point": at, "problem": "", "outputs_A": outputs.tolist()}

    other = before * np.array([[1.1, 1.1], [0.5, 1.1], [1.1, 9.0]])
    rows = [record(27.0, before), record(85.0, before * 1.1), record(-40.0, other), record(85.0, before * 7, "ss")]
    lost = record(-20.0, other)
    del lost["outputs_A"]
    rows.append({**lost, "problem": "no operating point"})
    cold, hot = temperature_drift(SPEC, rows)["temperatures"]
    assert (hot["temperature_C"], cold["temperature_C"]) == (85.0, -40.0)
    assert hot["current_change_p50"] == pytest.approx(0.1)
    assert hot["share_change_p95"] == pytest.approx(0, abs=1e-12)
    assert hot["same_winner"] == 1
    assert cold["same_winner"] == pytest.approx(2 / 3)
    assert cold["current_change_p95"] < 0.6, "an output below 1 % of the largest does not count"


def test_limits_at_other_conditions() -> None:
    at = lookup(SPEC, [HOT])
    today = date(2026, 1, 1)
    there = {"corner": "ss", "temperature_C": 85}
    good = Limit(metric="accuracy__array__ratio", min=0.85, conditions=there)  # type: ignore[arg-type]
    bad = good.model_copy(update={"min": 0.9})
    cold = Limit(metric="accuracy__array__ratio", min=0.1, conditions={"temperature_C": -40})  # type: ignore[arg-type]
    signoff = judge((good, bad, cold), (), {"accuracy__array__ratio": 1.0}, today, at)
    assert [r.status for r in signoff.results] == ["pass", "fail", "missing"]
    assert str(signoff.results[1]) == (
        "accuracy__array__ratio is 0.85, must be >= 0.9 at ss, 85 C, nominal calibration"
    )
    assert Signoff.from_json(signoff.to_json()) == signoff
    again = bad.model_copy(update={"conditions": bad.conditions and bad.conditions.model_copy()})
    assert judge((again,), (), {}, today).results[0].status == "missing", "no study: nothing was measured there"


def test_unit_of_a_limit_must_be_the_metrics() -> None:
    data = SPEC.model_dump(mode="json")
    for unit, good in (("J", True), ("pJ", False)):
        data["limits"] = [{"metric": "energy__mac__J", "max": 1e-12, "unit": unit}]
        if good:
            assert parse_spec(data, "t").limits[0].unit == "J"
        else:
            with pytest.raises(InputError, match="the unit of energy__mac__J is J, not pJ"):
                parse_spec(data, "t")
    data["limits"] = [{"metric": "efficiency__mac__per_J", "min": 1e12, "unit": "J"}]
    with pytest.raises(InputError, match="the unit of efficiency__mac__per_J is per_J, not J"):
        parse_spec(data, "t")


def test_point_results_survive_json() -> None:
    assert PointResult.from_json(HOT.to_json()) == HOT
    assert HOT.metrics == {"accuracy__array__ratio": pytest.approx(0.85)}


def test_a_chip_without_an_operating_point_gets_nothing_right() -> None:
    """A column between rails that are too close raises in the engine; the study goes on, and the mean knows it."""

    class Lost:
        def dc(self, *anything: Any) -> None:
            raise NotSettledError("array engine: no")

    point = Point(1, OperatingPoint("ss", -40.0, 1.62))
    chip = nominal(small_design())
    currents, labels = np.zeros((3, 2)), np.zeros(3, dtype=int)
    record = corners.measure(Lost(), chip, point, currents, labels, SPEC, 1, GOOD)  # type: ignore[arg-type]
    assert record["problem"] == "array engine: no"
    good = {
        "point": {**point.to_json(), "seed": 2},
        "problem": "",
        "metrics": {"accuracy__array__ratio": 0.9, "power__settled__W": 1.0},
    }
    (found,) = corners.grouped("nominal", [record, good])
    assert found.metrics == {"accuracy__array__ratio": pytest.approx(0.45)}
    assert found.problem == "array engine: no"
    assert PointResult.from_json(found.to_json()) == found


def test_a_point_where_latches_cannot_be_written_is_none(tmp_path: Path) -> None:
    """Neither the engine nor a new calibration is asked: nobody could bring weights into such a chip."""
    point = Point(1, OperatingPoint("fs", -40.0, 1.0))
    record = corners.measure(None, nominal(small_design()), point, np.zeros((3, 2)), np.zeros(3), SPEC, 1, BAD)  # type: ignore[arg-type]
    assert record["metrics"]["accuracy__array__ratio"] == 0
    assert record["metrics"]["memory__worst_write__V"] == -0.1
    assert record["problem"] == "memory: the worst of 36 latches cannot be written (-0.100 V)"
    job = Job(small_spec(), 1, Inputs({"train": tmp_path, "program": tmp_path}, {}))
    codes = tuple(np.zeros(shape, dtype=np.int64) for shape in ((4, 3), (3, 3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "codes_of", lambda job: codes)
        step.measure(tmp_path, step.PointJob(job, point, Study(), again=True, memory=BAD))
    assert read_json(tmp_path / "point.json")["problem"] == record["problem"]


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_speed_and_energy_only_where_patterns_ran_in_time() -> None:
    """At rest the power is what a long pattern takes in time, too; what the engine does not solve is missing."""
    design = small_design((3, 3, 3))
    codes = (7 * np.eye(3, dtype=np.int64),) * 2
    chip = nominal(design, codes, design.flat_without_memory)
    inputs, labels, point = 1e-8 + 9e-8 * np.eye(3), np.arange(3), Point(1, OperatingPoint("tt", 27.0, 1.8))
    spec = SPEC.model_copy(update={"evaluation": Evaluation(pattern_time_s=2e-5)})

    class LostInTime(ArrayEngine):
        def transient(self, *anything: Any) -> TransientResult:
            raise NotSettledError("array engine: not in time")

    rest, both = (corners.measure(ArrayEngine(), chip, point, inputs, labels, spec, timed, GOOD) for timed in (0, 3))
    assert set(rest["metrics"]) == set(AT_A_POINT)
    assert set(both["metrics"]) == {*AT_A_POINT, *TIMED_AT_A_POINT}
    leakage = of_chip(chip).total_W
    assert both["metrics"]["power__memory_leakage__W"] == rest["metrics"]["power__memory_leakage__W"] == leakage > 0
    current = ArrayEngine().dc(chip, inputs).supply.mean()
    assert rest["metrics"]["power__settled__W"] == pytest.approx(1.8 * current + leakage, rel=1e-9)
    assert both["metrics"]["power__mean__W"] == pytest.approx(both["metrics"]["power__settled__W"], rel=0.05)
    assert both["metrics"]["accuracy__array__ratio"] == both["metrics"]["evaluate__timed_agreement__ratio"] == 1
    assert 0 < both["metrics"]["fixed_time__run__s"] < 2e-5
    lost = corners.measure(LostInTime(), chip, point, inputs, labels, spec, 3, GOOD)
    assert lost["metrics"] == rest["metrics"]
    assert lost["problem"] == "array engine: not in time"


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_hot_chip_with_old_and_new_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the engine, with weights that nobody trained: at 125 C leakage is far above the smallest currents.
    Weights that are trained for the measurement there are worth more than those."""
    rng = np.random.default_rng(5)
    codes = tuple(rng.integers(-7, 8, shape) for shape in ((4, 3), (3, 3)))
    monkeypatch.setattr(step, "codes_of", lambda job: codes)
    spec, records = small_spec(), []
    spec = spec.model_copy(update={"training": Training(epochs=100, restarts=2)})
    for name, temperature, again in (("a", 27.0, False), ("b", 125.0, False), ("c", 125.0, True)):
        folder = tmp_path / name
        folder.mkdir()
        point = Point(1, OperatingPoint("tt", temperature, 1.8))
        wanted = Study(patterns=30)
        step.measure(folder, step.PointJob(Job(spec, 1, Inputs({"train": tmp_path}, {})), point, wanted, again, GOOD))
        records.append(read_json(folder / "point.json"))
    (row,) = temperature_drift(spec, records[:2])["temperatures"]
    assert 0.01 < row["current_change_p50"] < 1, (
        "a subthreshold mirror's ratios move, by less than its currents' decades"
    )
    old, new = (record["metrics"]["accuracy__array__ratio"] for record in records[1:])
    assert new > old
    assert (tmp_path / "c/calibration.json").is_file()
