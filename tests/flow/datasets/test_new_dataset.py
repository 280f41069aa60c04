"""A new data set is one value: made here, without a change in the package."""

from pathlib import Path

import numpy as np
import pytest
from tests.flow.small import small_design

from somaforge.flow import datasets
from somaforge.flow.datasets import Dataset, Source
from somaforge.flow.datasets.base import held_out
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.training import model_accuracy, train
from somaforge.flow.runner.known import require_dataset
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import InputError


def corners(fold: int, root: Path | None) -> Dataset:
    """Which of two inputs is the larger one: 40 patterns of each class."""
    x = np.random.default_rng(1).uniform(0.1, 1.0, (80, 2))
    x[:40], x[40:] = np.sort(x[:40]), -np.sort(-x[40:])
    y = np.repeat([0, 1], 40)
    held = held_out(y, fold)
    return Dataset("corners", x[~held], y[~held], x[held], y[held], ("a", "b"), ("b", "a"), "drawn at random")


CORNERS = Source("corners", 2, 2, corners)


def spec_with(layers: list[int], dataset: str) -> Spec:
    """A spec with another network on its array."""
    data = small_design().spec.model_dump(mode="json")
    data["network"] = {"layers": layers, "dataset": dataset}
    data["array"]["layers"] = layers
    return parse_spec(data, "toy.yaml")


def test_a_new_data_set_is_loaded_trained_and_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(datasets.SOURCES, "corners", CORNERS)
    spec = spec_with([2, 4, 2], "corners")
    require_dataset(spec, "toy.yaml")
    assert (datasets.has_folds("corners"), datasets.fingerprint("corners")) == (True, "")
    data = datasets.load(spec.network.dataset)
    assert (data.train_x.shape, data.test_x.shape) == ((64, 2), (16, 2))
    chip = Calibration.ideal(spec.array.layers, spec.array.bits)
    weights = train(spec, data, chip)
    assert model_accuracy(chip, weights.codes, data.test_x, data.test_y) > 0.8


def test_its_size_is_checked_and_its_name_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(datasets.SOURCES, "corners", CORNERS)
    message = r"^toy.yaml: network: corners has 2 features and 2 classes: layers must be \[2, ..., 2\]$"
    with pytest.raises(InputError, match=message):
        require_dataset(spec_with([2, 4, 3], "corners"), "toy.yaml")
    with pytest.raises(InputError, match=r"^toy.yaml: network.dataset: there is no corner; nearest: corners; choose"):
        require_dataset(spec_with([2, 4, 2], "corner"), "toy.yaml")


@pytest.mark.parametrize("name", ["iris", "digits"])
def test_what_is_said_of_a_data_set_holds(name: str) -> None:
    found, data = datasets.source(name), datasets.load(name)
    assert (found.features, found.classes) == (data.train_x.shape[1], len(data.classes))
