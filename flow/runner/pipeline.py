"""The flow as commands see it: run it, publish what the user takes away, say whether it passed."""

import json
from pathlib import Path

from somaforge.flow.machinery.stale import FINAL
from somaforge.flow.machinery.store import vouched
from somaforge.flow.runner import coherence
from somaforge.flow.runner.publish import publish
from somaforge.flow.runner.run import Outcome, Runner, Watcher
from somaforge.flow.signoff.verdict import Signoff
from somaforge.flow.steps.registry import STEPS
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import CheckError, InputError


def run_all(
    spec: Spec, out: Path, until: str | None, watcher: Watcher
) -> tuple[list[Outcome], dict[str, float] | None]:
    """Bring the run folder up to date; the outcomes, and all metrics if the run is complete and published."""
    runner = Runner(spec, out, STEPS, watcher)
    outcomes = runner.run(until=until)
    return outcomes, publish(runner) if len(outcomes) == len(STEPS) else None


def steps_until(name: str | None) -> int | None:
    """How many steps a run has, up to one of them; None if there is no step of that name."""
    names = [step.name for step in STEPS]
    return len(names) if name is None else names.index(name) + 1 if name in names else None


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
    return Signoff.from_json(json.loads(vouched(signoff_folder(out), "signoff.json")))


def signoff_folder(out: Path) -> Path:
    """Where the last step of a run folder is, finished or not."""
    return out / f"{len(STEPS):02d}-{STEPS[-1].name}"


def finish(out: Path) -> None:
    """CheckError with the first failure if the run did not pass."""
    failures = signoff_of(out).failures
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        raise CheckError(f"{failures[0]}{more}; see {out / FINAL / 'report/signoff.html'}")


__all__ = ["FINAL", "finish", "rebuild_report", "run_all", "run_step", "signoff_of", "steps_until"]
