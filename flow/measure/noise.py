"""Device noise of a soma and its synapses: what two readings of the same product differ by.

ngspice's noise analysis gives the spectrum of a synapse's output current; a reading averages the current over a time.
The test matrix is one row: a soma that drives one synapse for every code, as chips with analog multipliers are
characterized (BrainScaleS-2: every weight, several inputs, repeated readings). Means come from chips with mismatch
(what a calibration can know), deviations between readings from the noise (what nobody can).

By hand: in weak inversion every transistor carries shot noise 2 q I. Through a node with the time constant
tau = C n U_T / I it leaves a relative error of sqrt(q / (2 I tau)) of the current; see hand_estimate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.measure.noise_row import RAILS, Point, Row
from somaforge.generator.design import Design
from somaforge.pdk.arrays import Floats

ELEMENTARY_CHARGE_C = 1.602176634e-19  # SI, exact
LEVELS = (1 / 3, 2 / 3, 1.0)
"""Input currents relative to full scale."""
READING_S = 1e-6
"""How long a reading averages."""
REPEATS = 30


@dataclass(frozen=True, eq=False)
class NoiseMatrix:
    """One soma and a synapse for every code, at several input currents."""

    codes: tuple[int, ...]
    inputs_A: Floats
    """[levels]."""
    frequency_Hz: Floats
    spectrum: Floats
    """[levels, codes, frequencies] in A^2/Hz, of the output current at half the supply."""
    means_A: Floats
    """[chips, levels, codes] settled output currents with each chip's mismatch."""
    seeds: tuple[int, ...]
    reading_s: float

    @property
    def sigma_A(self) -> Floats:  # noqa: N802 (a unit)
        """[levels, codes] standard deviation between readings."""
        return reading_sigma(self.frequency_Hz, self.spectrum, self.reading_s)

    def readings(self, repeats: int = REPEATS, seed: int = 1) -> Floats:
        """[repeats, chips, levels, codes] in A: drawn around each chip's means with the noise's deviation."""
        drawn = np.random.default_rng(seed).standard_normal((repeats, *self.means_A.shape))
        return self.means_A + drawn * self.sigma_A

    def to_json(self) -> dict[str, Any]:
        """What the report draws, and the statistics of the drawn readings."""
        drawn = self.readings()
        return {
            "codes": list(self.codes),
            "inputs_A": self.inputs_A,
            "reading_s": self.reading_s,
            "repeats": REPEATS,
            "seeds": list(self.seeds),
            "frequency_Hz": self.frequency_Hz,
            "spectrum_A2_per_Hz": self.spectrum,
            "sigma_A": self.sigma_A,
            "means_A": self.means_A,
            "reading_mean_A": drawn.mean(axis=(0, 1)),
            "reading_deviation_A": drawn.std(axis=0, ddof=1).mean(axis=0),
            "chip_deviation_A": self.means_A.std(axis=0, ddof=1),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "NoiseMatrix":
        """The value that to_json wrote."""
        return NoiseMatrix(
            tuple(data["codes"]),
            np.array(data["inputs_A"]),
            np.array(data["frequency_Hz"]),
            np.array(data["spectrum_A2_per_Hz"]),
            np.array(data["means_A"]),
            tuple(data["seeds"]),
            data["reading_s"],
        )


def reading_sigma(frequency_Hz: Floats, spectrum: Floats, reading_s: float) -> Floats:
    """Standard deviation of the mean over `reading_s` of a current with that one-sided spectrum [..., frequencies].

    A mean over T multiplies the spectrum with (sin(pi f T) / (pi f T))^2; between the points, the product is a straight
    line on a fine logarithmic grid.
    """
    fine = np.geomspace(frequency_Hz[0], frequency_Hz[-1], 20_000)
    logs = np.log(np.maximum(spectrum, 1e-60)).reshape(-1, len(frequency_Hz))
    dense = np.exp([np.interp(np.log(fine), np.log(frequency_Hz), row) for row in logs])
    # np.sinc is sin(pi x) / (pi x); beyond some 1/T the grid cannot follow it: its mean square is 1 / (2 (pi f T)^2)
    x = fine * reading_s
    weight = np.where(x < 10, np.sinc(x) ** 2, 1 / (2 * (np.pi * x) ** 2))
    variance = np.trapezoid(dense * weight, fine, axis=-1)
    sigma: Floats = np.sqrt(variance).reshape(spectrum.shape[:-1])
    return sigma


def hand_estimate(current_A: float, tau_s: float, transistors: int) -> float:
    """Relative error of a mirror's current from the shot noise of `transistors` behind a node's time constant.

    A one-sided spectrum 2 q I over the noise bandwidth 1 / (4 tau) of one pole has the variance q I / (2 tau).
    """
    return float(np.sqrt(transistors * ELEMENTARY_CHARGE_C / (2 * current_A * tau_s)))


def measure(
    design: Design,
    point: Point,
    full_scale_A: float,
    seeds: Sequence[int],
    reading_s: float = READING_S,
    *,
    timeout_s: float,
    evidence: Path,
) -> NoiseMatrix:
    """The matrix of a design; ToolError if ngspice fails, its deck in `evidence`. `timeout_s`: of one of its runs."""
    row = Row(design, point, full_scale_A * np.array(LEVELS), timeout_s, evidence)
    codes = row.codes
    settled = [row.settled(code) for code in codes]
    wire = point.wire_F * len(codes)
    whole = {rail: wire + sum((s.gates_F[rail] for s in settled), 0 * row.levels) for rail in RAILS}
    spectra = []
    for level in range(len(row.levels)):
        for code, start in zip(codes, settled, strict=True):
            rest = {rail: float(whole[rail][level] - start.gates_F[rail][level]) for rail in RAILS}
            spectra.append(row.spectrum(code, level, start, rest))
    chips = [VirtualChip.of(design.spec.chips, seed) for seed in seeds]
    means = np.array([[row.mean(code, chip) for code in codes] for chip in chips]).swapaxes(1, 2)
    spectrum = np.array([s for _, s in spectra]).reshape(len(row.levels), len(codes), -1)
    return NoiseMatrix(codes, row.levels, spectra[0][0], spectrum, means, tuple(seeds), reading_s)
