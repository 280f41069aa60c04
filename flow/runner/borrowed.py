"""What another command takes from a run folder: only of finished steps that belong to the spec and to each other."""

from pathlib import Path

from somaforge.flow.machinery.stale import FINAL
from somaforge.flow.machinery.store import read_done
from somaforge.flow.runner import coherence, manifest
from somaforge.flow.runner.verify import require_one_run
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError

EXTRACTED = ("generate", "lvs", "pex")
PROGRAMMED = (*EXTRACTED, "characterize", "train", "program")


def require_bitfiles(run: Path, spec: Spec) -> None:
    """InputError unless `final/` of the run holds, unchanged, what its steps made for this spec."""
    final = run / FINAL
    if not (final / manifest.NAME).is_file():
        raise InputError(f"{run}: has no {FINAL}/{manifest.NAME}; give a run folder that somaforge run has finished")
    require_one_run(final)
    _require(run, spec, PROGRAMMED)
    done = read_done(final)
    if done is None or not done.whole(final):
        raise InputError(f"{final}: has changed since the run; run somaforge run again")


def require_extracted(run: Path, spec: Spec) -> None:
    """InputError unless the run's extraction is one of this spec."""
    if not any(run.glob("[0-9][0-9]-pex")):
        raise InputError(f"{run}: has no extracted capacitances; run somaforge pex SPEC first")
    _require(run, spec, EXTRACTED)


def _require(run: Path, spec: Spec, names: tuple[str, ...]) -> None:
    from somaforge.flow.steps.registry import STEPS  # every step with its engines

    folders = {step.name: run / f"{n:02d}-{step.name}" for n, step in enumerate(STEPS, 1) if step.name in names}
    coherence.require(folders, spec, {step.name: step for step in STEPS})
