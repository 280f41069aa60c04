"""The sweep of input current and supply: figure and table."""

from matplotlib.figure import Figure

from somaforge.flow.figures.svg import INK, SERIES, Plot, style, to_svg
from somaforge.flow.figures.units import engineering
from somaforge.flow.measure.operating import PointResult, best
from somaforge.flow.measure.timed import DECIDED
from somaforge.flow.report.data import RunData


def points_of(run: RunData) -> list[PointResult]:
    """The points of the sweep, the run's own first; none without one."""
    return [PointResult.from_json(point) for point in run.operating["points"]]


def _best(run: RunData, points: list[PointResult]) -> PointResult | None:
    return None if run.spec.operating is None else best(points, points[0], run.spec.operating.accuracy_loss)


def sweep(run: RunData) -> Plot | None:
    """Accuracy, fixed run time and efficiency over the supply for every input current; None without a sweep."""
    points = points_of(run)
    if not points:
        return None
    winner = _best(run, points)
    currents = sorted({p.drive.input_A for p in points})
    with style():
        figure = Figure(figsize=(9.2, 2.9))
        left, middle, right = figure.subplots(1, 3)
        for number, current in enumerate(currents):
            mine = sorted((p for p in points if p.drive.input_A == current), key=lambda p: p.drive.supply_V)
            colour, label = SERIES[number % len(SERIES)], engineering(current, "A")
            left.plot([p.drive.supply_V for p in mine], [100 * p.accuracy for p in mine], "o-", ms=3.5, lw=1.1,
                      color=colour, label=label)  # fmt: skip
            timed = [(p.drive.supply_V, p.timed["run_s"], p.efficiency) for p in mine if p.timed and p.efficiency]
            middle.plot([t[0] for t in timed], [1e6 * t[1] for t in timed], "o-", ms=3.5, lw=1.1, color=colour)
            right.plot([t[0] for t in timed], [1e-12 * t[2] for t in timed], "o-", ms=3.5, lw=1.1, color=colour)
        if winner is not None and winner.efficiency is not None:
            right.plot(winner.drive.supply_V, 1e-12 * winner.efficiency, "o", ms=9, mfc="none", mec=INK, clip_on=False)
        left.set_title("accuracy (%), at rest")
        middle.set_title(f"run time for {100 * DECIDED:g} % (us)")
        right.set_title("10$^{12}$ MAC/J at that run time")
        for ax in (left, middle, right):
            ax.set_xlabel("supply (V)")
            ax.set_xlim(left.get_xlim())
        middle.set_ylim(bottom=0)
        right.set_ylim(bottom=0)
        figure.legend(
            ncols=min(8, len(currents)), loc="lower left", bbox_to_anchor=(0.11, 0.98), title="mean input current",
            title_fontsize=8, alignment="left",
        )  # fmt: skip
        svg = to_svg(figure)
    chips = run.operating["chips"]
    where = f"chip {chips[0]}" if len(chips) == 1 else f"mean of {len(chips)} chips"
    return Plot(
        "operating",
        "Operating points",
        f"{run.engine_words}, post-layout, {where}, weights trained at {_name(points[0])}; outputs are held at half "
        f"the supply. {_told(points, winner)}",
        svg,
        dict(run.operating),
    )


def _name(point: PointResult) -> str:
    return f"{point.drive.supply_V:g} V and {engineering(point.drive.input_A, 'A')}"


def _told(points: list[PointResult], winner: PointResult | None) -> str:
    if winner is None or winner.timed is None or winner.efficiency is None:
        return "No point keeps the accuracy and has a run time that is long enough."
    lost = 100 * (points[0].accuracy - winner.accuracy)
    return (
        f"Ring: the best point, {_name(winner)}: {engineering(winner.efficiency, 'MAC/J')} at a fixed run time of "
        f"{engineering(winner.timed['run_s'], 's')}; it costs {lost:.2f} percentage points of accuracy."
    )


def table(run: RunData) -> list[tuple[str, ...]]:
    """One row per point, heading first; empty without a sweep."""
    points = points_of(run)
    if not points:
        return []
    winner = _best(run, points)
    rows: list[tuple[str, ...]] = [
        ("supply, mean input", "accuracy", "power", "leakage in it", "time to output p50 / p99",
         f"run time for {100 * DECIDED:g} %", "energy / MAC", "efficiency")
    ]  # fmt: skip
    for point in points:
        slow = point.timed is not None and not point.works
        told = (("own", point is points[0]), ("best", point == winner), ("too slow to work", slow))
        marks = [mark for mark, holds in told if holds]
        name = f"{point.drive.supply_V:g} V, {engineering(point.drive.input_A, 'A')}"
        first = (f"{name} ({', '.join(marks)})" if marks else name, f"{100 * point.accuracy:.2f} %")
        at = point.timed
        leakage = "-" if point.leakage_W is None else engineering(point.leakage_W, "W")
        if at is None:
            power = "-" if point.rest_W is None else engineering(point.rest_W, "W")
            rows.append((*first, power, leakage, point.problem or "does not work", "", "", ""))
            continue
        late = ("-", "-", "-")
        if point.efficiency is not None:
            late = (
                engineering(at["run_s"], "s"),
                engineering(at["mac_J"], "J"),
                engineering(point.efficiency, "MAC/J"),
            )
        times = f"{engineering(at['time_to_output_p50_s'], 's')} / {engineering(at['time_to_output_p99_s'], 's')}"
        rows.append((*first, engineering(at["power_W"], "W"), leakage, times, *late))
    return rows
