"""The calibration: its equations by hand, its round trip, and what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest

from somaforge.flow.learning.calibration import FORMAT, Calibration
from somaforge.pdk.errors import InputError

CHIP = Calibration(
    ((0.2, 0.3), (0.25, 0.5), (0.4,)), ((0.0, 0.0), (0.0, 0.0), (0.0,)), (0.9, 1.1), (0.0, 1.1, 1.9, 3.0)
)


def test_forward_by_hand() -> None:
    codes = [np.array([[3, -1], [-2, 2]]), np.array([[1], [3]])]
    # hidden 0: 3*0.2*10n - 0.9*1.9*0.3*4n; hidden 1: -0.9*1.1*0.2*10n + 1.9*0.3*4n
    hidden = (6e-9 - 2.052e-9, -1.98e-9 + 2.28e-9)
    out = 0.4 * (1.1 * 0.25 * hidden[0] + 3.0 * 0.5 * hidden[1])
    assert CHIP.forward(codes, np.array([[10e-9, 4e-9]])) == pytest.approx(np.array([[out]]), rel=1e-12)


def test_forward_bends_from_the_reference_current() -> None:
    codes = [np.array([[1, 0], [0, 0]]), np.array([[1], [0]])]
    bent = replace(CHIP, levels_A=(1e-9, 10e-9), exponent=0.9)
    straight = 0.4 * 1.1 * 0.25 * 1.1 * 0.2 * 10e-9
    assert replace(bent, exponent=1.0).forward(codes, np.array([[10e-9, 0.0]])).item() == pytest.approx(straight)
    # the second stage sees 0.22 of the reference, the third 0.22^0.9 * 0.275
    hidden = 0.22
    last = hidden**0.9 * 0.275
    assert bent.forward(codes, np.array([[10e-9, 0.0]])).item() == pytest.approx(10e-9 * 0.4 * last**0.9)


def test_forward_rectifies() -> None:
    codes = [np.array([[-3, -3], [-3, -3]]), np.array([[1], [3]])]
    assert np.all(CHIP.forward(codes, np.array([[10e-9, 4e-9]])) == 0.0)


def test_round_trip() -> None:
    assert Calibration.from_json(CHIP.to_json()) == CHIP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        CHIP.to_json().replace(f'"format": {FORMAT}', '"format": 1'),
        CHIP.to_json().replace("0.9", "NaN"),
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(InputError):
        Calibration.from_json(text, "chip 1")


DRIVEN = replace(CHIP, drivers=((0.0, 0.3, 0.7, 1.0), (0.0, 0.4, 0.6, 1.0)))


def test_what_a_driver_gives_is_what_was_measured() -> None:
    assert Calibration.from_json(DRIVEN.to_json()) == DRIVEN
    assert [DRIVEN.given(1, share) for share in (0.0, 0.3, 0.5, 1.0)] == [0.0, 0.4, 0.6, 1.0]
    assert CHIP.given(1, 0.3) == 0.3


@pytest.mark.parametrize(
    "drivers",
    [((0.0, 1.0),), ((0.0, 1.0), (0.0, 0.5, 1.0)), ((0.1, 1.0), (0.0, 1.0)), ((0.0, 0.9), (0.0, 1.0))],
    ids=["one input is missing", "other codes", "not from 0", "not to 1"],
)
def test_refuses_drivers(drivers: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(InputError, match="driver"):
        replace(CHIP, drivers=drivers)


def test_refuses_unknown_key() -> None:
    data = json.loads(CHIP.to_json()) | {"shifts": [0.0]}
    with pytest.raises(InputError, match="unknown keys"):
        Calibration.from_json(json.dumps(data))


def test_stuck_latches_dead_somas_and_strengths_change_the_table() -> None:
    plain = Calibration.ideal((2, 2), 2)
    assert plain.table(0)[0, 0].tolist() == [-3, -2, -1, 0, 1, 2, 3]
    strength = ((((1.5, 1.0), (1.0, 1.0)), ((0.9, 1.0), (1.0, 1.0))),)
    strong = replace(plain, positive=strength, negative=strength)
    assert strong.table(0)[0, 0] == pytest.approx([-3.3, -1.8, -1.5, 0, 1.5, 1.8, 3.3])
    low = replace(plain, stuck=((0, 0, 1, 0, 1),))  # bit 0 always on: 0 and 2 cannot be had
    assert low.table(0)[0, 1].tolist() == [-3, -3, -1, 1, 1, 3, 3]
    assert low.table(0)[1, 1].tolist() == [-3, -2, -1, 0, 1, 2, 3]
    sign = replace(plain, stuck=((0, 0, 1, 2, 0),))  # the sign always positive
    assert sign.table(0)[0, 1].tolist() == [3, 2, 1, 0, 1, 2, 3]
    dead = replace(plain, dead=((0, 1), (1, 0)))
    assert not dead.table(0)[1].any()
    codes = [np.full((2, 2), 3)]
    assert dead.forward(codes, np.ones((1, 2))).tolist() == [[0.0, pytest.approx(3 / 16)]]
    for value in (strong, low, dead):
        assert Calibration.from_json(value.to_json()) == value


@pytest.mark.parametrize(
    "change",
    [
        {"stuck": ((0, 0, 2, 0, 1),)},
        {"stuck": ((0, 0, 0, 3, 1),)},
        {"stuck": ((0, 0, 0, 0, 2),)},
        {"dead": ((2, 0),)},
        {"positive": ((((1.0, 1.0), (1.0, 1.0)),),)},
        {"positive": ((((1.0, -1.0), (1.0, 1.0)),) * 2,), "negative": ((((1.0, 1.0), (1.0, 1.0)),) * 2,)},
    ],
)
def test_broken_parts_must_exist(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"^calibration: "):
        replace(Calibration.ideal((2, 2), 2), **change)
