"""Training on large data sets: one ideal network for all chips, then a short training of it for each chip.

The recipe is that of flow/learning/training.py (dual-copy rounding, Adam, the chip's measured model in the forward
pass, random errors for what was not measured) with these differences: steps over minibatches, training patterns drawn
anew for every epoch where the data set knows how, initializations compared early by patterns held out from training,
and a cross entropy with a learned sharpness on the currents into the output somas before they are rectified.
"""

import math
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from somaforge.flow.datasets import Dataset
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.chip_model import ChipModel, Noise
from somaforge.flow.learning.training import Weights, check_fit, one_thread, physical, tensors
from somaforge.generator.spec import Spec, Training
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_path

HOLD = 11
"""Every eleventh training pattern is held out for choices: 5,455 of MNIST's 60,000. An odd number: the images of MNIST
come in turn from two sources, and those of even index are harder (7 % errors against 3 % of an early network)."""
EARLY = 0.15
"""Share of the epochs after which the best initialization goes on alone."""
PLAIN = 0.05
"""Share of the epochs at the end without augmentation: the network ends on the patterns as they are."""
INITIAL = 0.2
"""Standard deviation of initial weights over the largest code."""
SHARPNESS = 2.0
"""Standard deviation of the first logits; the sharpness is learned from there."""
SHARPNESS_RATE = 0.01
ALIVE = 0.1
"""Weight of the cost of patterns for which no output carries a current."""
LAST_RATE = 0.01
"""The step size at the end over the one at the start."""
CHECK = 2500
"""Patterns in one tensor when nothing is learned."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Shadow:
    """Weights before rounding: where the training for a chip starts."""

    values: tuple[Tensor, ...]
    """Per matrix [rows, columns] in code units."""

    def save(self, path: Path) -> None:
        """Write an .npz that `load` reads; no pickle."""
        arrays = {f"shadow_{m}": v.numpy() for m, v in enumerate(self.values)}
        with atomic_path(path) as beside, beside.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> "Shadow":
        """The weights of a file that `save` wrote; InputError if it is not one."""
        try:
            with np.load(path, allow_pickle=False) as data:
                return cls(tuple(torch.tensor(data[f"shadow_{m}"]) for m in range(len(data.files))))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: not a file of weights ({error}); train again") from None


@dataclass(frozen=True)
class Trained:
    """Result of one training."""

    weights: Weights
    shadow: Shadow
    held_out_accuracy: float
    """Of the rounded network on the training patterns that it was not trained on, calibration model."""
    early_accuracies: tuple[float, ...]
    """The same of every initialization at the early choice; empty without one."""


@dataclass(frozen=True)
class _Data:
    """Training and held-out patterns as tensors; a generator of augmented ones."""

    x: Tensor
    y: Tensor
    held_x: Tensor
    held_y: Tensor
    draw: Callable[[], Tensor] | None

    @classmethod
    def of(cls, dataset: Dataset, seed: int, augment: bool) -> "_Data":
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


def pretrain(spec: Spec, dataset: Dataset, seed: int | None = None, progress: Progress | None = None) -> Trained:
    """The network of the spec on a chip without mismatch, from `restarts` random initializations.

    InputError if network and data set do not fit each other.
    """
    ideal = Calibration.ideal(spec.array.layers, spec.array.bits)
    return _train(spec, dataset, ideal, None, spec.training.epochs, seed, progress)


def fine_tune(
    spec: Spec,
    dataset: Dataset,
    calibration: Calibration,
    start: Shadow,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Trained:
    """That network for one chip: `chip_epochs` more with the chip's model. InputError if things do not fit."""
    sizes = [tuple(v.shape) for v in start.values]
    if sizes != list(pairwise(spec.network.layers)):
        raise InputError(f"training: starts from matrices {sizes}, the network has {spec.network.layers}; train again")
    return _train(spec, dataset, calibration, start, spec.training.chip_epochs, seed, progress)


def _train(
    spec: Spec,
    dataset: Dataset,
    calibration: Calibration,
    start: Shadow | None,
    epochs: int,
    seed: int | None,
    progress: Progress | None,
) -> Trained:
    check_fit(spec, dataset, calibration)
    recipe = spec.training
    seed = recipe.seed if seed is None else seed
    with one_thread():
        model = ChipModel.of(calibration, spec.network.layers)
        run = _Run(
            recipe, spec.array.bits, model, Noise.of(recipe.weight_noise, spec.array.mirror.multiplier, calibration)
        )
        data = _Data.of(dataset, seed, recipe.augment)
        rate = recipe.learning_rate * (recipe.chip_rate if start is not None else 1.0)
        history = run.descend(data, start, spec.network.layers, epochs, rate, seed, progress)
        codes = [v.round() for v in run.values()]
        held = float(run.accuracy(codes, data.held_x, data.held_y)[0])
        plain = float(run.accuracy(codes, data.x, data.y)[0])
        weights = Weights(
            tuple(physical(c[0], spec, m) for m, c in enumerate(codes)), plain, held, tuple(float(v) for v in history)
        )
        return Trained(weights, Shadow(tuple(v[0].clone() for v in run.values())), held, run.early)


