"""Runs a study: weights, then every point; keeps what is finished, whoever is killed on the way."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.machinery import tools
from somaforge.flow.machinery.lock import locked
from somaforge.flow.machinery.store import sha256_file, sha256_json
from somaforge.flow.measure.point import Point
from somaforge.flow.memory import bitfile
from somaforge.flow.montecarlo import work
from somaforge.flow.montecarlo.points import StudyPoints
from somaforge.flow.montecarlo.results import Results
from somaforge.flow.montecarlo.spread import Spread
from somaforge.flow.montecarlo.summary import Summary, summarize
from somaforge.generator.design import build
from somaforge.generator.spec import Limit, Spec
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.files import atomic_write

TOOLS = ("ngspice", "numpy", "scipy", "torch", "scikit-learn", tools.PDK)
"""What the numbers depend on."""
POINTS, WEIGHTS = "points", "weights"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """A finished study."""

    summary: Summary
    metrics: Mapping[str, float]
    records: tuple[Mapping[str, Any], ...]
    """Of every point, in the study's order."""
    done_before: int
    """Points that an earlier run had finished."""
    seconds: float
    """Of this run."""


def run(
    wanted: StudyPoints, out: Path, spread: Spread, run_folder: Path | None = None, say: Say = lambda text: None
) -> Outcome:
    """Bring the study's folder up to date: points/, weights/, summary.json, metrics.json.

    `run_folder` is a finished run of the same spec: its bitfiles are used with source "run", its extracted capacitances
    with timed patterns. InputError if it is needed and does not have them.
    """
    start = time.monotonic()
    with locked(out):
        lumped = _lumped(wanted, run_folder)
        common = _common(wanted)
        point_key = {**common, **_measurement(wanted, lumped)}
        codes = _weights(wanted, out, spread, run_folder, common, say)
        results = Results(out / POINTS, {name: sha256_json({**point_key, "codes": c}) for name, c in codes.items()})
        tasks = {
            point.id: work.PointTask(
                *_text(wanted.spec),
                common["code"],
                point,
                codes[point.id],
                wanted.patterns,
                wanted.timed,
                wanted.kept,
                lumped,
            )
            for point in wanted.points
        }
        before = _all(results, tasks, work.measure, spread, "points", say)
        records = [results.read(name) for name in tasks]
        whole = [record for record in records if record is not None]
        if len(whole) != len(tasks):
            raise InputError(
                f"{out / POINTS}: {len(tasks) - len(whole)} results vanished while the study ran; run it again"
            )
        summary = summarize(whole, [stand_in(limit) for limit in wanted.spec.limits if limit.conditions is None])
        metrics = _metrics(summary, whole)
        atomic_write(out / "summary.json", json.dumps(summary.to_json(), indent=1, allow_nan=False) + "\n")
        atomic_write(out / "metrics.json", json.dumps(metrics, indent=1, sort_keys=True, allow_nan=False) + "\n")
        return Outcome(summary, metrics, tuple(whole), before, time.monotonic() - start)


def stand_in(limit: Limit) -> Limit:
    """A limit on the accuracy that ngspice finds is held against the array engine's here: ngspice takes minutes."""
    if limit.metric != "accuracy__spice__ratio":
        return limit
    return limit.model_copy(update={"metric": "accuracy__array__ratio"})


def _text(spec: Spec) -> tuple[str, Path | None]:
    """The spec as the workers get it, and where its data files are: on the array engine, without what does not matter
    to a point."""
    return spec.model_copy(update={"engine": "array", "limits": (), "waivers": ()}).model_dump_json(), spec.folder


def _common(wanted: StudyPoints) -> dict[str, Any]:
    """What every record depends on; the point itself is the record's name."""
    data = wanted.spec.network.dataset
    spec = json.loads(_text(wanted.spec)[0])
    for key in ("corners", "temperature_C", "supply_V", "chips"):  # points have their own
        spec.pop(key)
    return {
        "spec": spec,
        "mismatch": wanted.spec.chips.model_dump(mode="json", exclude={"seeds"}),
        "data": [spec["network"]["dataset"], datasets.fingerprint(data)],
        "code": work.version(),
        "tools": tools.versions(tools.of_process(TOOLS, wanted.spec.pdk)),
    }


