"""What a data set is: patterns from 0 to 1 that currents will carry, a fixed split into training and test patterns."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from somaforge.generator.spec import Input
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

Labels = npt.NDArray[np.int64]
Augmentation = Callable[[np.random.Generator], Floats]
"""Draws the training patterns anew, deformed as their kind allows; same shape and labels as `train_x`."""

HOLDOUT = 5
"""Every fifth pattern of each class is a test pattern: 120 and 30 flowers, as many as in the paper (section 5.1)."""


@dataclass(frozen=True)
class Source:
    """A data set that a spec may name, and what is known of it before anything is read."""

    name: str
    features: int
    classes: int
    load: Callable[[int, Path | None], "Dataset"]
    """(fold that is held out, folder with data files or None) -> patterns. Data sets with a split of their own pass
    over the fold, those that a package brings along over the folder. InputError if files are missing or damaged."""
    fingerprint: Callable[[Path | None], str] | None = None
    """SHA-256 of the files that `load` would read; None if it reads none and splits by `fold` (the version of the
    package stands for the data)."""


@dataclass(frozen=True)
class Dataset:
    """Patterns [n, features] with values from 0 to 1 and labels [n]; currents are made by `to_currents`."""

    name: str
    train_x: Floats
    train_y: Labels
    test_x: Floats
    test_y: Labels
    features: tuple[str, ...]
    classes: tuple[str, ...]
    provenance: str
    """Where the data come from and what was done to them, for the report."""
    augmented: Augmentation | None = None
    """None where no deformation keeps the class (or none is made)."""

    def to_currents(self, patterns: Floats, source: Input) -> Floats:
        """Input currents [A], same shape as `patterns`."""
        return patterns * self.full_scale(source)

    def full_scale(self, source: Input) -> float:
        """The current [A] of a feature with the value 1, for either way to give input currents in a spec."""
        if source.full_scale_A is not None:
            return source.full_scale_A
        if source.mean_A is None:
            raise InputError("input: neither full_scale_A nor mean_A is given; give one of them")
        return source.mean_A / float(self.train_x.mean())


def held_out(labels: Labels, fold: int) -> npt.NDArray[np.bool_]:
    """Every fifth pattern of each class, from the `fold`-th on (0 to 4)."""
    held = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        held[np.flatnonzero(labels == label)[fold::HOLDOUT]] = True
    return held
