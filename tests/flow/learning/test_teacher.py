"""The wide network that teaches the small one: what it learns, what its pupil learns, what is refused."""

import pytest
import torch
from tests.flow.learning.test_minibatch import LAYERS, spec

from somaforge.flow import datasets
from somaforge.flow.learning import minibatch
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.patterns import HOLD, Patterns
from somaforge.flow.learning.teacher import Teacher, teach
from somaforge.flow.learning.training import model_accuracy
from somaforge.generator.spec import Training


def test_held_out_patterns_are_never_trained_on() -> None:
    data = datasets.load("digits")
    patterns = Patterns.of(data, 1, augment=True)
    assert len(patterns.held_y) == -(-len(data.train_y) // HOLD)
    assert len(patterns.y) + len(patterns.held_y) == len(data.train_y)
    assert not any((patterns.x == row).all(dim=1).any() for row in patterns.held_x)


def test_teacher_knows_what_it_was_not_taught() -> None:
    patterns = Patterns.of(datasets.load("digits"), 1, augment=True)
    teacher = teach(patterns, 128, 30, 1)
    assert teacher.accuracy(patterns.held_x, patterns.held_y) > 0.96
    judged = teacher.judge(patterns.x[:50])
    assert torch.allclose(judged.sum(dim=-1), torch.ones(50), atol=1e-5)
    assert 0.0 < float(1 - judged.max(dim=-1)[0].mean()) < 0.5  # softer than a label


def test_pupil_learns_what_the_teacher_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels are not in its loss: a teacher that takes every 1 for a 7 has a pupil that does, too."""
    data, chip = datasets.load("digits"), Calibration.ideal(LAYERS, 3)
    recipe = spec(teacher=128, teacher_epochs=30, restarts=1)
    pupil = minibatch.pretrain(recipe, data)
    assert pupil.teacher_accuracy is not None
    assert pupil.teacher_accuracy > 0.96
    assert model_accuracy(chip, pupil.weights.codes, data.test_x, data.test_y) > 0.94

    order = [0, 7, 2, 3, 4, 5, 6, 1, 8, 9]
    judge = Teacher.judge
    monkeypatch.setattr(Teacher, "judge", lambda self, x: judge(self, x)[:, order])
    misled = minibatch.pretrain(recipe, data)
    swapped = data.test_y.copy()
    swapped[data.test_y == 1], swapped[data.test_y == 7] = 7, 1
    assert model_accuracy(chip, misled.weights.codes, data.test_x, swapped) > 0.94


def test_equal_seeds_give_equal_teachers_and_leave_the_global_generator_alone() -> None:
    patterns = Patterns.of(datasets.load("digits"), 1, augment=False)
    before = torch.random.get_rng_state()
    one, same = teach(patterns, 16, 2, 5), teach(patterns, 16, 2, 5)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(a, b) for a, b in zip(one.weights, same.weights, strict=True))
    assert not torch.equal(one.weights[0], teach(patterns, 16, 2, 6).weights[0])


@pytest.mark.parametrize("recipe", [{"teacher": 64}, {"teacher": 64, "batch": 100, "loss": "mse"}])
def test_recipe_without_a_place_for_a_teacher_is_refused(recipe: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="teacher needs batch: a number, and loss: cross_entropy"):
        Training.model_validate(recipe)


@pytest.mark.parametrize("name", ["close", "l1_synapses"])
def test_costs_of_a_chips_training_need_minibatches(name: str) -> None:
    assert getattr(Training.model_validate({name: 1.0, "batch": 100}), name) == 1.0
    with pytest.raises(ValueError, match=f"{name} needs batch: a number"):
        Training.model_validate({name: 1.0})
