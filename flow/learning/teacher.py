"""A wide network in floats whose judgement of a pattern replaces its label when a small network is trained.

Distillation (Hinton, Vinyals, Dean, arXiv:1503.02531): the teacher's shares of all classes, made softer by a
temperature, say what a pattern resembles beside its class: a smoother aim for codes of a few bits than a label.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from somaforge.flow.learning.patterns import Patterns
from somaforge.flow.learning.training import one_thread

TEMPERATURE = 3.0
"""Of the softened shares. From 2 to 4 it makes no difference that 5,455 held-out images of MNIST could show."""
DROPOUT = 0.2
"""Of hidden values, while the teacher learns."""
BATCH = 256
RATE, DECAY = 2e-3, 0.01
"""Largest step size and weight decay of AdamW; the step size rises for a tenth of the steps and then falls to 0."""
CHECK = 5000
"""Patterns in one tensor when nothing is learned."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Teacher:
    """Rectified layers with biases on patterns that are shifted and scaled first."""

    shift: Tensor
    """[features]"""
    scale: Tensor
    """[]"""
    weights: tuple[Tensor, ...]
    """[rows, columns]"""
    biases: tuple[Tensor, ...]
    """[columns]"""

    def logits(self, x: Tensor, dropout: float = 0.0) -> Tensor:
        """[patterns, classes] for patterns [patterns, features]."""
        signal = (x - self.shift) / self.scale
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            signal = torch.relu(torch.addmm(bias, signal, weight))
            if dropout > 0:
                signal = functional.dropout(signal, dropout)
        return torch.addmm(self.biases[-1], signal, self.weights[-1])

    def judge(self, x: Tensor) -> Tensor:
        """Softened shares [patterns, classes] of the classes; each row adds up to 1."""
        with torch.no_grad():
            return torch.cat(
                [functional.softmax(self.logits(part) / TEMPERATURE, -1) for part in torch.split(x, CHECK)]
            )

    def accuracy(self, x: Tensor, y: Tensor) -> float:
        """Share of patterns whose class has the largest logit."""
        return float((self.judge(x).argmax(dim=-1) == y).float().mean())


def teach(patterns: Patterns, width: int, epochs: int, seed: int, progress: Progress | None = None) -> Teacher:
    """A teacher with two hidden layers of `width`, trained on the training patterns (not the held-out ones)."""
    sizes = (patterns.x.shape[1], width, width, int(patterns.y.max()) + 1)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        # He's initial weights for rectified layers
        weights = tuple((torch.randn(a, b) * math.sqrt(2 / a)).requires_grad_() for a, b in pairwise(sizes))
        biases = tuple(torch.zeros(b, requires_grad=True) for b in sizes[1:])
        shift, scale = patterns.x.mean(dim=0), patterns.x.std().clamp(min=1e-9)
        teacher = Teacher(shift, scale, weights, biases)
        optimizer = torch.optim.AdamW([*weights, *biases], lr=RATE, weight_decay=DECAY, foreach=True)
        steps = epochs * math.ceil(len(patterns.y) / BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.1)
        for epoch in range(epochs):
            x = patterns.of_epoch(epoch, epochs)
            for part in torch.split(torch.randperm(len(x)), BATCH):
                loss = functional.cross_entropy(teacher.logits(x[part], DROPOUT), patterns.y[part])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
            if progress is not None:
                progress(epoch + 1, epochs)
        return Teacher(shift, scale, tuple(w.detach() for w in weights), tuple(b.detach() for b in biases))
