"""The flow as commands see it: run it, publish what the user takes away, say whether it passed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from somaforge.flow.machinery.stale import FINAL
from somaforge.flow.machinery.store import RESOURCES, vouched
from somaforge.flow.runner import coherence
from somaforge.flow.runner.publish import publish
from somaforge.flow.runner.run import Outcome, Runner, Watcher
from somaforge.flow.signoff.verdict import Signoff
from somaforge.flow.steps.registry import STEPS
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.json_file import parse_json


@dataclass(frozen=True)
class Choice:
    """Which steps of the flow a run makes."""

    until: str | None = None
    """The last one."""
    again: str | None = None
    """From this one on they are made anew, though nothing has changed."""
    skip: tuple[str, ...] = ()
    """These are left out, with what reads them: sign-off reads all, so that there is no verdict."""


def run_all(spec: Spec, out: Path, choice: Choice, watcher: Watcher) -> tuple[list[Outcome], dict[str, float] | None]:
    """Bring the run folder up to date; the outcomes, and all metrics if the run is complete and published."""
    runner = Runner(spec, out, STEPS, watcher)
    outcomes = runner.run(until=choice.until, skip=choice.skip, again=choice.again)
    return outcomes, publish(runner) if len(outcomes) == len(STEPS) else None


def steps_of(spec: Spec, out: Path, choice: Choice) -> tuple[str, ...]:
    """The steps that a run will go through; InputError for a step that there is not, or that --from and --until
    leave nothing of."""
    names = tuple(step.name for step in Runner(spec, out, STEPS).chosen(choice.until, skip=choice.skip))
    known = [step.name for step in STEPS]
    if choice.again is not None and choice.again not in known:
        raise InputError(f"--from {choice.again}: unknown step; known: {', '.join(known)}")
    if choice.again is not None and choice.again not in names:
        raise InputError(f"--from {choice.again}: --until or --skip leaves this step out; give one that is run")
    return names


def step_folder(out: Path, name: str) -> Path:
    """The folder of a step in a run folder."""
    return out / f"{[step.name for step in STEPS].index(name) + 1:02d}-{name}"


def times_before(out: Path, names: Sequence[str]) -> dict[str, float]:
    """How long steps took the last time that they were made in this run folder, in s."""
    found = {}
    for name in names:
        try:
            used = json.loads((step_folder(out, name) / RESOURCES).read_text(encoding="utf-8"))
            found[name] = float(used[f"step__{name}__s"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # never made here, or damaged: the runner says so; an estimate does without
    return found


def run_step(spec: Spec, out: Path, name: str, watcher: Watcher) -> Outcome:
    """Bring one step and what it needs up to date."""
    runner = Runner(spec, out, STEPS, watcher)
    outcome = runner.run(only=name)[-1]
    if name == STEPS[-1].name:
        publish(runner)
    return outcome


def rebuild_report(spec: Spec, out: Path, watcher: Watcher) -> None:
    """Judge and report again from the finished steps of a run folder, and publish."""
    runner = Runner(spec, out, STEPS, watcher)
    before = {step.name: runner.folder(step.name) for step in STEPS[:-1]}
    coherence.require(before, spec, {step.name: step for step in STEPS})
    runner.rebuild(STEPS[-1].name)
    publish(runner)


def signoff_of(out: Path) -> Signoff:
    """The verdict of a complete run."""
    if not signoff_folder(out).is_dir():
        raise InputError(f"{out}: not a finished run (no signoff step); somaforge run makes one")
    return Signoff.from_json(parse_json(vouched(signoff_folder(out), "signoff.json")))


def signoff_folder(out: Path) -> Path:
    """Where the last step of a run folder is, finished or not."""
    return step_folder(out, STEPS[-1].name)


def finish(out: Path) -> None:
    """CheckError with the first failure if the run did not pass."""
    failures = signoff_of(out).failures
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise CheckError(f"{failures[0]}{more}; see {out / FINAL / 'report/signoff.html'}")


__all__ = [
    "FINAL", "Choice", "finish", "rebuild_report", "run_all", "run_step", "signoff_of", "step_folder", "steps_of",
    "times_before",
]  # fmt: skip
