"""What a check of a layout is: a deck or table of rules that counts violations per rule and leaves a report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from somaforge.pdk.base import Pdk

Run = Callable[[Pdk, Path, str | None, Path, float], dict[str, int]]
"""(process, layout, top cell or None, report database to write, time limit in s) -> violations of every rule."""


@dataclass(frozen=True)
class LayoutCheck:
    """One check; its metrics, its limit, its report and its option follow from its name."""

    name: str
    """In metrics (`drc__<name>__count`), files (`drc_<name>.lyrdb`) and on the command line (`--deck <name>`)."""
    title: str
    """For reports."""
    meaning: str
    """Of its count, for docs/metrics.md."""
    run: Run
    everywhere: bool = True
    """Whether any cell must pass it; otherwise finished macros alone."""
    outside: bool = False
    """Whether another program does the work, beside which this one can do another check's."""

    @property
    def metric(self) -> str:
        """Violations of all rules; must be 0."""
        return f"drc__{self.name}__count"

    @property
    def rules_metric(self) -> str:
        """How many rules were looked at."""
        return f"drc__{self.name}__rules__count"

    @property
    def report(self) -> str:
        """Its report database, in the folder of step drc."""
        return f"drc_{self.name}.lyrdb"
