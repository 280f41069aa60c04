"""Device noise of a soma and its synapses: what two readings of the same product differ by.

ngspice's noise analysis gives the spectrum of a synapse's output current; a reading averages the current over a time.
The test matrix is one row: a soma that drives one synapse for every code, as chips with analog multipliers are
characterized (BrainScaleS-2: every weight, several inputs, repeated readings). Means come from chips with mismatch
(what a calibration can know), deviations between readings from the noise (what nobody can).

By hand: in weak inversion every transistor carries shot noise 2 q I. Through a node with the time constant
tau = C n U_T / I it leaves a relative error of sqrt(q / (2 I tau)) of the current; see hand_estimate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import Floats
from somaforge.flow.engines.process import last_error, parse_raw, run_ngspice
from somaforge.generator.circuit import FlatNetlist, Mos
from somaforge.generator.design import Design, latch_nets
from somaforge.generator.names import SOMA, SYNAPSE
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130 import mismatch
from somaforge.pdk.sky130.binding import SCALE_OPTION, bind
from somaforge.pdk.templating import render

ELEMENTARY_CHARGE_C = 1.602176634e-19  # SI, exact
LOW_HZ, HIGH_HZ = 1.0, 1e10
"""Readings spread over a second do not see slower changes; nothing in a cell is faster than 10 GHz."""
PER_DECADE = 10
LEVELS = (1 / 3, 2 / 3, 1.0)
"""Input currents relative to full scale."""
READING_S = 1e-6
"""How long a reading averages."""
REPEATS = 30
TIMEOUT_S = 600.0


@dataclass(frozen=True)
class Point:
    """Where the cells are measured."""

    corner: str
    temperature_C: float
    supply_V: float
    wire_F: float
    """Wiring capacitance of each rail (Vp, Vn) for one synapse."""


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
    design: Design, point: Point, full_scale_A: float, seeds: Sequence[int], reading_s: float = READING_S
) -> NoiseMatrix:
    """The matrix of a design; ToolError if ngspice fails."""
    full = design.weights.full_scale
    codes = tuple(range(-full, full + 1))
    flat = _row(design, codes)
    levels = full_scale_A * np.array(LEVELS)
    spectra = [_spectra(flat, codes, point, levels, i) for i in range(len(levels))]
    shifts = [VirtualChip.of(design.spec.chips, s).shifts(flat, design.pdk) for s in seeds]
    means = np.array(
        [
            [[v[f"i(v_{k})"][i] for k in range(len(codes))] for i in range(len(levels))]
            for v in (_settled(flat, codes, point, levels, s) for s in shifts)
        ]
    )
    frequency, spectrum = spectra[0][0], np.array([s[1] for s in spectra])
    return NoiseMatrix(codes, levels, frequency, spectrum, means, tuple(seeds), reading_s)


def _row(design: Design, codes: Sequence[int]) -> FlatNetlist:
    """One soma and a synapse for each code, weights tied to the rails."""
    soma = design.library.flatten(design.cell(SOMA)).mos
    core = [m for m in design.library.flatten(design.cell(SYNAPSE)).mos if not m.name.startswith("x_latch_")]
    mos: list[Mos] = [replace(m, name=f"soma_{m.name}") for m in soma]
    for k, code in enumerate(codes):
        bits = design.weights.encode(np.array(code))
        nets = {n: "vdd" if b else "gnd" for n, b in zip(latch_nets(design.weights.bits), bits, strict=True)}
        nets |= {name: name for name in ("vdd", "gnd", "vp", "vn")}
        for m in core:
            d, g, s, b = (nets.get(n, f"{n}_{k}") for n in (m.d, m.g, m.s, m.b))
            mos.append(replace(m, name=f"syn_{k}_{m.name}", d=d, g=g, s=s, b=b))
    return replace(design.flat_without_memory, name="noise_row", mos=tuple(mos), capacitors=(), resistors=())


def _deck(
    flat: FlatNetlist,
    codes: Sequence[int],
    point: Point,
    levels: Floats,
    shifts: Floats | None,
    start: dict[str, float],
) -> str:
    kinds = {key: f"model_{i}" for i, key in enumerate(dict.fromkeys((m.device, m.w_nm, m.l_nm) for m in flat.mos))}
    bound = {key: bind(*key, point.corner) for key in kinds}
    lines = []
    for i, m in enumerate(flat.mos):
        key = (m.device, m.w_nm, m.l_nm)
        shift = "" if shifts is None else f" delvto={mismatch.sign(m.device) * shifts[i]:.9g}"
        lines.append(f"m{m.name} {m.d} {m.g} {m.s} {m.b} {kinds[key]}{bound[key].instance()}{shift}")
    rail = point.wire_F * len(codes)
    lines += [f"c_{net} {net} gnd {rail:.6e}" for net in ("vp", "vn") if rail > 0]
    for k in range(len(codes)):
        lines += [f"v_{k} out_{k} gnd {point.supply_V / 2:.9g}", f"h_{k} h_{k} gnd v_{k} 1"]
    lines += [f".nodeset {name}={value:.12g}" for name, value in start.items()]
    return render(
        "noise.sp.j2",
        title="noise of a row",
        scale_option=SCALE_OPTION,
        temperature=f"{point.temperature_C:.6g}",
        cards=[bound[key].card(name, exact=True) for key, name in kinds.items()],
        supply=f"{point.supply_V:.9g}",
        lines=lines,
        levels=[f"{level:.9e}" for level in levels],
        step=f"{levels[-1] - levels[-2] if len(levels) > 1 else 0:.9e}",
        outputs=range(len(codes)),
        spectra=bool(start),
        per_decade=PER_DECADE,
        low_Hz=f"{LOW_HZ:g}",
        high_Hz=f"{HIGH_HZ:g}",
    )


def _spectra(
    flat: FlatNetlist, codes: Sequence[int], point: Point, levels: Floats, level: int
) -> tuple[Floats, Floats]:
    """Frequencies and [codes, frequencies] at one input current.

    ngspice's noise analysis needs its other matrix solver, which does not find these cells' operating point by itself:
    it gets the one that KLU found. Without the foundry's diffusion resistance it fails even so (conductances of 1 kS).
    """
    settled = _settled(flat, codes, point, levels, None)
    start = {name: values[level] for name, values in settled.items() if name.startswith("v(")}
    values = _run(_deck(flat, codes, point, levels[level : level + 1], None, start), control=True)[1]
    if values.shape[1] != 2 or values.shape[0] % len(codes) != 0:
        raise ToolError(f"ngspice: {values.shape} numbers for {len(codes)} noise spectra")
    table = values.reshape(len(codes), -1, 2)
    return table[0, :, 0].copy(), table[..., 1].copy()


def _settled(
    flat: FlatNetlist, codes: Sequence[int], point: Point, levels: Floats, shifts: Floats | None
) -> dict[str, Floats]:
    """Every node voltage and source current, [levels]."""
    names, values = _run(_deck(flat, codes, point, levels, shifts, {}), control=False)
    if values.shape[0] != len(levels):
        raise ToolError(f"ngspice: {values.shape} numbers for {len(levels)} levels of {len(codes)} codes")
    return {name: values[:, i].copy() for i, name in enumerate(names)}


def _run(deck: str, *, control: bool) -> tuple[list[str], Floats]:
    run = run_ngspice(deck, TIMEOUT_S, control=control, what="noise of a row")
    try:
        return parse_raw(run.raw)
    except ValueError as error:
        raise ToolError(f"ngspice: noise of a row: {error}; {last_error(run.log)}") from None
