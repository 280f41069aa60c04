"""A folder whose steps belong to different specs gets no verdict; a run prints what its digests vouch for."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from tests.flow import fake_steps

from somaforge.flow import cli
from somaforge.flow.machinery.base import Context, Step, silicon
from somaforge.flow.runner import borrowed, coherence, pipeline, publish
from somaforge.flow.runner.run import Runner
from somaforge.flow.runner.verify import verify
from somaforge.flow.signoff.verdict import judge
from somaforge.flow.steps import registry
from somaforge.generator.spec import Limit, Spec
from somaforge.pdk.errors import InputError

pytestmark = pytest.mark.needs_pdk


def _signoff(context: Context) -> dict[str, float]:
    signoff = judge([Limit(metric="a__b__count", min=0)], [], {"a__b__count": 0}, date(2026, 3, 1))
    (context.folder / "signoff.json").write_text(json.dumps(signoff.to_json()))
    (context.folder / "report").mkdir()
    (context.folder / "report/signoff.html").write_text("PASSED")
    return {"signoff__failures__count": len(signoff.failures)}


def _steps() -> tuple[Step, ...]:
    first, parts, last = (replace(step, config=silicon) for step in fake_steps.steps())
    names = ("signoff.json", "report/signoff.html")
    return first, parts, replace(last, name="signoff", action=_signoff, outputs=lambda spec: names, checks=())


def _other() -> Spec:
    """Of the same name, with another array."""
    spec = fake_steps.spec()
    return spec.model_copy(update={"array": spec.array.model_copy(update={"bits": 4})})


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished and published run of small steps that the commands know."""
    monkeypatch.setattr(pipeline, "STEPS", _steps())
    monkeypatch.setattr(registry, "STEPS", _steps())
    taken = (("first", "a.txt", "views/{name}.txt"), ("signoff", "report", "report"))
    monkeypatch.setattr(publish, "TAKEN", taken)
    monkeypatch.setattr(publish, "PER_CHIP", ())
    monkeypatch.setattr(publish, "_checks", lambda runner: ())
    assert _run(tmp_path / "run") == 0
    return tmp_path / "run"


def _run(out: Path, *more: str) -> int:
    return cli.run(["run", str(fake_steps.SPEC), "--out", str(out), *more])


def _until(out: Path, spec: Spec, step: str) -> None:
    Runner(spec, out, _steps()).run(until=step)


def test_other_spec_until_a_step_leaves_no_verdict(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _until(run, _other(), "parts")
    before = (run / "03-signoff/done.json").read_bytes()
    assert (run / "final/STALE").read_text().startswith("01-first was made again after these files were taken")
    capsys.readouterr()
    assert cli.run(["report", str(run)]) == 2
    printed = capsys.readouterr()
    assert "01-first: was made for another spec (other array), so there is no verdict" in printed.err
    assert "PASSED" not in printed.out + printed.err
    assert (run / "03-signoff/done.json").read_bytes() == before
    changes = [str(change) for change in verify(run, environment=False).changes]
    assert "run final: is stale: a step was made again after it; see STALE" in changes
    assert "run 01-first: was made for another spec (other array)" in changes
    (run / "final/STALE").unlink()  # as an older version left it
    assert cli.run(["compare", str(run), str(run)]) == 2
    assert "belong to no run" in capsys.readouterr().err
    assert cli.run(["verify", str(run), "--files-only"]) == 1


def test_the_same_spec_again_renews_final(run: Path) -> None:
    _until(run, _other(), "first")
    assert _run(run) == 0
    assert not (run / "final/STALE").exists()
    assert verify(run, environment=False).changes == ()
    assert cli.run(["compare", str(run), str(run)]) == 0


def test_until_with_nothing_to_do_leaves_final_alone(run: Path) -> None:
    _until(run, fake_steps.spec(), "parts")
    assert not (run / "final/STALE").exists()


def test_report_of_one_spec_is_made_again(run: Path) -> None:
    assert cli.run(["report", str(run)]) == 0
    assert verify(run, environment=False).changes == ()


def test_step_made_from_other_files_than_those_beside_it(run: Path) -> None:
    """Both of one spec: a `first` with other contents, put in the place of the one that the others read."""
    steps = list(_steps())
    steps[0] = replace(steps[0], action=_longer, config=silicon)
    Runner(fake_steps.spec(), run.parent / "b", steps).run(until="first")
    (run / "01-first").rename(run.parent / "old")
    (run.parent / "b/01-first").rename(run / "01-first")
    folders = {step.name: Runner(fake_steps.spec(), run, steps).folder(step.name) for step in steps}
    found = list(coherence.problems(folders, fake_steps.spec(), {step.name: step for step in steps}))
    assert [(path.name, problem) for path, problem in found] == [("03-signoff", "was made from another first/a.txt")]


def _longer(context: Context) -> dict[str, float]:
    (context.folder / "a.txt").write_text("another text")
    return {"first__size__count": 12}


def _same_time(path: Path, change: Callable[[str], str]) -> None:
    """Other contents of the same size with the same time of modification."""
    info, text = path.stat(), path.read_text()
    path.write_text(change(text))
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns))
    assert path.stat().st_size == info.st_size
    assert path.stat().st_mtime_ns == info.st_mtime_ns


