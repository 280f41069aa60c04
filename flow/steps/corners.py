"""Step corners: the first chips at other corners, temperatures and supplies, if the spec has a study."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import Program
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.machinery.base import Context, JsonObject, Step
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.measure import corners
from somaforge.flow.measure.point import Point
from somaforge.flow.memory.worst_latch import WorstLatch
from somaforge.flow.steps import characterize
from somaforge.flow.steps.chip import Job, MemoryJob, currents, memories, programmed
from somaforge.flow.steps.evaluate import codes_of
from somaforge.flow.steps.train import SHADOW, weights_for
from somaforge.generator.spec import Spec, Study
from somaforge.pdk.errors import NotSettledError


def config(spec: Spec) -> JsonObject:
    """Nothing without a study."""
    if spec.study is None:
        return {}
    data = {"data_sha256": datasets.fingerprint(spec.network.dataset)}
    period = {"pattern_time_s": spec.evaluation.pattern_time_s}
    others = {"limits", "time_limits", "waivers", "evaluation", "operating"}
    return {**data, **period, **spec.model_dump(mode="json", exclude=others)}


@dataclass(frozen=True)
class PointJob:
    """One chip at one point, on the array engine."""

    job: Job
    """The chip; its spec is the run's."""
    point: Point
    wanted: Study
    again: bool
    """Whether it is characterized and trained again there."""
    memory: WorstLatch


def measure(folder: Path, task: PointJob) -> None:
    """point.json; with a new calibration also what was measured."""
    job = Job(task.point.spec(task.job.spec), task.point.seed, task.job.inputs)
    problem = task.memory.problem
    try:
        codes = _trained_again(folder, job) if task.again and not problem else codes_of(task.job)
    except NotSettledError as error:  # not even the characterization
        problem = str(error)
    if problem:
        write_json(folder / "point.json", corners.no_point(task.point, problem, task.memory))
        return
    dataset, spec = datasets.load(job.spec.network.dataset), job.spec
    count, timed = task.wanted.patterns, task.wanted.timed_patterns
    inputs, labels = currents(job, dataset.test_x[:count]), dataset.test_y[:count]
    chip = programmed(job, codes, use="time" if timed > 0 else "rest")
    found = corners.measure(ArrayEngine(), chip, task.point, inputs, labels, spec, timed, task.memory)
    write_json(folder / "point.json", found)


def _trained_again(folder: Path, job: Job) -> Program:
    characterize.measure(folder, job)
    path = folder / "calibration.json"
    calibration = Calibration.from_json(path.read_text(encoding="utf-8"), str(path))
    return weights_for(job.spec, calibration, lambda: job.inputs.file("train", SHADOW)).codes


def action(context: Context) -> Mapping[str, float]:
    """corners.json; an empty list of points without a study."""
    spec, wanted = context.spec, context.spec.study
    if wanted is None:
        write_json(context.folder / "corners.json", {"points": [], "drift": None})
        return {"corners__points__count": 0}
    points = corners.points_of(spec, wanted)
    others = [p for p in points if p.at != spec.at] if wanted.recalibrate else []
    jobs = {point: Job(spec, point.seed, context.inputs) for point in points}
    at = {point: MemoryJob(spec, point.at) for point in points}
    latches = memories(context, at.values())

    def task(point: Point, again: bool) -> PointJob:
        return PointJob(jobs[point], point, wanted, again, latches[at[point]])

    tasks = {f"nominal_{point.id}": task(point, again=False) for point in points}
    tasks |= {f"recalibrated_{point.id}": task(point, again=True) for point in others}
    folders = context.each(measure, tasks)
    records = {name: read_json(folder / "point.json") for name, folder in folders.items()}
    nominal = [records[f"nominal_{point.id}"] for point in points]
    again = [records[f"recalibrated_{p.id}" if p in others else f"nominal_{p.id}"] for p in points if others]
    found = [
        result.to_json()
        for calibration, mine in zip(corners.CALIBRATIONS, (nominal, again), strict=True)
        for result in corners.grouped(calibration, mine)
    ]
    drift = corners.temperature_drift(spec, nominal)
    write_json(context.folder / "corners.json", {"points": found, "drift": drift})
    margin = min(latch.smallest_V for latch in latches.values())
    return {
        "corners__points__count": len(found),
        "corners__memory_margin_min__V": margin,
        **_worst(found),
        **_drift(drift),
    }


def _worst(points: list[dict[str, Any]]) -> dict[str, float]:
    found = {}
    for calibration in corners.CALIBRATIONS:
        values = [p["metrics"]["accuracy__array__ratio"] for p in points if p["calibration"] == calibration]
        if values:
            found[f"corners__{calibration}_accuracy_min__ratio"] = min(values)
    return found


def _drift(drift: Mapping[str, Any]) -> dict[str, float]:
    rows = drift["temperatures"]
    if not rows:
        return {}
    return {
        "corners__temperature_current_change__ratio": max(row["current_change_p50"] for row in rows),
        "corners__temperature_share_change__ratio": max(row["share_change_p50"] for row in rows),
        "corners__temperature_same_winner__ratio": min(row["same_winner"] for row in rows),
    }


STEP = Step(
    "corners",
    action,
    lambda spec: ("corners.json",),
    ("pex", "drivers", "train", "program"),
    config=config,
    idle=lambda spec: "" if spec.study else "no `study` in the spec",
    tools=("ngspice", "numpy", "scipy", "torch", "pdk", "scikit-learn"),
)
