"""Training in minibatches: the ideal network, its fine tuning for a chip, stuck latches, files."""

from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow import datasets
from somaforge.flow.learning import minibatch
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.minibatch import Shadow
from somaforge.flow.learning.patterns import Patterns
from somaforge.flow.learning.training import model_accuracy
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.errors import InputError

LAYERS = (64, 24, 10)


def spec(**changes: object) -> Spec:
    """8 x 8 digits on an array of their size."""
    base = load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml")
    recipe = {"batch": 100, "epochs": 25, "learning_rate": 0.02, "restarts": 2, "chip_epochs": 6, "l1_negative": 0.0}
    return base.model_copy(
        update={
            "array": base.array.model_copy(update={"layers": LAYERS}),
            "network": base.network.model_copy(update={"layers": LAYERS, "dataset": "digits"}),
            "training": base.training.model_copy(update={**recipe, **changes}),
        }
    )


@cache
def ideal() -> minibatch.Trained:
    return minibatch.pretrain(spec(), datasets.load("digits"))


def crooked() -> Calibration:
    """A chip whose synapses differ by 30 %: worse than any that is made."""
    draw = np.random.default_rng(4)
    plain = Calibration.ideal(LAYERS, 3)
    shapes = [(3, a, b) for a, b in pairwise(LAYERS)]

    def strengths() -> tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]:
        drawn = [np.exp(draw.normal(0, 0.3, s)).tolist() for s in shapes]
        return tuple(tuple(tuple(tuple(row) for row in bit) for bit in matrix) for matrix in drawn)

    slopes = tuple(tuple(0.25 * np.exp(draw.normal(0, 0.3, n))) for n in LAYERS)
    return replace(plain, slopes=slopes, positive=strengths(), negative=strengths())


def test_ideal_network_and_early_choice() -> None:
    data, trained = datasets.load("digits"), ideal()
    assert len(trained.early_accuracies) == 2
    assert len(trained.weights.loss_history) == 25
    assert trained.held_out_accuracy > 0.9
    assert model_accuracy(Calibration.ideal(LAYERS, 3), trained.weights.codes, data.test_x, data.test_y) > 0.93


def test_fine_tuning_recovers_what_the_chip_loses() -> None:
    data, chip = datasets.load("digits"), crooked()
    blind = model_accuracy(chip, ideal().weights.codes, data.train_x, data.train_y)
    tuned = minibatch.fine_tune(spec(), data, chip, ideal().shadow)
    aware = model_accuracy(chip, tuned.weights.codes, data.train_x, data.train_y)
    assert aware > 0.95
    assert 1 - aware < 0.6 * (1 - blind)
    again = minibatch.fine_tune(spec(), data, chip, ideal().shadow)
    assert all(np.array_equal(a, b) for a, b in zip(tuned.weights.codes, again.weights.codes, strict=True))


def test_features_can_stay_as_they_are() -> None:
    """Only the last matrix is trained again: that finds part of what the chip loses."""
    data, chip = datasets.load("digits"), crooked()
    blind, part, whole = (
        model_accuracy(chip, codes, data.train_x, data.train_y)
        for codes in (
            ideal().weights.codes,
            minibatch.fine_tune(spec(), data, chip, ideal().shadow, fixed=1).weights.codes,
            minibatch.fine_tune(spec(), data, chip, ideal().shadow).weights.codes,
        )
    )
    assert blind < part < whole
    kept = minibatch.fine_tune(spec(chip_epochs=1), data, chip, ideal().shadow, fixed=1).weights.codes
    assert np.array_equal(kept[0], ideal().weights.codes[0])
    assert not np.array_equal(kept[1], ideal().weights.codes[1])


