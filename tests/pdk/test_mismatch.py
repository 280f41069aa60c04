"""Threshold mismatch: the foundry's constants, by hand and by ngspice."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from side_by_side import Pair, compare_dc, simulate

from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.binding import bind
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.mismatch import sigma_vth_V

pytestmark = pytest.mark.needs_pdk
NFET = "sky130_fd_pr__nfet_01v8"
PFET = "sky130_fd_pr__pfet_01v8"


@pytest.mark.parametrize(
    ("device", "a_vt_mv_um"),
    [(NFET, 3.356), (f"{NFET}_lvt", 5.456), (PFET, 5.856), (f"{PFET}_hvt", 5.5), (f"{PFET}_lvt", 10.89)],
)
@pytest.mark.parametrize(("w", "length"), [(420, 540), (1000, 1000), (2700, 450)])
def test_sigma_by_hand(device: str, a_vt_mv_um: float, w: int, length: int) -> None:
    """A_VT as printed in models_global.spice; A_VT / sqrt(W L)."""
    by_hand = a_vt_mv_um * 1e-3 / math.sqrt(w * length * 1e-6)
    assert sigma_vth_V(device, w, length, "pelgrom") == pytest.approx(by_hand, rel=1e-12)


@given(w=st.integers(420, 1_000_000), length=st.integers(350, 20_000))
def test_four_times_the_area_is_half_the_sigma(w: int, length: int) -> None:
    wide = sigma_vth_V(PFET, 420, 350) / sigma_vth_V(PFET, w, length)
    assert wide == pytest.approx(math.sqrt(w * length / (420 * 350)), rel=1e-12)


def test_continuous_law_by_hand() -> None:
    """nfet_01v8 at 0.42/0.54 um: the corner's size factors of the subcircuit multiply the mismatch too."""
    factor = (0.008 * 8 / 0.54 + 0.992) * (0.035 * 7 / 0.42 + 0.965) * (0.001 * 56 / (0.42 * 0.54) + 0.999)
    assert factor == pytest.approx(2.142, abs=1e-3)
    assert sigma_vth_V(NFET, 420, 540, "continuous") == pytest.approx(
        factor * sigma_vth_V(NFET, 420, 540, "pelgrom"), rel=1e-9
    )
    assert sigma_vth_V(PFET, 420, 540, "continuous") == pytest.approx(sigma_vth_V(PFET, 420, 540, "pelgrom"), rel=1e-9)


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("device", [NFET, PFET])
def test_continuous_law_is_what_the_foundry_draws(tmp_path: Path, device: str) -> None:
    """400 foundry transistors with mismatch on: their standard deviation within 4 standard errors (14 %)."""
    count = 400
    deck = ["* foundry mismatch", f".lib {DATA.folder('models')}/sky130.lib.spice tt_mm", "vd d 0 1", "vg g 0 0.5"]
    deck += [f"x{i} d g 0 0 {device} w=0.42 l=0.54" for i in range(count)]
    vectors = " ".join(f"@m.x{i}.m{device}[delvto]" for i in range(count))
    deck += [".control", "set wr_singlescale", "op", f"wrdata mm.txt {vectors}", ".endc", ".end"]
    (drawn,) = simulate(tmp_path, deck, ["mm.txt"])
    assert drawn.size == count
    assert np.std(drawn) == pytest.approx(sigma_vth_V(device, 420, 540, "continuous"), rel=4 / math.sqrt(2 * count))


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("device", [NFET, PFET])
def test_positive_shift_is_a_weaker_transistor(tmp_path: Path, device: str) -> None:
    """30 mV more |Vth| is 30 mV less gate drive: current falls by 10^(-30 mV / 85 mV) = 0.44 in weak inversion."""
    shift = 0.030
    pair = Pair(bind(device, 840, 750, "tt"), delvto=bind(device, 840, 750, "tt").sign * shift)
    plain, shifted = (np.abs(column[:, 0]) for column in compare_dc(tmp_path, [pair], "tt"))
    weak = (plain > 1e-12) & (plain < 1e-9)
    ratio = shifted[weak] / plain[weak]
    assert weak.sum() >= 5
    assert ratio.min() > 0.38
    assert ratio.max() < 0.52


def test_refusals() -> None:
    with pytest.raises(InputError, match=r"^unknown sky130 device 'pmos'; use one of: "):
        sigma_vth_V("pmos", 420, 540)
    with pytest.raises(InputError, match=r"W/L = 0\.36/0\.15 um is outside the foundry's models"):
        sigma_vth_V(NFET, 360, 150)
