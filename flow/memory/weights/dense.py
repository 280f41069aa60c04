"""A fully connected network in numbers, as every kind of file gives it."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

LARGEST_FILE = 1 << 28
"""Bytes: a file from a stranger is not read beyond this."""


@dataclass(frozen=True, eq=False)
class Dense:
    """One layer: y = relu(x @ weight + bias)."""

    name: str
    weight: Floats
    """[inputs, outputs]."""
    bias: Floats
    """[outputs]."""

    @property
    def biased(self) -> bool:
        """Whether a bias is not 0."""
        return bool(np.any(self.bias != 0))


def chain(path: Path, layers: list[Dense]) -> tuple[Dense, ...]:
    """The layers, in order; InputError if there are none, or if one does not follow on another or holds no numbers."""
    if not layers:
        raise InputError(f"{path}: no matrix of weights in it; give the weights of fully connected layers")
    for one, other in pairwise(layers):
        if one.weight.shape[1] != other.weight.shape[0]:
            raise InputError(
                f"{path}: {one.name} has {one.weight.shape[1]} outputs, {other.name} {other.weight.shape[0]} inputs; "
                "give the layers in their order (--order)"
            )
    for layer in layers:
        if layer.bias.shape != layer.weight.shape[1:]:
            raise InputError(f"{path}: {layer.name}: biases {layer.bias.shape} for {layer.weight.shape[1]} outputs")
        if not (np.all(np.isfinite(layer.weight)) and np.all(np.isfinite(layer.bias))):
            raise InputError(f"{path}: {layer.name}: a weight is not a number; train again")
        if not np.any(layer.weight):
            raise InputError(f"{path}: {layer.name}: all weights are 0; train again")
    return tuple(layers)


def regular(path: Path) -> Path:
    """The file; InputError if it is none or too large."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; give .npz, .pt, .pth, .safetensors or .onnx")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE >> 20} MB; no network that fits has so many weights")
    return path
