"""Data sets: by name (small ones come with scikit-learn, the others from files in a folder that the user names), or the
user's own files (own/).

A data set is a file here with its `Source`, and a line below that imports it.
"""

import difflib
from pathlib import Path

from somaforge.flow.datasets import files as data_files
from somaforge.flow.datasets.base import HOLDOUT, Augmentation, Dataset, Labels, Source
from somaforge.flow.datasets.digits import DIGITS as DIGITS
from somaforge.flow.datasets.fsdd import FSDD as FSDD
from somaforge.flow.datasets.iris import IRIS as IRIS
from somaforge.flow.datasets.mnist import MNIST as MNIST
from somaforge.flow.datasets.own import source as own
from somaforge.generator.spec import OwnData
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

__all__ = [
    "HOLDOUT", "SOURCES", "Augmentation", "Dataset", "Floats", "Labels", "Source",
    "fingerprint", "has_folds", "load", "source",
]  # fmt: skip

SOURCES: dict[str, Source] = {found.name: found for found in list(globals().values()) if isinstance(found, Source)}
"""Every data set that is imported above, by name."""


def source(data: str | OwnData, data_dir: Path | None = None) -> Source:
    """What is known of a data set, by its name or from the user's own files.

    InputError with the nearest name if there is none, or with the place of the first thing that is wrong in the files.
    """
    if isinstance(data, OwnData):
        return own.source(data, data_files.folder(data_dir))
    if data in SOURCES:
        return SOURCES[data]
    nearest = difflib.get_close_matches(data, SOURCES, n=1, cutoff=0.0)[0]
    raise InputError(
        f"network.dataset: there is no {data}; nearest: {nearest}; choose one of {', '.join(sorted(SOURCES))}"
    )


def load(data: str | OwnData, *, fold: int = HOLDOUT - 1, data_dir: Path | None = None) -> Dataset:
    """The patterns of a data set.

    `fold` says which of every five patterns of a class are held out (0 to 4) where the data set has no test set of
    its own; the default holds out the fifth, tenth, ... pattern, other folds serve cross-validation only. `data_dir`
    is where data files lie; without it the folder in SOMAFORGE_DATA. InputError if there is no such data set or fold,
    or if its files are missing or damaged.
    """
    found = source(data, data_dir)
    if not 0 <= fold < HOLDOUT:
        raise InputError(f"fold {fold} does not exist; choose 0 to {HOLDOUT - 1}")
    return found.load(fold, None if found.fingerprint is None else data_files.folder(data_dir))


def has_folds(data: str | OwnData) -> bool:
    """Whether the data set is split here, so that other patterns can be held out than the sign-off split's."""
    return data.test is None if isinstance(data, OwnData) else source(data).fingerprint is None


def fingerprint(data: str | OwnData, data_dir: Path | None = None) -> str:
    """SHA-256 of the data files that `load` would read, for what depends on them; empty for bundled data sets (the
    version of scikit-learn stands for them). InputError if the files are not there.
    """
    if isinstance(data, OwnData):
        return own.fingerprint(data, data_files.folder(data_dir))
    checksum = source(data).fingerprint
    return "" if checksum is None else checksum(data_files.folder(data_dir))
