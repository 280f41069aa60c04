"""The machinery: what is skipped, what is redone, and what a kill leaves behind."""

import json
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.flow import fake_steps

from somaforge.flow.machinery.base import Context, Step, nothing
from somaforge.flow.machinery.fingerprint import files_of
from somaforge.flow.machinery.inputs import Inputs, StepError
from somaforge.flow.machinery.lock import locked
from somaforge.flow.runner.run import Runner
from somaforge.pdk.errors import CheckError, InputError, ToolError

METRICS = {
    "first__size__count": 26,
    "parts__total__count": 30,
    "last__length__count": 28,
    "last__wrong__count": 0,
}


def run(out: Path) -> tuple[dict[str, float], list[str]]:
    """Metrics of a whole run, and the names of the steps that had to work."""
    outcomes = Runner(fake_steps.spec(), out, fake_steps.steps()).run()
    return {k: v for o in outcomes for k, v in o.metrics.items()}, [o.step for o in outcomes if not o.skipped]


def test_second_run_skips_everything(tmp_path: Path) -> None:
    assert run(tmp_path / "r") == (METRICS, ["first", "parts", "last"])
    assert run(tmp_path / "r") == (METRICS, [])


def test_folder_is_the_evidence(tmp_path: Path) -> None:
    run(tmp_path / "r")
    folder = tmp_path / "r/03-last"
    assert sorted(p.name for p in folder.iterdir()) == [
        "b.txt", "config.json", "done.json", "log.txt", "metrics.json", "resources.json",
    ]  # fmt: skip
    config = json.loads((folder / "config.json").read_text())
    assert config["step"] == "last"
    assert config["tools"]["python"].startswith("3.")
    assert config["seeds"] == {"chips": [1, 2, 3, 4, 5], "training": 1}
    assert config["spec"]["name"] == "iris"
    used = json.loads((folder / "resources.json").read_text())
    assert used["step__last__rss_bytes"] > 1e6
    assert not list((tmp_path / "r").glob(".tmp-*"))
    assert not list((tmp_path / "r/.parts").iterdir())


@pytest.mark.parametrize("damage", ["truncate", "delete", "flip"])
def test_damaged_file_is_redone(tmp_path: Path, damage: str) -> None:
    run(tmp_path / "r")
    target = tmp_path / "r/01-first/a.txt"
    text = target.read_text()
    match damage:
        case "truncate":
            target.write_text(text[:5])
        case "delete":
            target.unlink()
        case "flip":
            target.write_text("F" + text[1:])
    assert run(tmp_path / "r") == (METRICS, ["first"])  # the same content again: later steps stand
    assert target.read_text() == text


def test_touched_file_stands(tmp_path: Path) -> None:
    run(tmp_path / "r")
    (tmp_path / "r/01-first/a.txt").touch()
    assert run(tmp_path / "r") == (METRICS, [])


def test_changed_config_reruns_only_what_depends_on_it(tmp_path: Path) -> None:
    run(tmp_path / "r")
    steps = list(fake_steps.steps())
    steps[0] = replace(steps[0], config=lambda spec: {"temperature_C": 85})
    outcomes = Runner(fake_steps.spec(), tmp_path / "r", steps).run()
    assert [o.step for o in outcomes if not o.skipped] == ["first"]


@pytest.mark.parametrize("place", ["first", "part", "last"])
def test_killed_run_resumes(tmp_path: Path, place: str) -> None:
    out = tmp_path / "r"
    environment = {**os.environ, "FAKE_PAUSE": place}
    process = subprocess.Popen([sys.executable, fake_steps.__file__, str(out)], env=environment)
    deadline = time.monotonic() + 60
    while not (tmp_path / "paused").exists() or (place == "part" and not (out / ".parts").exists()):
        assert process.poll() is None
        assert time.monotonic() < deadline, "the process did not come to its pause"
        time.sleep(0.02)
    if place == "part":  # both workers hang in parts 3 and 4; 1 and 2 are finished
        while len(list((tmp_path / "r/.parts").glob("*/n[12]/done.json"))) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(out.glob(".tmp-*")), "a killed step leaves its temporary folder and nothing else"
    metrics, worked = run(out)
    assert metrics == METRICS
    assert worked == {"first": ["first", "parts", "last"], "part": ["parts", "last"], "last": ["last"]}[place]
    assert not list(out.glob(".tmp-*"))
    assert (tmp_path / "ran_1").read_text() == "x", "a finished part is not done again"


def test_failed_step_is_kept_for_reading_and_never_taken_for_finished(tmp_path: Path) -> None:
    def breaks(context: Context) -> dict[str, float]:
        (context.folder / "b.txt").write_text("half")
        raise ToolError("the tool crashed")

    steps = (*fake_steps.steps()[:2], replace(fake_steps.steps()[2], action=breaks))
    with pytest.raises(ToolError, match="the tool crashed"):
        Runner(fake_steps.spec(), tmp_path / "r", steps).run()
    assert "failed: the tool crashed" in (tmp_path / "r/03-last.failed/log.txt").read_text()
    assert not (tmp_path / "r/03-last").exists()
    assert run(tmp_path / "r") == (METRICS, ["last"])
    assert not (tmp_path / "r/03-last.failed").exists()


def test_promised_output_must_be_written(tmp_path: Path) -> None:
    step = Step("first", fake_steps.first, lambda spec: ("a.txt", "b.txt"), config=nothing)
    with pytest.raises(StepError, match=re.escape("first: did not write b.txt; this is a fault of somaforge")):
        Runner(fake_steps.spec(), tmp_path / "r", [step]).run()


