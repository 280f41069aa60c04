"""A small convolutional network in torch: kernels as matrices, so that errors of weights are those of dense layers.

A kernel is a matrix [3 * 3 * inputs + 1, channels], the bias in the last row. Every layer is a convolution of 3 x 3
with a border of zeros, ReLU, and the largest of every 2 x 2.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from somaforge.flow.papers import stack

WINDOW = 3
BATCH = 500
"""Pictures that go through at once where nothing is trained."""


def start(channels: Sequence[int], seed: int) -> list[Tensor]:
    """Random kernels: normal with the variance of He et al. (arXiv:1502.01852, eq. 10); no bias."""
    draw = torch.Generator().manual_seed(seed)
    found = []
    for inputs, outputs in pairwise(channels):
        rows = WINDOW * WINDOW * inputs
        matrix = torch.randn(rows + 1, outputs, generator=draw) * (2 / rows) ** 0.5
        matrix[-1] = 0.0
        found.append(matrix)
    return found


def features(x: Tensor, kernels: Sequence[Tensor]) -> Tensor:
    """[pictures, channels * side * side / 4^layers] of pictures [n, inputs, side, side]."""
    for matrix in kernels:
        weight = matrix[:-1].T.reshape(matrix.shape[1], -1, WINDOW, WINDOW)
        x = functional.max_pool2d(functional.relu(functional.conv2d(x, weight, matrix[-1], padding=1)), 2)
    return x.flatten(1)


def seen(x: Tensor, kernels: Sequence[Tensor]) -> Tensor:
    """The same in parts and without gradients."""
    with torch.no_grad():
        return torch.cat([features(part, kernels) for part in torch.split(x, BATCH)])


def learn(
    x: Tensor, labels: Tensor, kernels: Sequence[Tensor], last: Sequence[Tensor], recipe: stack.Recipe, seed: int
) -> tuple[list[Tensor], list[Tensor]]:
    """Kernels and dense matrices (stack.py, of one chip) after training together; pictures are mirrored at random."""
    found = [matrix.clone().requires_grad_() for matrix in (*kernels, *last)]
    adam = torch.optim.Adam(found, lr=recipe.rate)
    draw = np.random.default_rng(seed)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(recipe.epochs * (len(labels) // recipe.batch), 1))
    for _ in range(recipe.epochs):
        order = torch.from_numpy(draw.permutation(len(labels)))
        for chosen in torch.split(order, recipe.batch)[: len(labels) // recipe.batch]:
            part = x[chosen]
            mirrored = torch.from_numpy(draw.random(len(part)) < 0.5)
            part = torch.where(mirrored[:, None, None, None], part.flip(-1), part)
            hidden = features(part, found[: len(kernels)])
            loss = functional.cross_entropy(stack.outputs(hidden, found[len(kernels) :], torch.relu)[0], labels[chosen])
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            falling.step()
    done = [matrix.detach() for matrix in found]
    return done[: len(kernels)], done[len(kernels) :]
