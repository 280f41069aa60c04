"""somaforge compare: directions, tolerances, and an exit code that a CI job can use."""

import json
from pathlib import Path

import pytest

from somaforge.flow import cli
from somaforge.flow.runner.compare import compare
from somaforge.flow.signoff.metric import unit_of
from somaforge.flow.signoff.metrics import find
from somaforge.pdk.errors import InputError

NAN = float("nan")


@pytest.mark.parametrize(
    ("metric", "before", "after", "verdict"),
    [
        ("accuracy__spice__ratio", 0.96, 0.97, "better"),
        ("accuracy__spice__ratio", 0.96, 0.95, "worse"),
        ("accuracy__spice__ratio", 0.96, 0.9601, "same"),
        ("accuracy__spice__ratio", 0.96, NAN, "worse"),
        ("accuracy__spice__ratio", NAN, 0.96, "better"),
        ("energy__mac__J", 1e-13, 2e-13, "worse"),
        ("energy__mac__J", 1e-13, 0.5e-13, "better"),
        ("efficiency__mac__per_J", 1e12, 2e12, "better"),
        ("drc__native__count", 10_000, 10_001, "worse"),  # counts are exact
        ("drc__native__count", 1, 0, "better"),
        ("drc__native__count", 0, 0, "same"),
        ("program__hold_loss_max__V", 0.0, 1e-9, "worse"),
        ("design__transistors__count", 1, 2, "different"),
        ("nobody__knows__V", 1, 2, "different"),
        ("step__drc__s", 10.0, 14.0, "same"),
        ("step__drc__s", 10.0, 16.0, "worse"),
        ("accuracy__spice__ratio", 0.96, None, "gone"),
        ("accuracy__spice__ratio", None, 0.96, "new"),
    ],
)
def test_verdict(metric: str, before: float | None, after: float | None, verdict: str) -> None:
    runs = [{metric: value} if value is not None else {} for value in (before, after)]
    (line,) = compare(*runs, resources=True).lines
    assert line.verdict == verdict
    assert line.regression == (verdict in ("worse", "gone"))


def test_families_and_units() -> None:
    found = find("step__evaluate__rss_bytes")
    assert found is not None
    assert (found.better, found.unit) == ("lower", "B")
    assert find("step____s") is None


def _run(folder: Path, **metrics: float) -> Path:
    (folder / "final").mkdir(parents=True)
    (folder / "final/metrics.json").write_text(json.dumps(metrics))
    return folder


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = _run(tmp_path / "a", accuracy__spice__ratio=0.96, energy__mac__J=1e-13, power__mean__W=1e-5)
    b = _run(tmp_path / "b", accuracy__spice__ratio=0.95, energy__mac__J=0.9e-13, power__mean__W=1e-5)
    assert cli.run(["compare", str(a), str(b)]) == 0
    printed = capsys.readouterr().out
    assert "accuracy__spice__ratio" in printed
    assert "-1.04 %" in printed
    assert "power__mean__W" not in printed
    assert printed.endswith("1 better, 1 worse, 1 same\n")
    assert cli.run(["compare", str(a), str(b), "--fail-on-regression"]) == 1
    assert capsys.readouterr().err == (f"somaforge: {b}: accuracy__spice__ratio was 0.96, is 0.95; compared with {a}\n")
    assert cli.run(["compare", str(a), str(b / "final"), "--fail-on-regression", "--tolerance", "0.02"]) == 0
    capsys.readouterr()
    assert cli.run(["compare", str(a), str(b / "final/metrics.json"), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert (data["better"], data["worse"], data["same"]) == (1, 1, 1)


def test_run_time_and_memory_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs of the same work on a busy machine: equal in what they made, not in what they took."""
    slow = {"step__drc__s": 300.0, "step__drc__rss_bytes": 9e9, "step__train__s": 1.0}
    quick = {"step__drc__s": 10.0, "step__drc__rss_bytes": 1e9}
    a, b = _run(tmp_path / "a", power__mean__W=1e-5, **slow), _run(tmp_path / "b", power__mean__W=1e-5, **quick)
    for pair in ([str(a), str(b)], [str(b), str(a)]):
        assert cli.run(["compare", *pair, "--fail-on-regression"]) == 0
        assert capsys.readouterr().out == "1 same\n"
        assert cli.run(["compare", *pair, "--fail-on-regression", "--resources"]) == 1
        assert "step__drc__s" in capsys.readouterr().out


def test_wrong_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = _run(tmp_path / "a", power__mean__W=1.0)
    assert cli.run(["compare", str(good), str(tmp_path / "none")]) == 2
    assert "has no final/metrics.json" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text('{"a": "b"}')
    assert cli.run(["compare", str(good), str(tmp_path / "bad.json")]) == 2
    for text in ("[" * 100_000, '{"a": 1' + "0" * 400 + "}", '{"a": 1' + "0" * 5000 + "}"):
        (tmp_path / "bad.json").write_text(text)
        capsys.readouterr()
        assert cli.run(["compare", str(good), str(tmp_path / "bad.json")]) == 2
        assert "not metrics" in capsys.readouterr().err
    with pytest.raises(InputError, match="must be 0 or more"):
        compare({}, {}, -1)


def test_names_of_metrics_do_not_write_to_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.json").write_text('{"a\\u001b[2J": 1, "b\\u202e": 2}')
    (tmp_path / "b.json").write_text('{"c": 1}')
    assert cli.run(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--fail-on-regression"]) == 1
    said = capsys.readouterr()
    assert all(line.isprintable() for line in (said.out + said.err).splitlines())


def test_units_are_those_that_names_end_with() -> None:
    assert [unit_of(n) for n in ("energy__mac__J", "efficiency__mac__per_J", "power__mean__W", "nothing")] == [
        "J", "1/J", "W", "",
    ]  # fmt: skip


def test_a_page_for_a_browser_has_what_is_worse_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _run(tmp_path / "a", energy__mac__J=7e-13, accuracy__spice__ratio=0.9, drc__native__count=0)
    after = _run(tmp_path / "<b>", energy__mac__J=9e-13, accuracy__spice__ratio=0.95, drc__native__count=0)
    assert cli.run(["compare", str(before), str(after), "--html", str(tmp_path / "page.html")]) == 0
    text = (tmp_path / "page.html").read_text()
    assert (
        '<span class="worse">1 worse</span><span class="better">1 better</span><span class="same">1 same</span>' in text
    )
    assert text.index("energy__mac__J") < text.index("accuracy__spice__ratio") < text.index("drc__native__count")
    assert '<td>700 fJ</td><td>900 fJ</td><td class="worse">+28.57 %</td>' in text
    assert "&lt;b&gt;</h1>" in text
    assert "default-src 'none'" in text
