"""Writes the tables of examples/own.yaml, which are made up: python tools/own_example.py. A test compares the two.

Ten samples of a pulse with noise; the class is its shape: early, late, wide or double.
"""

import csv
import io
from pathlib import Path

import numpy as np

from somaforge.pdk.arrays import Floats

FOLDER = Path(__file__).parents[1] / "examples"
SAMPLES = 10
SEED = 1
NOISE = 0.12
"""Standard deviation of every sample, over the height of a pulse."""
TABLES = {"own-train.csv": 40, "own-test.csv": 15}
"""File -> pulses of each class."""


def _bump(centre: float, width: float) -> Floats:
    found: Floats = np.exp(-0.5 * ((np.arange(SAMPLES) - centre) / width) ** 2)
    return found


def pulse(shape: str, random: np.random.Generator) -> Floats:
    """One pulse in mV: it moves by up to half a sample, its height by up to a fifth, and it rests at -2 mV."""
    moved, height = random.uniform(-0.5, 0.5), random.uniform(0.8, 1.2)
    clean = {
        "early": _bump(2.0 + moved, 1.0),
        "late": _bump(7.0 + moved, 1.0),
        "wide": _bump(4.5 + moved, 2.5),
        "double": _bump(2.0 + moved, 1.0) + _bump(7.0 + moved, 1.0),
    }[shape]
    found: Floats = 10.0 * height * (clean + NOISE * random.standard_normal(SAMPLES)) - 2.0
    return found


def texts() -> dict[str, str]:
    """The tables by file name."""
    random, found = np.random.default_rng(SEED), {}
    for name, count in TABLES.items():
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*(f"t{k}_mV" for k in range(SAMPLES)), "shape"])
        for _ in range(count):
            for shape in ("early", "late", "wide", "double"):
                writer.writerow([*(f"{value:.2f}" for value in pulse(shape, random)), shape])
        found[name] = stream.getvalue()
    return found


if __name__ == "__main__":
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
