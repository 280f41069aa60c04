"""NumPy's .npz: one array of classes and one of patterns, never a pickled object."""

import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from somaforge.flow.datasets.own.table import LARGEST_FILE, Table, bounded, regular
from somaforge.generator.spec import OwnData
from somaforge.pdk.errors import InputError

NUMBERS = "biuf"
"""Kinds of NumPy's types that are numbers."""


def read(path: Path, data: OwnData) -> Table:
    """The patterns of a file; InputError with array, row and column of what is wrong."""
    if data.features is not None:
        raise InputError(f"{path}: network.dataset.features is for tables; an .npz has one array of patterns")
    arrays = load(path)
    if data.label is None or data.label not in arrays:
        raise InputError(f"{path}: network.dataset.label has to name the array of classes: {', '.join(arrays)}")
    others = [name for name in arrays if name != data.label]
    if len(others) != 1:
        raise InputError(f"{path}: needs one array beside {data.label}, has {', '.join(others) or 'none'}")
    patterns, classes = arrays[others[0]], arrays[data.label]
    if patterns.ndim < 2 or classes.shape != patterns.shape[:1]:
        raise InputError(
            f"{path}: {others[0]} {patterns.shape} and {data.label} {classes.shape} do not fit: give patterns "
            "[patterns, features] and classes [patterns]"
        )
    if patterns.dtype.kind not in NUMBERS:
        raise InputError(f"{path}: {others[0]} holds {patterns.dtype}; give numbers")
    values = patterns.reshape(len(patterns), -1).astype(np.float64)

    def place(row: int, column: int | None) -> str:
        return f"{data.label}[{row}]" if column is None else f"{others[0]}[{row}], feature {column}"

    names = tuple(f"{others[0]} {k}" for k in range(values.shape[1]))
    return Table(path, names, values, as_classes(path, data.label, classes), place).checked()


def as_classes(path: Path, name: str, found: npt.NDArray[Any]) -> tuple[str, ...]:
    """Classes as text; InputError for what is neither text nor whole numbers."""
    if found.dtype.kind == "f" and np.all(np.isfinite(found)) and np.all(found == np.round(found)):
        found = found.astype(np.int64)
    if found.dtype.kind not in "biuU":
        raise InputError(f"{path}: {name} holds {found.dtype}; classes are text or whole numbers")
    return tuple(str(value) for value in found.tolist())


def load(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Every array of an .npz; InputError for a file that is none, that unpacks to too much, or that holds objects."""
    try:
        with zipfile.ZipFile(regular(path)) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            if sum(info.file_size for info in members) > LARGEST_FILE:
                raise InputError(f"{path}: unpacks to more than {LARGEST_FILE >> 20} MB; leave some out")
            return {info.filename.removesuffix(".npy"): _array(path, archive, info) for info in members}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: not an .npz of plain arrays ({error}); save it again with numpy.savez") from None


def _array(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    """One array; its header is compared with its size before memory is asked for."""
    with archive.open(info) as stream:
        shape, kind, size = _header(stream)
        if size != info.file_size:
            raise InputError(f"{path}: {info.filename}: {kind}{shape} are {size} bytes, {info.file_size} are there")
        bounded(path, shape[0] if shape else 1, int(np.prod(shape[1:], dtype=object)))
    with archive.open(info) as stream:
        found: npt.NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
        return found


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, type and size in bytes of the whole file that an array's header announces; ValueError if it is none."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of NumPy's format")
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = reader(stream)
    if kind.hasobject:
        raise ValueError("it holds Python objects")
    return shape, kind, stream.tell() + kind.itemsize * int(np.prod(shape, dtype=object))
