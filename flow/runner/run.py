"""Runs steps in order: skips what is finished, resumes what was interrupted, stops at a closed gate."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from somaforge.flow.machinery import tools
from somaforge.flow.machinery.base import Context, Step
from somaforge.flow.machinery.bounded import bounded
from somaforge.flow.machinery.fingerprint import code_version
from somaforge.flow.machinery.inputs import Inputs, StepError
from somaforge.flow.machinery.lock import PARTS, locked
from somaforge.flow.machinery.meter import Meter
from somaforge.flow.machinery.records import read_metrics
from somaforge.flow.machinery.stale import mark_stale
from somaforge.flow.machinery.store import (
    CONFIG,
    METRICS,
    RESOURCES,
    Done,
    commit,
    discard_temporaries,
    finished,
    new_temporary,
    read_done,
    sha256_json,
)
from somaforge.flow.machinery.workers import PartStore
from somaforge.flow.runner.manifest import data_folder
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError, InputError, SomaforgeError
from somaforge.pdk.files import atomic_write, discard

FORMAT = 1


class Watcher(Protocol):
    """Is told what happens; a person or nobody."""

    def started(self, step: str) -> None: ...
    def said(self, text: str) -> None: ...
    def ended(self, step: str, skipped: bool, seconds: float) -> None: ...


class Silent:
    """A watcher that shows nothing."""

    def started(self, step: str) -> None:
        """A step begins."""

    def said(self, text: str) -> None:
        """A step reports progress."""

    def ended(self, step: str, skipped: bool, seconds: float) -> None:
        """A step has finished."""


@dataclass(frozen=True)
class Outcome:
    """One finished step."""

    step: str
    folder: Path
    metrics: Mapping[str, float]
    skipped: bool
    checks: tuple[str, ...] = ()

    def require(self) -> None:
        """CheckError if a metric that must be 0 is not."""
        for name in self.checks:
            if self.metrics[name] != 0:
                raise CheckError(f"{self.step}: {name} is {self.metrics[name]:g}, must be 0; see {self.folder}")


class Runner:
    """One spec, one run folder."""

    def __init__(self, spec: Spec, out: Path, steps: Sequence[Step], watcher: Watcher | None = None) -> None:
        self.spec, self.out, self.steps = spec, out, tuple(steps)
        self.watcher: Watcher = watcher if watcher is not None else Silent()
        names = [step.name for step in steps]
        for position, step in enumerate(self.steps):
            missing = [name for name in step.inputs if name not in names[:position]]
            if missing:
                raise StepError(f"step {step.name} reads {missing[0]}, which does not run before it")

    def folder(self, name: str) -> Path:
        """The folder of a step: its position and its name."""
        position = next(i for i, step in enumerate(self.steps, 1) if step.name == name)
        return self.out / f"{position:02d}-{name}"

    def chosen(self, until: str | None = None, only: str | None = None, skip: Sequence[str] = ()) -> tuple[Step, ...]:
        """All steps, all up to `until`, or `only` with the steps whose files it needs; without those of `skip` and
        what reads them."""
        for option, names in (("--until", (until, only)), ("--skip", skip)):
            for name in names:
                if name is not None:
                    self._known(option, name)
        left_out: set[str] = set()
        for step in self.steps:
            if step.name in skip or left_out & set(step.inputs):
                left_out.add(step.name)
        if only is None:
            last = len(self.steps) if until is None else [s.name for s in self.steps].index(until) + 1
            return tuple(step for step in self.steps[:last] if step.name not in left_out)
        wanted, todo = set[str](), [only]
        while todo:
            name = todo.pop()
            wanted.add(name)
            todo += next(step for step in self.steps if step.name == name).inputs
        return tuple(step for step in self.steps if step.name in wanted)

    def _known(self, option: str, name: str) -> int:
        """The place of a step in the order; InputError if there is none of that name."""
        names = [step.name for step in self.steps]
        if name not in names:
            raise InputError(f"{option} {name}: unknown step; known: {', '.join(names)}")
        return names.index(name)

    def run(
        self, until: str | None = None, only: str | None = None, skip: Sequence[str] = (), again: str | None = None
    ) -> list[Outcome]:
        """Bring the chosen steps up to date. CheckError at a gate with a check that is not 0.

        From the step `again` on they are made anew, though nothing that they depend on has changed.
        """
        chosen = self.chosen(until, only, skip)
        anew: set[str] = set() if again is None else {s.name for s in self.steps[self._known("--from", again) :]}
        with locked(self.out):
            discard_temporaries(self.out)
            self._discard_renumbered()
            outcomes = []
            for step in chosen:
                made = self._execute(step, self._inputs(step)) if step.name in anew else self._up_to_date(step)
                outcomes.append(made)
                if step.gate:
                    made.require()
            return outcomes

    def rebuild(self, name: str) -> Outcome:
        """Run one step again on the finished folders of its inputs as they are, whatever made them."""
        step = next(s for s in self.steps if s.name == name)
        with locked(self.out):
            discard_temporaries(self.out)
            return self._execute(step, self._inputs(step))

    def _discard_renumbered(self) -> None:
        """Folders of our steps under a number that an older version gave them."""
        for step in self.steps:
            own = self.folder(step.name).name
            for ending in ("", ".failed"):
                for folder in self.out.glob(f"[0-9][0-9]-{step.name}{ending}"):
                    if folder.name != own + ending:
                        discard(folder)

    def key(self, step: Step) -> str:
        """Hash of everything that the step's result depends on; its inputs must be finished."""
        return self._key(step, self._inputs(step))

    def _inputs(self, step: Step) -> dict[str, dict[str, str]]:
        """SHA-256 of every file that the step reads, by step and name."""
        inputs: dict[str, dict[str, str]] = {}
        for name in step.inputs:
            done = self._input_record(name)
            own = next(s for s in self.steps if s.name == name)
            files = [*own.outputs(self.spec), *([METRICS] if step.reads_metrics else [])]
            missing = [file for file in files if file not in done.files]
            if missing:
                raise InputError(f"{self.folder(name)}: has no {missing[0]}; run somaforge run again")
            inputs[name] = {file: done.files[file].sha256 for file in files}
        return inputs

    def _key(self, step: Step, inputs: Mapping[str, Mapping[str, str]]) -> str:
        return sha256_json(
            {
                "format": FORMAT,
                "step": step.name,
                "config": step.config(self.spec),
                "inputs": inputs,
                "code": code_version(step.action.__module__),
                "tools": tools.versions(tools.of_process(step.tools, self.spec.pdk)),
            }
        )

    def _input_record(self, name: str) -> Done:
        done = read_done(self.folder(name))
        if done is None or not done.whole(self.folder(name)):
            raise InputError(f"{self.folder(name)}: not a finished step; run somaforge run again")
        return done

    def _up_to_date(self, step: Step) -> Outcome:
        inputs, folder = self._inputs(step), self.folder(step.name)
        if finished(folder, self._key(step, inputs), (METRICS, RESOURCES, CONFIG, *step.outputs(self.spec))):
            self.watcher.ended(step.name, True, 0.0)
            return Outcome(step.name, folder, read_metrics(folder), True, step.checks)
        return self._execute(step, inputs)

    def _execute(self, step: Step, read: Mapping[str, Mapping[str, str]]) -> Outcome:
        folder, key = self.folder(step.name), self._key(step, read)
        mark_stale(self.out, folder.name)
        failed = folder.with_name(f"{folder.name}.failed")
        discard(failed)
        self.watcher.started(step.name)
        temporary = new_temporary(self.out, folder.name)
        parts = PartStore(self.out / PARTS / f"{step.name}@{key[:16]}", key)
        parts.open()
        folders = {name: self.folder(name) for name in step.inputs}
        inputs = Inputs(folders, {name: tuple(files) for name, files in read.items()}, whole=step.reads_metrics)
        context = Context(self.spec, temporary, inputs, parts, self.watcher.said, key)
        config = {
            "format": FORMAT,
            "step": step.name,
            "key": key,
            "code": code_version(step.action.__module__),
            "tools": tools.versions(tools.of_process(("python", *step.tools), self.spec.pdk)),
            "inputs": read,
            "idle": step.idle(self.spec),
            "seeds": {"chips": list(self.spec.chips.seeds), "training": self.spec.training.seed},
            "spec": self.spec.model_dump(mode="json"),
            **data_folder(self.spec, self.out),
        }
        atomic_write(temporary / CONFIG, json.dumps(config, indent=1) + "\n")
        context.log(f"{step.name} starts")  # its key is in config.json
        meter = Meter()
        try:
            with meter:
                metrics = dict(_act(step, context))
            self._check(step, temporary, metrics)
        except BaseException as error:
            kind = "" if isinstance(error, SomaforgeError) else f"{type(error).__name__}: "
            context.log(f"failed: {kind}{error}")
            temporary.rename(failed)
            raise
        atomic_write(temporary / METRICS, json.dumps(metrics, indent=1, sort_keys=True) + "\n")
        used = {f"step__{step.name}__s": round(meter.seconds, 3), f"step__{step.name}__rss_bytes": meter.peak_bytes}
        atomic_write(temporary / RESOURCES, json.dumps(used, indent=1) + "\n")
        context.log(f"{step.name} finished in {meter.seconds:.1f} s")
        commit(temporary, folder, key)
        parts.close()
        self.watcher.ended(step.name, False, meter.seconds)
        return Outcome(step.name, folder, metrics, False, step.checks)

    def _check(self, step: Step, folder: Path, metrics: Mapping[str, float]) -> None:
        for name in step.outputs(self.spec):
            if not (folder / name).is_file():
                raise StepError(f"{step.name}: did not write {name}; this is a fault of somaforge")
        for name in step.checks:
            if name not in metrics:
                raise StepError(f"{step.name}: did not measure {name}; this is a fault of somaforge")


def _act(step: Step, context: Context) -> Mapping[str, float]:
    """What the step measures, within its time."""
    limit_s = step.limit_s(context.spec)
    if limit_s is None:
        return step.action(context)
    # A spinner's lock may be held while the process forks, so nothing is said from there; the log has it.
    inside = replace(context, say=lambda text: None)
    return bounded(partial(step.action, inside), limit_s, f"{step.name}: time_limits.{step.name}_s")
