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
from somaforge.pdk.arrays import Floats

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
    exponents: tuple[Tensor, ...]
    """Per layer of somas: [somas]."""
    exponent: float
    """Their mean."""

    @classmethod
    def of(cls, calibration: Calibration, layers: tuple[int, ...], full_scale_A: float) -> "ChipModel":
        """The model of the first `layers[l]` neurons of each layer; `full_scale_A` is the current of an input of 1."""
        reference, tables = max(calibration.levels_A, default=1.0), []
        for m, (rows, columns) in enumerate(pairwise(layers)):
            tables.append(calibration.table(m)[:rows, :columns])
        exponents = [calibration.exponents_of(layer)[:size] for layer, size in enumerate(layers)]
        # signals are in full-scale currents, slopes hold at the highest level: it matters where somas differ
        slopes = [
            np.asarray(calibration.slopes[layer][:size]) * (full_scale_A / reference) ** (e - calibration.exponent)
            for layer, (size, e) in enumerate(zip(layers, exponents, strict=True))
        ]
        return cls(
            tuple(_tensor(t * s[:, None, None]) for t, s in zip(tables, slopes[:-1], strict=True)),
            _tensor(slopes[-1]),
            tuple(_tensor(e) for e in exponents),
            calibration.exponent,
        )

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
            signal = self.bent(signal, m) @ weights
            found.append(signal)
        return found

    def through_synapses(self, shadow: list[Tensor], x: Tensor, currents: list[Tensor]) -> Tensor:
        """Current through all synapses, those of negative weights too, mean over patterns: [candidates] in full-scale
        currents. It is most of what the supply gives; what a soma takes in is the small difference of its parts.

        `currents` as `currents` found them for these arguments; no gradient goes through them.
        """
        signal, found = x, torch.zeros(len(shadow[0]))
        for m, (values, into) in enumerate(zip(shadow, currents, strict=True)):
            row = self.weights(m, values).abs().sum(dim=-1)  # what a soma drives in all
            found = found + (self.bent(signal, m).mean(dim=-2) * row).sum(dim=-1)
            signal = into.detach()
        return found

    def forward(
        self, shadow: list[Tensor], x: Tensor, noise: Noise | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Outputs [candidates, patterns, classes]; see `currents`."""
        return self.bent(self.currents(shadow, x, noise, generator)[-1], len(shadow)) * self.outputs

    def bent(self, x: Tensor, layer: int) -> Tensor:
        """Current that somas of a layer hand on, x [..., somas] in full-scale currents; negative ones are cut off."""
        return torch.relu(x) * x.clamp(min=SMALLEST) ** (self.exponents[layer] - 1.0)

    def judged(self, x: Tensor) -> Tensor:
        """Outputs as a loss sees them, for currents x [..., classes] into the output somas: negative ones count, too,
        and what bends all outputs alike is left out."""
        return x * self.outputs * x.abs().clamp(min=SMALLEST) ** (self.exponents[-1] - self.exponent)


def _tensor(values: Floats) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


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
