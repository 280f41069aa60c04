"""Model binding: one flat card equals the foundry's subcircuit."""

import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from side_by_side import Pair, compare_ac, compare_dc

from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Diffusion
from somaforge.pdk.sky130 import foundry
from somaforge.pdk.sky130.binding import bind, pick_bin
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.process import DEVICES

pytestmark = pytest.mark.needs_pdk
NFET = "sky130_fd_pr__nfet_01v8"
PFET = "sky130_fd_pr__pfet_01v8"

# the sizes that the circuit uses, the smallest one, one on the edge between bins, a long and a wide one
SIZES = ((420, 540), (840, 750), (2700, 450), (420, 350), (550, 500), (1260, 5000), (12000, 1000))
DC_RELATIVE, DC_FLOOR_A = 5e-6, 1e-14  # above 1 nA; below
AC_RELATIVE, AC_FLOOR_F = 1e-6, 1e-20


def grid(corner: str) -> list[Pair]:
    return [Pair(bind(d.name, w, length, corner)) for d in DEVICES for w, length in SIZES]


def bin_middles(corner: str) -> list[Pair]:
    """One size inside each bin of each device, and its smallest size."""
    pairs = []
    for device in DEVICES:
        for b in foundry.subcircuit(DATA.folder("models"), device.name).bins:
            middle = (min(round((b.w_min * b.w_max) ** 0.5), 50000), round((b.l_min * b.l_max) ** 0.5))
            pairs += [Pair(bind(device.name, w, length, corner)) for w, length in (middle, (b.w_min, b.l_min))]
    return pairs


def assert_dc(folder: Path, pairs: list[Pair], corner: str) -> None:
    theirs, ours = compare_dc(folder, pairs, corner)
    assert theirs.shape == (65, len(pairs))
    assert np.abs(theirs).max(axis=0).min() > 1e-7  # every transistor was really on
    error = np.abs(ours - theirs)
    allowed = np.where(np.abs(theirs) > 1e-9, DC_RELATIVE * np.abs(theirs), DC_FLOOR_A)
    worst = np.unravel_index(np.argmax(error / allowed), error.shape)
    assert (error <= allowed).all(), (pairs[worst[1]].model, theirs[worst], ours[worst])


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("corner", foundry.CORNERS)
def test_currents_equal_foundry(tmp_path: Path, corner: str) -> None:
    assert_dc(tmp_path, grid(corner), corner)


@pytest.mark.needs_ngspice
@pytest.mark.nightly
@pytest.mark.parametrize("corner", foundry.CORNERS)
def test_currents_equal_foundry_in_every_bin(tmp_path: Path, corner: str) -> None:
    pairs = bin_middles(corner)
    for start in range(0, len(pairs), 60):
        assert_dc(tmp_path, pairs[start : start + 60], corner)


@pytest.mark.needs_ngspice
@pytest.mark.parametrize("vg", [0.4, 1.5])
def test_capacitances_equal_foundry(tmp_path: Path, vg: float) -> None:
    theirs, ours = compare_ac(tmp_path, grid("ff"), "ff", vg)
    assert np.abs(theirs).min(axis=1).max() > 1e-16  # fF, not nothing
    np.testing.assert_allclose(ours, theirs, rtol=AC_RELATIVE, atol=AC_FLOOR_F)


@pytest.mark.needs_ngspice
def test_comparison_sees_a_wrong_bin(tmp_path: Path) -> None:
    """Known bad: the card of the bin beside the right one, and the right one without the corner's shift."""
    right = bind(NFET, 540, 540, "ss")
    beside = replace(right, parameters=bind(NFET, 550, 540, "ss").parameters)
    unshifted = replace(right, parameters=MappingProxyType({**right.parameters, "vth0": bind_raw_vth0()}))
    theirs, ours = compare_dc(tmp_path, [Pair(right), Pair(beside), Pair(unshifted)], "ss")
    error = np.max(np.abs(ours - theirs) / (np.abs(theirs) + 1e-12), axis=0)
    assert error[0] < DC_RELATIVE
    assert error[1] > 1e-3
    assert error[2] > 0.1


def bind_raw_vth0() -> float:
    part = foundry.subcircuit(DATA.folder("models"), NFET)
    return float(pick_bin(part, 540, 540).parameters["vth0"])


