"""A comparison of two runs as one HTML page that loads nothing."""

from pathlib import Path

from somaforge.flow.figures.page import page
from somaforge.flow.report.limits import shown
from somaforge.flow.runner.compare import Comparison, Verdict
from somaforge.flow.signoff.metrics import find

ORDER: tuple[tuple[Verdict, str], ...] = (
    ("worse", "Worse"),
    ("gone", "No longer measured"),
    ("better", "Better"),
    ("different", "Different, and neither direction is better"),
    ("new", "Measured for the first time"),
    ("same", "The same"),
)
"""What a reader wants to see first."""


def compare_page(before: Path, after: Path, found: Comparison) -> str:
    """Every metric of both, in groups; with its meaning, its unit and the relative change."""
    groups = [
        (
            verdict,
            title,
            [
                {
                    "metric": line.metric,
                    "meaning": metric.meaning if (metric := find(line.metric)) is not None else "",
                    "before": "" if line.before is None else shown(line.metric, line.before),
                    "after": "" if line.after is None else shown(line.metric, line.after),
                    "change": "" if line.change is None else f"{100 * line.change:+.2f} %",
                }
                for line in found.lines
                if line.verdict == verdict
            ],
        )
        for verdict, title in ORDER
    ]
    return page("compare.html.j2", before=str(before), after=str(after), groups=groups)
