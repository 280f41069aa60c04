"""The data sets: their split, their range, and what becomes of them as currents."""

import numpy as np
import pytest

from somaforge.flow import datasets
from somaforge.generator.spec import Input
from somaforge.pdk.errors import InputError


@pytest.mark.parametrize(("name", "train", "test"), [("iris", 120, 30), ("digits", 1442, 355)])
def test_split_sizes_and_range(name: str, train: int, test: int) -> None:
    data = datasets.load(name)
    assert (len(data.train_x), len(data.test_x)) == (train, test)
    assert data.train_x.shape[1] == len(data.features)
    for x in (data.train_x, data.test_x):
        assert x.min() >= 0
        assert x.max() <= 1
    assert set(data.train_y) == set(data.test_y) == set(range(len(data.classes)))


def test_iris_split_is_stratified_and_folds_partition_the_flowers() -> None:
    folds = [datasets.load("iris", fold=k) for k in range(5)]
    for data in folds:
        assert np.bincount(data.test_y).tolist() == [10, 10, 10]
        assert np.bincount(data.train_y).tolist() == [40, 40, 40]
    assert np.array_equal(datasets.load("iris").test_x, folds[4].test_x)


def test_iris_lengths_are_inverted_and_the_total_current_is_nearly_constant() -> None:
    data = datasets.load("iris")
    setosa, virginica = (data.train_x[data.train_y == k].mean(axis=0) for k in (0, 2))
    petal_length, petal_width = data.features.index("petal length"), data.features.index("petal width")
    assert setosa[petal_length] > 0.8 > 0.4 > virginica[petal_length]  # setosa has the smallest petals
    assert setosa[petal_width] < 0.2 < 0.6 < virginica[petal_width]
    total = data.train_x.sum(axis=1)
    assert total.std() / total.mean() < 0.2


def test_currents_for_both_ways_to_give_them() -> None:
    data = datasets.load("iris")
    full = data.to_currents(data.train_x, Input(full_scale_A=325e-9))
    assert full.max() == pytest.approx(325e-9)
    mean = data.to_currents(data.train_x, Input(mean_A=15e-9))
    assert mean.mean() == pytest.approx(15e-9)


def test_wrong_names_and_folds_are_refused() -> None:
    choice = "digits, fsdd, iris, mnist"
    with pytest.raises(
        InputError, match=f"^network.dataset: there is no roses; nearest: iris; choose one of {choice}$"
    ):
        datasets.load("roses")
    with pytest.raises(InputError, match=r"^fold 5 does not exist; choose 0 to 4$"):
        datasets.load("iris", fold=5)
