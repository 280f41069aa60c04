"""The study as one HTML file with its figures, and every figure as SVG, PNG and JSON beside it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from somaforge.flow.figures.page import page
from somaforge.flow.figures.svg import Plot
from somaforge.flow.figures.units import engineering
from somaforge.flow.montecarlo import plots
from somaforge.flow.montecarlo.points import StudyPoints
from somaforge.flow.montecarlo.summary import Summary
from somaforge.flow.signoff.metrics import find
from somaforge.pdk.files import atomic_write


def write(wanted: StudyPoints, summary: Summary, records: Iterable[Mapping[str, Any]], out: Path) -> Path:
    """montecarlo.html, and plots/<name>.svg and .json; the HTML's path."""
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        at = record["point"]
        condition = f"{at['corner']} {at['temperature_C']:g} C {at['supply_V']:g} V"
        for name, value in record["metrics"].items():
            samples[name][condition].append(value)
    drawn = [plots.accuracy(summary), plots.yields(summary), plots.distributions(samples)]
    figures = [plot for plot in drawn if plot is not None]
    for plot in figures:
        text = json.dumps({"title": plot.title, "caption": plot.caption, "data": plot.data}, allow_nan=False)
        atomic_write(out / "plots" / f"{plot.name}.json", text + "\n")
        atomic_write(out / "plots" / f"{plot.name}.svg", plot.svg)
    path = out / "montecarlo.html"
    atomic_write(path, _html(wanted, summary, figures))
    return path


def _html(wanted: StudyPoints, summary: Summary, figures: list[Plot]) -> str:
    return page(
        "montecarlo.html.j2",
        wanted=wanted,
        spec=wanted.spec,
        summary=summary,
        layers="-".join(map(str, wanted.spec.array.layers)),
        rows=[
            _row(metric, name) for name in _names(summary) for metric in summary.conditions if name in metric.metrics
        ],
        # Our own SVG text, made from numbers and validated names: the only markup that is not escaped.
        figures=[(plot, Markup(plot.svg)) for plot in figures],
    )


def _names(summary: Summary) -> list[str]:
    return sorted({name for condition in summary.conditions for name in condition.metrics})


def _row(condition: Any, name: str) -> tuple[str, ...]:
    found, metric = condition.metrics[name], find(name)
    unit = metric.unit if metric is not None else ""

    def shown(value: float | None) -> str:
        if value is None:
            return "-"
        return f"{value:.4g}" if unit in ("", "1", "1/J") else engineering(value, unit)

    quantiles = [f"{shown(q.value)} ({shown(q.low)} .. {shown(q.high)})" for q in found.quantiles]
    return (name, condition.name, str(found.count), shown(found.mean), shown(found.deviation), *quantiles)
