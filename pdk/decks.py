"""Decks of a foundry or a shuttle, which the KLayout application runs, and how one sees that all of a deck has run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from somaforge.pdk.data import Data
from somaforge.pdk.errors import ToolError


@dataclass(frozen=True)
class Deck:
    """A script that gets the variables `input`, `top_cell` and `report`."""

    folder: str
    """Of the process's data (Pdk.data)."""
    file: str
    """In that folder."""

    def command(self, application: str, data: Data, variables: Mapping[str, object]) -> list[str]:
        """How the application is called; ToolError if the deck is not there."""
        path = data.folder(self.folder) / self.file
        if not path.is_file():
            raise ToolError(f"no deck at {path}; {data.remedy}")
        found = [application, "-b", "-zz", "-r", str(path)]
        for name, value in variables.items():
            found += ["-rd", f"{name}={value}"]
        return found


@dataclass(frozen=True)
class RuleDeck(Deck):
    """Design rules. A run is complete if its log has every section and its report the rules that were seen before."""

    groups: tuple[str, ...]
    """Variables that switch groups of rules on."""
    threads: str
    """Variable for the number of threads."""
    sections: tuple[str, ...]
    """What the deck prints when a group of rules runs; the last one is the last line of all."""
    least_rules: int
    """Rules that the pinned deck reports with all groups on."""
    rules_of_groups: tuple[str, ...]
    """Some of every group: the first, the last."""
    parts: tuple[tuple[str, str], ...] = ()
    """(what a shuttle calls a part of it, regular expression of its rules' names); the first that fits counts."""

    def part_of(self, rule: str) -> str:
        """The part that a rule belongs to; KeyError if to none."""
        for part, pattern in self.parts:
            if re.search(pattern, rule):
                return part
        raise KeyError(f"rule {rule} is in no part of {self.file}")


@dataclass(frozen=True)
class DensityDeck(Deck):
    """Shares of the whole area that stay clear, as printed lines."""

    line: str
    """Regular expression: what the deck calls a conductor (group 1) and the clear share (group 2)."""
    layers: Mapping[str, str]
    """What the deck calls a conductor -> its drawn layer."""
