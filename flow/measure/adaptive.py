"""Adaptive presentation: a pattern is shown until its decision is safe, not for a time that is long enough for 99 %.

What a readout can see decides: by how much the largest output current
leads the second one, and for how long it has done so. In silicon that is the winner-take-all with a handicap (a winner
that wins against `1 / (1 - lead)` times every other current) and a counter behind its `valid`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from somaforge.flow.measure.evaluate import Ints
from somaforge.flow.measure.timed import DECIDED
from somaforge.pdk.arrays import Bools, Floats

LEADS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
HOLDS = (0.0, 0.0125, 0.025, 0.05, 0.1)
"""Shares of the pattern time for which the lead has to be there."""
AFTER = tuple(k / 40 for k in range(0, 20))
"""Shares of the pattern time before which nothing counts: outputs still show the pattern before."""


@dataclass(frozen=True, eq=False)
class Waves:
    """Patterns of one chip or of some, at the same points in time since they were applied."""

    time: Floats
    """[points] in s, equally spaced; the last is the pattern time."""
    outputs: Floats
    """[patterns, points, classes] in A."""
    energy: Floats
    """[patterns, points] in J from the start."""
    rest: Ints
    """[patterns] the winner at rest."""
    labels: Ints

    def of(self, patterns: Ints | slice) -> "Waves":
        """Some of the patterns."""
        return Waves(
            self.time, self.outputs[patterns], self.energy[patterns], self.rest[patterns], self.labels[patterns]
        )

    @classmethod
    def joined(cls, waves: Sequence["Waves"]) -> "Waves":
        """Patterns of chips one behind the other; ValueError if their times differ."""
        if any(not np.array_equal(w.time, waves[0].time) for w in waves):
            raise ValueError("waveforms at different points in time")
        return cls(
            waves[0].time,
            np.concatenate([w.outputs for w in waves]),
            np.concatenate([w.energy for w in waves]),
            np.concatenate([w.rest for w in waves]),
            np.concatenate([w.labels for w in waves]),
        )

    def lead(self) -> Floats:
        """[patterns, points] of the largest current over the second one, relative to it; 0 where none flows."""
        second, first = np.moveaxis(np.partition(self.outputs, -2, axis=-1)[..., -2:], -1, 0)
        flows = first > 0
        found: Floats = np.where(flows, 1 - np.maximum(second, 0.0) / np.where(flows, first, 1.0), 0.0)
        return found


@dataclass(frozen=True)
class Rule:
    """When a decision is taken for safe."""

    after_s: float
    """From then on the lead counts."""
    lead: float
    held_s: float
    """For so long the same output has led by that."""

    def stops(self, waves: Waves) -> Ints:
        """[patterns] point at which each is stopped: the last one if it never looks safe."""
        winner, points = waves.outputs.argmax(axis=-1), np.arange(len(waves.time))
        safe = (waves.lead() >= self.lead) & (waves.time >= self.after_s)
        # a lead begins where it was not there before, or was another output's
        begins = np.ones_like(safe)
        begins[:, 1:] = ~safe[:, :-1] | (winner[:, 1:] != winner[:, :-1])
        since = points - np.maximum.accumulate(np.where(begins, points, 0), axis=1)
        enough = safe & (since >= round(self.held_s / float(waves.time[1] - waves.time[0])))
        found: Ints = np.where(enough.any(axis=1), enough.argmax(axis=1), points[-1])
        return found


@dataclass(frozen=True)
class Shown:
    """What a way to end patterns costs, and what is decided."""

    agreement: float
    """Share of the patterns whose winner when they end is the one at rest."""
    accuracy: float
    energy_J: float
    """Mean of a pattern."""
    time_s: float
    """Mean of a pattern."""

    @classmethod
    def of(cls, waves: Waves, stops: Ints) -> "Shown":
        """Every pattern ends at its point `stops` [patterns]."""
        every = np.arange(len(stops))
        winner = waves.outputs[every, stops].argmax(axis=-1)
        return cls(
            float(np.mean(winner == waves.rest)),
            float(np.mean(winner == waves.labels)),
            float(waves.energy[every, stops].mean()),
            float(waves.time[stops].mean()),
        )


def decided(waves: Waves) -> Bools:
    """[patterns, points] whether the winner is the one at rest and stays it."""
    wrong = waves.outputs.argmax(axis=-1) != waves.rest[:, None]
    found: Bools = ~np.flip(np.maximum.accumulate(np.flip(wrong, axis=1), axis=1), axis=1)
    return found


def fixed(waves: Waves, share: float = DECIDED) -> Ints:
    """[patterns] the same point for all: the first one after which `share` of them have their winner and keep it; the
    last one if there is none."""
    good = decided(waves).mean(axis=0) >= share - 1e-9
    return np.full(len(waves.rest), int(good.argmax()) if good.any() else len(waves.time) - 1)


def choose(waves: Waves, share: float = DECIDED, rules: Iterable[Rule] | None = None) -> Rule:
    """Of `rules` (default: LEADS, HOLDS and AFTER) the one that takes the least energy and ends at least `share` of the
    patterns with their winner; ValueError if none does."""
    period = float(waves.time[-1])
    if rules is None:
        rules = (Rule(a * period, lead, held * period) for a, lead, held in product(AFTER, LEADS, HOLDS))
    found = [
        (shown.energy_J, rule) for rule in rules if (shown := Shown.of(waves, rule.stops(waves))).agreement >= share
    ]
    if not found:
        raise ValueError(f"no rule ends {share:.0%} of the patterns with the winner that they have at rest")
    return min(found, key=lambda pair: pair[0])[1]
