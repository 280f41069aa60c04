"""A whole table that cannot be a chip's: leads exchanged, rows shifted, a meter that is not connected.

A single reading out of its range may be the chip's own; these leave no range untouched, and fit when they are undone.
"""

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment

from somaforge.flow.bench.expected import Expected
from somaforge.flow.bench.table import Table
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

FEWEST = 4
"""Readings out of range below which nothing is concluded: a weak soma has some, too."""
LEFT = 0.1
"""Share of them that may be left when the mistake is undone."""
SILENT = 0.01
"""Of the largest current that is expected: less than that in all readings is none."""


def refuse_mixed_up(table: Table, wanted: Expected) -> None:
    """InputError if nothing was read, outputs are exchanged, or readings stand in other rows than their own."""
    top, expected = float(table.currents.max()), float(wanted.middle.max())
    if top < SILENT * expected:
        raise InputError(
            f"{table.where}: no reading is larger than {top:.2g} A, {expected:.2g} A is expected of one: is the meter "
            "connected, the supply on, the weights written? measure again"
        )
    for problem in (_exchanged(table, wanted), _shifted(table, wanted)):
        if problem:
            raise InputError(f"{table.where}{problem}; put it right")


def _outside(currents: Floats, low: Floats, high: Floats) -> Floats:
    found: Floats = ((currents < low) | (currents > high)).astype(float)
    return found


def _undone(before: float, after: float) -> bool:
    return before >= FEWEST and after <= LEFT * before


def _exchanged(table: Table, wanted: Expected) -> str:
    """What is wrong with the columns, or nothing."""
    columns = range(table.currents.shape[1])
    wrong = np.array(
        [[_outside(table.currents[:, i], wanted.low[:, j], wanted.high[:, j]).sum() for j in columns] for i in columns]
    )
    here, belong = linear_sum_assignment(wrong)
    if not _undone(float(np.trace(wrong)), float(wrong[here, belong].sum())):
        return ""
    pairs = [(i, j) for i, j in zip(here.tolist(), belong.tolist(), strict=True) if i != j]
    said = ", ".join(f"output {i} reads what output {j} should" for i, j in pairs)
    return f": {said}, in all patterns: leads are exchanged at the meter or outputs in the table"


def _shifted(table: Table, wanted: Expected) -> str:
    """What is wrong with the rows, or nothing: from the first reading out of range on, they fit one row further."""
    read, low, high = (a.reshape(-1) for a in (table.currents, wanted.low, wanted.high))
    outside = np.flatnonzero(_outside(read, low, high))
    if not len(outside):
        return ""
    first, outputs = int(outside[0]), table.currents.shape[1]
    steps: dict[str, Callable[[], tuple[Floats, slice]]] = {
        "a reading early": lambda: (read[first:-1], slice(first + 1, None)),
        "a reading late": lambda: (read[first + 1 :], slice(first, -1)),
        "a pattern early": lambda: (read[first:-outputs], slice(first + outputs, None)),
        "a pattern late": lambda: (read[first + outputs :], slice(first, -outputs)),
    }
    for words, moved in steps.items():
        values, belong = moved()
        if _undone(len(outside), float(_outside(values, low[belong], high[belong]).sum())):
            line = int(table.lines.reshape(-1)[first])
            return (
                f", line {line}: from here on, readings fit what is expected when each stands {words}: rows are shifted"
            )
    return ""
