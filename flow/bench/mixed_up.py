"""A table that cannot be a chip's as it stands: leads exchanged, rows shifted, a meter that was not connected.

Looked for by how far readings are from what is expected, in standard deviations of ln I: a mistake is named if undoing
it brings many readings to their places. A factor that all readings of an output share is none.
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from somaforge.flow.bench.expected import SIGMAS, Expected
from somaforge.flow.bench.table import Table
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

FAR = 5.0
"""Deviations that a reading counts at the most: a weak or dead soma moves a few as far as one likes."""
SURE = 45.0
"""By how much the sum of squared deviations must fall: two readings that are FAR away are brought home, or more; by
chance, among a thousand ways to undo something, it falls by some 14."""
LEFT = 0.5
"""Share of it that may be left: somas that are strong or weak move many readings together."""
FEWEST = 6
"""Readings that a conclusion stands on."""
SILENT = 0.01
"""Of what is expected: less than that is no current."""


def refuse_mixed_up(table: Table, wanted: Expected) -> None:
    """InputError if outputs are exchanged, or readings stand in other rows than their own."""
    fall, problem = max(_exchanged(table, wanted), _shifted(table, wanted))
    if fall > SURE:
        raise InputError(f"{table.where}{problem}, as far as these readings tell; find out, and measure again")


def refuse_silent(table: Table, wanted: Expected) -> None:
    """InputError if nothing was read, or from a reading on nothing any more."""
    top, expected = float(table.currents.max()), float(wanted.middle.max())
    if top < SILENT * expected:
        raise InputError(
            f"{table.where}: no reading is larger than {top:.2g} A, {expected:.2g} A is expected of one: is the meter "
            "connected, the supply on, the weights written? measure again"
        )
    bright, alive = wanted.low > 0, table.currents > SILENT * wanted.middle
    lit = np.flatnonzero((bright & alive).reshape(-1))
    if not len(lit):
        return
    after = np.arange(bright.size).reshape(bright.shape) > lit[-1]
    lost = bright & after
    before = bright & ~after
    quiet = float(np.max(table.currents, where=after, initial=0.0)) < SILENT * expected
    if quiet and lost.sum() >= FEWEST and np.count_nonzero(lost.any(axis=0)) > 1 and alive[before].mean() > 0.5:
        line = int(table.lines[after].min())
        raise InputError(
            f"{table.where}, line {line}: from here on nothing is read, of no output: was the meter disconnected, the "
            "supply off? measure again from there on"
        )


def _away(read: Floats, low: Floats, middle: Floats, high: Floats) -> Floats:
    """Squared deviations, of FAR at the most; where nothing may come, none as long as a reading is in its range."""
    sure = low > 0
    spread = np.log(np.where(sure, high, 1.0) / np.where(sure, low, 1.0)) / (2 * SIGMAS)
    there = sure & (read > 0)
    deviations = np.full(read.shape, FAR)
    away = np.log(np.where(there, read, 1.0) / np.where(there, middle, 1.0))
    deviations[there] = np.minimum(np.abs(away[there]) / spread[there], FAR)
    deviations[~sure] = np.where(read[~sure] > high[~sure], FAR, 0.0)
    found: Floats = deviations**2
    return found


def _own(read: Floats, wanted: Expected) -> Floats:
    """Factor of every output [outputs]: its soma is stronger or weaker in all patterns, and that is no mistake."""
    there = (wanted.low > 0) & (read > 0)
    away = np.where(there, np.log(np.where(there, read, 1.0) / np.where(there, wanted.middle, 1.0)), np.nan)
    middles = [np.nanmedian(column) if np.isfinite(column).sum() >= FEWEST else 0.0 for column in away.T]
    found: Floats = np.exp(np.array(middles))
    return found


def _exchanged(table: Table, wanted: Expected) -> tuple[float, str]:
    """What is wrong with the columns: by how much the sum falls when it is undone, and words for it."""
    read, columns = table.currents, range(table.currents.shape[1])
    cost = np.array(
        [
            [_away(read[:, i], wanted.low[:, j], wanted.middle[:, j], wanted.high[:, j]).sum() for j in columns]
            for i in columns
        ]
    )
    dark = read.max(axis=0) < SILENT * wanted.middle.max()  # a dead output fits wherever another one may be dark
    cost += np.where(np.eye(len(cost), dtype=bool), 0.0, np.where(dark | dark[:, None], 1e9, 1e-3))
    here, belong = linear_sum_assignment(cost)
    as_it_is, exchanged = (
        float(_away(values / _own(values, wanted), wanted.low, wanted.middle, wanted.high).sum())
        for values in (read, read[:, np.argsort(belong)])
    )
    pairs = [(i, j) for i, j in zip(here.tolist(), belong.tolist(), strict=True) if i != j]
    said = ", ".join(f"output {i} reads what output {j} should" for i, j in pairs)
    words = f": {said}, in all patterns: leads are exchanged at the meter or outputs in the table"
    return (as_it_is - exchanged if exchanged < LEFT * as_it_is else 0.0), words


def _shifted(table: Table, wanted: Expected) -> tuple[float, str]:
    """The same of the rows: from some reading on, they fit when each is moved."""
    size, outputs = table.currents.size, table.currents.shape[1]
    low, middle, high = (a.reshape(-1) for a in (wanted.low, wanted.middle, wanted.high))
    moves = {"reading early": 1, "reading late": -1, "pattern early": outputs, "pattern late": -outputs}
    best: tuple[float, str, int] = (0.0, "", 0)
    here = _away(table.currents / _own(table.currents, wanted), wanted.low, wanted.middle, wanted.high).reshape(-1)
    read = table.currents.reshape(-1)
    for words, by in moves.items():
        place = np.arange(max(0, by), min(size, size + by))
        moved, counted = np.full(size, 2.0), np.zeros(size)  # a place without a reading says nothing
        moved[place] = _away(read[place - by], low[place], middle[place], high[place])
        counted[place] = low[place] > 0
        # falls[k]: by how much the sum falls if readings from place k on are moved
        falls, before, left, told = (np.cumsum(v[::-1])[::-1] for v in (here - moved, here, moved, counted))
        good = (told >= FEWEST) & (left < LEFT * before)
        if good.any():
            most = float(falls[good].max())
            k = int(np.flatnonzero(good & (falls > most - 1.0))[-1])  # what says nothing may lie on either side
            best = max(best, (most, words, k))
    fall, words, k = best
    line = int(table.lines.reshape(-1)[k])
    return fall, f", line {line}: from about here on readings are those of their places when each stands one {words}"
