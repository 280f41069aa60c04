"""Writes the report: one HTML file that needs nothing beside it, and the numbers of every figure as JSON."""

import base64
import json
from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup
from matplotlib.figure import Figure

from somaforge.flow.figures.page import page
from somaforge.flow.figures.svg import Plot, to_svg
from somaforge.flow.report import behaviour, datasheet, elsewhere, fig4, limits, measured, noise, operating, unchecked
from somaforge.flow.report.data import RunData
from somaforge.flow.report.layout.viewer import viewer
from somaforge.flow.report.tables import checks, figures, layout_effect, memory, per_chip, provenance, solutions
from somaforge.generator.schematic import CELLS
from somaforge.pdk.files import atomic_write

PLOTS: dict[str, tuple[Callable[[RunData], Plot | None], ...]] = {
    "cells": (measured.cells, noise.of_run),
    "measured": (measured.transfer, measured.slopes, measured.codes),
    "behaviour": (behaviour.network, behaviour.training, behaviour.outputs, behaviour.pattern_change),
    "speed": (fig4.time_and_power, fig4.fixed_and_stopped, behaviour.speed_and_energy),
    "operating": (operating.sweep,),
    "elsewhere": (elsewhere.accuracy, elsewhere.temperature),
}


def _image(path: Path, kind: str = "png") -> Markup:
    encoded = base64.b64encode(path.read_bytes()).decode("ascii")
    return Markup(f"data:image/{kind};base64,") + encoded


def _schematics(run: RunData) -> list[tuple[str, Markup]]:
    """Cell and picture, of the cells that have one."""
    folder = run.folders["generate"] / "schematic"
    files = {cell: folder / f"{cell}.svg" for cell in CELLS}
    return [(cell, _image(path, "svg+xml")) for cell, path in files.items() if path.is_file()]


def html(run: RunData, plots: dict[str, list[Plot]]) -> str:
    """The report's text."""
    spec = run.spec
    return page(
        "report.html.j2",
        run=run,
        spec=spec,
        layers="-".join(map(str, run.design.layers)),
        network="-".join(map(str, spec.network.layers)),
        figures=figures(run),
        limits=limits.lines(run),
        datasheet=datasheet.rows(run),
        schematics=_schematics(run),
        shown=limits.shown,
        chips=per_chip(run),
        checks=checks(run),
        memory=memory(run),
        points=operating.table(run),
        elsewhere=elsewhere.table(run),
        effect=layout_effect(run),
        provenance=provenance(run),
        solutions=solutions(run),
        unchecked=unchecked.rows(run),
        viewer=viewer(run),
        layout=_image(run.folders["generate"] / "layout.png"),
        synapse=_image(run.folders["generate"] / "synapse.png"),
        # Our own SVG text, made from numbers and validated names: the only markup that is not escaped.
        plots={group: [(plot, Markup(plot.svg)) for plot in members] for group, members in plots.items()},
    )


def _numbers(plot: Plot) -> str:
    return json.dumps({"title": plot.title, "caption": plot.caption, "data": plot.data}, allow_nan=False) + "\n"


def drawn(run: RunData, draw: Callable[[RunData], Plot | None]) -> Plot | None:
    """The figure; one that says why not, if the run's data are such that it cannot be drawn: the report and its verdict
    come in any case."""
    try:
        plot = draw(run)
        if plot is not None:
            _numbers(plot)
    except Exception as error:  # noqa: BLE001  what drawing libraries raise; it stands in the report
        name = draw.__name__
        caption = f"Not drawn: {type(error).__name__}, {' '.join(str(error).split())[:200]}"
        return Plot(f"{name}_not_drawn", f"Figure {name}", caption, to_svg(Figure(figsize=(9.2, 0.2))), {})
    return plot


def write(run: RunData, folder: Path) -> None:
    """signoff.html and plots/<name>.json."""
    found = {group: [drawn(run, draw) for draw in members] for group, members in PLOTS.items()}
    plots = {group: [plot for plot in members if plot is not None] for group, members in found.items()}
    for plot in (plot for members in plots.values() for plot in members):
        atomic_write(folder / "plots" / f"{plot.name}.json", _numbers(plot))
    atomic_write(folder / "signoff.html", html(run, plots))
