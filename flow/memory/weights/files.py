"""Weights by name: NPZ, a torch state_dict, safetensors. What is between two layers is taken for a rectifier."""

import re
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from somaforge.flow.datasets.own import npz
from somaforge.flow.memory.weights import graph
from somaforge.flow.memory.weights.dense import LARGEST_FILE, Dense, chain, regular
from somaforge.pdk.errors import InputError, ToolError

Arrays = Mapping[str, npt.NDArray[Any]]


def read(path: Path, order: Sequence[str] = ()) -> tuple[Dense, ...]:
    """The layers of a file, by its ending; `order` names their arrays where names do not say it.

    InputError for what is no chain of fully connected layers, ToolError if a package is missing.
    """
    kind = path.suffix.lower()
    if kind == ".onnx":
        return graph.read(path)
    if kind == ".npz":
        return chain(path, _layers(path, npz.load(regular(path)), order, turned=False))
    if kind not in READERS:
        raise InputError(
            f"{path}: ends with none of .npz, {', '.join(READERS)}, .onnx; give the weights as one of these"
        )
    return chain(path, _layers(path, READERS[kind](regular(path)), order, turned=True))


def _torch(path: Path) -> Arrays:
    import torch  # takes seconds: only who has such a file waits

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > LARGEST_FILE:
                raise InputError(
                    f"{path}: unpacks to more than {LARGEST_FILE >> 20} MB; no network that fits has so many"
                )
    try:
        with warnings.catch_warnings(action="ignore"):  # of files of old versions: ours is the one line
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001  unpickling raises whatever a damaged or hostile file makes it raise
        # Not what torch says: it tells how to let the file run its code.
        raise InputError(
            f"{path}: no state_dict of weights alone ({type(error).__name__}); "
            "save it with torch.save(model.state_dict(), ...)"
        ) from None
    if not isinstance(found, dict) or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise InputError(f"{path}: no state_dict; save it with torch.save(model.state_dict(), ...)")
    return {str(name): value.detach().to(torch.float64).numpy() for name, value in found.items()}


def _safetensors(path: Path) -> Arrays:
    try:
        from safetensors import SafetensorError, numpy
    except ImportError:
        raise ToolError(f"{path}: safetensors is not installed; pip install 'somaforge[own]', or give .npz") from None
    try:
        found = numpy.load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: no safetensors file ({error}); save it again") from None
    return {name: found[name] for name in sorted(found, key=_natural)}  # the file has its own order


READERS: dict[str, Callable[[Path], Arrays]] = {".pt": _torch, ".pth": _torch, ".safetensors": _safetensors}


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers in names by value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"([0-9]{1,9})", name)]


def _layers(path: Path, arrays: Arrays, order: Sequence[str], *, turned: bool) -> list[Dense]:
    """Matrices in the order of the file or of `order`, each with the vector that is called its bias.

    `turned`: matrices are [outputs, inputs], as torch has them; in an .npz [inputs, outputs].
    """
    arrays = {name: value for name, value in arrays.items() if name != OF_TRAINING}
    odd = [name for name, value in arrays.items() if value.ndim not in (1, 2) or value.dtype.kind not in "iuf"]
    if odd:
        raise InputError(
            f"{path}: {odd[0]} {arrays[odd[0]].shape} is neither a matrix nor a vector of numbers; only fully "
            "connected layers can be programmed"
        )
    matrices = [name for name, value in arrays.items() if value.ndim == 2]
    if order:
        if sorted(order) != sorted(matrices):
            raise InputError(f"{path}: --order has to name each matrix once: {','.join(matrices)}")
        matrices = list(order)
    biases = {_bias_of(path, name, matrices): name for name, value in arrays.items() if value.ndim == 1}
    found = []
    for name in matrices:
        weight = arrays[name].astype(np.float64)
        weight = weight.T if turned else weight
        bias = arrays[biases[name]].astype(np.float64) if name in biases else np.zeros(weight.shape[1])
        found.append(Dense(name, weight, bias))
    return found


OF_TRAINING = "loss_history"
"""Of somaforge's own weights.npz."""


def _bias_of(path: Path, vector: str, matrices: Sequence[str]) -> str:
    """The matrix whose name differs from the vector's by bias or b instead of weight, kernel, W or w."""
    stem = re.sub(r"bias|b(?=[0-9]*$)", "@", vector, count=1)
    for name in matrices:
        if stem != vector and re.sub(r"weight|kernel|[Ww](?=[0-9]*$)", "@", name, count=1) == stem:
            return name
    raise InputError(
        f"{path}: {vector} is the bias of no matrix ({', '.join(matrices)}); name them W0, b0, W1, b1, ..."
    )
