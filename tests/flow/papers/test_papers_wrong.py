"""Weights with errors, against what they are by hand; networks of many chips at once against each alone."""

import math

import pytest
import torch

from somaforge.flow.papers import stack
from somaforge.flow.papers.wrong import Unit, error_of_a_sum, gaussian

UNIT = Unit(0.49, 0.23, 3, "continuous")


def drawn(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_error_of_a_sum_is_alpha_times_the_root_of_the_squares() -> None:
    weights, inputs = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([1.0, 1.0, 2.0])
    alpha = 0.2
    sums = gaussian(weights.expand(40_000, -1), alpha, drawn()) @ inputs
    by_hand = alpha * math.sqrt(1 + 4 + 1)
    assert error_of_a_sum(weights, inputs, alpha) == pytest.approx(by_hand)
    assert float(sums.std()) == pytest.approx(by_hand, rel=0.02)
    assert float(sums.mean()) == pytest.approx(0.0, abs=0.01), "1 - 2 + 1: errors have no mean"


def test_codes_are_whole_numbers_of_one_size() -> None:
    weights = torch.tensor([[-1.0, -0.3, 0.0, 0.1, 0.7, 1.0]])
    code, one = UNIT.codes(weights)
    assert code.tolist()[0][0] == -7
    assert float((code * one - weights).abs().max()) <= one / 2 + 0.05
    assert torch.equal(UNIT.mismatched(weights, 0.0, drawn()), code * one), "without mismatch: the codes alone"


@pytest.mark.parametrize(("code", "bits"), [(1, (0,)), (4, (2,)), (7, (0, 1, 2)), (-7, (0, 1, 2))])
def test_the_spread_of_a_code_is_that_of_its_units(code: int, bits: tuple[int, ...]) -> None:
    """`code` units in parallel: n independent log-normal currents have 1/sqrt(n) of the deviation of one."""
    weights = torch.full((20_000,), float(code))
    weights[0] = 7.0 if code > 0 else -7.0  # the largest code, so that 1 is the weight of a unit
    found = UNIT.mismatched(weights, 1.0, drawn())[1:] / UNIT.codes(weights)[1]
    shown = UNIT.codes(weights)[0][1:]
    assert float(shown[0]) == code
    sigma = UNIT.sigma_p if code > 0 else UNIT.sigma_n
    variance = sum((2**bit * UNIT.spread(bit, sigma)) ** 2 for bit in bits)
    assert math.sqrt(variance) == pytest.approx(math.sqrt(abs(code) * math.expm1(sigma**2)))
    assert float(found.std()) == pytest.approx(math.sqrt(variance), rel=0.03)
    assert float(found.mean()) == pytest.approx(code, rel=0.02), "a calibration knows the mean"


def test_chips_side_by_side_are_as_each_alone() -> None:
    x, labels = torch.randn(60, 5, generator=drawn()), torch.randint(0, 3, (60,), generator=drawn())
    recipe = stack.Recipe(epochs=2, batch=20, rate=0.01)
    first, other = (stack.start((5, 4, 3), 1, seed) for seed in (1, 2))
    both = [torch.cat(pair) for pair in zip(first, other, strict=True)]
    together = stack.learn(x, labels, both, torch.tanh, recipe, seed=1)
    for chip, alone in enumerate((first, other)):
        learnt = stack.learn(x, labels, alone, torch.tanh, recipe, seed=1)
        for matrix, own in zip(together, learnt, strict=True):
            assert torch.allclose(matrix[chip], own[0], atol=1e-5)
    assert len(stack.accuracy(x, labels, together, torch.tanh)) == 2


def test_a_network_by_hand() -> None:
    hidden = torch.tensor([[[1.0], [2.0], [0.5]]])  # one chip, two inputs and the bias
    out = torch.tensor([[[3.0, -1.0], [0.0, 0.25]]])
    found = stack.outputs(torch.tensor([[1.0, -1.0]]), [hidden, out], torch.tanh)
    h = math.tanh(1 - 2 + 0.5)
    assert torch.allclose(found, torch.tensor([[[3 * h, -h + 0.25]]]))
    assert torch.equal(stack.features(torch.ones(2, 3), [], torch.tanh), torch.ones(2, 3))
