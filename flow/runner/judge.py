"""Any bitfile of a design on the spec's chips: test patterns as in step evaluate, judged by the spec's limits."""

import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from somaforge.flow.machinery import tools
from somaforge.flow.machinery.base import Context
from somaforge.flow.machinery.fingerprint import code_version
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.lock import PARTS, locked
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.machinery.store import commit, finished, new_temporary, read_done, sha256_json, vouched
from somaforge.flow.machinery.workers import PartStore
from somaforge.flow.measure.chip_energy import METRICS as OF_THE_CHIP
from somaforge.flow.memory import bitfile
from somaforge.flow.runner.run import Runner, Watcher
from somaforge.flow.signoff.verdict import Signoff, judge
from somaforge.flow.steps import evaluate
from somaforge.flow.steps.chip import for_each_chip
from somaforge.flow.steps.registry import STEPS
from somaforge.generator.design import build
from somaforge.generator.spec import Limit, Spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.json_file import parse_json

FOLDER = "judged"
"""Below the run folder: a folder for each bitfile."""
VERDICT = "verdict.json"
READS = ("pex", "drivers")
"""Steps whose files the simulation of a chip reads, beside the bitfile."""
OF_PATTERNS = (
    *("accuracy__spice", "accuracy__array", "energy__", "efficiency__", "power__mean__W"),
    *("accuracy__chip", "present__decision", "evaluate__", "time_to_output__", "fixed_time__"),
)
"""Beginnings of the names of what test patterns show (flow.steps.evaluate.measured)."""


@dataclass(frozen=True)
class Judged:
    """What chips did with a bitfile."""

    folder: Path
    metrics: dict[str, float]
    signoff: Signoff


def limits_on_chips(spec: Spec) -> tuple[Limit, ...]:
    """The spec's limits on what test patterns show; InputError if it has none: nothing could fail."""
    found = tuple(x for x in spec.limits if x.conditions is None and _of_patterns(x.metric))
    if not found:
        raise InputError(
            f"limits: none is on what test patterns show ({OF_PATTERNS[0]}__ratio, ...), so a bitfile could "
            "not fail; add one"
        )
    return found


def _of_patterns(metric: str) -> bool:
    return metric.startswith(OF_PATTERNS) and metric not in OF_THE_CHIP


def judge_bitfile(spec: Spec, out: Path, file: Path, watcher: Watcher) -> Judged:
    """Bring extraction up to date, then run every chip of the spec with the weights of `file`.

    InputError if the bitfile is damaged or of another design, or if no limit is on what is measured.
    """
    limits, content = limits_on_chips(spec), bitfile.read(file)
    bitfile.verify(content, build(spec), str(file))
    runner = Runner(spec, out, STEPS, watcher)
    for name in READS:
        runner.run(only=name)
    with locked(out):
        target = out / FOLDER / sha256_json(content.to_bytes().decode("ascii"))[:12]
        key = _key(spec, runner, content)
        if not finished(target, key, (VERDICT,)):
            _measure(spec, runner, content, target, key)
        metrics: dict[str, float] = parse_json(vouched(target, VERDICT))["metrics"]
    return Judged(target, metrics, judge(limits, spec.waivers, metrics, date.today()))


def _key(spec: Spec, runner: Runner, content: bitfile.Bitfile) -> str:
    done = {name: read_done(runner.folder(name)) for name in READS}
    return sha256_json(
        {
            "bitfile": content.to_bytes().decode("ascii"),
            "reads": {name: None if step is None else step.key for name, step in done.items()},
            "config": evaluate.config(spec),
            "code": code_version(evaluate.__name__),
            "tools": tools.versions(tools.of_process(evaluate.STEP.tools, spec.pdk)),
        }
    )


def _measure(spec: Spec, runner: Runner, content: bitfile.Bitfile, target: Path, key: str) -> None:
    name = f"{FOLDER}-{target.name}"
    runner.watcher.started(name)
    start = time.monotonic()
    temporary = new_temporary(target.parent, target.name)
    for seed in spec.chips.seeds:
        place = temporary / "program/chips" / str(seed)
        place.mkdir(parents=True)
        (place / "weights.bit").write_bytes(content.to_bytes())
    parts = PartStore(runner.out / PARTS / f"{name}@{key[:16]}", key)
    parts.open()
    folders = {name: runner.folder(name) for name in READS} | {"program": (temporary / "program").absolute()}
    inputs = Inputs(folders, {step.name: step.outputs(spec) for step in STEPS if step.name in READS})
    context = Context(spec, temporary, inputs, parts, runner.watcher.said, key)
    places = for_each_chip(context, evaluate.run_patterns)
    chips = [read_json(place / "evaluation.json") for place in places.values()]
    write_json(temporary / VERDICT, {"metrics": evaluate.measured(spec, chips)})
    commit(temporary, target, key)
    parts.close()
    runner.watcher.ended(name, False, time.monotonic() - start)
