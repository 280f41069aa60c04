"""What readings should be: the same round on virtual chips, and what of a table lies outside of that."""

from dataclasses import dataclass

import numpy as np

from somaforge.flow.bench.round import Round
from somaforge.flow.bench.table import Table
from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import Engine
from somaforge.flow.learning.tester import SURE, reading_error
from somaforge.generator.spec import Meter, Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

CHIPS = 8
"""Virtual chips that say how far readings spread: a standard deviation is known to a quarter."""
SIGMAS = 5.0
"""Half the width of a range in standard deviations of ln I: 4 for thousands of readings, and the quarter."""
LEAST = 0.1
"""Least standard deviation of ln I: what chips of another day or temperature differ by in common."""
SPAN = 5.0
"""Readings that are in the middle this many times away from what is expected are of another unit, or of a meter with a
gain: currents leave a chip in proportion to those that go in, by mirrors that mismatch moves by some tenths."""
REPEATS = 8.0
"""Standard deviations of the meter between repeats beyond which a contact is loose or nothing was settled."""


@dataclass(frozen=True, eq=False)
class Expected:
    """Ranges of all readings of a round, in A."""

    low: Floats
    middle: Floats
    high: Floats


@dataclass(frozen=True)
class Doubt:
    """A reading that is hard to believe."""

    where: str
    """File and line."""
    words: str

    def __str__(self) -> str:
        return f"{self.where}: {self.words}"


def expected(spec: Spec, asked: Round, engine: Engine | None = None, chips: int = CHIPS) -> Expected:
    """Simulate the round on virtual chips of the spec's law. ToolError from the engine."""
    use = engine or ArrayEngine()
    programs = [asked.programs[i] for i in asked.weights]
    found = []
    for seed in range(1, chips + 1):
        chip = VirtualChip.of(spec.chips, seed).programmed(asked.design, asked.design.flat_without_memory)
        found.append(use.dc(chip, asked.inputs, programs).outputs)
    return ranges(np.array(found), spec.characterization.tester)


def ranges(currents: Floats, meter: Meter) -> Expected:
    """Of currents [chips, patterns, outputs] in A that were simulated, read by that meter."""
    error = reading_error(meter, currents.mean(axis=0))
    least = np.maximum(SURE * error, 1e-15)
    logs = np.log(np.maximum(currents, least))
    middle, spread = logs.mean(axis=0), np.maximum(logs.std(axis=0, ddof=1), LEAST)
    low, high = np.exp(middle - SIGMAS * spread), np.exp(middle + SIGMAS * spread)
    # what some chips do not show at all may be missing on this one
    low = np.where((currents <= least).any(axis=0), 0.0, low)
    return Expected(low - SIGMAS * error, np.exp(middle), high + SIGMAS * error)


def doubts(table: Table, asked: Round, wanted: Expected, meter: Meter) -> tuple[Doubt, ...]:
    """Readings out of range and repeats that are too far apart."""
    found = []
    single = reading_error(meter, table.currents) if not meter.perfect else np.full_like(table.currents, np.inf)
    for pattern, output in np.ndindex(*table.currents.shape):
        value, place = float(table.currents[pattern, output]), (pattern, output)
        name = f"pattern {pattern}, output {output}"
        where = f"{table.where}, line {int(table.lines[place])}"
        if not wanted.low[place] <= value <= wanted.high[place]:
            words = f"{name}: {value:.3g} A, expected {wanted.low[place]:.3g} to {wanted.high[place]:.3g} A"
            found.append(Doubt(where, words))
        if table.apart[place] > REPEATS * single[place]:
            found.append(Doubt(where, f"{name}: repeats differ by {table.apart[place]:.2g} A; settled, contact good?"))
    return tuple(found)


def refuse_unit(table: Table, wanted: Expected) -> None:
    """InputError if the unit must be another one."""
    sure = (wanted.low > 0) & (table.currents > 0)
    if not sure.any():
        return
    ratio = float(np.exp(np.median(np.log(table.currents[sure] / wanted.middle[sure]))))
    if not 1 / SPAN < ratio < SPAN:
        raise InputError(
            f"{table.where}, line 2: readings are in the middle {ratio:.2g} times what is expected: is the unit in the "
            "head that of the meter, its gain 1, and is it connected?"
        )
