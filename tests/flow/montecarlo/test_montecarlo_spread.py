"""Workers are killed: nothing is lost, nothing is counted twice, the numbers are those of one core."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from tests.flow.montecarlo.montecarlo_tasks import Task, square

from somaforge.flow.montecarlo import study
from somaforge.flow.montecarlo.plan import Plan, grid
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
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Ten chips with weights that nobody trained."""
    spec = small_spec()
    rng = np.random.default_rng(5)
    codes = [rng.integers(-7, 8, shape).tolist() for shape in ((4, 3), (3, 3))]
    monkeypatch.setattr(study, "_weights", lambda plan, *rest: {point.id: codes for point in plan.points})
    return Plan(spec, grid(spec, range(1, 11), ["tt"], [27.0], [1.8]), "nominal", 4)


def _numbers(outcome: study.Outcome) -> list[dict[str, Any]]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in outcome.records]


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_killed_dask_worker(plan: Plan, tmp_path: Path) -> None:
    """A real cluster of three worker processes; one is killed in the middle of the study."""
    alone = study.run(plan, tmp_path / "alone", here)
    with LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address=None, silence_logs=50
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

        farm = study.run(plan, tmp_path / "farm", deadly)
    assert len(killed) == 1
    assert _numbers(farm) == _numbers(alone)
    assert farm.metrics == alone.metrics
    assert farm.metrics["montecarlo__points__count"] == 10
    assert len(list((tmp_path / "farm/points").iterdir())) == 10


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_study_goes_on_where_it_was(plan: Plan, tmp_path: Path) -> None:
    """Cut off after five points, with one file damaged: the rest is done, and only the rest."""
    done: list[str] = []

    def cut(function: Any, tasks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, record in here(function, tasks):
            if len(done) == 5:
                raise KeyboardInterrupt
            done.append(name)
            yield name, record

    with pytest.raises(KeyboardInterrupt):
        study.run(plan, tmp_path, cut)
    path = tmp_path / f"points/{done[0]}.json"
    path.write_text(path.read_text()[:-40])
    again: list[str] = []

    def counted(function: Any, tasks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        again.extend(tasks)
        yield from here(function, tasks)

    outcome = study.run(plan, tmp_path, counted)
    assert outcome.done_before == 4
    assert set(again) == {p.id for p in plan.points} - set(done[1:])
    assert study.run(plan, tmp_path, counted).done_before == 10
    # other patterns are other results
    assert study.run(Plan(plan.spec, plan.points, "nominal", 3), tmp_path, counted).done_before == 0
