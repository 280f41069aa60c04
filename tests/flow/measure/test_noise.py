"""Device noise: integration against closed forms, ngspice's spectra against shot noise by hand."""

import json
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.measure.noise import (
    ELEMENTARY_CHARGE_C,
    NoiseMatrix,
    hand_estimate,
    measure,
    reading_sigma,
)
from somaforge.flow.measure.noise_row import Point
from somaforge.flow.report.noise import matrix as draw
from somaforge.generator.design import build
from somaforge.generator.spec import load_spec
from somaforge.pdk.models import OperatingPoint

FREQUENCY = np.geomspace(1.0, 1e10, 101)


def test_white_noise_averaged_over_a_time() -> None:
    """A white one-sided spectrum S averaged over T has the variance S / (2 T)."""
    sigma = reading_sigma(FREQUENCY, np.full((1, 101), 1e-26), 1e-6)
    assert sigma[0] == pytest.approx(np.sqrt(1e-26 / 2e-6), rel=0.01)


def test_one_pole_and_a_short_reading_is_the_hand_estimate() -> None:
    """2 q I through one pole, read in no time: variance q I / (2 tau)."""
    current, tau = 15e-9, 1e-6
    spectrum = 2 * ELEMENTARY_CHARGE_C * current / (1 + (2 * np.pi * FREQUENCY * tau) ** 2)
    sigma = reading_sigma(FREQUENCY, spectrum[None], 1e-9)
    assert sigma[0] / current == pytest.approx(hand_estimate(current, tau, 1), rel=0.02)


def test_readings_have_the_mean_and_the_deviation() -> None:
    codes, spectrum = (-1, 0, 1), np.full((2, 3, 101), 1e-24)
    means = np.arange(12, dtype=float).reshape(2, 2, 3) * 1e-9
    matrix = NoiseMatrix(codes, np.array([1e-9, 2e-9]), FREQUENCY, spectrum, means, (1, 2), 1e-6)
    drawn = matrix.readings(repeats=4000)
    assert drawn.shape == (4000, 2, 2, 3)
    np.testing.assert_allclose(drawn.mean(axis=0), means, atol=5 * matrix.sigma_A[0, 0] / np.sqrt(4000))
    np.testing.assert_allclose(drawn.std(axis=0), np.broadcast_to(matrix.sigma_A, means.shape), rtol=0.06)
    assert matrix.to_json()["repeats"] == 30


@pytest.mark.nightly
@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_matrix_of_the_iris_array(tmp_path: Path) -> None:
    """Every code of the real cells: noise grows with the code, and at 1 MHz it is some times one mirror's shot noise.

    In theory the output mirror's white noise alone is 2 q I. BSIM4's thermal model (tnoimod 1) gives less in weak
    inversion: 0.65 of it at a third of full scale; the soma and 1/f noise add to it. So the spectrum must lie between
    0.4 and 30 times 2 q I at 1 MHz, and above that at 1 Hz.
    """
    design = build(load_spec(Path(__file__).parents[3] / "examples/iris.yaml"))
    matrix = measure(
        design, Point(OperatingPoint("tt", 27.0, 1.8), 5e-15), 45e-9, seeds=[1, 2], timeout_s=60.0, evidence=tmp_path
    )
    assert matrix.codes == tuple(range(-7, 8))
    assert matrix.spectrum.shape == (3, 15, 101)
    mean, sigma = matrix.means_A.mean(axis=0), matrix.sigma_A
    assert np.all(np.diff(mean[:, 8:], axis=1) > 0)
    for wing in (sigma[:, 8:], sigma[:, 6::-1]):
        assert np.all(np.diff(wing, axis=1) > 0), "more unit mirrors, more noise"
    megahertz = int(np.argmin(np.abs(matrix.frequency_Hz - 1e6)))
    shot = 2 * ELEMENTARY_CHARGE_C * mean[:, 14]
    assert np.all(matrix.spectrum[:, 14, megahertz] > 0.4 * shot)
    assert np.all(matrix.spectrum[:, 14, megahertz] < 30 * shot)
    assert np.all(matrix.spectrum[:, 14, 0] > matrix.spectrum[:, 14, megahertz])
    relative = sigma[:, 14] / mean[:, 14]
    assert np.all((relative > 5e-4) & (relative < 0.02))


def test_plot_has_its_numbers() -> None:
    spectrum = np.full((2, 3, 101), 1e-24)
    means = np.arange(12, dtype=float).reshape(2, 2, 3) * 1e-9
    plot = draw(NoiseMatrix((-1, 0, 1), np.array([1e-9, 2e-9]), FREQUENCY, spectrum, means, (1, 2), 1e-6))
    assert plot.svg.startswith("<svg")
    assert json.loads(json.dumps(plot.data))["codes"] == [-1, 0, 1]