def test_gate_stops_what_comes_after(tmp_path: Path) -> None:
    steps = list(fake_steps.steps())
    steps[0] = replace(steps[0], checks=("first__size__count",), gate=True)
    message = f"first: first__size__count is 26, must be 0; see {tmp_path}/r/01-first"
    with pytest.raises(CheckError, match=f"^{re.escape(message)}$"):
        Runner(fake_steps.spec(), tmp_path / "r", steps).run()


def test_undeclared_input_is_refused(tmp_path: Path) -> None:
    step = replace(fake_steps.steps()[2], inputs=("first",))
    with pytest.raises(StepError, match=r"reads parts/total\.txt without declaring parts"):
        Runner(fake_steps.spec(), tmp_path / "r", (*fake_steps.steps()[:2], step)).run()


@pytest.mark.parametrize("name", ["metrics.json", "resources.json", "log.txt", "a"])
def test_what_a_step_did_not_promise_is_refused(name: str, tmp_path: Path) -> None:
    """Files that are no part of the reader's key: another step's metrics, its log, a part of a promised name."""

    def reads(context: Context) -> dict[str, float]:
        return {"last__length__count": len(context.input("first", name).read_text())}

    steps = (fake_steps.steps()[0], Step("last", reads, lambda spec: (), ("first",), config=nothing))
    with pytest.raises(StepError, match=f"reads first/{name}, which first does not promise; this is a fault"):
        Runner(fake_steps.spec(), tmp_path / "r", steps).run()


def test_records_are_for_steps_that_declare_them(tmp_path: Path) -> None:
    def reads(context: Context) -> dict[str, float]:
        found = json.loads((context.inputs.folder("first") / "metrics.json").read_text())
        return {"last__size__count": found["first__size__count"]}

    last = Step("last", reads, lambda spec: (), ("first",), config=nothing)
    with pytest.raises(StepError, match="reads the records of first without declaring it"):
        Runner(fake_steps.spec(), tmp_path / "r", (fake_steps.steps()[0], last)).run()
    declared = replace(last, reads_metrics=True)
    outcomes = Runner(fake_steps.spec(), tmp_path / "r", (fake_steps.steps()[0], declared)).run()
    assert outcomes[-1].metrics == {"last__size__count": 26}


def test_parts_read_what_their_step_declared_and_its_own_parts(tmp_path: Path) -> None:
    for name in ("first/a.txt", "part/b.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    inputs = Inputs({"first": tmp_path / "first"}, {"first": ("a.txt",)})
    crossed = pickle.loads(pickle.dumps(inputs.also("part", tmp_path / "part")))
    assert crossed.file("first", "a.txt") == tmp_path / "first/a.txt"
    assert crossed.file("part", "b.txt") == tmp_path / "part/b.txt"
    with pytest.raises(StepError, match=r"reads part/b\.txt without declaring part"):
        inputs.file("part", "b.txt")
    with pytest.raises(StepError, match=r"part did not make c\.txt"):
        crossed.file("part", "c.txt")


def test_no_step_goes_past_its_inputs() -> None:
    """Folders of other steps are looked into by the machinery and by sign-off alone."""
    steps = Path(__file__).parents[3] / "flow/steps"
    assert {path.name for path in steps.glob("*.py") if "inputs.folder" in path.read_text()} == {"signoff.py"}


def test_only_runs_what_is_needed(tmp_path: Path) -> None:
    runner = Runner(fake_steps.spec(), tmp_path / "r", fake_steps.steps())
    assert [o.step for o in runner.run(only="parts")] == ["parts"]
    assert [o.step for o in runner.run(until="first")] == ["first"]
    with pytest.raises(InputError, match=re.escape("--until lats: unknown step; known: first, parts, last")):
        runner.run(until="lats")


def test_a_step_that_is_left_out_takes_its_readers_along(tmp_path: Path) -> None:
    runner = Runner(fake_steps.spec(), tmp_path / "r", fake_steps.steps())
    assert [o.step for o in runner.run(skip=("parts",))] == ["first"]
    assert [o.step for o in runner.run(skip=("last",))] == ["first", "parts"]
    with pytest.raises(InputError, match=re.escape("--skip lats: unknown step; known: first, parts, last")):
        runner.run(skip=("lats",))


def test_from_a_step_on_everything_is_made_anew(tmp_path: Path) -> None:
    runner = Runner(fake_steps.spec(), tmp_path / "r", fake_steps.steps())
    runner.run()
    assert [o.step for o in runner.run(again="parts") if not o.skipped] == ["parts", "last"]
    assert [o.step for o in runner.run() if not o.skipped] == []
    with pytest.raises(InputError, match=re.escape("--from lats: unknown step; known: first, parts, last")):
        runner.run(again="lats")


def test_one_run_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "r"), pytest.raises(ToolError, match="another run is at work here"):
        run(tmp_path / "r")


def test_code_version_follows_imports() -> None:
    names = {p.name for p in files_of("somaforge.generator.design")}
    assert {"design.py", "whole.py", "circuit.py", "address.py", "process.py", "errors.py"} <= names
    assert "run.py" not in names


def test_folders_of_an_older_numbering_go(tmp_path: Path) -> None:
    run(tmp_path / "r")
    (tmp_path / "r/03-last").rename(tmp_path / "r/07-last")
    (tmp_path / "r/07-mine").mkdir()
    assert run(tmp_path / "r") == (METRICS, ["last"])
    assert not (tmp_path / "r/07-last").exists()
    assert (tmp_path / "r/07-mine").exists(), "only folders of our own steps are ours to remove"
