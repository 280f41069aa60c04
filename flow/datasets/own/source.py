"""A data set of the user's own files, known and loaded as those with a name are."""

import hashlib
import re
from pathlib import Path

import numpy as np

from somaforge.flow.datasets import files as data_files
from somaforge.flow.datasets.base import HOLDOUT, Dataset, Labels, Source, held_out
from somaforge.flow.datasets.own import images, npz, parquet, text
from somaforge.flow.datasets.own.encoding import Encoding
from somaforge.flow.datasets.own.table import Table, regular
from somaforge.generator.spec import OwnData
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

READERS = {".csv": text.read, ".tsv": text.read, ".npz": npz.read, ".parquet": parquet.read}
MOST_CLASSES = 512
"""As many output somas as a spec can ask for."""
MOST_FILES = 200_000
"""Images of one folder."""


def source(data: OwnData, root: Path | None) -> Source:
    """What is in the files; InputError with the place of the first thing that is wrong.

    `root` is the folder of --data-dir, None if nobody named one.
    """
    train = _read(_find(data.train, data, root), data)
    test = None if data.test is None else _read(_find(data.test, data, root), data)
    classes = _classes(train)
    labels = _labels(train, classes)
    if test is None:
        few = [name for k, name in enumerate(classes) if np.sum(labels == k) < HOLDOUT]
        if few:
            raise InputError(
                f"{train.path}: class {few[0]!r} has fewer than {HOLDOUT} patterns, so none can be held out; give "
                "more, or network.dataset.test"
            )
    elif test.features != train.features:
        raise InputError(f"{test.path}: has other features than {train.path}; give the same, in the same order")
    test_labels = None if test is None else _labels(test, classes)
    known = Encoding.of(data, train.values)
    for table in (train, test):
        if table is not None:
            known.require(table)

    def load(fold: int, _: Path | None) -> Dataset:
        if test is None or test_labels is None:
            held = held_out(labels, fold)
            parts = train.values[~held], labels[~held], train.values[held], labels[held]
            split = f"every fifth pattern of each class of {data.train} held out (fold {fold})"
        else:
            parts = train.values, labels, test.values, test_labels
            split = f"{data.train} for training, {data.test} for test"
        return _dataset(data, train.features, classes, parts, split)

    return Source(data.name, len(known.names(train.features)), len(classes), load, lambda _: fingerprint(data, root))


def fingerprint(data: OwnData, root: Path | None) -> str:
    """SHA-256 of the files, so that other contents make steps stale; InputError if they are not there."""
    digest = hashlib.sha256()
    for name in (data.train, data.test):
        if name is not None:
            path = _find(name, data, root)
            digest.update(data_files.sha256(path if path.is_dir() else regular(path)).encode())
    return digest.hexdigest()


def _find(name: str, data: OwnData, root: Path | None) -> Path:
    """A file or folder: from the data folder, else from where the spec is."""
    places = [folder for folder in (root, data.folder or Path()) if folder is not None]
    found = next((folder / name for folder in places if (folder / name).exists()), None)
    if found is None:
        where = " nor in ".join(str(place) for place in places)
        raise InputError(
            f"network.dataset: {name} is not in {where}; paths begin at the spec's folder or at that of --data-dir"
        )
    if found.is_dir() and sum(1 for _, _ in zip(found.rglob("*"), range(MOST_FILES + 1), strict=False)) > MOST_FILES:
        raise InputError(f"{found}: more than {MOST_FILES} files; give the folder of the images")
    return found


def _read(path: Path, data: OwnData) -> Table:
    if path.is_dir():
        return images.read(path, data)
    if data.image is not None:
        raise InputError(f"{path}: network.dataset.image is for a folder of images; leave it out")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: not a data file that is known; give {', '.join(READERS)} or a folder of images")
    return reader(path, data)


def _classes(table: Table) -> tuple[str, ...]:
    """In the order of the output somas: whole numbers by value, else by name."""
    found = set(table.labels)
    if not 2 <= len(found) <= MOST_CLASSES:
        raise InputError(
            f"{table.path}: {len(found)} different classes, 2 to {MOST_CLASSES} are possible; is network.dataset.label "
            "the right column?"
        )
    if all(re.fullmatch(r"-?[0-9]{1,18}", name) for name in found):
        return tuple(sorted(found, key=lambda name: (int(name), name)))
    return tuple(sorted(found))


def _labels(table: Table, classes: tuple[str, ...]) -> Labels:
    number = {name: k for k, name in enumerate(classes)}
    for row, name in enumerate(table.labels):
        if name not in number:
            raise table.refuse(row, None, f"class {name!r} is in no training pattern; correct or leave it out")
    return np.array([number[name] for name in table.labels], dtype=np.int64)


def _dataset(
    data: OwnData,
    features: tuple[str, ...],
    classes: tuple[str, ...],
    parts: tuple[Floats, Labels, Floats, Labels],
    split: str,
) -> Dataset:
    train_x, train_y, test_x, test_y = parts
    encoding = Encoding.of(data, train_x)
    counts = f"{len(train_y)} training and {len(test_y)} test patterns of the user's files"
    return Dataset(
        data.name,
        encoding.currents(train_x),
        train_y,
        encoding.currents(test_x),
        test_y,
        encoding.names(features),
        classes,
        f"{counts}: {split}; {encoding.describe()}",
    )
