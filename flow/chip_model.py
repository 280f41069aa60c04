"""The forward model of a calibrated chip as a torch function, for many candidate networks at once.

The equations are those of flow/calibration.py. Shadow weights are floats in code units; the forward pass sees
them rounded to codes, the backward pass does not (dual-copy rounding, the paper's section 3.3).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from somaforge.flow.calibration import Calibration

SMALLEST = 1e-6
"""Of the full-scale current: below it a soma is a straight line, because the power law is infinitely steep at 0."""


@dataclass(frozen=True)
class Noise:
    """What differs between the real chip and its calibration, relative to the current of a unit mirror.

    Every code of magnitude c is c unit mirrors in parallel, so its error is sqrt(c) times the unit's. The rails of
    a soma are driven by its own mirrors: their error on negative weights is common to a row and is not measured
    per soma (M3 and M4, `multiplier` units each). The measured slope itself has the error of the weights that it
    was measured through.
    """

    unit: float
    negative_rail: float
    slope: float

    @classmethod
    def from_unit(cls, unit: float, multiplier: int) -> "Noise":
        """Errors of a row from the unit mirror's: two mirrors of `multiplier` units; a slope of about 10 units."""
        return cls(unit, unit * (2.0 / multiplier) ** 0.5, 0.3 * unit)


@dataclass(frozen=True)
class ChipModel:
    """Constants of one chip as tensors, cut to the neurons that the network uses."""

    slopes: tuple[Tensor, ...]
    negative_strength: tuple[float, ...]
    code_gain: Tensor
    exponent: float

    @classmethod
    def of(cls, calibration: Calibration, layers: tuple[int, ...]) -> "ChipModel":
        """The model of the first `layers[l]` neurons of each layer."""
        slopes = tuple(
            torch.tensor(s[:n], dtype=torch.float32) for s, n in zip(calibration.slopes, layers, strict=True)
        )
        return cls(
            slopes,
            calibration.negative_strength,
            torch.tensor(calibration.code_gain, dtype=torch.float32),
            calibration.exponent,
        )

    def weights(self, matrix: int, shadow: Tensor) -> Tensor:
        """Weights in positive unit mirrors, of shadow weights [..., rows, columns]; straight-through gradient."""
        magnitude = shadow.abs()
        gain = self.code_gain[magnitude.detach().round().long()]
        through = gain + (magnitude - magnitude.detach())
        sign = torch.sign(shadow.detach())
        return through * torch.where(sign < 0, -self.negative_strength[matrix], sign)

    def forward(
        self, shadow: list[Tensor], x: Tensor, noise: Noise | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Outputs [candidates, patterns, classes] of shadow [candidates, rows, columns] and x [patterns, rows]."""
        signal = x
        for m, values in enumerate(shadow):
            weights = self.weights(m, values) * self.slopes[m][:, None]
            if noise is not None:
                weights = _disturb(weights, values, noise, generator)
            signal = self.bent(signal) @ weights
        return self.bent(signal) * self.slopes[-1]

    def bent(self, x: Tensor) -> Tensor:
        """Current that a soma hands on, x [..., somas] in full-scale currents; negative currents are cut off."""
        return torch.relu(x) * x.clamp(min=SMALLEST) ** (self.exponent - 1.0)


def _disturb(weights: Tensor, shadow: Tensor, noise: Noise, generator: torch.Generator | None) -> Tensor:
    """One draw of chip errors for every candidate."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    code = shadow.detach().abs().round()
    candidates, rows, columns = shadow.shape
    unit = 1.0 + noise.unit * normal(candidates, rows, columns) / code.clamp(min=1.0).sqrt()
    slope = torch.exp(noise.slope * normal(candidates, rows, 1))
    rail = torch.exp(noise.negative_rail * normal(candidates, rows, 1))
    return weights * unit * slope * torch.where(shadow.detach() < 0, rail, torch.ones_like(rail))
