"""The array engine against the foundry's whole models in time: when outputs have made half of their change."""

from dataclasses import dataclass, replace

import numpy as np

from somaforge.flow.engines.base import Engine, ProgrammedChip, TransientResult
from somaforge.flow.engines.ngspice import CAREFUL, NgspiceEngine
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

CHANGE = 0.05
"""Of the largest output; smaller changes are not compared."""


@dataclass(frozen=True)
class TimeError:
    """Relative errors of half-change times."""

    p50: float
    max: float
    changes: int
    """How many changes of an output were compared."""
    energy_max: float
    """Largest relative error of a pattern's energy."""


def time_error(chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, engine: Engine) -> TimeError:
    """Compares on [patterns, inputs] in A, one after the other; the first is where both start.

    The whole array is simulated with ngspice, the whole models and small steps. CheckError if no output changes.
    """
    found = engine.transient(chip, inputs, pattern_time_s)
    reference = NgspiceEngine(ladder=CAREFUL).transient(replace(chip, exact=True), inputs, pattern_time_s)
    return compared_in_time(found, reference)


def compared_in_time(found: TransientResult, reference: TransientResult) -> TimeError:
    """Errors of `found` by pattern and output: when both pass the middle of the reference's change."""
    floor = CHANGE * float(reference.outputs.max())
    errors, energies = [], []
    for pattern in range(1, reference.patterns):
        ours, theirs = found.window(pattern), reference.window(pattern)
        energies.append(_energy(found, ours) / _energy(reference, theirs) - 1)
        first, last = reference.outputs[theirs][[0, -1]]
        errors += [
            half_time(found.time[ours], found.outputs[ours, j], first[j], last[j])
            / half_time(reference.time[theirs], reference.outputs[theirs, j], first[j], last[j])
            - 1
            for j in np.flatnonzero(np.abs(last - first) > floor)
        ]
    if not errors:
        raise CheckError("array engine: no output changes by 5 % of the largest; nothing to compare in time")
    wrong = np.abs(errors)
    return TimeError(float(np.median(wrong)), float(wrong.max()), len(wrong), float(np.abs(energies).max()))


def half_time(time: Floats, current: Floats, start: float, end: float) -> float:
    """From time[0] until a current has made half of the change from `start` to another `end`, in s; infinite if it
    never has."""
    share = (current - start) / (end - start)
    if not (share > 0.5).any():
        return float("inf")
    first = max(1, int(np.argmax(share > 0.5)))
    at = np.interp(0.5, share[first - 1 : first + 1], time[first - 1 : first + 1])
    return float(at - time[0])


def _energy(run: TransientResult, window: slice) -> float:
    return float(np.trapezoid(run.supply[window], run.time[window]))
