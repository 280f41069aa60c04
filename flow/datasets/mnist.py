"""MNIST as the paper uses it: the 196 most active pixels, every image scaled to a mean pixel of 0.04.

From the original IDX files; from OpenML only where no folder is named. Section 5.2 of arXiv:1606.07786 names pixels,
scale and split.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import platformdirs

from somaforge.flow.datasets import files as data_files
from somaforge.flow.datasets.base import Dataset, Source
from somaforge.flow.datasets.idx import read_idx
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

PIXELS = 196
MEAN = 0.04
SIDE = 28
TEST = 10_000
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
FOLDERS = ("", "mnist", "MNIST/raw")
"""Below the data folder; the last is torchvision's."""
ORIGINAL = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"
"""SHA-256 over the pixels and labels (bytes) of the training and the test set of the original files, in that order."""
HOW = (
    "get the four IDX files (train-images-idx3-ubyte.gz and so on, any MNIST mirror) and name their folder with "
    "--data-dir or SOMAFORGE_DATA"
)

Bytes = npt.NDArray[np.uint8]

TURN_DEG, SHIFT, SCALE, SHEAR = 10.0, 1.5, 0.10, 0.10
"""Largest deformation of an augmented image: rotation, shift in pixels, size, shear. Digits stay readable."""
BATCH = 5000


@dataclass(frozen=True, eq=False)
class Raw:
    """Images [n, 28, 28] and labels [n] as bytes."""

    train: Bytes
    train_labels: Bytes
    test: Bytes
    test_labels: Bytes

    def digest(self) -> str:
        """SHA-256 of everything."""
        parts = (self.train, self.train_labels, self.test, self.test_labels)
        return hashlib.sha256(b"".join(np.ascontiguousarray(p).tobytes() for p in parts)).hexdigest()


def files(root: Path | None) -> list[Path] | None:
    """The four IDX files below `root` or one of FOLDERS in it, under any of their usual names; None without a folder.

    InputError if one of them is not there: who names a folder does not want other data.
    """
    if root is None:
        return None
    found = [next((path for path in _places_of(root, name) if path.is_file()), None) for name in NAMES]
    there = [f for f in found if f is not None]
    if len(there) < len(NAMES):
        missing = ", ".join(name for name, f in zip(NAMES, found, strict=True) if f is None)
        raise InputError(
            f"--data-dir {root}: MNIST lacks {missing} (or with .idx, with or without .gz, in the folder itself, mnist "
            "or MNIST/raw); put all four files there"
        )
    return there


def _places_of(root: Path, name: str) -> Iterator[Path]:
    """Where a file may lie: with a hyphen or a dot before `idx`, packed or not, also in a folder of its own name."""
    for folder in FOLDERS:
        for spelled in (name, name.replace("-idx", ".idx")):
            for end in (".gz", ""):
                yield root / folder / f"{spelled}{end}"
                yield root / folder / spelled / f"{spelled}{end}"


def fingerprint(root: Path | None) -> str:
    """Checksum of the files that `load` would use."""
    found = files(root)
    return ORIGINAL if found is None else " ".join(data_files.sha256(f) for f in found)


def load(root: Path | None) -> Dataset:
    """60,000 and 10,000 images in their original order; InputError if they cannot be had."""
    found = files(root)
    raw, known = _known(found)
    pixels = most_active(raw.train)
    train_y, test_y = (labels.astype(np.int64) for labels in (raw.train_labels, raw.test_labels))
    return Dataset(
        "mnist",
        to_patterns(raw.train.reshape(len(raw.train), -1)[:, pixels] / 255.0),
        train_y,
        to_patterns(raw.test.reshape(len(raw.test), -1)[:, pixels] / 255.0),
        test_y,
        tuple(f"pixel {p // SIDE} {p % SIDE}" for p in pixels),
        tuple(str(c) for c in range(10)),
        f"MNIST from {'OpenML mnist_784' if found is None else 'IDX files'} ({known}); {len(train_y)} training and "
        f"{len(test_y)} test images, the {PIXELS} pixels most active in training, each image scaled to mean {MEAN}",
        partial(_deformed, raw.train, pixels),
    )


def whole(root: Path | None) -> tuple[Raw, str]:
    """All 28 x 28 pixels of the images, and whether they are the original ones; InputError as for load."""
    return _known(files(root))


def _known(found: list[Path] | None) -> tuple[Raw, str]:
    raw = _from_openml() if found is None else _from_idx(found)
    digest = raw.digest()
    if found is None and digest != ORIGINAL:
        raise InputError(f"mnist: OpenML delivered other images than the original ones ({digest[:12]}); {HOW}")
    return raw, "the original data" if digest == ORIGINAL else f"not the original data, SHA-256 {digest[:12]}"


