"""A limit on what a run of this very spec never measures is a fault of the spec, said before anything runs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from somaforge.flow.engines.named import ENGINES
from somaforge.flow.runner.unmeasured import AT_A_POINT, TIMED_AT_A_POINT, require_measured, why_not
from somaforge.flow.signoff.metrics import METRICS
from somaforge.generator.spec import Conditions, Limit, Operating, Spec, Study, load_spec
from somaforge.pdk.errors import InputError

ROOT = Path(__file__).parents[3]
KEPT = sorted((ROOT / "bench/results/runs").glob("*.json"))


def example(name: str = "iris", **keys: Any) -> Spec:
    return load_spec(ROOT / f"examples/{name}.yaml").model_copy(update=keys)


def why(spec: Spec, metric: str, **conditions: Any) -> str:
    where = Conditions(**conditions) if conditions else None
    return why_not(spec, Limit(metric=metric, max=1, conditions=where))


@pytest.mark.parametrize("path", KEPT, ids=lambda p: p.stem)
def test_what_a_kept_run_measured_is_never_refused(path: Path) -> None:
    measured = json.loads(path.read_text())["metrics"]
    spec = example(path.stem)
    refused = {name: why(spec, name) for name in measured if not name.startswith(("signoff__", "step__signoff__"))}
    assert {name: reason for name, reason in refused.items() if reason} == {}


@pytest.mark.parametrize("name", ["iris", "mnist", "spoken-digits"])
def test_limits_of_the_examples_can_be_met(name: str) -> None:
    require_measured(example(name), name)


NO_SWEEP: Mapping[str, Any] = {"operating": None, "study": None}


@pytest.mark.parametrize(
    ("spec", "metric", "reason"),
    [
        (example(), "accuracy__array__ratio", "engine: ngspice"),
        (example(engine="array"), "accuracy__spice__ratio", "engine: array"),
        (example(engine="array"), "engine__latch_effect_max__ratio", "engine: array"),
        (example(**NO_SWEEP), "best_point__mac__per_J", "no `operating`"),
        (example(**NO_SWEEP), "corners__nominal_accuracy_min__ratio", "no `study`"),
        (example(study=Study(recalibrate=False)), "corners__recalibrated_accuracy_min__ratio", "recalibrate"),
        (example(), "port__half_period_slow__s", "array.port: none"),
        (example("mnist"), "accuracy__folds__ratio", "splits of small data sets only"),
        (example(), "montecarlo__points__count", "Monte Carlo"),
        (example(), "signoff__failures__count", "after the verdict"),
    ],
)
def test_why_not(spec: Spec, metric: str, reason: str) -> None:
    assert reason in why(spec, metric)
    with pytest.raises(InputError, match=rf"^x: limits\.0: {metric} is never measured"):
        require_measured(spec.model_copy(update={"limits": (Limit(metric=metric, max=1),)}), "x")


def test_the_reason_names_the_engine_that_the_spec_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "toy", replace(ENGINES["ngspice"], name="toy"))
    spec = example(engine="toy")
    assert "`engine: toy`" in why(spec, "accuracy__array__ratio")
    assert not why(spec, "accuracy__spice__ratio")


def test_with_what_measures_it_the_limit_stands() -> None:
    assert not why(example(operating=Operating()), "best_point__mac__per_J")
    assert not why(example(study=Study()), "corners__recalibrated_accuracy_min__ratio")
    assert not why(example(**NO_SWEEP), "operating__points__count")


def test_a_limit_at_a_point() -> None:
    """Its point must be one of the study, with that metric."""
    none, at = example(study=None), {"corner": "ss", "temperature_C": 85.0}
    spec = example(corners=("tt", "ss"), study=Study(temperatures_C=(85.0,), recalibrate=False))
    assert "needs a `study`" in why(none, "accuracy__array__ratio", **at)
    assert not why(spec, "accuracy__array__ratio", **at)
    assert "no point at ss, 80 C, 1.8 V" in why(spec, "accuracy__array__ratio", corner="ss", temperature_C=80.0)
    assert "`study.recalibrate` is false" in why(spec, "accuracy__array__ratio", calibration="recalibrated", **at)
    assert "`study.timed_patterns` is 0" in why(spec, "energy__mac__J", **at)
    assert "other metrics" in why(spec, "drc__native__count", **at)


def test_metrics_of_points_exist() -> None:
    assert {*AT_A_POINT, *TIMED_AT_A_POINT} <= {metric.name for metric in METRICS}
