"""Corners, temperatures, supplies: which points, what is compared, and limits that hold there."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.flow.montecarlo.test_montecarlo_spread import small_spec

from somaforge.flow.measure import corners
from somaforge.flow.measure.corners import PointResult, lookup, points_of, temperature_drift
from somaforge.flow.montecarlo import study
from somaforge.flow.montecarlo.spread import here
from somaforge.flow.signoff.verdict import Signoff, judge
from somaforge.generator.spec import Limit, Study, parse_spec
from somaforge.pdk.errors import InputError

SPEC = small_spec().model_copy(update={"corners": ("tt", "ss")})
HOT = PointResult("ss", 85.0, 1.8, "nominal", {1: {"accuracy__array__ratio": 0.9}, 2: {"accuracy__array__ratio": 0.8}})


def test_points_are_corners_by_temperatures_and_supplies_at_one_place() -> None:
    points = points_of(SPEC, Study(temperatures_C=(-40, 85), supplies_V=(1.62, 1.8)))
    places = [(p.corner, p.temperature_C, p.supply_V) for p in points]
    assert len(places) == len(set(places)) == 7
    assert ("tt", 27.0, 1.8) in places, "the run's own point"
    assert ("tt", 27.0, 1.62) in places


def test_temperature_drift_by_hand() -> None:
    """Every output grows by a tenth: currents move by 10 %, shares and winners stay."""
    before = np.array([[1.0, 3.0], [2.0, 1.0], [5.0, 0.001]])

    def record(temperature: float, outputs: Any, corner: str = "tt") -> dict[str, Any]:
        at = {"seed": 1, "corner": corner, "temperature_C": temperature, "supply_V": 1.8}
        return {"point": at, "outputs_A": outputs.tolist()}

    other = before * np.array([[1.1, 1.1], [0.5, 1.1], [1.1, 9.0]])
    rows = [record(27.0, before), record(85.0, before * 1.1), record(-40.0, other), record(85.0, before * 7, "ss")]
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


def test_point_results_survive_json() -> None:
    assert PointResult.from_json(HOT.to_json()) == HOT
    assert HOT.metrics == {"accuracy__array__ratio": pytest.approx(0.85)}


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_hot_and_cold_chips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the engine, with weights that nobody trained: at 125 C leakage is far above the smallest currents."""
    rng = np.random.default_rng(5)
    codes = [rng.integers(-7, 8, shape).tolist() for shape in ((4, 3), (3, 3))]
    monkeypatch.setattr(study, "_weights", lambda plan, *rest: {point.id: codes for point in plan.points})
    spec = small_spec()
    wanted = Study(temperatures_C=(27.0, 125.0), patterns=3, recalibrate=True)
    found, drift = corners.run(spec, wanted, tmp_path, here, lambda text: None)
    assert [(p.temperature_C, p.calibration) for p in found] == [
        (27.0, "nominal"), (125.0, "nominal"), (27.0, "recalibrated"), (125.0, "recalibrated")
    ]  # fmt: skip
    (row,) = drift["temperatures"]
    assert 0.01 < row["current_change_p50"] < 1, (
        "a subthreshold mirror's ratios move, by less than its currents' decades"
    )
