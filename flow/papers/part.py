"""What a part of the page is: a table or figure of a work, made again with our arrays."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somaforge.flow.figures.svg import Plot
from somaforge.flow.papers.journal import Journal
from somaforge.flow.papers.works import Work

Found = Mapping[str, Any]
"""What a part found, as JSON holds it."""
Numbers = dict[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a part may use."""

    kept: Path
    """Folder of results that were measured before (`bench/results`); may lack any of them, and itself."""
    run: Path | None
    """A finished run of examples/mnist.yaml, or nothing."""
    quick: bool
    """A version for tests: seconds at most, its figures say nothing."""
    journal: Journal
    """Finished pieces of a part that was interrupted."""
    say: Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """One table or figure."""

    name: str
    """On the command line, and of its JSON file."""
    work: Work
    title: str
    measure: Callable[[Setting], Numbers | None]
    """None: what it reads is not there. InputError with what is wrong."""
    section: Callable[[Found], Iterable[str]]
    """Its text on the page, in Markdown."""
    plots: Callable[[Found], tuple[Plot, ...]] = lambda found: ()
    conditions: Callable[[bool], Numbers] = lambda quick: {"quick": quick}
    """quick -> what the figures hang on, beside what is read; what was kept under other conditions is made anew."""
    needs_run: bool = False
    """It reads a finished run: without `--run` it cannot be made again."""
    cheap: bool = False
    """It reads what is kept and nothing else, and is made each time."""


@dataclass(frozen=True)
class Record:
    """What is kept of a part."""

    part: str
    command: str
    quick: bool
    conditions: Numbers
    figures: Numbers
    processor_s: float
    """Of its pieces; 0 for what reads others' results."""
