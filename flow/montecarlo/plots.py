"""Figures of a study, as SVG with their numbers."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from somaforge.flow.figures.svg import BLUE, GREY, INK, ORANGE, SERIES, Plot, style, to_svg
from somaforge.flow.montecarlo.summary import Condition, Summary

LABELS = {
    "accuracy__array__ratio": ("accuracy", 1.0, ""),
    "power__settled__W": ("power at rest", 1e6, " (uW)"),
    "power__mean__W": ("power while running", 1e6, " (uW)"),
    "energy__mac__J": ("energy per multiply-accumulate", 1e15, " (fJ)"),
    "time_to_output__p50__s": ("time to output, median", 1e6, " (us)"),
    "time_to_output__p99__s": ("time to output, 99th percentile", 1e6, " (us)"),
}
"""Metric -> name, factor and unit on an axis; only these are drawn."""
MAX_CONDITIONS = 30


def distributions(samples: Mapping[str, Mapping[str, Sequence[float]]]) -> Plot:
    """Histograms over all chips and conditions; metric -> condition -> values."""
    drawn = [name for name in LABELS if name in samples]
    with style():
        columns = min(3, len(drawn))
        rows = -(-len(drawn) // columns)
        figure = Figure(figsize=(9.2, 2.4 * rows))
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax in axes[len(drawn) :]:
            ax.axis("off")
        for ax, name in zip(axes, drawn, strict=False):
            label, factor, unit = LABELS[name]
            values = factor * np.concatenate([np.asarray(v, dtype=float) for v in samples[name].values()])
            ax.hist(values, bins=min(40, max(8, len(values) // 10)), color=BLUE)
            for share in (0.05, 0.5, 0.95):
                ax.axvline(float(np.quantile(values, share)), color=INK, lw=0.9, ls="--")
            ax.set_xlabel(label + unit)
        axes[0].set_ylabel("points")
        svg = to_svg(figure)
    return Plot(
        "distributions",
        "Distributions",
        "Every chip at every operating point; dashed: 5th, 50th and 95th percentile.",
        svg,
        {name: {condition: list(v) for condition, v in samples[name].items()} for name in drawn},
    )


def accuracy(summary: Summary) -> Plot:
    """Accuracy of the population at every operating point."""
    shown = [c for c in summary.conditions if "accuracy__array__ratio" in c.metrics][:MAX_CONDITIONS]
    with style():
        figure = Figure(figsize=(9.2, 0.9 + 0.24 * len(shown)))
        ax = figure.subplots()
        for place, condition in enumerate(shown):
            found = condition.metrics["accuracy__array__ratio"]
            at = {q.share: q.value for q in found.quantiles}
            ax.plot([found.smallest, found.largest], [place, place], color=GREY, lw=1)
            ax.plot([at[0.05], at[0.95]], [place, place], color=BLUE, lw=4, solid_capstyle="butt")
            ax.plot(found.mean, place, "o", color=ORANGE, ms=4)
        ax.set_yticks(range(len(shown)), [c.name for c in shown])
        ax.invert_yaxis()
        ax.set_xlabel("accuracy")
        svg = to_svg(figure)
    return Plot(
        "accuracy",
        "Accuracy at every operating point",
        "Dot: mean over chips; thick: 5th to 95th percentile of chips; thin: worst to best chip.",
        svg,
        {c.name: vars(c.metrics["accuracy__array__ratio"]) | {"quantiles": _quantiles(c)} for c in shown},
    )


def _quantiles(condition: Condition) -> list[dict[str, float | None]]:
    return [vars(q) for q in condition.metrics["accuracy__array__ratio"].quantiles]


def yields(summary: Summary) -> Plot | None:
    """Share of chips within each limit at every operating point; None without limits."""
    shown = [c for c in summary.conditions if c.population is not None][:MAX_CONDITIONS]
    if not shown:
        return None
    data: dict[str, dict[str, object]] = {}
    with style():
        figure = Figure(figsize=(9.2, 0.9 + 0.24 * len(shown)))
        ax = figure.subplots()
        for place, condition in enumerate(shown):
            assert condition.population is not None
            data[condition.name] = condition.population.to_json()
            entries = condition.population.limits
            for number, entry in enumerate(entries):
                share = entry.share
                y = place + 0.6 * (number + 0.5) / len(entries) - 0.3
                error = [[share.ratio - share.low], [share.high - share.ratio]]
                label = f"{entry.metric} {entry.bound}" if place == 0 else None
                ax.errorbar(
                    share.ratio, y, xerr=error, fmt="o", ms=3.5, lw=1, color=SERIES[number % len(SERIES)], label=label
                )
        ax.set_yticks(range(len(shown)), [c.name for c in shown])
        ax.invert_yaxis()
        ax.set_xlim(-0.02, 1.02)
        ax.set_xlabel("share of chips within the limit, with its 95 % interval")
        ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
        svg = to_svg(figure)
    return Plot(
        "yield", "Yield", "Clopper-Pearson intervals; a chip that was not measured misses the limit.", svg, data
    )
