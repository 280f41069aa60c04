"""Figures of other operating points: accuracy over corners, temperatures and supplies, and what temperature moves."""

from typing import Any

from matplotlib.figure import Figure

from somaforge.flow.figures.svg import BLUE, INK, ORANGE, SERIES, Plot, style, to_svg
from somaforge.flow.figures.units import engineering
from somaforge.flow.report.data import RunData

COLOURS = {"nominal": BLUE, "recalibrated": ORANGE}


def accuracy(run: RunData) -> Plot | None:
    """Accuracy at every point of the study, calibrated at the run's own point and at each; None without a study."""
    points = run.corners["points"]
    if not points:
        return None
    names = list(dict.fromkeys(_name(p) for p in points))
    with style():
        figure = Figure(figsize=(9.2, 0.9 + 0.22 * len(names)))
        ax = figure.subplots()
        for calibration, colour in COLOURS.items():
            mine = [p for p in points if p["calibration"] == calibration]
            if mine:
                shift = 0.12 if calibration == "nominal" else -0.12
                at = [names.index(_name(p)) + shift for p in mine]
                values = [p["metrics"]["accuracy__array__ratio"] for p in mine]
                label = "calibrated at the run's own point" if calibration == "nominal" else "calibrated at each point"
                ax.plot(values, at, "o", ms=4.5, color=colour, label=label)
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set_xlabel("accuracy (array engine, at rest)")
        ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
        svg = to_svg(figure)
    chips = len(points[0]["chips"])
    return Plot(
        "corners",
        "Corners, temperatures, supplies",
        f"Mean of {chips} {'chip' if chips == 1 else 'chips'}, array engine, settled currents.",
        svg,
        {"points": points},
    )


def table(run: RunData) -> list[tuple[str, ...]]:
    """One row per point, heading first; empty without a study. Speed and energy with the run's weights, if measured."""
    points = run.corners["points"]
    if not points:
        return []
    found = {(_name(p), p["calibration"]): p["metrics"] for p in points}
    problems = {_name(p): p["problem"] for p in points if p["problem"]}
    timed = any("energy__mac__J" in metrics for metrics in found.values())
    late = ("time to output p50 / p99", "settle in time", "energy / MAC") if timed else ()
    rows: list[tuple[str, ...]] = [("point", "accuracy", "calibrated there", "power at rest", "leakage in it", *late)]
    for name in dict.fromkeys(_name(p) for p in points):
        here, again = found[name, "nominal"], found.get((name, "recalibrated"), {})
        row = [f"{name}: {problems[name]}" if name in problems else name]
        row += [_shown(m, "accuracy__array__ratio") for m in (here, again)]
        row += [_shown(here, f"power__{what}__W", "W") for what in ("settled", "memory_leakage")]
        if timed:
            row.append(" / ".join(_shown(here, f"time_to_output__{p}__s", "s") for p in ("p50", "p99")))
            row += [_shown(here, "evaluate__timed_agreement__ratio"), _shown(here, "energy__mac__J", "J")]
        rows.append(tuple(row))
    return rows


def _shown(metrics: dict[str, float], name: str, unit: str = "") -> str:
    """A value for a reader: a share without a unit; "-" for what is missing."""
    if name not in metrics:
        return "-"
    return engineering(metrics[name], unit) if unit else f"{100 * metrics[name]:.2f} %"


def temperature(run: RunData) -> Plot | None:
    """How much output currents and their shares move with temperature; None without a study."""
    drift = run.corners["drift"]
    if not drift or not drift["temperatures"]:
        return None
    rows: list[dict[str, Any]] = drift["temperatures"]
    own = drift["from_C"]
    with style():
        figure = Figure(figsize=(9.2, 2.4))
        ax = figure.subplots()
        drawn = (
            ("current_change_p50", "output currents, median", SERIES[0], "-"),
            ("current_change_p95", "output currents, 95th percentile", SERIES[0], "--"),
            ("share_change_p50", "their shares, median", SERIES[1], "-"),
            ("share_change_p95", "their shares, 95th percentile", SERIES[1], "--"),
        )
        for key, label, colour, line in drawn:
            curve = sorted([(own, 0.0), *((row["temperature_C"], 100 * row[key]) for row in rows)])
            ax.plot(*zip(*curve, strict=True), line, marker="o", ms=3, color=colour, lw=1.1, label=label)
        ax.axvline(own, color=INK, lw=0.8, ls=":")
        ax.set_xlabel("temperature (C)")
        ax.set_ylabel("change (%)")
        ax.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
        svg = to_svg(figure)
    worst = min(row["same_winner"] for row in rows)
    return Plot(
        "temperature",
        "Temperature",
        f"The same chips with the same weights against {own:g} C, corner {run.spec.corners[0]}, the first "
        f"{drift['patterns']} patterns, outputs above 1 % of the largest. The paper claims independence of "
        f"temperature: the winner stays the same for {100 * worst:.1f} % of the patterns at the worst temperature.",
        svg,
        drift,
    )


def _name(point: dict[str, Any]) -> str:
    return f"{point['corner']} {point['temperature_C']:g} C {point['supply_V']:g} V"
