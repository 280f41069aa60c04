"""The array engine against the foundry's whole models in time: when outputs have made half of their change."""

from dataclasses import dataclass, replace

import numpy as np

from somaforge.flow.engines.base import Engine, Floats, ProgrammedChip, TransientResult
from somaforge.flow.engines.ngspice import NgspiceEngine
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

    The whole array is simulated with ngspice and the whole models. CheckError if no output changes.
    """
    found = engine.transient(chip, inputs, pattern_time_s)
    reference = NgspiceEngine().transient(replace(chip, exact=True), inputs, pattern_time_s)
    return compared_in_time(found, reference)


def compared_in_time(found: TransientResult, reference: TransientResult) -> TimeError:
    """Errors of `found`, pattern by pattern and output by output."""
    floor = CHANGE * float(reference.outputs.max())
    errors, energies = [], []
    for pattern in range(1, reference.patterns):
        ours, theirs = found.window(pattern), reference.window(pattern)
        energies.append(_energy(found, ours) / _energy(reference, theirs) - 1)
        moved = np.abs(reference.outputs[theirs][-1] - reference.outputs[theirs][0])
        errors += [
            half_time(found.time[ours], found.outputs[ours, j])
            / half_time(reference.time[theirs], reference.outputs[theirs, j])
            - 1
            for j in np.flatnonzero(moved > floor)
        ]
    if not errors:
        raise CheckError("array engine: no output changes by 5 % of the largest; nothing to compare in time")
    wrong = np.abs(errors)
    return TimeError(float(np.median(wrong)), float(wrong.max()), len(wrong), float(np.abs(energies).max()))


def half_time(time: Floats, current: Floats) -> float:
    """From time[0] until a current has made half of its change, in s; infinite if it ends where it began."""
    if current[-1] == current[0]:
        return float("inf")
    share = (current - current[0]) / (current[-1] - current[0])
    first = max(1, int(np.argmax(share > 0.5)))
    at = np.interp(0.5, share[first - 1 : first + 1], time[first - 1 : first + 1])
    return float(at - time[0])


def _energy(run: TransientResult, window: slice) -> float:
    return float(np.trapezoid(run.supply[window], run.time[window]))
