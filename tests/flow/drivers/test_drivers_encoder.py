"""Which value the largest code stands for."""

from dataclasses import replace

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.drivers.scale import Scale

IRIS = datasets.load("iris")
FOUR = Scale(4, 3, 4)


def test_even_values_use_the_whole_range() -> None:
    """By hand: cutting at 1 - d loses d^3 / 3, and rounding of 63 steps 1/12 of 1/63^2: nothing is won by cutting."""
    data = replace(IRIS, train_x=np.linspace(0, 1, 4001)[:, None])
    assert Encoder.of(Scale(6, 3, 4), data).top == 1.0


def test_rare_large_values_are_cut() -> None:
    """By hand: cut at 0.27 the 16 that are larger lose 1/3 x 0.27^2 each, 2e-5 in the mean; rounding of 15 steps loses
    1/12 of 0.018^2, 3e-5. At 0.54 rounding alone loses 11e-5."""
    values = np.concatenate([np.linspace(0, 0.2, 20_000), np.linspace(0.2, 0.54, 20)])
    encoder = Encoder.of(FOUR, replace(IRIS, train_x=values[:, None]))
    assert 0.19 < encoder.top < 0.35
    assert encoder.codes(np.array([0.0, 0.4 * encoder.top, encoder.top, 0.54])).tolist() == [0, 6, 15, 15]


def test_no_other_choice_loses_less() -> None:
    values = np.abs(np.random.default_rng(1).normal(size=5000)) ** 2
    values /= values.max()

    def lost(top: float) -> float:
        return float(np.square(top * FOUR.quantised(values / top) / 15 - values).mean())

    best = Encoder.of(FOUR, replace(IRIS, train_x=values[:, None])).top
    assert best < 0.9
    assert all(lost(best) <= lost(top) for top in np.arange(1, 65) / 64)
