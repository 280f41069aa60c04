"""Costs of training against hand-made currents: one candidate, a few patterns, three classes."""

import pytest
import torch

from somaforge.flow.learning import costs

Y = torch.tensor([0, 1])


def test_a_safe_lead_costs_nothing() -> None:
    safe = torch.tensor([[[2.0, 0.1, -3.0], [-1.0, 1.0, 0.0]]])
    assert float(costs.close(safe, Y)) == 0.0


def test_a_close_lead_and_a_small_current_cost() -> None:
    """(1 - 0.8)/(1 + 0.1) = 0.182 of lead; 0.1 alone is 0.1/0.2 = 0.5."""
    close = torch.tensor([[[1.0, 0.8, 0.0], [0.0, 0.1, -1.0]]])
    wanted = ((0.7 - 0.2 / 1.1) + (0.7 - 0.5)) / 2
    assert float(costs.close(close, Y)) == pytest.approx(wanted, abs=1e-6)


def test_a_wrong_winner_costs_more_than_a_tie_and_an_output_that_is_off_is_pulled() -> None:
    tie, wrong = torch.tensor([[[1.0, 1.0, 0.0]]]), torch.tensor([[[-0.5, 1.0, 0.0]]], requires_grad=True)
    cost = costs.close(wrong, Y[:1])
    assert float(cost.detach()) > float(costs.close(tie, Y[:1])) == pytest.approx(0.7)
    cost.sum().backward()  # type: ignore[no-untyped-call]
    assert wrong.grad is not None
    assert float(wrong.grad[0, 0, 0]) < 0 < float(wrong.grad[0, 0, 1])


def test_losses_of_labels_teacher_and_squares() -> None:
    logits = torch.tensor([[[3.0, 0.0, 0.0], [0.0, 3.0, 0.0]]])
    by_hand = -torch.log_softmax(logits, -1)[0, 0, 0]
    assert float(costs.labelled(logits, Y)) == pytest.approx(float(by_hand))
    sure = torch.nn.functional.one_hot(Y, 3).to(torch.float32)
    soft = -9.0 * torch.log_softmax(logits / 3.0, -1)[0, 0, 0]
    assert float(costs.judged(logits, sure)) == pytest.approx(float(soft))
    assert float(costs.squared(torch.tensor([[[1.0, -5.0, 0.0], [0.0, 1.0, 0.5]]]), Y)) == pytest.approx(0.25 / 6)
    assert float(costs.dark(torch.tensor([[[0.25, -1.0, -2.0], [2.0, 0.0, 0.0]]]))) == pytest.approx(0.375)
