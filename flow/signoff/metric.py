"""What is known of one metric: its meaning, its unit and which way is better."""

from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "neither"]

NOISE_OF_RESOURCES = 0.5
"""Run time and memory of the same work differ by this much on a shared machine: one demo took 5 to 12 minutes."""

UNITS = {
    "count": "1",
    "ratio": "1",
    "um2": "um2",
    "F": "F",
    "V": "V",
    "A": "A",
    "per_J": "1/J",  # before "J", with which it ends, too
    "J": "J",
    "s": "s",
    "W": "W",
    "ohm": "ohm",
    "bytes": "B",
}
"""What the end of a metric's name says; SI units, areas in square micrometres."""


@dataclass(frozen=True)
class Metric:
    """What somaforge knows about one metric, or about a family with <name> in its name."""

    name: str
    better: Better
    meaning: str
    noise: float = 0.0
    """Relative change that says nothing."""

    @property
    def unit(self) -> str:
        """Its unit, from the end of its name."""
        return unit_of(self.name)

    def covers(self, name: str) -> bool:
        """Whether `name` is this metric or one of its family."""
        head, mark, tail = self.name.partition("<name>")
        if not mark:
            return name == self.name
        return name.startswith(head) and name.endswith(tail) and len(name) > len(head) + len(tail)


def unit_of(name: str) -> str:
    """The unit that a metric's name ends with; "" if there is none.

    >>> unit_of("energy__pattern__J"), unit_of("efficiency__mac__per_J"), unit_of("name")
    ('J', '1/J', '')
    """
    for end, unit in UNITS.items():
        if name.endswith(f"_{end}"):
            return unit
    return ""


def several(better: Better, meaning: str, *names: str, noise: float = 0.0) -> tuple[Metric, ...]:
    """Metrics of one meaning."""
    return tuple(Metric(name, better, meaning, noise) for name in names)
