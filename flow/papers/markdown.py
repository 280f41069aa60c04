"""Tables and numbers of the page."""

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np

WIDTH = 120


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with an empty line behind it.

    >>> table(["a", "b"], [["1", "2"]])
    '| a | b |\\n|---|---|\\n| 1 | 2 |\\n\\n'
    """
    lines = [head, *rows]
    body = [f"| {' | '.join(cells)} |\n" for cells in lines]
    return body[0] + f"|{'---|' * len(head)}\n" + "".join(body[1:]) + "\n"


def paragraph(text: str) -> str:
    """Text in lines of their width, with an empty line behind it.

    >>> paragraph("one   two")
    'one two\\n\\n'
    """
    return textwrap.fill(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False) + "\n\n"


def share(value: float, digits: int = 2) -> str:
    """A share as percent.

    >>> share(0.98186)
    '98.19 %'
    """
    return f"{100 * value:.{digits}f} %"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Mean and sample standard deviation (n - 1) of shares; of one value no deviation.

    >>> spread([0.97, 0.99])
    '98.00 +- 1.41 %'
    """
    deviation = f" +- {100 * np.std(values, ddof=1):.{digits}f}" if len(values) > 1 else ""
    return f"{100 * np.mean(values):.{digits}f}{deviation} %"


def points(ours: float, theirs: float) -> str:
    """A share against another one, in words.

    >>> points(0.98, 0.976), points(0.97, 0.976)
    ('better by 0.4 points', '**worse** by 0.6 points')
    """
    gain = 100 * (ours - theirs)
    word = "better" if gain >= 0 else "**worse**"
    return f"{word} by {abs(gain):.1f} points"


def missing(what: str, command: str) -> dict[str, str]:
    """An entry of a part's `missing`: what was not run, and what runs it."""
    return {"what": what, "command": command}
