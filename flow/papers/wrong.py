"""Weights as a chip has them: Gaussian errors, codes of a few bits, mismatch of unit mirrors."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from somaforge.flow.engines.spread import sigma_ln_I
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.models import Size

CURRENT_A = 15e-9
"""Mean input current of the paper and of examples/mnist.yaml: where the spread of a unit is taken."""
SCALES = tuple(0.3 + 0.05 * k for k in range(15))
"""Largest code over the largest weight, of which the best is taken: a few large weights may be cut off."""


def gaussian(weights: Tensor, alpha: float, draw: torch.Generator) -> Tensor:
    """Every weight times 1 + alpha z, z a standard normal number."""
    return weights * (1 + alpha * torch.randn(weights.shape, generator=draw))


def error_of_a_sum(weights: Tensor, inputs: Tensor, alpha: float) -> float:
    """By hand: the standard deviation of the sum of weights times inputs under `gaussian`; errors are independent."""
    return alpha * float(((weights * inputs) ** 2).sum().sqrt())


@dataclass(frozen=True)
class Unit:
    """A synapse of unit mirrors: bit k has 2^k units in parallel, positive weights p devices, negative ones n."""

    sigma_n: float
    """Standard deviation of ln I of one unit."""
    sigma_p: float
    bits: int
    law: str

    @staticmethod
    def of(spec: Spec) -> "Unit":
        """The spec's unit under its law of mismatch; ToolError if the simulator that the spread is taken from fails."""
        design = build(spec)
        size = design.sizes.unit
        n, p = (
            sigma_ln_I(
                design.pdk.models,
                Size(design.pdk.device(kind, "standard").name, size.w, size.l),
                CURRENT_A,
                spec.chips.law,
            )
            for kind in ("n", "p")
        )
        return Unit(n, p, spec.array.bits, spec.chips.law)

    def spread(self, bit: int, sigma: float) -> float:
        """By hand: relative standard deviation of a bit's current, a mean of 2^bit log-normal units."""
        return math.sqrt(math.expm1(sigma**2) / 2**bit)

    def codes(self, weights: Tensor) -> tuple[Tensor, float]:
        """Whole numbers from -(2^bits - 1) to 2^bits - 1, and the weight of 1: the one that leaves the least error."""
        top = 2**self.bits - 1
        largest = float(weights.abs().max())
        found = []
        for scale in SCALES:
            one = scale * largest / top
            code = (weights / one).round().clamp(-top, top)
            found.append((float(((code * one - weights) ** 2).sum()), one, code))
        _, one, code = min(found, key=lambda f: f[0])
        return code, one

    def mismatched(self, weights: Tensor, times: float, draw: torch.Generator) -> Tensor:
        """These weights [chips, ...] as codes on units with `times` the spread; 0: the codes alone.

        A calibration knows the mean current of a unit, so each sign is divided by it; somas are exact.
        """
        code, one = self.codes(weights)
        magnitude = code.abs().to(torch.int64)
        found = torch.zeros_like(weights)
        for bit in range(self.bits):
            on = (magnitude >> bit) & 1
            for sign, sigma in ((1, self.sigma_p * times), (-1, self.sigma_n * times)):
                here = (on == 1) & (code.sign() == sign)
                units = torch.randn((int(here.sum()), 2**bit), generator=draw)
                found[here] += sign * 2**bit * torch.exp(sigma * units - sigma**2 / 2).mean(dim=1)
        return found * one
