"""Fully connected networks of many chips side by side, in torch: outputs, features, training of the last matrices.

A network is a list of matrices [chips, inputs + 1, units]; the last row is the bias, a weight from a constant 1.
Patterns are [patterns, inputs], the same for all chips, or [chips, patterns, inputs].
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Activation = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Recipe:
    """Adam on the cross entropy of labels, rate along a cosine to 0."""

    epochs: int
    batch: int
    rate: float


def start(layers: Sequence[int], chips: int, seed: int) -> list[Tensor]:
    """Random matrices, the same for all chips: uniform, variance of Glorot and Bengio (2010, eq. 16); no bias."""
    draw = torch.Generator().manual_seed(seed)
    found = []
    for inputs, units in pairwise(layers):
        edge = (6 / (inputs + units)) ** 0.5
        matrix = edge * (2 * torch.rand(inputs + 1, units, generator=draw) - 1)
        matrix[-1] = 0.0
        found.append(matrix.expand(chips, -1, -1).clone())
    return found


def features(x: Tensor, weights: Sequence[Tensor], activation: Activation) -> Tensor:
    """[chips, patterns, units] of the last of these layers, all of them with their activation; `x` without layers."""
    for matrix in weights:
        x = activation(x @ matrix[:, :-1] + matrix[:, -1:])
    return x


def outputs(x: Tensor, weights: Sequence[Tensor], activation: Activation) -> Tensor:
    """[chips, patterns, classes]; the last layer has no activation."""
    hidden = features(x, weights[:-1], activation)
    return hidden @ weights[-1][:, :-1] + weights[-1][:, -1:]


def accuracy(x: Tensor, labels: Tensor, weights: Sequence[Tensor], activation: Activation) -> list[float]:
    """[chips] share of the patterns whose largest output is that of the label."""
    with torch.no_grad():
        right = outputs(x, weights, activation).argmax(dim=-1) == labels
    found: list[float] = right.to(torch.float64).mean(dim=-1).tolist()
    return found


def learn(
    x: Tensor, labels: Tensor, weights: Sequence[Tensor], activation: Activation, recipe: Recipe, seed: int
) -> list[Tensor]:
    """These matrices after training; every chip on its own, on the same patterns in the same order."""
    found = [matrix.clone().requires_grad_() for matrix in weights]
    adam = torch.optim.Adam(found, lr=recipe.rate)
    draw = np.random.default_rng(seed)
    steps = recipe.epochs * (len(labels) // recipe.batch)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(steps, 1))
    for _ in range(recipe.epochs):
        order = torch.from_numpy(draw.permutation(len(labels)))
        for at in range(0, len(labels) - recipe.batch + 1, recipe.batch):
            chosen = order[at : at + recipe.batch]
            out = outputs(x[..., chosen, :], found, activation)
            wanted = labels[chosen].expand(len(out), -1).reshape(-1)
            # the sum over chips: each chip's gradient is that of its own mean
            loss = functional.cross_entropy(out.flatten(0, 1), wanted) * len(out)
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            falling.step()
    return [matrix.detach() for matrix in found]