@pytest.mark.needs_ngspice
def test_reduced_card_is_close_to_the_exact_one(tmp_path: Path) -> None:
    """rbodymod=0 rsh=0: the missing diffusion resistance is nothing in weak inversion, some per cent when on."""
    pairs = [replace(pair, exact=False) for pair in grid("tt")]
    theirs, ours = compare_dc(tmp_path, pairs, "tt")
    error = np.abs(ours - theirs) / (np.abs(theirs) + 1e-12)
    per_square = np.abs(theirs) / np.array([p.model.size.w_nm / p.model.size.l_nm for p in pairs])
    assert error[per_square < 1e-8].max() < 5e-4
    assert error[per_square < 1e-7].max() < 5e-3
    assert 0.01 < error.max() < 0.2  # a card that changed nothing would not be the reduced one


@pytest.mark.needs_ngspice
def test_subthreshold_by_hand(tmp_path: Path) -> None:
    """0.84/0.75 um: slope factor n between 1.2 and 1.7 (60 mV per decade times n), p weaker than n."""
    pairs = [Pair(bind(device, 840, 750, "tt")) for device in (NFET, PFET)]
    _, ours = compare_dc(tmp_path, pairs, "tt")
    gate = np.arange(13) * 0.15
    current = np.abs(ours.reshape(5, 13, 2)[2])  # V_D = 0.9 V
    weak = [(current[1:-1, i] > 1e-12) & (current[2:, i] < 1e-9) for i in range(2)]
    slopes = [0.15 / np.diff(np.log10(current[1:, i]))[weak[i]] for i in range(2)]
    assert all(len(s) and (s > 0.070).all() and (s < 0.110).all() for s in slopes), slopes
    assert (current[gate >= 0.9, 1] < current[gate >= 0.9, 0]).all()


def test_same_request_same_object() -> None:
    assert bind(NFET, 420, 540, "tt") is bind(NFET, 420, 540, "tt")


def test_corners_differ() -> None:
    shifts = {corner: bind(NFET, 420, 540, corner).parameters["vth0"] for corner in foundry.CORNERS}
    # by its values sf is fast n and slow p, whatever the comment in sky130.lib.spice says
    assert shifts["sf"] < shifts["ff"] < shifts["tt"] < shifts["ss"] < shifts["fs"]
    p_shifts = {corner: -bind(PFET, 420, 540, corner).parameters["vth0"] for corner in foundry.CORNERS}
    assert p_shifts["fs"] < p_shifts["ff"] < p_shifts["tt"] < p_shifts["ss"] < p_shifts["sf"]


def test_card_and_instance() -> None:
    model = bind(PFET, 840, 750, "tt")
    card = model.card("pmos_a", exact=False)
    assert card.startswith(".model pmos_a pmos\n+ level=54 version=4.5 ")
    assert "rbodymod=0 " in card
    assert "rsh=0 " in card
    assert "{" not in card
    assert "rbodymod=1 " in model.card("pmos_a")
    assert model.instance() == " w=0.84 l=0.75 ad=0.1176 as=0.1176 pd=1.12 ps=1.12 nrd=0.166666667 nrs=0.166666667"
    assert " ad=0.2 as=0.1176 pd=1.5 " in model.instance(drain=Diffusion(200_000, 1500))


def test_known_size_by_hand() -> None:
    """swx_nrds of the subcircuit at W = 0.84: 89.1/0.84 + 443.5 ohm per square."""
    assert bind(NFET, 840, 750, "tt").parameters["rsh"] == pytest.approx(89.1 / 0.84 + 443.5, rel=1e-12)


@pytest.mark.parametrize("name", ["", "a b", "x\n.control", "1x", "a.b"])
def test_model_name_is_checked(name: str) -> None:
    with pytest.raises(InputError, match="use letters, digits and _"):
        bind(NFET, 420, 540, "tt").card(name)


@pytest.mark.parametrize(
    ("w", "length"), [(410, 540), (420, 145), (1_010_000, 540), (420, 20_200), (-420, 540), (0, 0)]
)
def test_out_of_range_is_refused(w: int, length: int) -> None:
    message = (
        f"{NFET}: W/L = {w / 1e3:g}/{length / 1e3:g} um is outside the foundry's models; "
        "use 0.42 <= W < 1010 and 0.15 <= L < 20.2"
    )
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        bind(NFET, w, length, "tt")


def test_unknown_device_and_corner_are_refused() -> None:
    with pytest.raises(InputError, match=r"^unknown sky130 device 'nfet'; use one of: sky130_fd_pr__nfet_01v8, "):
        bind("nfet", 420, 540, "tt")
    with pytest.raises(InputError, match=r"^unknown sky130 corner 'mc'; use one of: tt, ss, ff, sf, fs$"):
        bind(NFET, 420, 540, "mc")
