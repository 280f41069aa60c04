"""Runs the campaign of damage: seeded, counted, every problem named with the seed that shows it again."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests.campaign.kinds import KINDS, Kind

FOLDER = "FOLDER"


@dataclass(frozen=True)
class Count:
    """What one kind of damage came to."""

    name: str
    trials: int
    problems: tuple[tuple[int, str], ...]
    """(number of the trial, what was wrong)."""
    mended: tuple[tuple[int, str], ...] = ()
    """The same of trials that went wrong in an earlier run and went right again since."""


def run(kinds: tuple[Kind, ...] = KINDS, share: float = 1.0, seed: int = 1) -> Iterator[Count]:
    """Every kind with its number of trials (times `share`, at least one); trial n of a kind has the seed [seed, n]."""
    for kind in kinds:
        count = max(1, round(share * kind.trials))
        found = ((number, trial(kind, seed, number)) for number in range(count))
        yield Count(kind.name, count, tuple((number, wrong) for number, wrong in found if wrong is not None))


def again(kind: Kind, before: Count, seed: int) -> Count:
    """The trials that went wrong, once more; the others keep how they ended."""
    now = {number: trial(kind, seed, number) for number, _ in before.problems}
    still = tuple((number, wrong) for number, wrong in now.items() if wrong is not None)
    mended = tuple((number, wrong) for number, wrong in before.problems if now[number] is None)
    return Count(before.name, before.trials, still, (*before.mended, *mended))


def trial(kind: Kind, seed: int, number: int) -> str | None:
    """One trial, in a folder that is gone afterwards and is called FOLDER in what was wrong: it has a name of its own
    in every run and on every machine."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        wrong = kind.run(np.random.default_rng([seed, number]), Path(folder))
        return None if wrong is None else wrong.replace(folder, FOLDER)
