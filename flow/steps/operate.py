"""Step operate: the first chips with their weights at other input currents and supplies, if the spec asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.datasets import Dataset
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.named import named
from somaforge.flow.machinery.base import Context, JsonObject, Step
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.measure import operating
from somaforge.flow.measure.evaluate import Ints
from somaforge.flow.measure.operating import Drive, PointResult
from somaforge.flow.steps.characterize import operating_point
from somaforge.flow.steps.chip import Job, MemoryJob, Use, currents, memories, programmed
from somaforge.flow.steps.evaluate import codes_of
from somaforge.generator.spec import Operating, Spec
from somaforge.pdk.arrays import Floats


def config(spec: Spec) -> JsonObject:
    """Nothing without a sweep."""
    if spec.operating is None:
        return {}
    keys = {"network", "operating"}
    period = {"pattern_time_s": spec.evaluation.pattern_time_s}
    return {**operating_point(spec), **period, **spec.model_dump(mode="json", include=keys)}


@dataclass(frozen=True)
class PointJob:
    """One chip at one point."""

    job: Job
    """The chip; its spec is the run's."""
    drive: Drive
    wanted: Operating
    rest: Path | None = None
    """What `rest` found, for `time`."""

    def chip(self) -> tuple[ProgrammedChip, Dataset]:
        """The programmed chip at the point, and what runs on it."""
        there = Job(self.drive.spec(self.job.spec), self.job.seed, self.job.inputs)
        use: Use = "rest" if self.rest is None else "time"
        return programmed(there, codes_of(self.job), use), datasets.load(self.job.spec.network.dataset)

    def patterns(self, dataset: Dataset) -> tuple[Floats, Ints]:
        """Input currents and labels: all for `rest`, the first ones for `time`."""
        count = len(dataset.test_y)
        if self.wanted.patterns != "all":
            count = min(count, self.wanted.patterns)
        if self.rest is not None:
            count = min(count, self.wanted.timed_patterns)
        there = Job(self.drive.spec(self.job.spec), self.job.seed, self.job.inputs)
        return currents(there, dataset.test_x[:count]), dataset.test_y[:count]


def rest(folder: Path, point: PointJob) -> None:
    """rest.json."""
    (chip, dataset), spec = point.chip(), point.job.spec
    inputs, labels = point.patterns(dataset)
    engine = named(spec).make(folder / "ngspice")
    write_json(folder / "rest.json", operating.at_rest(engine, chip, inputs, labels, spec.network.layers[-1]))


def time(folder: Path, point: PointJob) -> None:
    """time.json."""
    assert point.rest is not None
    (chip, dataset), spec = point.chip(), point.job.spec
    inputs, labels = point.patterns(dataset)
    settled = np.array(read_json(point.rest / "rest.json")["predictions"])[: len(labels)]
    period = operating.pattern_time_s(spec, point.drive, operating.own_drive(spec, dataset))
    engine = named(spec).make(folder / "ngspice")
    found = operating.in_time(engine, chip, inputs, labels, period, spec.network.layers[-1], settled)
    write_json(folder / "time.json", found)


def action(context: Context) -> Mapping[str, float]:
    """operating.json; an empty list of points without a sweep."""
    spec, wanted = context.spec, context.spec.operating
    if wanted is None:
        write_json(context.folder / "operating.json", {"points": []})
        return {"operating__points__count": 0}
    own = operating.own_drive(spec, datasets.load(spec.network.dataset))
    drives = operating.drives_of(wanted, own)
    seeds = spec.chips.seeds[: wanted.chips]
    jobs = {
        (drive, seed): PointJob(Job(spec, seed, context.inputs), drive, wanted) for drive in drives for seed in seeds
    }
    at = {drive: MemoryJob(spec, replace(spec.at, supply_V=drive.supply_V)) for drive in drives}
    latches = memories(context, at.values())
    memory = {drive: latches[job] for drive, job in at.items()}
    names = {key: f"chip_{key[1]}_{key[0].id}" for key in jobs}
    rests = context.each(rest, {f"rest_{names[key]}": job for key, job in jobs.items()})
    settled = {key: read_json(rests[f"rest_{names[key]}"] / "rest.json") for key in jobs}
    accuracy = {drive: _accuracy([settled[drive, seed] for seed in seeds]) for drive in drives}
    tried = [drive for drive in drives if operating.works_at_rest(accuracy[drive], accuracy[own], memory[drive])]
    timed = {
        f"time_{names[key]}": PointJob(job.job, job.drive, wanted, rests[f"rest_{names[key]}"])
        for key, job in jobs.items()
        if key[0] in tried
    }
    times = context.each(time, timed)
    points = []
    for drive in drives:
        found = [settled[drive, seed] for seed in seeds]
        problems = [f["problem"] for f in found if f["problem"]]
        power, leakage = (
            None if problems else float(np.mean([f[name] for f in found])) for name in ("power_W", "leakage_W")
        )
        problems += [memory[drive].problem] if memory[drive].problem else []
        speed = None
        if drive in tried:
            runs = [read_json(times[f"time_{names[drive, seed]}"] / "time.json") for seed in seeds]
            problems += [run["problem"] for run in runs if run["problem"]]
            speed = None if problems else operating.speed_and_energy(runs, spec.network.macs)
        working = operating.works_in_time(speed)
        told = "; ".join(problems)
        points.append(PointResult(drive, accuracy[drive], power, working, speed, told, leakage, vars(memory[drive])))
    metrics = operating.metrics(points, own, wanted.accuracy_loss)
    write_json(
        context.folder / "operating.json",
        {"own": vars(own), "chips": list(seeds), "points": [point.to_json() for point in points]},
    )
    return metrics


def _accuracy(found: list[dict[str, Any]]) -> float:
    """Mean over chips; a chip without an operating point gets nothing right."""
    return float(np.mean([0.0 if f["problem"] else f["accuracy"] for f in found]))


STEP = Step(
    "operate",
    action,
    lambda spec: ("operating.json",),
    ("pex", "drivers", "program"),
    config=config,
    idle=lambda spec: "" if spec.operating else "no `operating` in the spec",
    tools=("ngspice", "numpy", "pdk", "scikit-learn"),
)
