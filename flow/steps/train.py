"""Step train: one network for every chip, for what was measured on it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.calibration import Calibration
from somaforge.flow.steps.base import Context, JsonObject, Step
from somaforge.flow.steps.chip import Job, for_each_chip, per_chip, read_json, write_json
from somaforge.flow.training import model_accuracy, train
from somaforge.generator.spec import Spec


def config(spec: Spec) -> JsonObject:
    """Network, recipe and chips; input currents only scale the model and do not matter."""
    keys = {"array", "network", "training", "chips", "input"}
    data = {"data_sha256": datasets.fingerprint(spec.network.dataset)}
    return {**data, **spec.model_dump(mode="json", include=keys)}


def learn(folder: Path, job: Job) -> None:
    """One chip: weights.npz and training.json; the ideal network of the same recipe beside it, to compare."""
    dataset = datasets.load(job.spec.network.dataset)
    path = job.inputs["characterize"] / "chips" / str(job.seed) / "calibration.json"
    chip = Calibration.from_json(path.read_text(encoding="utf-8"), str(path))
    weights = train(job.spec, dataset, chip)
    weights.save(folder / "weights.npz")
    write_json(
        folder / "training.json",
        {
            "loss": weights.loss_history,
            "train_accuracy": weights.train_accuracy,
            "robust_accuracy": weights.robust_accuracy,
            "test_accuracy": model_accuracy(chip, weights.codes, dataset.test_x, dataset.test_y),
        },
    )


def ideal(folder: Path, job: Job) -> None:
    """The same recipe on a chip without mismatch: what the network could do at best."""
    dataset, array = datasets.load(job.spec.network.dataset), job.spec.array
    chip = Calibration.ideal(array.layers, array.bits)
    weights = train(job.spec, dataset, chip)
    accuracy = model_accuracy(chip, weights.codes, dataset.test_x, dataset.test_y)
    write_json(folder / "training.json", {"test_accuracy": accuracy, "loss": weights.loss_history})


def action(context: Context) -> Mapping[str, float]:
    """All chips, in parallel, and the ideal chip."""
    places = for_each_chip(context, learn)
    best = context.each(ideal, {"ideal": Job(context.spec, 0, dict(context.inputs))})["ideal"]
    write_json(context.folder / "ideal.json", read_json(best / "training.json"))
    chips = [read_json(place / "training.json") for place in places.values()]
    return {
        "accuracy__model_ideal__ratio": read_json(context.folder / "ideal.json")["test_accuracy"],
        "accuracy__model_chip__ratio": float(np.mean([c["test_accuracy"] for c in chips])),
        "accuracy__train_chip__ratio": float(np.mean([c["train_accuracy"] for c in chips])),
    }


STEP = Step(
    "train",
    action,
    lambda spec: (*per_chip("weights.npz", "training.json")(spec), "ideal.json"),
    ("characterize",),
    config=config,
    tools=("torch", "numpy", "scikit-learn"),
)
