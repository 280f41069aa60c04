"""Every figure copes with zeros and with nothing at all: a whole flow never ends without a report."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.flow.montecarlo.test_montecarlo import ACCURACY, records

from somaforge.flow.figures.svg import Plot
from somaforge.flow.montecarlo import plots
from somaforge.flow.montecarlo.summary import summarize
from somaforge.flow.report import build
from somaforge.flow.report.data import RunData

FIGURES = [draw for members in build.PLOTS.values() for draw in members]


def zero(value: Any) -> Any:
    """The same with every number that was measured 0."""
    if isinstance(value, dict):
        return {key: zero(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(zero(x) for x in value)
    return 0.0 if isinstance(value, float) else value


def empty(value: Any) -> Any:
    """The same with every list of numbers empty."""
    if isinstance(value, dict):
        return {key: empty(x) for key, x in value.items()}
    if isinstance(value, list):
        return [empty(x) for x in value] if value and isinstance(value[0], list | dict) else []
    return value


def one(value: Any) -> Any:
    """The same with the first of every list of numbers alone, again and again: nothing varies."""
    if isinstance(value, dict):
        return {key: one(x) for key, x in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], float):
        return [value[0]] * len(value)
    return [one(x) for x in value] if isinstance(value, list) else value


def damaged(whole: RunData, change: Callable[[Any], Any]) -> RunData:
    chips = tuple(
        replace(c, **{name: change(getattr(c, name)) for name in ("evaluation", "training", "measured")})
        for c in whole.chips
    )
    rest = {name: change(getattr(whole, name)) for name in ("cells", "ideal", "operating", "corners")}
    return replace(whole, chips=chips, **rest)


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("change", [zero, one], ids=lambda change: change.__name__)
def test_figure_of_nothing_that_differs(
    run: RunData,
    draw: Callable[[RunData], Plot | None],
    change: Callable[[Any], Any],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # an axis with one value
        plot = draw(damaged(run, change))
    assert plot is not None
    json.dumps(plot.data, allow_nan=False)
    assert plot.svg.startswith("<svg")


MUST_HAVE = ("cells", "transfer")
"""Figures whose data cannot be empty: a soma's curve and measured paths."""


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_figure_without_data(run: RunData, draw: Callable[[RunData], Plot | None]) -> None:
    plot = build.drawn(damaged(run, empty), draw)
    assert plot is None or plot.name.endswith("_not_drawn") == (draw.__name__ in MUST_HAVE)


@pytest.mark.parametrize("change", [zero, one, empty], ids=lambda change: change.__name__)
def test_the_report_comes_in_any_case(run: RunData, change: Callable[[Any], Any], tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        build.write(damaged(run, change), tmp_path / "report")
    text = (tmp_path / "report/signoff.html").read_text()
    assert '<div class="verdict fail">FAILED</div>' in text
    assert ("Not drawn" in text) is (change is empty)


def test_figures_of_a_study_in_which_nothing_differs() -> None:
    rows = [{**row, "metrics": dict.fromkeys(row["metrics"], 0.0)} for row in records()]
    summary = summarize(rows, [ACCURACY])
    samples = {name: {"tt": [0.0] * len(rows)} for name in rows[0]["metrics"]}
    for plot in (plots.accuracy(summary), plots.yields(summary), plots.distributions(samples)):
        assert plot is not None
        assert plot.svg.startswith("<svg")
