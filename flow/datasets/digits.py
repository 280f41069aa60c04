"""Digits of 8 x 8 pixels, which scikit-learn brings along."""

from pathlib import Path

import numpy as np

from somaforge.flow.datasets.base import Dataset, Source, held_out


def _load(fold: int, root: Path | None) -> Dataset:
    """8 x 8 images of digits; a pixel counts 0 to 16."""
    from sklearn.datasets import load_digits  # takes its time: commands that need no data do not wait for it

    data = load_digits()
    x, y = np.asarray(data.data, dtype=float) / 16.0, np.asarray(data.target, dtype=np.int64)
    held = held_out(y, fold)
    return Dataset(
        "digits",
        x[~held],
        y[~held],
        x[held],
        y[held],
        tuple(f"pixel {i // 8} {i % 8}" for i in range(64)),
        tuple(str(c) for c in range(10)),
        f"scikit-learn load_digits (UCI, 8 x 8 pixels); divided by 16, every fifth image held out (fold {fold})",
    )


DIGITS = Source("digits", 64, 10, _load)