@pytest.mark.parametrize("name", ["01-first/metrics.json", "final/metrics.json"])
def test_edited_metrics_are_not_believed(run: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    _same_time(run / name, lambda text: text.replace("26", "99"))
    assert cli.run(["compare", str(run), str(run)]) == 2
    capsys.readouterr()
    assert _run(run, "--json") == 0
    assert json.loads(capsys.readouterr().out)["first__size__count"] == 26
    assert json.loads((run / name).read_text())["first__size__count"] == 26
    assert verify(run, environment=False).changes == ()


def test_edited_verdict_is_not_believed(run: Path) -> None:
    _same_time(run / "03-signoff/signoff.json", lambda text: text.replace("pass", "fail"))
    with pytest.raises(InputError, match=r"signoff\.json: has changed since it was written"):
        pipeline.signoff_of(run)
    assert _run(run) == 0
    assert pipeline.signoff_of(run).passed


def test_what_somebody_added_to_a_step_is_not_published(run: Path) -> None:
    (run / "03-signoff/report/more.html").write_text("x")
    (run / "final/views/iris.txt").unlink()
    assert _run(run) == 0
    assert sorted(p.name for p in (run / "final/report").iterdir()) == ["checks.sarif", "signoff.html"]


@pytest.mark.parametrize("name", ["views/done.json", "report/manifest.json", "link", "views/STALE"])
def test_anything_added_to_final_is_found_and_goes_with_the_next_run(run: Path, name: str) -> None:
    if name == "link":
        (run / "final" / name).symlink_to(run / "nowhere")
    else:
        (run / "final" / name).write_text("{}")
    assert [str(c) for c in verify(run, environment=False).changes] == [f"file {name}: is not in the manifest"]
    assert _run(run) == 0
    assert verify(run, environment=False).changes == ()


@pytest.mark.parametrize("mark", ["size", "mtime_ns", "ctime_ns", "sha256"])
@pytest.mark.parametrize(("folder", "file"), [("01-first", "a.txt"), ("final", "views/iris.txt")])
def test_changed_marks_are_found(run: Path, folder: str, file: str, mark: str) -> None:
    data = json.loads((run / folder / "done.json").read_text())
    data["files"][file][mark] = "0" * 64 if mark == "sha256" else data["files"][file][mark] + 1
    (run / folder / "done.json").write_text(json.dumps(data))
    lines = [str(c) for c in verify(run, environment=False).changes]
    assert any("done.json" in line for line in lines), lines


def test_a_study_takes_nothing_from_a_mixture(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """montecarlo --weights run and --timed: bitfiles and capacitances of this spec alone, and none that are stale."""
    monkeypatch.setattr(borrowed, "PROGRAMMED", ("first", "parts"))
    monkeypatch.setattr(borrowed, "EXTRACTED", ("first",))
    (run / "01-pex").mkdir()
    borrowed.require_bitfiles(run, fake_steps.spec())
    borrowed.require_extracted(run, fake_steps.spec())
    for require in (borrowed.require_bitfiles, borrowed.require_extracted):
        with pytest.raises(InputError, match="01-first: was made for another spec"):
            require(run, _other())
    text = (run / "final/views/iris.txt").read_text()
    (run / "final/views/iris.txt").write_text("mine")
    with pytest.raises(InputError, match="final: has changed since the run"):
        borrowed.require_bitfiles(run, fake_steps.spec())
    (run / "final/views/iris.txt").write_text(text)
    _until(run, _other(), "parts")
    with pytest.raises(InputError, match="final: is stale, a step was made again after it"):
        borrowed.require_bitfiles(run, fake_steps.spec())
    capsys.readouterr()
    arguments = ["montecarlo", str(fake_steps.SPEC), "--run", str(run), "--weights", "run", "--out", str(run / "m")]
    assert cli.run(arguments) == 2
    assert "is stale" in capsys.readouterr().err
