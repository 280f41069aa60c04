"""The first result in time of a design that nobody simulated before."""

import os
import tempfile
from pathlib import Path
from typing import Any

from engine_parts.chips import chip_of, patterns, wired
from engine_parts.reference import PERIOD_S
from engine_parts.timing import timed
from somaforge.flow.engines.array.engine import ArrayEngine


def first(layers: tuple[int, ...], bits: int) -> dict[str, Any]:
    """One pattern at rest and one in time of a chip whose transistors and cells ngspice has to measure first.

    It starts from an empty folder of tables; what numba compiled when the package was first used stays
    (`compiled__s`: what a small network took before).
    """
    small = chip_of((4, 4))
    with timed() as compiled:
        ArrayEngine().transient(small, patterns(2, 4), PERIOD_S)
    with tempfile.TemporaryDirectory(prefix="bench-first-") as folder:
        chip, engine = wired(chip_of(layers, bits=bits)), ArrayEngine(cache=Path(folder))
        with timed() as rest:
            engine.dc(chip, patterns(1, layers[0]))
        with timed() as moving:
            engine.transient(chip, patterns(1, layers[0]), PERIOD_S)
    return {
        "load": os.getloadavg()[0],
        "layers": list(layers),
        "bits": bits,
        "compiled__s": compiled["cpu"],
        "at_rest__s": rest["cpu"],
        "cpu__s": rest["cpu"] + moving["cpu"],
        "wall__s": rest["wall"] + moving["wall"],
    }
