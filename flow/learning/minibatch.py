"""Training on large data sets: one ideal network for all chips, then a short training of it for each chip.

The recipe is that of flow/learning/training.py (dual-copy rounding, Adam, the chip's measured model in the forward
pass, random errors for what was not measured) with these differences: steps over minibatches, training patterns drawn
anew for every epoch where the data set knows how, initializations compared early by patterns held out from training,
and a cross entropy with a learned sharpness on the currents into the output somas before they are rectified, against
labels or against what a wide network says of the pattern (flow/learning/teacher.py).
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

from somaforge.flow.datasets import Dataset
from somaforge.flow.learning import costs
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.chip_model import ChipModel, Noise
from somaforge.flow.learning.patterns import Patterns
from somaforge.flow.learning.teacher import Teacher, teach
from somaforge.flow.learning.training import Weights, check_fit, one_thread, physical, train
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_path

EARLY = 0.15
"""Share of the epochs after which the best initialization goes on alone."""
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
Read = Callable[[tuple[Codes, ...], Floats], Floats]
"""Programs a chip with codes of its whole matrices and reads its outputs for patterns [patterns, features]:
[patterns, outputs] in any unit of current."""


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
    teacher_accuracy: float | None
    """Of the teacher on the held-out patterns; None without one."""


def pretrain(
    spec: Spec,
    dataset: Dataset,
    seed: int | None = None,
    progress: Progress | None = None,
    calibration: Calibration | None = None,
) -> Trained:
    """The network of the spec on a chip without mismatch (or with this calibration), from `restarts` random
    initializations; its teacher first, if the spec wants one.

    InputError if network and data set do not fit each other.
    """
    recipe, chip = spec.training, calibration or Calibration.ideal(spec.array.layers, spec.array.bits)
    check_fit(spec, dataset, chip)
    seed = recipe.seed if seed is None else seed
    patterns, teacher = Patterns.of(dataset, seed, recipe.augment), None
    if recipe.teacher:
        teacher = teach(patterns, recipe.teacher, recipe.teacher_epochs, seed, progress)
    run = _Run(spec, chip, dataset.full_scale(spec.input), patterns, teacher, progress)
    return run.train(None, recipe.epochs, recipe.learning_rate, seed)


def fine_tune(
    spec: Spec,
    dataset: Dataset,
    calibration: Calibration,
    start: Shadow,
    seed: int | None = None,
    progress: Progress | None = None,
    fixed: int = 0,
    read: Read | None = None,
) -> Trained:
    """That network for one chip: `chip_epochs` more with the chip's model, on labels. The first `fixed` matrices keep
    their codes. With `read` the chip is in the loop: the loss sees its outputs, the gradient goes through the model.
    InputError if things do not fit.
    """
    sizes = [tuple(v.shape) for v in start.values]
    if sizes != list(pairwise(spec.network.layers)):
        raise InputError(f"training: starts from matrices {sizes}, the network has {spec.network.layers}; train again")
    check_fit(spec, dataset, calibration)
    recipe = spec.training
    seed = recipe.seed if seed is None else seed
    patterns, unit = Patterns.of(dataset, seed, recipe.augment), dataset.full_scale(spec.input)
    run = _Run(spec, calibration, unit, patterns, None, progress, fixed, read)
    return run.train(start, recipe.chip_epochs, recipe.learning_rate * recipe.chip_rate, seed)


def train_for(
    spec: Spec, dataset: Dataset, calibration: Calibration, start: Callable[[], Shadow] | None = None
) -> Weights:
    """The network for one chip by the spec's recipe; with minibatches from `start`, without it from an ideal network
    that is trained now. InputError if things do not fit."""
    if spec.training.batch == "all":
        return train(spec, dataset, calibration)
    first = pretrain(spec, dataset).shadow if start is None else start()
    return fine_tune(spec, dataset, calibration, first).weights


class _Run:
    """One descent: shadow weights [candidates, rows, columns] and the sharpness [candidates]."""

    def __init__(
        self,
        spec: Spec,
        calibration: Calibration,
        full_scale_A: float,
        data: Patterns,
        teacher: Teacher | None,
        progress: Progress | None,
        fixed: int = 0,
        read: Read | None = None,
    ) -> None:
        self._spec, self._recipe, self._full = spec, spec.training, float(2**spec.array.bits - 1)
        self._model = ChipModel.of(calibration, spec.network.layers, full_scale_A)
        self._noise = Noise.of(spec.training.weight_noise, spec.array.mirror.multiplier, calibration)
        self._data, self._teacher, self._progress, self._fixed = data, teacher, progress, fixed
        self._read = read
        self._shadow: list[Tensor] = []
        self._close = self._through = 0.0
        self._early: tuple[float, ...] = ()

    def train(self, start: Shadow | None, epochs: int, rate: float, seed: int) -> Trained:
        """From `start`, or from random weights; `rate` is the first step size over the largest weight."""
        spec, data = self._spec, self._data
        # An ideal network that pays for close decisions has more current and, once trained for a chip, as many of them
        # (MNIST, chip 1: 1.6 % of held-out images within 35 %, from an ideal network that did not pay 1.0 %).
        self._close = self._recipe.close if start is not None else 0.0
        self._through = self._recipe.l1_synapses if start is not None else 0.0
        with one_thread():
            history = self._descend(start, epochs, rate, torch.Generator().manual_seed(seed))
            codes = [v.round() for v in self.values()]
            held = float(self.accuracy(codes, data.held_x, data.held_y)[0])
            plain = float(self.accuracy(codes, data.x, data.y)[0])
            known = self._teacher.accuracy(data.held_x, data.held_y) if self._teacher is not None else None
        weights = Weights(
            tuple(physical(c[0], spec, m) for m, c in enumerate(codes)), plain, held, tuple(float(v) for v in history)
        )
        return Trained(weights, Shadow(tuple(v[0].clone() for v in self.values())), held, self._early, known)

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

    def _descend(self, start: Shadow | None, epochs: int, rate: float, generator: torch.Generator) -> list[float]:
        """Train; the mean loss of every epoch of the candidate that is left."""
        data = self._data
        if start is not None:
            self._shadow = [v.clone().unsqueeze(0) for v in start.values]
        else:
            self._shadow = [
                (torch.randn(self._recipe.restarts, a, b, generator=generator) * INITIAL * self._full).clamp(
                    -self._full, self._full
                )
                for a, b in pairwise(self._spec.network.layers)
            ]
        with torch.no_grad():
            first = self._model.judged(self._model.currents(self._shadow, data.held_x[:CHECK])[-1])
            spread = first.std(dim=(1, 2))
        sharpness = torch.log(SHARPNESS / spread.clamp(min=1e-6))
        batch = self._batch(len(data.y))
        total = epochs * math.ceil(len(data.y) / batch)
        optimizer = self._optimizer(sharpness, rate)
        history, step = [], 0
        for epoch in range(epochs):
            x = data.of_epoch(epoch, epochs)
            judged = self._teacher.judge(x) if self._teacher is not None else None
            losses = []
            for part in self._batches(len(data.y), batch, generator):
                share = 0.5 * (1 + math.cos(math.pi * step / total))
                optimizer.param_groups[0]["lr"] = rate * self._full * (LAST_RATE + (1 - LAST_RATE) * share)
                aim = judged[part] if judged is not None else None
                losses.append(self._step(optimizer, x[part], data.y[part], aim, generator))
                step += 1
            history.append(torch.stack(losses).mean(dim=0))
            if len(self._shadow[0]) > 1 and epoch + 1 >= max(1, EARLY * epochs):
                optimizer, best = self._choose(optimizer, rate)
                history = [h[best : best + 1] for h in history]
            if self._progress is not None:
                self._progress(epoch + 1, epochs)
        return [float(h[0]) for h in history]

    def _batch(self, patterns: int) -> int:
        return patterns if self._recipe.batch == "all" else min(self._recipe.batch, patterns)

    def _batches(self, patterns: int, batch: int, generator: torch.Generator) -> Iterator[Tensor]:
        yield from torch.split(torch.randperm(patterns, generator=generator), batch)

    def _optimizer(self, sharpness: Tensor, rate: float) -> torch.optim.Adam:
        self._shadow = [w.detach().requires_grad_(m >= self._fixed) for m, w in enumerate(self._shadow)]
        self._sharpness = sharpness.detach().requires_grad_()
        groups = [
            {"params": self._shadow[self._fixed :], "lr": rate * self._full},
            {"params": [self._sharpness], "lr": SHARPNESS_RATE},
        ]
        return torch.optim.Adam(groups)

    def _choose(self, optimizer: torch.optim.Adam, rate: float) -> tuple[torch.optim.Adam, int]:
        """Keeps the initialization that does best on held-out patterns, with its state of Adam."""
        found = self.accuracy([w.round() for w in self.values()], self._data.held_x, self._data.held_y)
        self._early = tuple(float(a) for a in found)
        best = int(found.argmax())
        old = [*self._shadow, self._sharpness]
        states = [optimizer.state[p] for p in old]
        self._shadow = [w[best : best + 1].clone() for w in self.values()]
        fresh = self._optimizer(self._sharpness[best : best + 1].clone(), rate)
        for parameter, state in zip([*self._shadow, self._sharpness], states, strict=True):
            fresh.state[parameter] = {k: v if k == "step" else v[best : best + 1].clone() for k, v in state.items()}
        return fresh, best

    def _step(
        self, optimizer: torch.optim.Adam, x: Tensor, y: Tensor, aim: Tensor | None, generator: torch.Generator
    ) -> Tensor:
        """One step; the loss [candidates]. `aim`: what the teacher says of the patterns."""
        recipe = self._recipe
        layers = self._model.currents(self._shadow, x, self._noise, generator)
        currents = self._model.judged(layers[-1])
        if self._read is not None:
            currents = currents + self._off(self._read, layers[-1], x)
        if recipe.loss == "mse":
            loss = costs.squared(currents, y)
            cost = loss
        else:
            logits = self._sharpness.exp()[:, None, None] * currents
            loss = costs.labelled(logits, y) if aim is None else costs.judged(logits, aim)
            cost = loss + ALIVE * costs.dark(logits)
        if self._close:
            cost = cost + self._close * costs.close(currents, y)
        if self._through:
            cost = cost + self._through * self._model.through_synapses(self._shadow, x, layers)
        negative = torch.stack([(-w).clamp(min=0).sum() / self._full for w in self._shadow]).sum()
        optimizer.zero_grad()
        used = torch.stack([torch.relu(current).mean(dim=(1, 2)).sum() for current in layers]).sum()
        total = cost.sum() + recipe.l1_negative * negative + recipe.l1_current * used
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        with torch.no_grad():
            for w in self._shadow:
                w.clamp_(-self._full, self._full)
        return loss.detach()

    def _off(self, read: Read, last: Tensor, x: Tensor) -> Tensor:
        """By how much the chip's outputs differ from the model's for the same codes, in the model's unit: what a model
        without the right scale would call an error of every output is left out.
        """
        codes = tuple(physical(w[0].detach().round(), self._spec, m) for m, w in enumerate(self._shadow))
        found = torch.tensor(read(codes, x.numpy().astype(np.float64)), dtype=torch.float32)[:, : last.shape[-1]]
        with torch.no_grad():
            guess = self._model.bent(last[0], len(self._shadow)) * self._model.outputs
            scale = (guess * found).sum() / (found**2).sum().clamp(min=1e-30)
        return (scale * found - guess).unsqueeze(0)
