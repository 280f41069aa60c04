"""Writes the report: one HTML file that needs nothing beside it, and the numbers of every figure as JSON."""

import base64
import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import jinja2
from markupsafe import Markup

from somaforge.flow.figures.svg import Plot
from somaforge.flow.report import behaviour, elsewhere, fig4, measured, noise, operating, unchecked
from somaforge.flow.report.data import RunData
from somaforge.flow.report.tables import checks, figures, layout_effect, memory, per_chip, provenance, solutions
from somaforge.pdk.files import atomic_write

PLOTS: dict[str, tuple[Callable[[RunData], Plot | None], ...]] = {
    "cells": (measured.cells, noise.of_run),
    "measured": (measured.transfer, measured.slopes, measured.codes),
    "behaviour": (behaviour.network, behaviour.training, behaviour.outputs, behaviour.pattern_change),
    "speed": (fig4.time_and_power, fig4.fixed_and_stopped, behaviour.speed_and_energy),
    "operating": (operating.sweep,),
    "elsewhere": (elsewhere.accuracy, elsewhere.temperature),
}


def _environment() -> jinja2.Environment:
    """Escapes everything: names in specs and layouts come from other people."""
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _image(path: Path) -> Markup:
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return Markup("data:image/png;base64,") + encoded


def html(run: RunData, plots: dict[str, list[Plot]]) -> str:
    """The report's text."""
    source = resources.files("somaforge.templates").joinpath("report.html.j2").read_text(encoding="utf-8")
    spec = run.spec
    return (
        _environment()
        .from_string(source)
        .render(
            run=run,
            spec=spec,
            layers="-".join(map(str, run.design.layers)),
            network="-".join(map(str, spec.network.layers)),
            figures=figures(run),
            chips=per_chip(run),
            checks=checks(run),
            memory=memory(run),
            points=operating.table(run),
            elsewhere=elsewhere.table(run),
            effect=layout_effect(run),
            provenance=provenance(run),
            solutions=solutions(run),
            unchecked=unchecked.rows(run),
            layout=_image(run.folders["generate"] / "layout.png"),
            synapse=_image(run.folders["generate"] / "synapse.png"),
            # Our own SVG text, made from numbers and validated names: the only markup that is not escaped.
            plots={group: [(plot, Markup(plot.svg)) for plot in members] for group, members in plots.items()},
        )
    )


def write(run: RunData, folder: Path) -> None:
    """signoff.html and plots/<name>.json."""
    drawn = {group: [draw(run) for draw in members] for group, members in PLOTS.items()}
    plots = {group: [plot for plot in members if plot is not None] for group, members in drawn.items()}
    for plot in (plot for members in plots.values() for plot in members):
        text = json.dumps({"title": plot.title, "caption": plot.caption, "data": plot.data}, allow_nan=False)
        atomic_write(folder / "plots" / f"{plot.name}.json", text + "\n")
    atomic_write(folder / "signoff.html", html(run, plots))
