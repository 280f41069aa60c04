"""Workers are killed: nothing is lost, nothing is counted twice, the numbers are those of one core."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from tests.flow.montecarlo.montecarlo_tasks import Task, square

from somaforge.flow.montecarlo import spread, study, work
from somaforge.flow.montecarlo.points import Source, StudyPoints, grid
from somaforge.flow.montecarlo.spread import dask, here, processes
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import ToolError


def test_killed_process_loses_nothing(tmp_path: Path) -> None:
    tasks = {f"n{n}": Task(n, tmp_path if n == 3 else None) for n in range(8)}
    found = list(processes(2)(square, tasks))
    assert sorted(name for name, _ in found) == sorted(tasks), "each exactly once"
    assert {name: r["metrics"]["square"] for name, r in found} == {f"n{n}": n * n for n in range(8)}
    assert (tmp_path / "died_3").exists()
    assert os.getpid() not in {r["pid"] for _, r in found}


def test_task_that_always_kills_is_named(tmp_path: Path) -> None:
    tasks = {"good": Task(1), "deadly": Task(2, tmp_path, always=True)}
    found = []
    with pytest.raises(ToolError, match=r"deadly took its process with it 3 times"):
        found += list(processes(1)(square, tasks))


def test_exceptions_of_tasks_are_not_swallowed() -> None:
    with pytest.raises(AttributeError):
        list(processes(1)(square, {"wrong": 3}))


def test_scheduler_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("somaforge.flow.montecarlo.spread.CONNECT_S", 1)
    with pytest.raises(ToolError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1:"):
        list(dask("tcp://127.0.0.1:1", "x")(square, {"n": Task(1)}))


def small_spec() -> Spec:
    """A 4-3-3 array that looks at flowers."""
    return parse_spec(
        {
            "name": "small",
            "array": {"layers": [4, 3, 3]},
            "network": {"layers": [4, 3, 3], "dataset": "iris"},
            "input": {"full_scale_A": 325e-9},
            "chips": {"seeds": [1]},
            "limits": [{"metric": "accuracy__array__ratio", "min": 0.3}],
        },
        "test",
    )


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> StudyPoints:
    """Ten chips with weights that nobody trained."""
    spec = small_spec()
    rng = np.random.default_rng(5)
    codes = [rng.integers(-7, 8, shape).tolist() for shape in ((4, 3), (3, 3))]
    monkeypatch.setattr(study, "_weights", lambda wanted, *rest: {point.id: codes for point in wanted.points})
    return StudyPoints(spec, grid(spec, range(1, 11), ["tt"], [27.0], [1.8]), "nominal", 4)


def _numbers(outcome: study.Outcome) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in outcome.records]


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.nightly
def test_killed_dask_worker(wanted: StudyPoints, tmp_path: Path) -> None:
    """A real cluster of two worker processes; one is killed in the middle of the study."""
    alone = study.run(wanted, tmp_path / "alone", here)
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address
        killed: list[int] = []

        def deadly(function: Any, tasks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
            for count, item in enumerate(dask(address, "test")(function, tasks)):
                if count == 2:
                    with Client(address, set_as_default=False) as client:
                        killed.append(next(iter(client.run(os.getpid).values())))
                    os.kill(killed[0], signal.SIGKILL)
                yield item

        farm = study.run(wanted, tmp_path / "farm", deadly)
    assert len(killed) == 1
    assert _numbers(farm) == _numbers(alone)
    assert farm.metrics == alone.metrics
    assert farm.metrics["montecarlo__points__count"] == 10
    assert len(list((tmp_path / "farm/points").iterdir())) == 10


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_study_goes_on_where_it_was(wanted: StudyPoints, tmp_path: Path) -> None:
    """Cut off after five points, with one file damaged: the rest is done, and only the rest."""
    done: list[str] = []

    def cut(function: Any, tasks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, record in here(function, tasks):
            if len(done) == 5:
                raise KeyboardInterrupt
            done.append(name)
            yield name, record

    with pytest.raises(KeyboardInterrupt):
        study.run(wanted, tmp_path, cut)
    path = tmp_path / f"points/{done[0]}.json"
    path.write_text(path.read_text()[:-40])
    again: list[str] = []

    def counted(function: Any, tasks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        again.extend(tasks)
        yield from here(function, tasks)

    outcome = study.run(wanted, tmp_path, counted)
    assert outcome.done_before == 4
    assert set(again) == {p.id for p in wanted.points} - set(done[1:])
    assert study.run(wanted, tmp_path, counted).done_before == 10
    # other patterns are other results
    assert study.run(StudyPoints(wanted.spec, wanted.points, "nominal", 3), tmp_path, counted).done_before == 0


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.parametrize(("source", "networks"), [("nominal", 1), ("per-chip", 2), ("per-point", 4)])
def test_networks_are_trained_for_whom_the_source_says(source: Source, networks: int, tmp_path: Path) -> None:
    """One for all, one a chip, one a chip at a point; none a second time."""
    spec = small_spec()
    wanted = StudyPoints(spec, grid(spec, (1, 2), ["tt", "ss"], [27.0], [1.8]), source, 4)
    asked: list[str] = []

    def learned(function: Any, tasks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if function is not work.learn:
            raise KeyboardInterrupt
        for name in tasks:
            asked.append(name)
            yield name, {"codes": [[[1] * 3] * 4, [[1] * 3] * 3]}

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            study.run(wanted, tmp_path, learned)
    assert len(asked) == len(set(asked)) == networks
    assert len(list((tmp_path / study.WEIGHTS).iterdir())) == networks


@contextmanager
def farm(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """Address of a scheduler, its process and that of its one worker, without a nanny that would start it again."""
    file = folder / "scheduler.json"
    root = Path(__file__).parents[3]  # tasks are functions of this file; sys.path may have "" for it
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    common = {"stderr": subprocess.DEVNULL, "cwd": folder, "env": environment}
    module = [sys.executable, "-m"]
    scheduler = subprocess.Popen(
        [*module, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
         "--scheduler-file", str(file)],
        **common,  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        end = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        worker = subprocess.Popen(
            [*module, "distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny",
             "--no-dashboard"],
            **common,  # type: ignore[arg-type]
        )  # fmt: skip
        try:
            yield json.loads(file.read_text())["address"], scheduler, worker
        finally:
            worker.kill()
            worker.wait()
    finally:
        scheduler.kill()
        scheduler.wait()


@pytest.mark.parametrize(
    ("victim", "message"),
    [
        ("scheduler", r"^montecarlo: the Dask scheduler at tcp://127\.0\.0\.1:\d+ went away; start it and run again"),
        ("worker", r"^montecarlo: the Dask scheduler has had no worker for 1 s; start some and run again"),
    ],
)
def test_killed_scheduler_or_last_worker(
    victim: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """One line, in time; what was finished before was given."""
    tasks = {f"n{n}": Task(n, pause_s=0.2) for n in range(20)}
    found = []
    with farm(tmp_path) as (address, scheduler, worker), pytest.raises(ToolError, match=message):  # noqa: PT012
        victims = {"scheduler": scheduler, "worker": worker}
        for item in dask(address, "test")(square, tasks):
            found.append(item)
            victims[victim].kill()
            monkeypatch.setattr("somaforge.flow.montecarlo.spread.LONELY_S", 1.0)  # it has started
    assert 1 <= len(found) < len(tasks)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (CommClosedError("reset by peer"), "^montecarlo: the Dask scheduler at tcp://x went away; start it"),
        (CancelledError("n1"), "^montecarlo: the Dask scheduler at tcp://x went away; start it"),
        (KilledWorker("n1", SimpleNamespace(address="tcp://w"), 3), "^montecarlo: n1 was lost with its workers again"),
    ],
)
def test_a_result_that_cannot_be_fetched_is_one_line(error: Exception, message: str) -> None:
    """Whether a killed scheduler is seen by a future or by the connection that fetches its result is a race."""

    class Lost:
        def result(self) -> None:
            raise error

    with pytest.raises(ToolError, match=message):
        spread._result(Lost(), "n1", "tcp://x")


def test_an_error_of_the_task_itself_stays_what_it_is() -> None:
    class Full:
        def result(self) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        spread._result(Full(), "n1", "tcp://x")
