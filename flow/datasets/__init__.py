"""Data sets by name. Small ones come with scikit-learn, the others from files in a folder that the user names."""

from collections.abc import Callable
from pathlib import Path

from somaforge.flow.datasets import files as data_files
from somaforge.flow.datasets.base import HOLDOUT, Augmentation, Dataset, Floats, Labels
from somaforge.pdk.errors import InputError

__all__ = ["HOLDOUT", "Augmentation", "Dataset", "Floats", "Labels", "fingerprint", "has_folds", "load"]

_BUNDLED, _FROM_FILES = ("iris", "digits"), ("mnist", "fsdd")


def _bundled(name: str) -> Callable[[int], Dataset]:
    from somaforge.flow.datasets import bundled  # with scikit-learn: commands that need no data do not wait for it

    return {"iris": bundled.iris, "digits": bundled.digits}[name]


def _from_files(name: str) -> tuple[Callable[[Path | None], Dataset], Callable[[Path | None], str]]:
    from somaforge.flow.datasets import fsdd, mnist  # with torch

    return (mnist.load, mnist.fingerprint) if name == "mnist" else (fsdd.load, fsdd.fingerprint)


def load(name: str, *, fold: int = HOLDOUT - 1, data_dir: Path | None = None) -> Dataset:
    """The data set of that name.

    `fold` says which of every five patterns of a class are held out (0 to 4) where the data set has no test set of
    its own; the default holds out the fifth, tenth, ... pattern, other folds serve cross-validation only. `data_dir`
    is where data files lie; without it the folder in SOMAFORGE_DATA. InputError if there is no such data set or fold,
    or if its files are missing or damaged.
    """
    if name not in _BUNDLED and name not in _FROM_FILES:
        known = ", ".join(sorted([*_BUNDLED, *_FROM_FILES]))
        raise InputError(f"network.dataset: there is no {name}; choose one of {known}")
    if not 0 <= fold < HOLDOUT:
        raise InputError(f"fold {fold} does not exist; choose 0 to {HOLDOUT - 1}")
    if name in _BUNDLED:
        return _bundled(name)(fold)
    return _from_files(name)[0](data_files.folder(data_dir))


def has_folds(name: str) -> bool:
    """Whether the data set is split here, so that other patterns can be held out than the sign-off split's."""
    return name in _BUNDLED


def fingerprint(name: str, data_dir: Path | None = None) -> str:
    """SHA-256 of the data files that `load` would read, for what depends on them; empty for bundled data sets (the
    version of scikit-learn stands for them). InputError if the files are not there.
    """
    return "" if name in _BUNDLED else _from_files(name)[1](data_files.folder(data_dir))
