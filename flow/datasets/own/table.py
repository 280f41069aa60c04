"""What every kind of file becomes: numbers with a class each, and the place of every number for messages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

LARGEST_FILE = 1 << 28
"""Bytes of a file, unpacked: data from a stranger are not read beyond this."""
MOST_VALUES = 50_000_000
"""Numbers of one file, 0.4 GB: MNIST has 47 million pixels."""
LARGEST_VALUE = 1e100
"""Magnitude; differences and ratios of such numbers are still numbers."""
LONGEST_NAME = 60
"""Characters of a class: it stands in reports."""


@dataclass(frozen=True, eq=False)
class Table:
    """Patterns as a file has them."""

    path: Path
    features: tuple[str, ...]
    values: Floats
    """[patterns, features]."""
    labels: tuple[str, ...]
    """[patterns] class of each."""
    place: Callable[[int, int | None], str]
    """Where in the file a pattern stands and one of its features, or (None) its class."""

    def refuse(self, row: int, column: int | None, problem: str) -> InputError:
        """The error for one value."""
        return InputError(f"{self.path}: {self.place(row, column)}: {problem}")

    def checked(self) -> "Table":
        """This table; InputError with the first place of what is no pattern."""
        if len(self.labels) == 0 or len(self.features) == 0:
            raise InputError(
                f"{self.path}: has {len(self.labels)} patterns of {len(self.features)} features; give some of both"
            )
        wrong = ~(np.abs(self.values) <= LARGEST_VALUE)
        if wrong.any():
            row, column = (int(k) for k in np.argwhere(wrong)[0])
            raise self.refuse(row, column, f"{self.values[row, column]} is no usable number; correct or leave it out")
        for row, label in enumerate(self.labels):
            if not label.strip() or not label.isprintable() or len(label) > LONGEST_NAME:
                said = f"{label[:LONGEST_NAME]!r} is no name of a class; give 1 to {LONGEST_NAME} printable characters"
                raise self.refuse(row, None, said)
        return self


def regular(path: Path) -> Path:
    """The file; InputError if it is none or too large: a device never ends."""
    if not path.is_file():
        raise InputError(f"{path}: {'a folder, not a file' if path.is_dir() else 'no such file'}; give the data file")
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(f"{path}: larger than {LARGEST_FILE >> 20} MB; leave patterns or features out")
    return path


def bounded(path: Path, rows: int, columns: int) -> None:
    """InputError if a file announces more numbers than are read."""
    if rows * columns > MOST_VALUES:
        raise InputError(
            f"{path}: {rows} patterns of {columns} features are more than {MOST_VALUES} numbers; leave some out"
        )


def chosen(
    path: Path, names: Iterable[str], label: str | None, wanted: tuple[str, ...] | None
) -> tuple[int, list[int]]:
    """Position of the label and of the features among the columns of a file; InputError if one is missing."""
    there = list(names)
    if label is None:
        raise InputError(f"{path}: network.dataset.label is missing; name the column of the classes: {_listed(there)}")
    features = [name for name in there if name != label] if wanted is None else list(wanted)
    for name in (label, *features):
        if there.count(name) != 1:
            what = "is named twice" if name in there else "is not there"
            raise InputError(f"{path}: column {name!r} {what}; columns: {_listed(there)}")
    if "" in features:
        raise InputError(f"{path}: column {there.index('') + 1} has no name; name it, or list network.dataset.features")
    return there.index(label), [there.index(name) for name in features]


def _listed(names: list[str]) -> str:
    return ", ".join(name[:LONGEST_NAME] for name in names[:12]) + (", ..." if len(names) > 12 else "")
