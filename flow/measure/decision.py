"""From output currents to a class on the chip: the race of the winner-take-all, by its measured figures.

The block itself is simulated in bench/readout.py; its figures stand here as parameters until the chip is simulated
whole, and a test compares them with bench/results/readout.json.
"""

import numpy as np

from somaforge.flow.chips import standard_normal
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

SPREAD = 5.5e-3
"""Standard deviation of ln Q of a racer's charge, 180 racers, law `continuous` (docs/readout.md)."""
RACES = ((1e-9, 32.0e-6), (15e-9, 2.73e-6), (100e-9, 0.740e-6), (300e-9, 0.468e-6))
"""Largest current in A and the time in s until `valid`, chip 1, tt, 27 C (docs/readout.md)."""


def racers(seed: int, count: int) -> Floats:
    """Charge of each of a chip's racers over the mean one."""
    return np.exp([SPREAD * standard_normal(seed, f"x_winner.x_racer_{j}") for j in range(count)])


def classes(outputs: Floats, seed: int) -> Floats:
    """[patterns] the racer that is full first, of output currents [patterns, classes]; a chip's racers are its own."""
    found: Floats = (outputs / racers(seed, outputs.shape[1])).argmax(axis=1)
    return found


def race_s(outputs: Floats) -> Floats:
    """[patterns] time from the start of the race to `valid`; beyond the measured currents the slower law.

    InputError if no current flows in a pattern: such a race never ends.
    """
    largest = outputs.max(axis=1)
    if np.any(largest <= 0):
        raise InputError("decision: a pattern without any output current; the winner-take-all would never end")
    currents, times = (np.log(each) for each in zip(*RACES, strict=True))
    below = np.minimum(np.log(largest) - currents[0], 0.0)  # Q / I, as the smallest measured current
    found: Floats = np.exp(np.interp(np.log(largest), currents, times) - below)
    return found
