"""Training for one chip: the paper's recipe (arXiv:1606.07786, section 3.3) made robust to what cannot be measured.

Dual-copy rounding to signed codes, Adam, the chip's measured slopes in the forward pass, L1 on negative weights.
Added to the paper: random errors on every unit mirror in each step, several initializations of which the best on
the training patterns (with errors) is kept, and a loss on the shares of the output currents.
"""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from somaforge.flow.datasets import Dataset, Labels
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.chip_model import ChipModel, Noise
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec, Training
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_path

SHARPNESS = 5.0
"""Logits of the cross entropy are the shares of the output currents times this. From 4 to 16 the cross-validated
accuracy on Iris is the same within its error (0.955 to 0.963); low values ask for wide margins."""
FLOOR = 0.01
"""Part of the full-scale current added to the sum of outputs, so that a dead network has a gradient."""
PICK_DRAWS = 200
"""Draws of chip errors for the choice among initializations."""


@dataclass(frozen=True)
class Weights:
    """A trained network on the physical array."""

    codes: tuple[Codes, ...]
    """One signed array [rows, columns] per matrix, of the physical size; neurons that are not used have code 0."""
    train_accuracy: float
    """Of the rounded network on the training patterns, calibration model."""
    robust_accuracy: float
    """The same, mean over random chip errors; equal to train_accuracy when weight_noise is 0."""
    loss_history: tuple[float, ...]
    """Training loss of the chosen initialization, per epoch."""

    def save(self, path: Path) -> None:
        """Write an .npz that `load_codes` reads; no pickle."""
        arrays = {f"matrix_{m}": c for m, c in enumerate(self.codes)}
        with atomic_path(path) as beside, beside.open("wb") as stream:
            np.savez(stream, allow_pickle=False, loss_history=np.array(self.loss_history), **arrays)


def load_codes(path: Path) -> tuple[Codes, ...]:
    """The codes of a file that `Weights.save` wrote; InputError if it is not one."""
    try:
        with np.load(path, allow_pickle=False) as data:
            names = sorted((n for n in data.files if n.startswith("matrix_")), key=lambda n: int(n[7:]))
            codes = tuple(np.asarray(data[n], dtype=np.int64) for n in names)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not a weights file ({error}); train again") from None
    if not codes:
        raise InputError(f"{path}: no matrix in it; train again")
    return codes


def train(
    spec: Spec,
    dataset: Dataset,
    calibration: Calibration,
    seed: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Weights:
    """Train the spec's network for the chip of that calibration; the test patterns are never looked at.

    `seed` defaults to the spec's; equal seeds give equal codes. `progress(epoch, epochs)` is called now and then.
    InputError if network, data set and calibration do not fit each other.
    """
    check_fit(spec, dataset, calibration)
    recipe = spec.training
    with one_thread():
        generator = torch.Generator().manual_seed(recipe.seed if seed is None else seed)
        model = ChipModel.of(calibration, spec.network.layers, dataset.full_scale(spec.input))
        noise = Noise.of(recipe.weight_noise, spec.array.mirror.multiplier, calibration)
        x, y = tensors(dataset.train_x, dataset.train_y)
        shadow, history = _descend(spec, model, noise, x, y, generator, progress)
        codes = [w.detach().round() for w in shadow]
        plain = _accuracy(model.forward(codes, x), y)
        robust = _robust_accuracy(model, codes, noise, x, y, generator)
    # Equal accuracies are told apart by the loss at the end.
    best = int((robust - 1e-3 * history[-1] / history[-1].abs().max().clamp(min=1e-9)).argmax())
    return Weights(
        tuple(physical(w[best], spec, m) for m, w in enumerate(codes)),
        float(plain[best]),
        float(robust[best]),
        tuple(float(v) for v in history[:, best]),
    )


def model_accuracy(calibration: Calibration, codes: tuple[Codes, ...], x: Floats, y: Labels) -> float:
    """Accuracy of codes on the calibration's model; x [patterns, features] in A, or in any unit where all somas have
    one exponent, because only ratios decide then. An all-zero output is wrong.
    """
    inputs = np.zeros((len(x), codes[0].shape[0]))
    inputs[:, : x.shape[1]] = x
    out = calibration.forward(list(codes), inputs)
    right = (out.argmax(axis=1) == y) & (out.max(axis=1) > 0)
    return float(right.mean())


def _descend(
    spec: Spec,
    model: ChipModel,
    noise: Noise | None,
    x: Tensor,
    y: Tensor,
    generator: torch.Generator,
    progress: Callable[[int, int], None] | None,
) -> tuple[list[Tensor], Tensor]:
    """Shadow weights [restarts, rows, columns] after training and the loss [epochs, restarts]."""
    recipe, scale = spec.training, float(2**spec.array.bits - 1)
    draws = recipe.noise_draws if noise is not None else 1
    layers = spec.network.layers
    shadow = [
        ((torch.rand(recipe.restarts, a, b, generator=generator) * 2 - 1) * scale).requires_grad_()
        for a, b in pairwise(layers)
    ]
    optimizer = torch.optim.Adam(shadow, lr=recipe.learning_rate * scale)
    # The step size falls to a hundredth: otherwise weights keep hopping between two codes.
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, recipe.epochs, eta_min=recipe.learning_rate * scale / 100
    )
    history = []
    for epoch in range(recipe.epochs):
        outputs = model.forward([w.repeat(draws, 1, 1) for w in shadow], x, noise, generator)
        loss = _loss(recipe, outputs, y).reshape(draws, recipe.restarts).mean(dim=0)
        negative = torch.stack([(-w).clamp(min=0).sum(dim=(1, 2)) / scale for w in shadow]).sum(dim=0)
        optimizer.zero_grad()
        (loss + recipe.l1_negative * negative).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for w in shadow:
                w.clamp_(-scale, scale)
        history.append(loss.detach())
        if progress is not None and epoch % 50 == 49:
            progress(epoch + 1, recipe.epochs)
    return shadow, torch.stack(history)


