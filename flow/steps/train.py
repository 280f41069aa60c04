"""Step train: one network for every chip, for what was measured on it."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.minibatch import Shadow, pretrain, train_for
from somaforge.flow.learning.training import Weights, load_codes, model_accuracy, train
from somaforge.flow.machinery.base import Context, JsonObject, Step
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.steps.chip import Job, for_each_chip, per_chip
from somaforge.generator.spec import Spec

IDEAL = "ideal"
"""Folder of the network of the chip without mismatch."""
SHADOW = "shadow.npz"
"""Its weights before rounding, if it is where the chips' training starts."""


def config(spec: Spec) -> JsonObject:
    """Network, recipe and chips; input currents only scale the model and do not matter."""
    keys = {"array", "chip", "network", "training", "chips", "input"}
    data = {"data_sha256": datasets.fingerprint(spec.network.dataset)}
    return {**data, **spec.model_dump(mode="json", include=keys)}


def _calibration(job: Job) -> Calibration:
    path = job.inputs.file("characterize", f"chips/{job.seed}/calibration.json")
    return Calibration.from_json(path.read_text(encoding="utf-8"), str(path))


def weights_for(spec: Spec, chip: Calibration, shadow: Callable[[], Path]) -> Weights:
    """The network for one chip; with minibatches from the ideal network in the file `shadow`."""
    dataset = driven(spec, datasets.load(spec.network.dataset), chip)
    return train_for(spec, dataset, chip, lambda: Shadow.load(shadow()))


def learn(folder: Path, job: Job) -> None:
    """One chip: weights.npz and training.json, in it also what the ideal network is worth on this chip's model."""
    chip = _calibration(job)
    dataset = driven(job.spec, datasets.load(job.spec.network.dataset), chip)
    blind = load_codes(job.inputs.file(IDEAL, "weights.npz"))
    weights = weights_for(job.spec, chip, lambda: job.inputs.file(IDEAL, SHADOW))
    weights.save(folder / "weights.npz")
    tested = dataset.to_currents(dataset.test_x, job.spec.input)
    write_json(
        folder / "training.json",
        {
            "loss": weights.loss_history,
            "train_accuracy": weights.train_accuracy,
            "robust_accuracy": weights.robust_accuracy,
            "test_accuracy": model_accuracy(chip, weights.codes, tested, dataset.test_y),
            "blind_accuracy": model_accuracy(chip, blind, tested, dataset.test_y),
        },
    )


def ideal(folder: Path, job: Job) -> None:
    """The same recipe on a chip without mismatch: what the network could do at best, and where large data start."""
    array = job.spec.array
    chip = Calibration.ideal(array.layers, array.bits)
    dataset = driven(job.spec, datasets.load(job.spec.network.dataset), chip)
    if job.spec.training.batch == "all":
        weights = train(job.spec, dataset, chip)
    else:
        trained = pretrain(job.spec, dataset)
        weights = trained.weights
        trained.shadow.save(folder / SHADOW)
    weights.save(folder / "weights.npz")
    accuracy = model_accuracy(chip, weights.codes, dataset.test_x, dataset.test_y)
    write_json(folder / "training.json", {"test_accuracy": accuracy, "loss": weights.loss_history})


def action(context: Context) -> Mapping[str, float]:
    """The ideal chip, then all chips in parallel."""
    best = context.each(ideal, {IDEAL: Job(context.spec, 0, context.inputs)})[IDEAL]
    places = for_each_chip(context, learn, context.inputs.also(IDEAL, best))
    write_json(context.folder / "ideal.json", read_json(best / "training.json"))
    shutil.copyfile(best / "weights.npz", context.folder / "ideal.npz")
    if context.spec.training.batch != "all":
        shutil.copyfile(best / SHADOW, context.folder / SHADOW)
    chips = [read_json(place / "training.json") for place in places.values()]
    tested = [c["test_accuracy"] for c in chips]
    return {
        "accuracy__model_ideal__ratio": read_json(context.folder / "ideal.json")["test_accuracy"],
        "accuracy__model_chip__ratio": float(np.mean(tested)),
        "accuracy__model_best_chip__ratio": float(np.max(tested)),
        "accuracy__model_blind__ratio": float(np.mean([c["blind_accuracy"] for c in chips])),
        "accuracy__train_chip__ratio": float(np.mean([c["train_accuracy"] for c in chips])),
    }


STEP = Step(
    "train",
    action,
    lambda spec: (
        *per_chip("weights.npz", "training.json")(spec),
        "ideal.json",
        "ideal.npz",
        *(() if spec.training.batch == "all" else (SHADOW,)),
    ),
    ("characterize",),
    config=config,
    tools=("torch", "numpy", "scikit-learn"),
)
