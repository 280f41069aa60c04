"""Compiled steps against their formulas, and their transistors against those of the tables."""

import numpy as np
import pytest
import torch
from tests.flow.engines.test_engine_array_tables import N, P, kind

from somaforge.flow.engines.array.device import POOL_STEPS, Device, Moved
from somaforge.flow.engines.array.nodes import mirror
from somaforge.flow.engines.array.steps import Lanes, Trial, accept, predict, times
from somaforge.flow.engines.array.tables import table

RISE, PERIOD = 0.1, 10.0


def lane(known: int, points: list[float], h: float) -> Lanes:
    """One lane that stands at points[-1] of the parabola 1 - t + 3 t^2, node 1 with twice of it."""
    ends = [points[-1 - min(i, known - 1)] for i in range(3)]
    states = [np.array([[y, 2 * y]]) for y in (1 - t + 3 * t * t for t in ends)]
    gaps = (points[-1] - points[-2], points[-2] - points[-3])
    one = np.ones((1, 2))
    return Lanes(
        np.array([points[-1]]),
        np.array([h]),
        *(np.array([gap]) for gap in gaps),
        np.array([known]),
        *states,
        one,
        0 * one,
        np.array([[1.0]]),
        np.array([[3.0]]),
    )


def test_the_third_step_follows_a_parabola() -> None:
    """BDF2's derivative of one is exact (2 a t + b), and so is the prediction."""
    lanes, trial = lane(3, [0.2, 0.5, 0.7], 0.4), Trial.empty(1, 2, 1)
    predict(lanes, RISE, PERIOD, trial)
    y, slope = 1 - 1.1 + 3 * 1.1**2, -1 + 6 * 1.1
    assert trial.time[0] == pytest.approx(1.1)
    assert trial.guess[0] == pytest.approx([y, 2 * y])
    assert trial.slope[0] == pytest.approx([slope, 2 * slope])
    assert trial.inputs[0, 0] == trial.supply[0] == 3.0
    # the local error of BDF2 with equal steps is 2/9 h^3 y''' of the derivative's 1/3: 2/11 of the distance
    equal = lane(3, [0.1, 0.3, 0.5], 0.2)
    predict(equal, RISE, PERIOD, trial)
    assert trial.share[0] == pytest.approx(2 / 11)


def test_the_first_step_is_backward_euler_and_ends_where_inputs_bend() -> None:
    lanes, trial = lane(1, [-2.0, -1.0, 0.0], 0.15), Trial.empty(1, 2, 1)
    predict(lanes, RISE, PERIOD, trial)
    assert trial.time[0] == trial.h[0] == RISE
    assert trial.guess[0] == pytest.approx([1.0, 2.0])
    assert trial.a0[0] == pytest.approx(10)
    assert trial.slope[0] == pytest.approx([0.0, 0.0])
    lanes.step[0] = 0.05
    predict(lanes, RISE, PERIOD, trial)
    assert trial.inputs[0, 0] == pytest.approx(2.0)  # half of the rise from 1 to 3


def test_a_bad_step_is_tried_again_with_a_smaller_one() -> None:
    lanes, trial = lane(3, [0.2, 0.5, 0.7], 0.4), Trial.empty(1, 2, 1)
    predict(lanes, RISE, PERIOD, trial)
    trial.found[:] = trial.guess
    trial.rate[:] = [[0.0, 5.0]]
    trial.worst[:] = 8e-3 / trial.share
    good = np.empty(1, dtype=np.bool_)
    accept(lanes, trial, 1e-3, 1e-6, good)
    assert not good[0]
    assert lanes.time[0] == 0.7
    assert lanes.step[0] == pytest.approx(0.4 * 0.9 / 2)  # the third root of 8
    accept(lanes, trial, 8e-3, 1e-6, good)
    assert good[0]
    assert lanes.time[0] == pytest.approx(1.1)
    assert lanes.step[0] == pytest.approx(0.4 * 0.9)
    assert (lanes.gap[0], lanes.older[0]) == pytest.approx((0.4, 0.2))
    assert lanes.now[0] == pytest.approx(trial.guess[0])
    assert lanes.left[0] == pytest.approx([1.0, 1 / 3])


@pytest.mark.parametrize("lanes", [1, 3, 4, 9])
@pytest.mark.parametrize("k", [1, 4, 30])
def test_products(lanes: int, k: int) -> None:
    draw = np.random.default_rng(k)
    x, core = (draw.normal(size=shape).astype(np.float32) for shape in ((lanes, k), (k, 13)))
    found = np.full((lanes, 13), np.nan, dtype=np.float32)
    times(x, core, found)
    np.testing.assert_allclose(found, x @ core, atol=1e-5)


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
@pytest.mark.parametrize("name", [N, P])
def test_a_mirror_is_that_of_the_table(name: str) -> None:
    """Four units with mismatch, drains on both sides of the source.

    Logarithms of currents are some -20, of single precision: 1e-6. Their differences over a step of 5 mV have 2e-6, so
    a conductance is wrong by 4e-4 of the current over a volt, 1e-5 of what it is in weak inversion.
    """
    draw, device = np.random.default_rng(4), Device(table(kind(name)))
    shifts = device.together(Moved(torch.tensor(draw.normal(0, 0.01, (1, 4)))), None)
    gate, drain = draw.uniform(-0.1, 1.85, 300), draw.uniform(-0.05, 1.85, 300)
    right = device.mirror(torch.tensor(gate)[:, None], torch.tensor(drain)[:, None], shifts, 4)
    flat, sizes, scale = device.compiled
    sheets, single = flat.reshape(sizes)[:, :2].astype(np.float32), shifts[0].numpy().astype(np.float32)
    per_point = scale[1] / POOL_STEPS
    found = [mirror(sheets, scale, single, per_point, g, d) for g, d in zip(gate, drain, strict=True)]
    current, *slopes = 4 * np.array(found).T
    np.testing.assert_allclose(current, right[0][:, 0].numpy(), rtol=1e-5, atol=1e-22)
    for slope, expected in zip(slopes, right[1:], strict=True):
        wrong = np.abs(slope - expected[:, 0].numpy())
        assert np.all(wrong < 1e-4 * np.abs(expected[:, 0].numpy()) + 2e-3 * np.abs(current) + 1e-22)
