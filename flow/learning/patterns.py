"""The training patterns of a data set, and those held out from training for choices."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.datasets import Dataset
from somaforge.flow.learning.training import tensors

HOLD = 11
"""Every eleventh training pattern is held out for choices: 5,455 of MNIST's 60,000. An odd number: the images of MNIST
come in turn from two sources, and those of even index are harder (7 % errors against 3 % of an early network)."""
PLAIN = 0.05
"""Share of the epochs at the end without augmentation: a network ends on the patterns as they are."""


@dataclass(frozen=True)
class Patterns:
    """Training and held-out patterns as tensors; a generator of augmented ones."""

    x: Tensor
    y: Tensor
    held_x: Tensor
    held_y: Tensor
    draw: Callable[[], Tensor] | None
    """Training patterns anew, in the order of `x`; None if they are always the same."""

    @classmethod
    def of(cls, dataset: Dataset, seed: int, augment: bool) -> "Patterns":
        """Of that data set; `seed` decides how patterns are augmented."""
        x, y = tensors(dataset.train_x, dataset.train_y)
        held = torch.zeros(len(y), dtype=torch.bool)
        held[::HOLD] = True
        made = dataset.augmented
        draw = None
        if augment and made is not None:
            generator = np.random.default_rng(seed)

            def draw() -> Tensor:
                return torch.tensor(made(generator), dtype=torch.float32)[~held]

        return cls(x[~held], y[~held], x[held], y[held], draw)

    def of_epoch(self, epoch: int, epochs: int) -> Tensor:
        """What epoch `epoch` of `epochs` is trained on, in the order of `x`."""
        last = epoch >= epochs - max(1, round(PLAIN * epochs))
        return self.x if last or self.draw is None else self.draw()