def test_chip_in_the_loop_needs_no_calibration() -> None:
    """The loss sees a chip that the model knows nothing of; the same training on the model alone gains nothing."""
    data, chip = datasets.load("digits"), crooked()
    plain = Calibration.ideal(LAYERS, 3)
    asked = 0

    def read(codes: tuple[Codes, ...], patterns: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += len(patterns)
        return 1e-7 * chip.forward(list(codes), patterns)

    blind = model_accuracy(chip, ideal().weights.codes, data.train_x, data.train_y)
    alone = minibatch.fine_tune(spec(), data, plain, ideal().shadow).weights.codes
    looped = minibatch.fine_tune(spec(), data, plain, ideal().shadow, read=read).weights.codes
    assert asked == 6 * len(Patterns.of(data, 1, augment=False).y)
    known = [model_accuracy(chip, codes, data.train_x, data.train_y) for codes in (alone, looped)]
    assert 1 - known[1] < 0.7 * (1 - max(blind, known[0]))


def test_stuck_latches_and_dead_somas_are_trained_around() -> None:
    """Every twentieth sign latch and three hidden somas are broken: the ideal network suffers, a trained one not."""
    draw = np.random.default_rng(7)
    places = [(m, r, c) for m in range(2) for r in range(LAYERS[m]) for c in range(LAYERS[m + 1])]
    stuck = tuple((*p, 3, int(draw.integers(2))) for p in places if draw.random() < 0.05)
    broken = replace(Calibration.ideal(LAYERS, 3), stuck=stuck, dead=((1, 2), (1, 9), (1, 17)))
    data = datasets.load("digits")
    blind = model_accuracy(broken, ideal().weights.codes, data.train_x, data.train_y)
    tuned = minibatch.fine_tune(spec(), data, broken, ideal().shadow)
    aware = model_accuracy(broken, tuned.weights.codes, data.train_x, data.train_y)
    assert aware > 0.95
    assert 1 - aware < 0.5 * (1 - blind)


def test_the_papers_loss_learns_in_minibatches() -> None:
    trained = minibatch.pretrain(spec(loss="mse", weight_noise=0.0, restarts=1), datasets.load("digits"))
    assert trained.early_accuracies == ()
    assert trained.held_out_accuracy > 0.85


def test_current_costs_current() -> None:
    data = datasets.load("digits")
    cheap = minibatch.pretrain(spec(l1_current=0.05, restarts=1), data)
    chip = Calibration.ideal(LAYERS, 3)
    used = [chip.forward(list(t.weights.codes), data.test_x).mean() for t in (ideal(), cheap)]
    assert used[1] < 0.5 * used[0]
    assert cheap.held_out_accuracy > 0.85


def test_costs_of_close_decisions_and_of_current_through_synapses() -> None:
    """By hand: of two outputs that settle as 1 - exp(-t/tau) the later winner crosses after tau ln(1/lead)."""
    data, chip = datasets.load("digits"), Calibration.ideal(LAYERS, 3)

    def outputs(trained: minibatch.Trained) -> tuple[float, float, float]:
        """Accuracy, how many patterns are close, and the mean weight whatever its sign."""
        found = chip.forward(list(trained.weights.codes), data.test_x)
        first = np.sort(found, axis=1)
        close = np.mean(first[:, -1] - first[:, -2] < 0.35 * first[:, -1])
        used = sum(np.abs(c).sum() for c in trained.weights.codes)
        return float(np.mean(found.argmax(axis=1) == data.test_y)), float(close), float(used)

    start = ideal().shadow
    costs: tuple[dict[str, float], ...] = ({}, {"close": 4.0}, {"close": 4.0, "l1_synapses": 0.003})
    plain, wide, saving = (outputs(minibatch.fine_tune(spec(**c), data, chip, start)) for c in costs)
    assert plain[1] > 0.03
    assert max(wide[1], saving[1]) < 0.75 * plain[1]
    assert min(wide[0], saving[0]) > plain[0] - 0.02
    assert saving[2] < 0.85 * wide[2]


def test_shadow_file_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "shadow.npz"
    ideal().shadow.save(path)
    again = Shadow.load(path)
    assert all(np.array_equal(a, b) for a, b in zip(ideal().shadow.values, again.values, strict=True))
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match="not a file of weights"):
        Shadow.load(path)


def test_start_must_fit() -> None:
    wrong = Shadow(tuple(v[:3] for v in ideal().shadow.values))
    with pytest.raises(InputError, match=r"^training: starts from matrices \[\(3, 24\), \(3, 10\)\]"):
        minibatch.fine_tune(spec(), datasets.load("digits"), Calibration.ideal(LAYERS, 3), wrong)
