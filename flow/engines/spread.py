"""How far the transistors of one size differ, for every law: one or two numbers that are drawn for each of them.

Laws whose models draw a threshold (continuous, pelgrom) give it straight away. The foundry's binned cards draw `voff`,
`toxe` and `nfactor` as well, on cards that are not those we simulate with. What counts is the current: sensitivities of
ln I to each of their deviates, on their card, give the covariance of ln I over the currents at which transistors work.
We draw a threshold alone where that has the same spread within ALONE; else a threshold and a shift of the gate that
acts in weak inversion alone (our card's `voff`), with the covariance that fits theirs best.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import least_squares

from somaforge.flow.engines.base import Floats
from somaforge.flow.engines.response import GATES, curves
from somaforge.pdk.base import Law
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130 import binned, mismatch
from somaforge.pdk.sky130.binding import bind

CURRENTS_A: Floats = np.geomspace(1e-9, 1e-6, 13)
"""At which spreads are compared."""
ALONE = 0.05
"""A threshold alone serves if sigma of ln I is that near everywhere."""
DRAIN_V = 0.9
_UP_V = (0.01, 0.02, 0.035, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3)
WEAK_V: Floats = np.array([*(-v for v in reversed(_UP_V)), 0.0, *_UP_V])
"""Weak shifts that are simulated: 4 standard deviations of the smallest p-channel unit."""
NODES = 9
"""Of the quadrature over one deviate."""


@dataclass(frozen=True)
class Spread:
    """Standard deviations of one transistor."""

    vth_V: float
    weak_V: float = 0.0
    """Of the shift that acts in weak inversion alone."""
    correlation: float = 0.0
    """Of the two."""


def spread(device: str, w_nm: int, l_nm: int, law: Law = "continuous") -> Spread:
    """InputError for unknown devices and sizes outside the foundry's range; ToolError if ngspice fails."""
    if law == "continuous" or law == "pelgrom":
        return Spread(mismatch.sigma_vth_V(device, w_nm, l_nm, law))
    return _fitted(device, w_nm, l_nm, law)


def sigma_ln_I(device: str, w_nm: int, l_nm: int, current_A: float, law: Law = "continuous") -> float:  # noqa: N802
    """Standard deviation of ln I of one saturated transistor at a gate voltage, where I without mismatch is
    `current_A`; tt and 27 C.

    InputError as for spread, and for a current that the transistor does not carry below 1.8 V.
    """
    ours = _Ours.of(device, w_nm, l_nm, np.array([current_A]))
    return float(np.sqrt(ours.covariance(spread(device, w_nm, l_nm, law))[0, 0]))


@dataclass(frozen=True, eq=False)
class _Ours:
    """The transistor of our decks under both shifts."""

    log: RectBivariateSpline
    """ln I over weak shift and gate."""
    gates: Floats
    """Gate voltages [currents] in question."""

    @classmethod
    def of(cls, device: str, w_nm: int, l_nm: int, current_A: Floats) -> "_Ours":
        log = curves([bind(device, w_nm, l_nm, "tt", v) for v in WEAK_V.tolist()], DRAIN_V)
        return cls(RectBivariateSpline(WEAK_V, GATES, log.T, s=0), _gates(log[:, len(WEAK_V) // 2], current_A, device))

    def covariance(self, sigma: Spread) -> Floats:
        """Of ln I between the gate voltages, by quadrature over both deviates: shifts are too wide for a slope."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
        first, second = (z.ravel() for z in np.meshgrid(nodes, nodes))
        weight = np.outer(weights, weights).ravel() / weights.sum() ** 2
        vth = sigma.vth_V * first
        weak = sigma.weak_V * (sigma.correlation * first + np.sqrt(1 - sigma.correlation**2) * second)
        weak = np.clip(weak, WEAK_V[0], WEAK_V[-1])
        log = self.log.ev(weak, self.gates[:, None] - vth)
        off = log - log @ weight[:, None]
        found: Floats = (off * weight) @ off.T
        return found


@lru_cache(maxsize=256)
def _fitted(device: str, w_nm: int, l_nm: int, law: binned.BinnedLaw) -> Spread:
    theirs = _theirs(binned.drawn(device, w_nm, l_nm, law))
    wanted = theirs.T @ theirs
    sigma = np.sqrt(np.diag(wanted))
    ours, scale = _Ours.of(device, w_nm, l_nm, CURRENTS_A), np.outer(sigma, sigma)
    slope = ours.log.ev(0.0, ours.gates, dy=1)
    alone = sigma / slope
    if alone.max() <= alone.min() * (1 + ALONE) / (1 - ALONE):
        return Spread(float(np.sqrt(alone.min() * alone.max())))

    def made(p: Floats) -> Spread:
        """Of the root of a covariance: any three numbers are one."""
        weak = float(np.hypot(p[1], p[2]))
        return Spread(abs(float(p[0])), weak, float(np.sign(p[0]) * p[1] / weak) if weak > 0 else 0.0)

    def wrong(p: Floats) -> Floats:
        found: Floats = ((ours.covariance(made(p)) - wanted) / scale).ravel()
        return found

    start = float(alone.min())
    return made(least_squares(wrong, [start, 0.0, start], x_scale=start).x)


def _theirs(drawn: binned.Drawn) -> Floats:
    """What one standard deviation of each of the foundry's deviates does to ln I: [deviates, CURRENTS_A]."""
    moved = [drawn.moved(name, sigmas) for name in drawn.deviations for sigmas in (1, -1)]
    log = curves([drawn.card, *moved], DRAIN_V)
    at = _gates(log[:, 0], CURRENTS_A, drawn.card.device)
    halves = [(log[:, i] - log[:, i + 1]) / 2 for i in range(1, log.shape[1], 2)]
    return np.array([np.interp(at, GATES, half) for half in halves])


def _gates(log: Floats, current_A: Floats, device: str) -> Floats:
    """Gate voltages [currents] of a curve `log`; InputError if it does not reach them."""
    # the curve rises from its lowest point on: below, it is leakage
    rising = int(np.argmin(log)) + 1
    nominal, wanted = np.maximum.accumulate(log[rising:]), np.log(current_A)
    if wanted.min() < nominal[0] or wanted.max() > nominal[-1]:
        raise InputError(
            f"{device}: {current_A.min():.3g} to {current_A.max():.3g} A is not what this size carries; "
            f"use {np.exp(nominal[0]):.3g} to {np.exp(nominal[-1]):.3g} A"
        )
    found: Floats = np.interp(wanted, nominal, GATES[rising:])
    return found
