"""Step folds: the other splits of a small data set on the first chips, each with networks of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.training import load_codes, train
from somaforge.flow.machinery.base import Context, JsonObject, Step
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.measure.folds import right_at_rest
from somaforge.flow.steps.characterize import operating_point
from somaforge.flow.steps.chip import Job, currents, programmed
from somaforge.generator.spec import Spec

SIGNOFF = datasets.HOLDOUT - 1
"""The split of the run; its networks are there already."""


def applies(spec: Spec) -> bool:
    """Whether the data set has splits and its training takes seconds."""
    small = datasets.has_folds(spec.network.dataset) and spec.training.batch == "all"
    return small and spec.evaluation.fold_chips > 0


def config(spec: Spec) -> JsonObject:
    """Nothing where it does not apply."""
    if not applies(spec):
        return {}
    keys = {"network", "training"}
    own = {"fold_chips": spec.evaluation.fold_chips}
    return {**operating_point(spec), **spec.model_dump(mode="json", include=keys), **own}


@dataclass(frozen=True)
class FoldJob:
    """One chip and one split."""

    job: Job
    fold: int


def run(folder: Path, task: FoldJob) -> None:
    """fold.json: how many test patterns the array engine gets right at rest, schematic."""
    job, spec = task.job, task.job.spec
    at = f"chips/{job.seed}"
    data = datasets.load(spec.network.dataset, fold=task.fold)
    if task.fold == SIGNOFF:
        codes = load_codes(job.inputs.file("train", f"{at}/weights.npz"))
    else:
        path = job.inputs.file("characterize", f"{at}/calibration.json")
        calibration = Calibration.from_json(path.read_text(encoding="utf-8"), str(path))
        seen = driven(spec, data, calibration, datasets.load(spec.network.dataset))
        codes = train(spec, seen, calibration).codes
    chip = programmed(Job(spec.model_copy(update={"engine": "array"}), job.seed, job.inputs), codes, use="rest")
    found = right_at_rest(ArrayEngine(), chip, codes, currents(job, data.test_x), data.test_y, len(data.classes))
    result = {"chip": job.seed, "fold": task.fold, "right": found, "patterns": len(data.test_y)}
    write_json(folder / "fold.json", result)


def action(context: Context) -> Mapping[str, float]:
    """folds.json; an empty list where it does not apply."""
    spec = context.spec
    seeds = spec.chips.seeds[: spec.evaluation.fold_chips] if applies(spec) else ()
    jobs = {
        f"chip_{seed}_fold_{fold}": FoldJob(Job(spec, seed, context.inputs), fold)
        for seed in seeds
        for fold in range(datasets.HOLDOUT)
    }
    found = [read_json(folder / "fold.json") for folder in context.each(run, jobs).values()]
    write_json(context.folder / "folds.json", {"signoff": SIGNOFF, "results": found})
    return {"accuracy__folds__networks__count": len(found), **metrics(found)}


def metrics(found: list[dict[str, int]]) -> dict[str, float]:
    """Mean over all splits, and the worst of them over all chips; nothing without results."""
    if not found:
        return {}
    splits = [
        [result["right"] / result["patterns"] for result in found if result["fold"] == fold]
        for fold in range(datasets.HOLDOUT)
    ]
    means = [float(np.mean(split)) for split in splits]
    return {"accuracy__folds__ratio": float(np.mean(means)), "accuracy__folds_worst__ratio": min(means)}


STEP = Step(
    "folds",
    action,
    lambda spec: ("folds.json",),
    ("characterize", "train"),
    config=config,
    idle=lambda spec: "" if applies(spec) else "splits of small data sets only, with `evaluation.fold_chips` above 0",
    tools=("ngspice", "numpy", "torch", "pdk", "scikit-learn"),
)