MNIST = Source("mnist", PIXELS, 10, lambda fold, root: load(root), fingerprint)


def most_active(images: Bytes) -> npt.NDArray[np.int64]:
    """Indices, rising, of the 196 pixels with the largest mean; ties go to the lower index."""
    mean = images.reshape(len(images), -1).mean(axis=0)
    return np.sort(np.argsort(-mean, kind="stable")[:PIXELS])


def to_patterns(pixels: Floats) -> Floats:
    """Images [n, pixels] scaled to a mean pixel of 0.04 each; a black image stays black. None comes near 1."""
    mean = pixels.mean(axis=1, keepdims=True)
    scaled: Floats = np.where(mean > 0, pixels * (MEAN / np.maximum(mean, 1e-9)), 0.0)
    return np.minimum(scaled, 1.0)


def _from_idx(found: list[Path]) -> Raw:
    train, train_labels, test, test_labels = (read_idx(f, 3 if i % 2 == 0 else 1) for i, f in enumerate(found))
    for images, labels, path in ((train, train_labels, found[0]), (test, test_labels, found[2])):
        if images.shape[1:] != (SIDE, SIDE) or len(images) != len(labels):
            raise InputError(f"{path}: {images.shape} images for {len(labels)} labels; MNIST has 28 x 28 pixels")
        if set(np.unique(labels)) != set(range(10)):
            raise InputError(f"{path}: the labels are not the digits 0 to 9; get the original files")
    return Raw(train, train_labels, test, test_labels)


def _from_openml() -> Raw:
    from sklearn.datasets import fetch_openml  # takes its time, as torch below: only who loads the data waits

    home = Path(platformdirs.user_cache_dir("somaforge")) / "data"
    try:
        x, y = fetch_openml(
            "mnist_784",
            version=1,
            return_X_y=True,
            as_frame=False,
            parser="liac-arff",
            data_home=str(home),
            n_retries=1,
        )
    except Exception as error:  # noqa: BLE001  the client raises whatever its layers raise
        raise InputError(f"mnist: no data here and OpenML did not answer ({type(error).__name__}); {HOW}") from None
    images, labels = np.asarray(x, dtype=np.uint8).reshape(-1, SIDE, SIDE), np.asarray(y).astype(np.uint8)
    return Raw(images[:-TEST], labels[:-TEST], images[-TEST:], labels[-TEST:])


def _deformed(images: Bytes, pixels: npt.NDArray[np.int64], generator: np.random.Generator) -> Floats:
    """Every image under a small random affine map, then as patterns; [n, 196]. Only the chosen pixels are looked up."""
    import torch
    from torch.nn import functional

    places = torch.from_numpy(_places(pixels))
    out = np.empty((len(images), PIXELS))
    for start in range(0, len(images), BATCH):
        part = torch.from_numpy(images[start : start + BATCH].astype(np.float32) / 255.0).unsqueeze(1)
        maps = torch.from_numpy(_maps(len(part), generator))
        grid = (maps @ places).transpose(1, 2).unsqueeze(1)  # [n, 1, pixels, 2]
        moved = functional.grid_sample(part, grid, align_corners=False).reshape(len(part), -1)
        out[start : start + BATCH] = to_patterns(moved.numpy().astype(np.float64))
    return out


def _places(pixels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Centres of pixels in the image's coordinates from -1 to 1, and a 1 for the shift: [3, pixels]."""
    centre = [(2 * at + 1) / SIDE - 1 for at in (pixels % SIDE, pixels // SIDE)]
    return np.array([*centre, np.ones(len(pixels))], dtype=np.float32)


def _maps(count: int, generator: np.random.Generator) -> npt.NDArray[np.float32]:
    """Affine maps [count, 2, 3] in the image's coordinates from -1 to 1."""

    def uniform(limit: float) -> Floats:
        return generator.uniform(-limit, limit, count)

    angle, size, shear = uniform(np.deg2rad(TURN_DEG)), 1.0 + uniform(SCALE), uniform(SHEAR)
    x, y = uniform(2 * SHIFT / SIDE), uniform(2 * SHIFT / SIDE)
    c, s = np.cos(angle), np.sin(angle)
    rows = [[size * c, size * (shear * c - s), x], [size * s, size * (shear * s + c), y]]
    return np.array(rows, dtype=np.float32).transpose(2, 0, 1)
