"""Training: rounding, repeatability, what the calibration is worth, and agreement of the two forward models."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from somaforge.flow import datasets
from somaforge.flow.learning import training
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.chip_model import ChipModel, Noise
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.errors import InputError

IRIS = load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml")


def with_training(**changes: object) -> Spec:
    return IRIS.model_copy(update={"training": IRIS.training.model_copy(update=changes)})


QUICK = with_training(epochs=150, restarts=8, noise_draws=1)


def crooked_chip(seed: int) -> Calibration:
    """Slopes that differ by a third, as the smallest devices do."""
    random = np.random.default_rng(seed)
    slopes = tuple(tuple(0.25 * np.exp(0.35 * random.standard_normal(n))) for n in IRIS.array.layers)
    gains = (0.0, 1.1, 2.2, 3.3, 4.3, 5.2, 6.1, 7.0)
    return Calibration(slopes, tuple((0.0,) * 7 for _ in slopes), (0.9, 1.1), gains, (), 0.93)


@cache
def full_training() -> training.Weights:
    return training.train(IRIS, datasets.load("iris"), Calibration.ideal((7, 7, 7), 3))


def test_iris_on_the_ideal_chip() -> None:
    data, weights = datasets.load("iris"), full_training()
    assert weights.train_accuracy >= 0.95
    assert weights.robust_accuracy >= 0.94
    ideal = Calibration.ideal((7, 7, 7), 3)
    assert training.model_accuracy(ideal, weights.codes, data.test_x, data.test_y) >= 29 / 30
    assert training.model_accuracy(ideal, weights.codes, data.train_x, data.train_y) == pytest.approx(
        weights.train_accuracy
    )
    assert weights.loss_history[-1] < weights.loss_history[0]


def test_codes_have_the_physical_size_and_unused_ones_are_zero() -> None:
    first, second = full_training().codes
    assert first.shape == second.shape == (7, 7)
    assert np.abs(np.stack([first, second])).max() <= 7
    assert not first[4:].any()
    assert not second[:, 3:].any()
    assert first[:4].any()
    assert second[:, :3].any()


def test_equal_seeds_give_equal_codes() -> None:
    data, chip = datasets.load("iris"), crooked_chip(1)
    runs = [training.train(QUICK, data, chip, seed) for seed in (3, 3, 4)]
    same = [all(np.array_equal(a, b) for a, b in zip(runs[0].codes, r.codes, strict=True)) for r in runs]
    assert same == [True, True, False]


def test_test_patterns_are_never_looked_at() -> None:
    data, chip = datasets.load("iris"), crooked_chip(1)
    blind = datasets.Dataset(**{**vars(data), "test_x": np.full_like(data.test_x, np.nan)})
    one, two = training.train(QUICK, data, chip), training.train(QUICK, blind, chip)
    assert all(np.array_equal(a, b) for a, b in zip(one.codes, two.codes, strict=True))


def test_knowing_the_chip_pays() -> None:
    data = datasets.load("iris")
    blind, aware = [], []
    for seed in range(6):
        chip = crooked_chip(seed)
        blind.append(training.model_accuracy(chip, full_training().codes, data.train_x, data.train_y))
        aware.append(training.train(QUICK, data, chip).train_accuracy)
    assert np.mean(aware) > np.mean(blind) + 0.02
    assert min(aware) >= 0.94


def test_torch_and_numpy_models_agree() -> None:
    chip = crooked_chip(2)
    random = np.random.default_rng(0)
    codes = [random.integers(-7, 8, (4, 7)), random.integers(-7, 8, (7, 3))]
    x = random.random((20, 4))
    model = ChipModel.of(chip, (4, 7, 3), 1.0)
    ours = model.forward([torch.tensor(c, dtype=torch.float32)[None] for c in codes], torch.tensor(x).float())
    padded = [np.pad(codes[0], ((0, 3), (0, 0))), np.pad(codes[1], ((0, 0), (0, 4)))]
    reference = chip.forward(padded, np.pad(x, ((0, 0), (0, 3))))[:, :3]
    assert np.allclose(ours[0].numpy(), reference, rtol=1e-5, atol=1e-6)


def test_rounding_is_straight_through() -> None:
    model = ChipModel.of(Calibration.ideal((2, 2), 3), (1, 1), 1.0)
    shadow = torch.tensor([[[2.3]], [[-2.6]]], requires_grad=True)
    weights = model.weights(0, shadow)
    assert weights.flatten().tolist() == [0.5, -0.75]  # with the soma's slope
    weights.sum().backward()  # type: ignore[no-untyped-call]
    assert shadow.grad is not None
    assert shadow.grad.flatten().tolist() == [0.25, 0.25]


def test_noise_of_a_code_falls_with_its_root() -> None:
    model = ChipModel.of(Calibration.ideal((2, 2), 3), (1, 1), 1.0)
    shadow = [torch.tensor([1.0, 4.0]).repeat_interleave(20_000).reshape(-1, 1, 1)]
    draw = torch.Generator().manual_seed(1)
    out = model.forward(shadow, torch.ones(1, 1), Noise(0.1, 0.0, 0.0), draw).flatten().reshape(2, -1)
    spread = out.std(dim=1) / out.mean(dim=1)
    assert spread.tolist() == pytest.approx([0.1, 0.05], rel=0.03)


def test_the_papers_recipe_learns_too() -> None:
    spec = with_training(loss="mse", weight_noise=0.0, epochs=400, restarts=8)
    weights = training.train(spec, datasets.load("iris"), Calibration.ideal((7, 7, 7), 3))
    assert weights.robust_accuracy == weights.train_accuracy >= 0.9


def test_weights_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    full_training().save(path)
    assert all(np.array_equal(a, b) for a, b in zip(full_training().codes, training.load_codes(path), strict=True))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError, match="not a weights file"):
        training.load_codes(path)


def test_network_must_fit_data_and_calibration() -> None:
    data = datasets.load("iris")
    other = IRIS.model_copy(update={"network": IRIS.network.model_copy(update={"layers": (4, 7, 2)})})
    with pytest.raises(InputError, match=r"^network.layers\[-1\] = 2, but iris has 3 classes; use that$"):
        training.train(other, data, Calibration.ideal((7, 7, 7), 3))
    with pytest.raises(InputError, match="characterize this design"):
        training.train(IRIS, data, Calibration.ideal((7, 7, 6), 3))
