"""A sample of a test set in time on one chip, and what a whole test set takes by that."""

import os
import resource
from typing import Any

import torch

from engine_parts.chips import chip_of, patterns, wired
from engine_parts.reference import PERIOD_S
from engine_parts.timing import timed
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.machinery.workers import processors
from somaforge.flow.measure.evaluate import AT_ONCE

WHOLE = 10_000
"""Patterns of a test set."""


def in_time(engine: ArrayEngine, layers: tuple[int, ...], count: int) -> dict[str, Any]:
    """A sample of a test set in time on one chip, in parts as flow.measure.evaluate takes them, scaled to WHOLE.

    The first pattern prepares the chip; what follows is what each further pattern costs, on all processors.
    """
    chip = wired(chip_of(layers))
    inputs = patterns(count, layers[0])
    engine.transient(chip_of((4, 4)), patterns(1, 4), PERIOD_S)  # compiled loops, imports
    with timed() as ready:
        engine.transient(chip, 1.02 * inputs[inputs.sum(1).argmax()][None], PERIOD_S / 10)
    torch.set_num_threads(processors())
    with timed() as moving:
        runs = [engine.transient(chip, inputs[i : i + AT_ONCE], PERIOD_S) for i in range(0, count, AT_ONCE)]
    torch.set_num_threads(1)
    each = moving["cpu"] / count
    return {
        "load": os.getloadavg()[0],
        "layers": list(layers),
        "sample": count,
        "transient_effort": [run.effort.attempts[0] for run in runs],
        "transient_points": sum(len(run.time) for run in runs),
        "prepared__s": ready["cpu"],
        "sample__s": moving["cpu"],
        "sample__wall_s": moving["wall"],
        "processors": processors(),
        "transient_pattern__s": each,
        "transient_10000__s": ready["cpu"] + WHOLE * each,
        "transient_10000__wall_s": ready["cpu"] + WHOLE * each / processors(),
        "scaled": "from the sample's processor time: prepared__s + 10,000 patterns over all processors; the machine is "
        "shared, so the sample's own wall time is longer",
        "rss__bytes": 1024.0 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
