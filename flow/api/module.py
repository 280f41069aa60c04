"""A chip as a torch module: forward is its measured model, gradients go through it, weights are rounded to codes."""

from itertools import pairwise

import torch
from torch import Tensor

from somaforge.flow import datasets
from somaforge.flow.engines.base import Program
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.chip_model import ChipModel, Noise
from somaforge.flow.learning.training import physical
from somaforge.generator.spec import Spec

LOWEST = -0.5
"""Of the first weights, over full scale; the highest is 1. Negative weights are the stronger ones on a chip: with as
many of both an output is often off for all patterns, and then nothing moves it."""


class ChipModule(torch.nn.Module):
    """A network on one chip, trained as you like.

    Its parameters are weights in units of code, [rows, columns] of each matrix. Forward sees them rounded to the codes
    that the latches hold, and with what characterization says of this chip; backward sees them as they are (dual-copy
    rounding, section 3.3 of arXiv:1606.07786). In training mode every forward draws errors of the unit mirrors anew.
    """

    def __init__(
        self, calibration: Calibration, spec: Spec, *, weight_noise: float | None = None, seed: int | None = None
    ) -> None:
        """`weight_noise` is the relative error of a unit mirror, the spec's without it; 0: none. `seed`: of weights and
        noise."""
        super().__init__()
        full_scale_A = spec.input.full_scale_A
        if full_scale_A is None:  # given as a mean over the patterns
            full_scale_A = datasets.load(spec.network.dataset).full_scale(spec.input)
        self.spec = spec
        self.full_scale = float(2**spec.array.bits - 1)
        self._model = ChipModel.of(calibration, spec.network.layers, full_scale_A)
        unit = spec.training.weight_noise if weight_noise is None else weight_noise
        self._noise = Noise.of(unit, spec.array.mirror.multiplier, calibration)
        self._random = torch.Generator().manual_seed(spec.training.seed if seed is None else seed)
        self.weights = torch.nn.ParameterList(
            (torch.rand(rows, columns, generator=self._random) * (1 - LOWEST) + LOWEST) * self.full_scale
            for rows, columns in pairwise(spec.network.layers)
        )

    def forward(self, patterns: Tensor) -> Tensor:
        """Output currents [patterns, classes] for patterns [patterns, inputs] from 0 to 1, both over full scale."""
        shadow = [w.clamp(-self.full_scale, self.full_scale).unsqueeze(0) for w in self.weights]
        noise = self._noise if self.training else None
        return self._model.forward(shadow, patterns, noise, self._random)[0]

    def codes(self) -> Program:
        """What to program: the weights rounded, in the sizes of the array."""
        kept = [w.detach().clamp(-self.full_scale, self.full_scale).round() for w in self.weights]
        return tuple(physical(w, self.spec, m) for m, w in enumerate(kept))
