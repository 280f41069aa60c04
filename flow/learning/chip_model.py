"""The forward model of a calibrated chip as a torch function, for many candidate networks at once.

The equations are those of flow/learning/calibration.py. Shadow weights are floats in code units; the forward pass sees
them rounded to codes, the backward pass does not (dual-copy rounding, the paper's section 3.3).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.learning.calibration import Calibration

SMALLEST = 1e-6
"""Of the full-scale current: below it a soma is a straight line, because the power law is infinitely steep at 0."""

LEFT = 0.25
"""Error of a unit mirror whose strength was measured, over that of one that was not: mismatch in current shrinks above
weak inversion and the fit of the curve is not perfect (12 % become 3 %; tests/flow/learning/test_strengths.py)."""


@dataclass(frozen=True)
class Noise:
    """What differs between the real chip and its calibration, relative to the current of a unit mirror.

    Every code of magnitude c is c unit mirrors in parallel, so its error is sqrt(c) times the unit's. The rails of a
    soma are driven by its own mirrors: their error on negative weights is common to a row and is not measured per soma
    (M3 and M4, `multiplier` units each). The measured slope itself has the error of the weights that it was measured
    through. Where the strength of every bit was measured, only what the model does not describe is left.
    """

    unit: float
    negative_rail: float
    slope: float

    @classmethod
    def from_unit(cls, unit: float, multiplier: int) -> "Noise":
        """Errors of a row from the unit mirror's: two mirrors of `multiplier` units; a slope of about 10 units."""
        return cls(unit, unit * (2.0 / multiplier) ** 0.5, 0.3 * unit)

    @classmethod
    def of(cls, unit: float, multiplier: int, calibration: Calibration) -> "Noise | None":
        """What is left unknown by that calibration; None if `unit` is 0."""
        if unit <= 0:
            return None
        if not calibration.positive:
            return cls.from_unit(unit, multiplier)
        return cls(LEFT * unit, 0.0, 0.0)


@dataclass(frozen=True)
class ChipModel:
    """Constants of one chip as tensors, cut to the neurons that the network uses."""

    tables: tuple[Tensor, ...]
    """Per matrix [rows, columns, codes]: what a synapse hands on per (bent) current into its soma, for each code."""
    outputs: Tensor
    """[classes]: slopes of the output somas."""
    exponent: float

    @classmethod
    def of(cls, calibration: Calibration, layers: tuple[int, ...]) -> "ChipModel":
        """The model of the first `layers[l]` neurons of each layer."""
        tables = []
        for m, (rows, columns) in enumerate(pairwise(layers)):
            slopes = np.asarray(calibration.slopes[m][:rows])[:, None, None]
            tables.append(torch.tensor(calibration.table(m)[:rows, :columns] * slopes, dtype=torch.float32))
        outputs = torch.tensor(calibration.slopes[-1][: layers[-1]], dtype=torch.float32)
        return cls(tuple(tables), outputs, calibration.exponent)

    def weights(self, matrix: int, shadow: Tensor) -> Tensor:
        """Weights of shadow [candidates, rows, columns]; the gradient sees the mean step of the codes of that sign."""
        table = self.tables[matrix]
        full = (table.shape[-1] - 1) // 2
        fixed = shadow.detach()
        values = table.expand(len(shadow), *table.shape).gather(-1, (fixed.round().long() + full).unsqueeze(-1))
        step = torch.where(fixed < 0, -table[..., 0], table[..., -1]) / full
        return values.squeeze(-1) + step * (shadow - fixed)

    def currents(
        self, shadow: list[Tensor], x: Tensor, noise: Noise | None = None, generator: torch.Generator | None = None
    ) -> list[Tensor]:
        """Currents into the somas of every layer but the first, negative ones included: [candidates, patterns, somas].

        `shadow` is [candidates, rows, columns] per matrix, `x` [patterns, rows], all in full-scale currents.
        """
        found, signal = [], x
        for m, values in enumerate(shadow):
            weights = self.weights(m, values)
            if noise is not None:
                weights = _disturb(weights, values, noise, generator)
            signal = self.bent(signal) @ weights
            found.append(signal)
        return found

    def forward(
        self, shadow: list[Tensor], x: Tensor, noise: Noise | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Outputs [candidates, patterns, classes]; see `currents`."""
        return self.bent(self.currents(shadow, x, noise, generator)[-1]) * self.outputs

    def bent(self, x: Tensor) -> Tensor:
        """Current that a soma hands on, x [..., somas] in full-scale currents; negative currents are cut off."""
        if self.exponent == 1.0:
            return torch.relu(x)
        return torch.relu(x) * x.clamp(min=SMALLEST) ** (self.exponent - 1.0)


def _disturb(weights: Tensor, shadow: Tensor, noise: Noise, generator: torch.Generator | None) -> Tensor:
    """One draw of chip errors for every candidate."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    code = shadow.detach().abs().round().clamp(min=1.0)
    candidates, rows, columns = shadow.shape
    found = weights * (1.0 + noise.unit * normal(candidates, rows, columns) / code.sqrt())
    if noise.slope == noise.negative_rail == 0.0:
        return found
    slope = torch.exp(noise.slope * normal(candidates, rows, 1))
    rail = torch.exp(noise.negative_rail * normal(candidates, rows, 1))
    return found * slope * torch.where(shadow.detach() < 0, rail, torch.ones_like(rail))