def _measurement(wanted: StudyPoints, lumped: Path | None) -> dict[str, Any]:
    """What points depend on beside that."""
    return {
        "patterns": wanted.patterns,
        "timed": wanted.timed,
        "kept": wanted.kept,
        "lumped": sha256_file(lumped) if lumped is not None else None,
    }


def _lumped(wanted: StudyPoints, run_folder: Path | None) -> Path | None:
    if wanted.timed == 0:
        return None
    found = sorted(run_folder.glob("[0-9][0-9]-pex/lumped.json")) if run_folder is not None else []
    if not found:
        raise InputError(
            f"montecarlo: patterns in time need extracted capacitances, and {run_folder} has none; "
            "run somaforge pex SPEC first, or leave --timed out"
        )
    return found[0].absolute()


def _weights(
    wanted: StudyPoints, out: Path, spread: Spread, run_folder: Path | None, common: Mapping[str, Any], say: Say
) -> dict[str, work.Codes]:
    """Codes for every point, by its id."""
    if wanted.source == "run":
        made = {seed: _bitfile(wanted, run_folder, seed) for seed in wanted.seeds}
        return {point.id: made[point.seed] for point in wanted.points}
    spec = wanted.spec
    at = Point(0, spec.at)
    text, code = _text(spec), common["code"]
    if wanted.source == "nominal":
        names = dict.fromkeys((point.id for point in wanted.points), "nominal")
        tasks = {"nominal": work.TrainTask(*text, code, None, at)}
    elif wanted.source == "per-chip":
        names = {point.id: f"chip_{point.seed}" for point in wanted.points}
        tasks = {f"chip_{seed}": work.TrainTask(*text, code, seed, at) for seed in wanted.seeds}
    else:
        names = {point.id: point.id for point in wanted.points}
        tasks = {point.id: work.TrainTask(*text, code, point.seed, point) for point in wanted.points}
    results = Results(out / WEIGHTS, dict.fromkeys(tasks, sha256_json({**common, "at": at.to_json()})))
    _all(results, tasks, work.learn, spread, "networks", say)
    codes = {name: (results.read(name) or {})["codes"] for name in tasks}
    return {point: codes[name] for point, name in names.items()}


def _bitfile(wanted: StudyPoints, run_folder: Path | None, seed: int) -> work.Codes:
    path = run_folder / "final/chips" / str(seed) / "weights.bit" if run_folder is not None else None
    if path is None or not path.is_file():
        raise InputError(
            f"montecarlo --weights run: {run_folder} has no bitfile of chip {seed}; its chips are those of the spec's "
            "chips.seeds, and somaforge run makes them"
        )
    return [np.asarray(codes).tolist() for codes in bitfile.unpack(path.read_bytes(), build(wanted.spec), str(path))]


def _all(
    results: Results,
    tasks: Mapping[str, Any],
    function: Callable[[Any], dict[str, Any]],
    spread: Spread,
    what: str,
    say: Say,
) -> int:
    """Does what is left of `tasks`; how many were finished before."""
    finished = results.finished()
    left = {name: task for name, task in tasks.items() if name not in finished}
    start, written = time.monotonic(), set[str]()
    for name, record in spread(function, left) if left else ():
        if name in written or name not in left:
            raise ToolError(f"montecarlo: {name} came twice; this is a fault of somaforge")
        results.write(name, record)
        written.add(name)
        rest = (len(left) - len(written)) * (time.monotonic() - start) / len(written)
        say(f"{len(finished) + len(written)} of {len(tasks)} {what}, about {rest:.0f} s left")
    return len(finished)


def _metrics(summary: Summary, records: list[dict[str, Any]]) -> dict[str, float]:
    """Means over all points, of what every point has, and the yield: what somaforge compare can compare."""
    names = sorted(set.intersection(*(set(record["metrics"]) for record in records)))
    found: dict[str, float] = {name: float(np.mean([record["metrics"][name] for record in records])) for name in names}
    found["montecarlo__points__count"] = summary.points
    if summary.overall is not None:
        share = summary.overall.share
        found |= {
            "yield__chips__ratio": share.ratio,
            "yield__low__ratio": share.low,
            "yield__high__ratio": share.high,
            "yield__good__count": share.good,
            "yield__chips__count": share.total,
        }
    return found
