"""Limits, waivers and what is missing: each way to fail is proved to fail."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from junitparser import JUnitXml
from tests.flow import fake_steps

from somaforge.flow import cli
from somaforge.flow.machinery.base import Context
from somaforge.flow.runner import pipeline
from somaforge.flow.signoff import junit
from somaforge.flow.signoff.verdict import STANDARD, Signoff, judge, limits_of
from somaforge.generator.spec import Limit, Waiver

TODAY = date(2026, 3, 1)
ACCURACY = Limit(metric="accuracy__spice__ratio", min=0.96)
WAIVER = Waiver(metric="accuracy__spice__ratio", reason="first silicon of a new mirror", name="A. Chip", expires=TODAY)


@pytest.mark.parametrize(
    ("value", "passed"), [(0.96, True), (1.0, True), (0.9599, False), (0.0, False), (float("nan"), False)]
)
def test_minimum(value: float, passed: bool) -> None:
    assert judge([ACCURACY], [], {ACCURACY.metric: value}, TODAY).passed is passed


def test_maximum_of_zero_is_a_limit() -> None:
    limit = Limit(metric="drc__native__count", max=0)
    assert judge([limit], [], {"drc__native__count": 0}, TODAY).passed
    result = judge([limit], [], {"drc__native__count": 1}, TODAY).results[0]
    assert str(result) == "drc__native__count is 1, must be <= 0"


def test_missing_metric_fails_and_cannot_be_waived() -> None:
    signoff = judge([ACCURACY], [WAIVER], {}, TODAY)
    assert not signoff.passed
    assert str(signoff.failures[0]) == "accuracy__spice__ratio is missing, must be >= 0.96"


def test_waiver_holds_on_its_last_day_and_not_after() -> None:
    metrics = {ACCURACY.metric: 0.9}
    held = judge([ACCURACY], [WAIVER], metrics, TODAY)
    assert held.passed
    assert held.results[0].waiver == "waived by A. Chip until 2026-03-01: first silicon of a new mirror"
    void = judge([ACCURACY], [WAIVER], metrics, date(2026, 3, 2))
    assert not void.passed
    assert void.results[0].waiver == "the waiver by A. Chip expired on 2026-03-01"


def test_nothing_to_check_is_no_pass() -> None:
    assert not judge([], [], {"a__b": 1.0}, TODAY).passed


def test_standard_limits_cannot_be_dropped() -> None:
    spec = fake_steps.spec().model_copy(update={"limits": ()})
    assert limits_of(spec) == STANDARD


def test_json_round_trip() -> None:
    signoff = judge([ACCURACY, *STANDARD], [WAIVER], {ACCURACY.metric: 0.9}, TODAY)
    assert Signoff.from_json(json.loads(json.dumps(signoff.to_json()))) == signoff


def test_junit_counts_what_failed(tmp_path: Path) -> None:
    signoff = judge(
        [ACCURACY, STANDARD[0], STANDARD[1]], [WAIVER], {ACCURACY.metric: 0.9, STANDARD[0].metric: 0}, TODAY
    )
    junit.write(tmp_path / "junit.xml", "iris", signoff, {"step__drc__s": 1.5}, ["drc", "pex"])
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(tmp_path / "junit.xml"))}
    assert (suites["iris.limits"].tests, suites["iris.limits"].failures, suites["iris.limits"].skipped) == (3, 1, 1)
    assert (suites["iris.steps"].tests, suites["iris.steps"].failures) == (2, 1)


def _judged(context: Context) -> dict[str, float]:
    metrics = {"design__macs__count": 26.0} | {limit.metric: 0.0 for limit in STANDARD}
    signoff = judge(limits_of(context.spec), context.spec.waivers, metrics, TODAY)
    (context.folder / "signoff.json").write_text(json.dumps(signoff.to_json()))
    return {}


def test_impossible_limit_exits_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command line on small steps: a limit that nothing can meet."""
    last = replace(
        fake_steps.steps()[2],
        name="signoff",
        action=_judged,
        outputs=lambda spec: ("signoff.json",),
        checks=(),
        config=lambda spec: {"limits": [limit.model_dump(mode="json") for limit in spec.limits]},
    )
    monkeypatch.setattr(pipeline, "STEPS", (*fake_steps.steps()[:2], last))
    monkeypatch.setattr(pipeline, "publish", lambda runner: {"design__macs__count": 26.0})
    out = tmp_path / "r"
    text = fake_steps.SPEC.read_text().partition("limits:")[0]
    spec = tmp_path / "possible.yaml"
    spec.write_text(text + "limits:\n  - {metric: design__macs__count, min: 26}\n")
    assert cli.run(["run", str(spec), "--out", str(out)]) == 0
    assert capsys.readouterr().err == ""
    bad = Path(__file__).parents[2] / "bad/limit/impossible.yaml"
    for _ in range(2):  # a run with nothing to do must fail again
        assert cli.run(["run", str(bad), "--out", str(out), "--json"]) == 1
        printed = capsys.readouterr()
        assert json.loads(printed.out) == {"design__macs__count": 26.0}
        assert printed.err == (
            "somaforge: design__macs__count is 26, must be >= 1e+09 (and 1 more); "
            f"see {out}/final/report/signoff.html\n"
        )
