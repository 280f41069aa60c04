"""From weights in floats to codes: biases become weights of a constant, each layer has the scale that loses least.

A rectifier is positively homogeneous, relu(c x) = c relu(x) for c > 0: every layer may have a scale of its own without
another winner, because the outputs change by a common factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from somaforge.flow.memory.weights.dense import Dense
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

SCALES = 200
"""Scales that are tried for a layer, from a third of what the largest weight asks for (it is cut off then) to all."""


@dataclass(frozen=True, eq=False)
class Packed:
    """One layer as codes."""

    name: str
    codes: Codes
    """[rows, columns] of the network, not of the array."""
    scale: float
    """Weight of one unit of code."""
    loss: float
    """Root of the mean squared error over that of the weights."""
    cut: int
    """Weights beyond the largest code."""
    lost: int
    """Weights that are not 0 and have the code 0."""


def pack(layers: Sequence[Dense], spec: Spec, path: Path) -> tuple[Packed, ...]:
    """Codes of a network in the sizes of spec.network.layers; InputError if it does not fit.

    A layer that may have one row more than the file's has a constant there, after all other rows: the last input of the
    data set (network.dataset.constant), and in a hidden layer a soma that the constant before it alone drives. The
    biases are that row's weights.
    """
    sizes = spec.network.layers
    _require_fit(layers, sizes, path)
    found, constant = [], 1.0
    for k, layer in enumerate(layers):
        wide = np.zeros((sizes[k], sizes[k + 1]))
        rows, columns = layer.weight.shape
        wide[:rows, :columns] = layer.weight
        if sizes[k] > rows:
            wide[-1, :columns] = layer.bias / constant
            if sizes[k + 1] > columns:
                wide[-1, -1] = np.abs(wide).max()  # any value will do; this one has a code
        found.append(_rounded(layer.name, wide, 2**spec.array.bits - 1))
        constant *= float(found[-1].codes[-1, -1]) * found[-1].scale  # what the codes make of it
    return tuple(found)


def placed(packed: Sequence[Packed], array: Sequence[int]) -> tuple[Codes, ...]:
    """The codes in the upper left corners of the array's matrices; all others are 0."""
    found = []
    for layer, shape in zip(packed, pairwise(array), strict=True):
        whole = np.zeros(shape, dtype=np.int64)
        whole[: layer.codes.shape[0], : layer.codes.shape[1]] = layer.codes
        found.append(whole)
    return tuple(found)


def _require_fit(layers: Sequence[Dense], sizes: Sequence[int], path: Path) -> None:
    found = [*(layer.weight.shape[0] for layer in layers), layers[-1].weight.shape[1]]
    more = [w - f for f, w in zip(found, sizes, strict=False)]
    if len(found) != len(sizes) or more[-1] != 0 or not set(more) <= {0, 1}:
        raise InputError(
            f"{path}: layers of {'-'.join(map(str, found))}, the spec's network has {'-'.join(map(str, sizes))}; give "
            "network.layers these sizes (one more for a constant), or transpose the matrices"
        )
    for k, layer in enumerate(layers):
        if more[k + 1] > more[k]:
            raise InputError(
                f"{path}: network.layers[{k + 1}] has a soma for a constant, network.layers[{k}] none that drives it; "
                "take it away there or add one here"
            )
        if layer.biased and not more[k]:
            wanted = [*(n + 1 for n in found[: k + 1]), *found[k + 1 :]]
            size = float(np.abs(layer.bias).max()) / float(np.abs(layer.weight).max())
            raise InputError(
                f"{path}: {layer.name} has biases (the largest {size:.2g} of the largest weight); the array has none. "
                "Train without (bias=False), or fold them into a constant: network.dataset.constant: true and "
                f"network.layers: {wanted}"
            )


def _rounded(name: str, weight: Floats, full: int) -> Packed:
    """The codes with the least squared error."""

    def loss(scale: float) -> float:
        return float(np.sqrt(np.sum((_codes(weight, scale, full) * scale - weight) ** 2) / np.sum(weight**2)))

    scales = np.linspace(1.0, 1 / 3, SCALES) * float(np.abs(weight).max()) / full
    scale = float(min(scales, key=loss))
    codes = _codes(weight, scale, full)
    cut, lost = np.abs(weight) > (full + 0.5) * scale, (codes == 0) & (weight != 0)
    return Packed(name, codes, scale, loss(scale), int(cut.sum()), int(lost.sum()))


def _codes(weight: Floats, scale: float, full: int) -> Codes:
    found: Codes = np.clip(np.rint(weight / scale), -full, full).astype(np.int64)
    return found


def forward(layers: Sequence[Dense], x: Floats) -> Floats:
    """Outputs [patterns, classes] of the network in floats; the last layer is not rectified."""
    for k, layer in enumerate(layers):
        x = x @ layer.weight + layer.bias
        x = np.maximum(x, 0.0) if k + 1 < len(layers) else x
    return x
