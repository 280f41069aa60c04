"""Data sets by name. Small ones come with scikit-learn, the others from files in a folder that the user names.

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
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

__all__ = [
    "HOLDOUT", "SOURCES", "Augmentation", "Dataset", "Floats", "Labels", "Source",
    "fingerprint", "has_folds", "load", "source",
]  # fmt: skip

SOURCES: dict[str, Source] = {found.name: found for found in list(globals().values()) if isinstance(found, Source)}
"""Every data set that is imported above, by name."""


def source(name: str) -> Source:
    """What is known of the data set of that name; InputError with the nearest one if there is none."""
    if name in SOURCES:
        return SOURCES[name]
    nearest = difflib.get_close_matches(name, SOURCES, n=1, cutoff=0.0)[0]
    raise InputError(
        f"network.dataset: there is no {name}; nearest: {nearest}; choose one of {', '.join(sorted(SOURCES))}"
    )


def load(name: str, *, fold: int = HOLDOUT - 1, data_dir: Path | None = None) -> Dataset:
    """The data set of that name.

    `fold` says which of every five patterns of a class are held out (0 to 4) where the data set has no test set of
    its own; the default holds out the fifth, tenth, ... pattern, other folds serve cross-validation only. `data_dir`
    is where data files lie; without it the folder in SOMAFORGE_DATA. InputError if there is no such data set or fold,
    or if its files are missing or damaged.
    """
    found = source(name)
    if not 0 <= fold < HOLDOUT:
        raise InputError(f"fold {fold} does not exist; choose 0 to {HOLDOUT - 1}")
    return found.load(fold, None if found.fingerprint is None else data_files.folder(data_dir))


def has_folds(name: str) -> bool:
    """Whether the data set is split here, so that other patterns can be held out than the sign-off split's."""
    return source(name).fingerprint is None


def fingerprint(name: str, data_dir: Path | None = None) -> str:
    """SHA-256 of the data files that `load` would read, for what depends on them; empty for bundled data sets (the
    version of scikit-learn stands for them). InputError if the files are not there.
    """
    checksum = source(name).fingerprint
    return "" if checksum is None else checksum(data_files.folder(data_dir))
