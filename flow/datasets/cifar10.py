"""CIFAR-10 pictures, for comparisons with other works: the original binary files, or the data set as JPEG pictures.

The binary version (data_batch_1.bin to 5, test_batch.bin) holds records of a label and 3 x 32 x 32 bytes: red, green,
blue (cs.toronto.edu/~kriz/cifar.html, "Binary version"). The Python version is pickled and is not read. Pictures lie as
train/<class>/*.jpg and test/<class>/*.jpg in a zip file or a folder; JPEG loses a little.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from somaforge.flow.datasets.files import find
from somaforge.pdk.errors import InputError

SIDE, CLASSES = 32, 10
RECORD = 1 + 3 * SIDE * SIDE
BINARY = ("", "cifar10", "cifar-10-batches-bin", "cifar10/cifar-10-batches-bin")
PICTURES = ("cifar10-jpeg.zip", "cifar10/cifar10-jpeg.zip", "cifar10", "")
LARGEST = 1 << 20
"""Bytes of one picture."""
HOW = (
    "name with --data-dir or SOMAFORGE_DATA a folder with data_batch_1.bin to 5 and test_batch.bin, or with train/ and "
    "test/ of JPEG pictures by class (also as cifar10-jpeg.zip)"
)
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures [n, 3, 32, 32] and labels [n]; `source` says from what."""

    train: Bytes
    train_labels: Bytes
    test: Bytes
    test_labels: Bytes
    source: str


def load(root: Path | None, train: int, test: int) -> Pictures:
    """The first `train / 10` and `test / 10` pictures of every class; InputError if there are none, or fewer."""
    if root is not None:
        folder = find(root, [f"{name}/test_batch.bin".lstrip("/") for name in BINARY])
        if folder is not None:
            parts = [_binary(folder.parent, kind) for kind in ("train", "test")]
            return _chosen(parts, train, test, "original binary files")
        place = next((root / name for name in PICTURES if _has_pictures(root / name)), None)
        if place is not None:
            counts = {"train": train // CLASSES, "test": test // CLASSES}
            parts = [_jpeg(place, kind, count) for kind, count in counts.items()]
            return _chosen(parts, train, test, "JPEG pictures, which lose a little against the original")
    raise InputError(f"cifar10: no pictures here; {HOW}")


def _chosen(parts: list[tuple[Bytes, Bytes]], train: int, test: int, source: str) -> Pictures:
    found: list[Bytes] = []
    for (pictures, labels), count in zip(parts, (train, test), strict=True):
        each = [np.flatnonzero(labels == k)[: count // CLASSES] for k in range(CLASSES)]
        if min(map(len, each)) < count // CLASSES:
            raise InputError(f"cifar10: a class has fewer than {count // CLASSES} pictures; get the whole data set")
        chosen = np.concatenate(each)
        found += [pictures[chosen], labels[chosen]]
    return Pictures(found[0], found[1], found[2], found[3], f"CIFAR-10 from {source}")


def _binary(folder: Path, kind: str) -> tuple[Bytes, Bytes]:
    names = ["test_batch.bin"] if kind == "test" else [f"data_batch_{k}.bin" for k in range(1, 6)]
    found = []
    for name in names:
        path = folder / name
        if not path.is_file() or path.stat().st_size % RECORD or path.stat().st_size > 20_000 * RECORD:
            raise InputError(f"{path}: missing, or not records of {RECORD} bytes; get the original file")
        found.append(np.fromfile(path, dtype=np.uint8).reshape(-1, RECORD))
    records = np.concatenate(found)
    return records[:, 1:].reshape(-1, 3, SIDE, SIDE), records[:, 0]


def _has_pictures(place: Path) -> bool:
    return (place.suffix == ".zip" and place.is_file()) or all((place / kind).is_dir() for kind in ("train", "test"))


def _jpeg(place: Path, kind: str, count: int) -> tuple[Bytes, Bytes]:
    """The first `count` pictures of every class; classes are numbered in the order of their names."""
    try:
        pictures, labels = zip(*_decoded(place, kind, count), strict=True)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{place}: pictures of {kind} cannot be read ({error}); get the whole data set") from None
    return np.array(pictures, dtype=np.uint8), np.array(labels, dtype=np.uint8)


def _decoded(place: Path, kind: str, count: int) -> Iterator[tuple[Bytes, int]]:
    from PIL import Image  # takes its time: only who loads the pictures waits

    for label, members in enumerate(_members(place, kind)):
        for content in members(count):
            picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
            if picture.shape != (SIDE, SIDE, 3):
                raise ValueError(f"a picture of {kind} is not {SIDE} x {SIDE}")
            yield np.moveaxis(picture, -1, 0), label


def _members(place: Path, kind: str) -> list[Callable[[int], Iterator[bytes]]]:
    """For every class, in the order of their names, what reads so many of its files."""
    top = zipfile.Path(place) if place.suffix == ".zip" else place
    folders = sorted((f for f in (top / kind).iterdir() if f.is_dir()), key=lambda f: f.name)

    def reader(folder: Traversable) -> Callable[[int], Iterator[bytes]]:
        def read(count: int) -> Iterator[bytes]:
            files = sorted((f for f in folder.iterdir() if f.name.endswith(".jpg")), key=lambda f: f.name)
            for file in files[:count]:
                with file.open("rb") as stream:
                    yield stream.read(LARGEST)

        return read

    return [reader(folder) for folder in folders]
