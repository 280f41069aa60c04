"""How far transistors differ: by hand, against the foundry's own draws, and what is refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from tests.flow.foundry_draws import CURRENTS_A, UNITS, N, P, by_table, ours, theirs

from somaforge.flow import cli
from somaforge.flow.engines.spread import sigma_ln_I, spread
from somaforge.pdk import load
from somaforge.pdk.models import Law, Size
from somaforge.pdk.sky130 import binned

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]
LAWS: tuple[Law, ...] = ("continuous", "binned", "subthreshold")
MODELS = load("sky130").models
UT_V = 0.02585
"""kT/q at 27 C."""


@pytest.mark.parametrize("device", [N, P])
def test_in_weak_inversion_by_hand(device: str) -> None:
    """sigma(ln I) = sigma(Vth) / (n U_T) with n between 1.2 and 1.7, a little more for wide spreads; less at 100 nA."""
    for law in ("continuous", "pelgrom"):
        size = Size(device, 840, 790)
        sigma = spread(MODELS, size, law)
        slope = sigma.vth_V / (sigma_ln_I(MODELS, size, 1e-9, law) * UT_V)
        assert 1.2 < slope < 1.85
        assert sigma_ln_I(MODELS, size, 1e-7, law) < sigma_ln_I(MODELS, size, 1e-9, law)


def test_what_the_binned_cards_draw_by_hand() -> None:
    """The numbers of nfet_01v8's file over the root of the area; toxe relative to 4.148 nm."""
    root = math.sqrt(0.42 * 0.36)
    found = binned.drawn(N, 420, 360, "binned").deviations
    assert dict(found) == pytest.approx(
        {"vth0": 3.356e-3 / root, "voff": 7e-3 / root, "toxe": 4.148e-9 * 3.443e-3 / root}, rel=1e-9
    )
    assert binned.drawn(P, 840, 790, "subthreshold").deviations["voff"] == pytest.approx(0.015 / math.sqrt(0.84 * 0.79))


def test_a_second_shift_only_where_a_threshold_does_not_serve() -> None:
    """p at 0.42/0.54 um varies by its threshold; n by voff as much, and together they are the threshold's 2.1 times."""
    assert spread(MODELS, Size(P, 420, 540), "binned").weak_V == 0
    wide = spread(MODELS, Size(N, 420, 540), "binned")
    assert wide.weak_V > 0.01
    off = wide.vth_V**2 + 2 * wide.correlation * wide.vth_V * wide.weak_V + wide.weak_V**2
    assert math.sqrt(off) == pytest.approx(spread(MODELS, Size(N, 420, 540), "continuous").vth_V, rel=0.15)


def _over_theirs(folder: Path, size: Size, law: Law, draws: int) -> np.ndarray:
    """Sigma of ln I of ours over theirs at every current; our many draws from the table, which ngspice confirms."""
    size = Size(N, 420, 360)
    reference = theirs(folder, [size], law, draws)[size].std(axis=1, ddof=1)
    confirmed = by_table(size, law, draws) - ours(folder, size, law, draws)
    assert np.abs(confirmed).max() < 0.02 * np.log(10)
    return np.asarray(by_table(size, law, 10 * draws).std(axis=1, ddof=1) / reference)


@pytest.mark.parametrize(
    ("law", "size"),
    [("continuous", Size(N, 420, 360)), ("binned", Size(N, 840, 790)), ("subthreshold", Size(P, 420, 540))],
)
def test_the_foundrys_own_draws(tmp_path: Path, law: Law, size: Size) -> None:
    """200 each; the other sizes nightly, with 1,000."""
    found = _over_theirs(tmp_path, size, law, 200)
    assert len(found) == len(CURRENTS_A)
    assert 0.8 < found.min() <= found.max() < 1.25


def test_pelgrom_is_not_what_the_foundry_draws(tmp_path: Path) -> None:
    """The check can fail: A_VT / sqrt(W L) is half of it for a small n device."""
    size = Size(N, 420, 360)
    reference = theirs(tmp_path, [size], "binned", 200)[size].std(axis=1, ddof=1)
    found = by_table(size, "pelgrom", 200).std(axis=1, ddof=1)
    assert (found / reference).max() < 0.6


@pytest.mark.nightly
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("device", [N, P])
def test_every_cell_of_the_table(tmp_path: Path, law: Law, device: str, unit: tuple[int, int]) -> None:
    found = _over_theirs(tmp_path, (device, *unit), law, 1000)
    assert 0.9 < found.min() <= found.max() < 1.1


class TestCommand:
    def call(self, *more: str) -> int:
        size = ["--polarity", "n", "--w", "0.42", "--l", "0.36", "--current", "15e-9"]
        return cli.run(["pdk", "mismatch", "sky130", *size, *more])

    def test_numbers(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.call("--json") == 0
        found = json.loads(capsys.readouterr().out)
        assert found["sigma_vth_V"] == pytest.approx(0.0214, rel=0.01)
        assert found["sigma_ln_I"] == pytest.approx(0.48, rel=0.1)
        assert self.call("--law", "binned") == 0
        assert "mV; of ln I at 15 nA 0.4" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("more", "message"),
        [
            (("--w", "0.1"), "is outside the foundry's models"),
            (("--w", "nan"), "is no finite number"),
            (("--flavour", "hvt"), "has no hvt n-channel device"),
            (("--current", "1e-3"), "is not what this size carries"),
        ],
    )
    def test_bad_input_is_one_line(
        self, more: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.call(*more, "--json") == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert message in said.err
        assert said.err.strip().count("\n") == 0