def _loss(recipe: Training, outputs: Tensor, y: Tensor) -> Tensor:
    """Loss [candidates] of outputs [candidates, patterns, classes] in units of the full-scale input current."""
    if recipe.loss == "mse":
        target = functional.one_hot(y, outputs.shape[-1]).to(outputs.dtype)
        return ((outputs - target) ** 2).mean(dim=(1, 2))
    shares = outputs / (outputs.sum(dim=-1, keepdim=True) + FLOOR)
    logits = (SHARPNESS * shares).permute(0, 2, 1)
    return functional.cross_entropy(logits, y.expand(len(outputs), -1), reduction="none").mean(dim=1)


def _accuracy(outputs: Tensor, y: Tensor) -> Tensor:
    best, winner = outputs.max(dim=-1)
    return ((winner == y) & (best > 0)).float().mean(dim=-1)


def _robust_accuracy(
    model: ChipModel, codes: list[Tensor], noise: Noise | None, x: Tensor, y: Tensor, generator: torch.Generator
) -> Tensor:
    with torch.no_grad():
        if noise is None:
            return _accuracy(model.forward(codes, x), y)
        draws = [_accuracy(model.forward(codes, x, noise, generator), y) for _ in range(PICK_DRAWS)]
    return torch.stack(draws).mean(dim=0)


def physical(codes: Tensor, spec: Spec, matrix: int) -> Codes:
    """Codes in the upper left corner of the physical matrix."""
    out = np.zeros((spec.array.layers[matrix], spec.array.layers[matrix + 1]), dtype=np.int64)
    out[: codes.shape[0], : codes.shape[1]] = codes.numpy().astype(np.int64)
    return out


def tensors(x: npt.NDArray[np.float64], y: Labels) -> tuple[Tensor, Tensor]:
    """Patterns and labels for torch."""
    return torch.tensor(x, dtype=torch.float32), torch.tensor(y, dtype=torch.long)


def check_fit(spec: Spec, dataset: Dataset, calibration: Calibration) -> None:
    """InputError unless network, data set and calibration have the same sizes."""
    features, classes = dataset.train_x.shape[1], len(dataset.classes)
    layers = spec.network.layers
    if layers[0] != features:
        raise InputError(f"network.layers[0] = {layers[0]}, but {dataset.name} has {features} features; use that")
    if layers[-1] != classes:
        raise InputError(f"network.layers[-1] = {layers[-1]}, but {dataset.name} has {classes} classes; use that")
    measured = tuple(len(s) for s in calibration.slopes)
    if measured != spec.array.layers or len(calibration.code_gain) != 2**spec.array.bits:
        raise InputError(
            f"the calibration is of an array {measured} with {len(calibration.code_gain)} codes, the spec has "
            f"{spec.array.layers} with {2**spec.array.bits}; characterize this design"
        )


@contextmanager
def one_thread() -> Iterator[None]:
    """One torch thread: the tensors are small, and chips are trained in parallel processes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
