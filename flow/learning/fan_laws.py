"""How the ways from columns to outputs bend currents, from sums: a tester knows no current inside the array.

Currents of rows add in a column, whatever they are. Where one row gives the reading y1, another y2 and both y12, an
output that goes with the power q of the column's current obeys y1^(1/q) + y2^(1/q) = y12^(1/q), and that says q. One
programming for each group of columns: the lowest bit in ROWS rows, each read alone and then in sums, so that a column
carries from the lowest bit of one row to about what it carries at work.

The columns of the last matrix have only the output's soma behind them: that is the output's own exponent. The others
have a chain of somas behind them, and the mean of their layer is what the later ones leave of it; single somas of such
a layer are not told from the synapses behind them, and differ less (16 and more units in a mirror). The input layer has
what is left of the exponent of whole paths (flow/learning/characterize.py).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.fans import Fan, Group, chain, groups, row_input
from somaforge.flow.learning.tester import SURE, Bench
from somaforge.pdk.arrays import Floats

ROWS = 8
"""Rows in a programming: their sums reach beyond the highest bit, as the columns of a network at work do."""
ROUNDS = 20
"""Newton steps at most; it takes five."""
SPREAD = 0.2
"""Standard deviation of ln of an output's exponent under the law `subthreshold`, units of 0.42/0.36 um: readings that
know it worse count less."""
LIMITS = (0.3, 3.0)
"""Exponents of a way that can be; a reading that says more is noise."""


@dataclass(frozen=True, eq=False)
class Bends:
    """What was found."""

    ways: tuple[Floats, ...]
    """Per matrix [columns]: exponent of the output current over the column's."""
    exponents: tuple[tuple[float, ...], ...]
    """Per layer, per soma: as in a calibration."""
    seconds: float
    """Time that the engine took."""


def measure(bench: Bench, chip: ProgrammedChip, calibration: Calibration, highest_A: float) -> Bends:
    """Of every column of `chip`, whose own weights do not matter. ToolError from the engine."""
    layers, full, seconds = chip.design.layers, chip.design.weights.full_scale, 0.0
    ways = []
    for m in range(len(layers) - 1):
        fan = Fan(layers, m, calibration, full)
        found = np.full(layers[m + 1], np.nan)
        somas = bench.settable(row_input(calibration, full, m, highest_A))
        for group in (g for g in groups(layers, m) if g.new[0] == 0):  # the first rows of each group of columns
            rows = group.rows[:ROWS].tolist()
            sets = _sums(len(rows))
            inputs = np.zeros((len(sets), layers[0]))
            for k, some in enumerate(sets):
                inputs[k, [chain(layers, m, rows[i])[0] for i in some]] = somas
            program = _program(layers, m, full, group, rows, fan)
            result = bench.dc(chip, inputs, [program] * len(sets))
            read = result.outputs[:, fan.outputs(group)]
            seconds += result.effort.seconds
            bench.saw(read[1:])
            found[group.columns] = power(read, bench.error(read), len(rows), fan.nominal(group))
        ways.append(found)
    return Bends(tuple(ways), _exponents(layers, calibration, ways), seconds)


def power(read: Floats, error: Floats, rows: int, nominal: Floats) -> Floats:
    """Exponents [columns] from readings and their standard deviations [as `_sums` of so many rows, columns]: drawn to
    the nominal one as far as the readings do not know better."""
    sets = _sums(rows)[1 + rows :]
    known = (read[1:] > SURE * error[1:]).all(axis=0)
    if not sets or not known.any():
        return nominal
    quiet = np.where(known, np.maximum(read[0], 0.0), 0.0)
    alone, together = np.where(known, read[1 : 1 + rows], 1.0), np.where(known, read[1 + rows :], rows)
    u = 1.0 / nominal
    for _ in range(ROUNDS):
        off, slope, share = np.zeros_like(u), np.zeros_like(u), np.zeros_like(alone)
        for both, some in zip(together, sets, strict=True):
            parts = alone[list(some)] ** u
            whole = parts.sum(axis=0) - (len(some) - 1) * quiet**u
            off += np.log(whole) - u * np.log(both)
            slope += (parts * np.log(alone[list(some)])).sum(axis=0) / whole - np.log(both)
            share[list(some)] += parts / whole
        last, u = u, np.clip(u - off / slope, 1 / LIMITS[1], 1 / LIMITS[0])
    blur = (share * error[1 : 1 + rows] / alone) ** 2
    unsure = last * np.sqrt(blur.sum(axis=0) + ((error[1 + rows :] / together) ** 2).sum(axis=0)) / np.abs(slope)
    trust = SPREAD**2 / (SPREAD**2 + (unsure / u) ** 2)
    found: Floats = np.where(known, nominal * (1 / (u * nominal)) ** trust, nominal)
    return found


def _sums(rows: int) -> tuple[tuple[int, ...], ...]:
    """Which rows are on in each reading: none, each alone, two, four, all."""
    several = sorted({n for n in (2, 4, rows) if 1 < n <= rows})
    return ((), *((k,) for k in range(rows)), *(tuple(range(n)) for n in several))


def _program(layers: tuple[int, ...], matrix: int, full: int, group: Group, rows: list[int], fan: Fan) -> Program:
    """The lowest bit from these rows to the group's columns, chains before them, the fan behind them."""
    program = tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(layers))
    program[matrix][rows, group.columns] = 1
    for row in rows:
        for k, (a, b) in enumerate(pairwise(chain(layers, matrix, row))):
            program[k][a, b] = full
    fan.write(program, group)
    return program


def _exponents(layers: tuple[int, ...], calibration: Calibration, ways: list[Floats]) -> tuple[tuple[float, ...], ...]:
    """Of every soma: outputs each, the mean for the others."""
    outputs = ways[-1]
    means: list[float] = []
    for m in reversed(range(len(layers) - 2)):
        paths = min(layers[m + 1 :])
        behind = outputs[np.arange(layers[m + 1]) % paths] * np.prod(means)
        means.insert(0, float(np.exp(np.log(ways[m] / behind).mean())))
    whole = calibration.exponent ** len(layers)
    first = float(whole / (np.prod(means) * np.exp(np.log(outputs).mean())))
    inner = zip((first, *means), layers[:-1], strict=True)
    return (*((e,) * n for e, n in inner), tuple(float(e) for e in outputs))