class _Run:
    """One descent: shadow weights [candidates, rows, columns] and the sharpness [candidates]."""

    def __init__(self, recipe: Training, bits: int, model: ChipModel, noise: Noise | None) -> None:
        self._recipe, self._full, self._model, self._noise = recipe, float(2**bits - 1), model, noise
        self._shadow: list[Tensor] = []
        self.early: tuple[float, ...] = ()

    def values(self) -> list[Tensor]:
        """Shadow weights, detached."""
        return [w.detach() for w in self._shadow]

    def accuracy(self, codes: list[Tensor], x: Tensor, y: Tensor) -> Tensor:
        """Share [candidates] of patterns whose class has the largest output, without random errors."""
        right = torch.zeros(len(codes[0]))
        with torch.no_grad():
            for part, labels in zip(torch.split(x, CHECK), torch.split(y, CHECK), strict=True):
                best, winner = self._model.forward(codes, part).max(dim=-1)
                right += ((winner == labels) & (best > 0)).float().sum(dim=-1)
        return right / len(x)

    def descend(
        self,
        data: _Data,
        start: Shadow | None,
        layers: tuple[int, ...],
        epochs: int,
        rate: float,
        seed: int,
        progress: Progress | None,
    ) -> list[float]:
        """Train; the mean loss of every epoch of the candidate that is left."""
        generator = torch.Generator().manual_seed(seed)
        if start is not None:
            self._shadow = [v.clone().unsqueeze(0) for v in start.values]
        else:
            self._shadow = [
                (torch.randn(self._recipe.restarts, a, b, generator=generator) * INITIAL * self._full).clamp(
                    -self._full, self._full
                )
                for a, b in pairwise(layers)
            ]
        with torch.no_grad():
            first = self._model.currents(self._shadow, data.held_x[:CHECK])[-1] * self._model.outputs
            spread = first.std(dim=(1, 2))
        sharpness = torch.log(SHARPNESS / spread.clamp(min=1e-6))
        batch = self._batch(len(data.y))
        total = epochs * math.ceil(len(data.y) / batch)
        optimizer = self._optimizer(sharpness, rate)
        history, step = [], 0
        for epoch in range(epochs):
            x = data.draw() if data.draw is not None and epoch < epochs - max(1, round(PLAIN * epochs)) else data.x
            losses = []
            for part in self._batches(len(data.y), batch, generator):
                share = 0.5 * (1 + math.cos(math.pi * step / total))
                optimizer.param_groups[0]["lr"] = rate * self._full * (LAST_RATE + (1 - LAST_RATE) * share)
                losses.append(self._step(optimizer, x[part], data.y[part], generator))
                step += 1
            history.append(torch.stack(losses).mean(dim=0))
            if len(self._shadow[0]) > 1 and epoch + 1 >= max(1, EARLY * epochs):
                optimizer, best = self._choose(data, optimizer, rate)
                history = [h[best : best + 1] for h in history]
            if progress is not None:
                progress(epoch + 1, epochs)
        return [float(h[0]) for h in history]

    def _batch(self, patterns: int) -> int:
        return patterns if self._recipe.batch == "all" else min(self._recipe.batch, patterns)

    def _batches(self, patterns: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
        yield from torch.split(torch.randperm(patterns, generator=generator), batch)

    def _optimizer(self, sharpness: Tensor, rate: float) -> torch.optim.Adam:
        self._shadow = [w.detach().requires_grad_() for w in self._shadow]
        self._sharpness = sharpness.detach().requires_grad_()
        groups = [
            {"params": self._shadow, "lr": rate * self._full},
            {"params": [self._sharpness], "lr": SHARPNESS_RATE},
        ]
        return torch.optim.Adam(groups)

    def _choose(self, data: _Data, optimizer: torch.optim.Adam, rate: float) -> tuple[torch.optim.Adam, int]:
        """Keeps the initialization that does best on held-out patterns, with its state of Adam."""
        found = self.accuracy([w.round() for w in self.values()], data.held_x, data.held_y)
        self.early = tuple(float(a) for a in found)
        best = int(found.argmax())
        old = [*self._shadow, self._sharpness]
        states = [optimizer.state[p] for p in old]
        self._shadow = [w[best : best + 1].clone() for w in self.values()]
        fresh = self._optimizer(self._sharpness[best : best + 1].clone(), rate)
        for parameter, state in zip([*self._shadow, self._sharpness], states, strict=True):
            fresh.state[parameter] = {k: v if k == "step" else v[best : best + 1].clone() for k, v in state.items()}
        return fresh, best

    def _step(self, optimizer: torch.optim.Adam, x: Tensor, y: Tensor, generator: torch.Generator) -> Tensor:
        """One step; the loss [candidates]."""
        recipe = self._recipe
        layers = self._model.currents(self._shadow, x, self._noise, generator)
        currents = layers[-1] * self._model.outputs
        if recipe.loss == "mse":
            target = functional.one_hot(y, currents.shape[-1]).to(currents.dtype)
            # the class's own output has a gradient when it is off, too
            loss = ((torch.where(target > 0, currents, torch.relu(currents)) - target) ** 2).mean(dim=(1, 2))
            cost = loss.sum()
        else:
            logits = self._sharpness.exp()[:, None, None] * currents
            loss = functional.cross_entropy(logits.permute(0, 2, 1), y.expand(len(logits), -1), reduction="none").mean(
                1
            )
            dark = torch.relu(1.0 - logits.max(dim=-1)[0]).mean(dim=1)
            cost = (loss + ALIVE * dark).sum()
        negative = torch.stack([(-w).clamp(min=0).sum() / self._full for w in self._shadow]).sum()
        optimizer.zero_grad()
        used = torch.stack([torch.relu(current).mean(dim=(1, 2)).sum() for current in layers]).sum()
        total = cost + recipe.l1_negative * negative + recipe.l1_current * used
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            for w in self._shadow:
                w.clamp_(-self._full, self._full)
        return loss.detach()
