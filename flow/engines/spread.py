"""How far the transistors of one size differ, for every law: one or two numbers that are drawn for each of them.

Laws that draw a threshold give it straight away. Others draw parameters of cards that are not those we simulate with
(sky130's binned cards: `voff`, `toxe` and `nfactor` as well). What counts is the current: sensitivities of ln I to each
of their deviates, on their card, give the covariance of ln I over the currents at which transistors work.
We draw a threshold alone where that has the same spread within ALONE; else a threshold and a shift of the gate that
acts in weak inversion alone (our card's `voff`), with the covariance that fits theirs best.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.interpolate import RectBivariateSpline
from scipy.optimize import least_squares

from somaforge.flow.engines.response import Curves, curves
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Deviates, Law, Models, Size, Spread

CURRENTS_A: Floats = np.geomspace(1e-9, 1e-6, 13)
"""At which spreads are compared."""
ALONE = 0.05
"""A threshold alone serves if sigma of ln I is that near everywhere."""
_UP_V = (0.01, 0.02, 0.035, 0.05, 0.07, 0.1, 0.14, 0.2, 0.3)
WEAK_V: Floats = np.array([*(-v for v in reversed(_UP_V)), 0.0, *_UP_V])
"""Weak shifts that are simulated: 4 standard deviations of the smallest p-channel unit."""
NODES = 9
"""Of the quadrature over one deviate."""


@lru_cache(maxsize=4096)
def spread(models: Models, size: Size, law: Law) -> Spread:
    """InputError for unknown devices and laws, and sizes outside the foundry's range; ToolError if ngspice fails."""
    found = models.mismatch(size, law)
    return found if isinstance(found, Spread) else _fitted(models, found)


def sigma_ln_I(models: Models, size: Size, current_A: float, law: Law) -> float:  # noqa: N802
    """Standard deviation of ln I of one saturated transistor at a gate voltage, where I without mismatch is
    `current_A`; at the nominal point.

    InputError as for spread, and for a current that the transistor does not carry below the nominal supply.
    """
    ours = _Ours.of(models, size, np.array([current_A]))
    return float(np.sqrt(ours.covariance(spread(models, size, law))[0, 0]))


@dataclass(frozen=True, eq=False)
class _Ours:
    """The transistor of our decks under both shifts."""

    log: RectBivariateSpline
    """ln I over weak shift and gate."""
    gates: Floats
    """Gate voltages [currents] in question."""

    @classmethod
    def of(cls, models: Models, size: Size, current_A: Floats) -> "_Ours":
        at = models.nominal
        elements = [models.bind(size, at, v) for v in WEAK_V.tolist()]
        found = curves(models, elements, at.supply_V / 2, at.temperature_C)
        spline = RectBivariateSpline(WEAK_V, found.gates, found.log.T, s=0)
        return cls(spline, _gates(found, len(WEAK_V) // 2, current_A, size.device))

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


def _fitted(models: Models, drawn: Deviates) -> Spread:
    size = drawn.nominal.size
    theirs = _theirs(models, drawn)
    wanted = theirs.T @ theirs
    sigma = np.sqrt(np.diag(wanted))
    ours, scale = _Ours.of(models, size, CURRENTS_A), np.outer(sigma, sigma)
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


def _theirs(models: Models, drawn: Deviates) -> Floats:
    """What one standard deviation of each of the foundry's deviates does to ln I: [deviates, CURRENTS_A]."""
    moved = [element for pair in drawn.moved.values() for element in pair]
    at = models.nominal
    found = curves(models, [drawn.nominal, *moved], at.supply_V / 2, at.temperature_C)
    gates = _gates(found, 0, CURRENTS_A, drawn.nominal.size.device)
    halves = [(found.log[:, i] - found.log[:, i + 1]) / 2 for i in range(1, found.log.shape[1], 2)]
    return np.array([np.interp(gates, found.gates, half) for half in halves])


def _gates(found: Curves, element: int, current_A: Floats, device: str) -> Floats:
    """Gate voltages [currents] of a curve; InputError if it does not reach them."""
    log = found.log[:, element]
    # the curve rises from its lowest point on: below, it is leakage
    rising = int(np.argmin(log)) + 1
    nominal, wanted = np.maximum.accumulate(log[rising:]), np.log(current_A)
    if wanted.min() < nominal[0] or wanted.max() > nominal[-1]:
        raise InputError(
            f"{device}: {current_A.min():.3g} to {current_A.max():.3g} A is not what this size carries; "
            f"use {np.exp(nominal[0]):.3g} to {np.exp(nominal[-1]):.3g} A"
        )
    gates: Floats = np.interp(wanted, nominal, found.gates[rising:])
    return gates
