"""Limits and waivers on metrics that nothing measures are faults of the spec, said before anything runs."""

import json
from datetime import date
from pathlib import Path

import pytest
from tests.flow import fake_steps

from somaforge.flow.runner.known import is_known, nearest, read_spec, require_known
from somaforge.flow.signoff.metrics import METRICS
from somaforge.flow.signoff.verdict import STANDARD
from somaforge.generator.spec import Limit, Waiver
from somaforge.pdk.errors import InputError

ROOT = Path(__file__).parents[3]


def test_every_metric_of_the_table_can_be_a_limit() -> None:
    assert [m.name for m in METRICS if "<" not in m.name and not is_known(m.name)] == []
    assert [limit.metric for limit in STANDARD if not is_known(limit.metric)] == []


def test_every_metric_of_the_kept_runs_is_known() -> None:
    runs = sorted((ROOT / "bench/results/runs").glob("*.json"))
    metrics = {name for run in runs for name in json.loads(run.read_text())["metrics"]}
    assert len(metrics) > 100
    assert sorted(name for name in metrics if not is_known(name)) == []


def test_families_have_a_member_for_each_step_and_no_other() -> None:
    assert is_known("step__drc__s")
    assert is_known("step__evaluate__rss_bytes")
    assert not is_known("step__drcc__s")
    assert not is_known("step__<name>__s")
    assert nearest("step__drcc__s") == "step__drc__s"


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("accuracy__spice__Ratio", "accuracy__spice__ratio"),
        ("drc_native__count", "drc__native__count"),
        ("energy__mac__pJ", "energy__mac__J"),
    ],
)
def test_nearest_name(wrong: str, right: str) -> None:
    assert nearest(wrong) == right


def test_waivers_are_looked_at_too() -> None:
    waiver = Waiver(metric="accuracy__spce__ratio", reason="first silicon", name="A. Chip", expires=date(2027, 1, 1))
    limit = Limit(metric="drc__nativ__count", max=0)
    spec = fake_steps.spec().model_copy(update={"waivers": (waiver,)})
    with pytest.raises(InputError, match=r"x: waivers\.0\.metric: .*accuracy__spce__ratio; nearest: accuracy__spice__"):
        require_known(spec, "x")
    with pytest.raises(InputError, match=r"limits\.0\.metric: .* nearest: drc__native__count \(and 1 more\)"):
        require_known(spec.model_copy(update={"limits": (limit,)}), "x")


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.yaml")), ids=lambda p: p.stem)
def test_examples_name_metrics_that_exist(path: Path) -> None:
    read_spec(path)
