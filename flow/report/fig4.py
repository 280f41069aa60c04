"""Energy and speed as in the paper's Fig. 4: time against power, fixed run times, and stopping at the right answer."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from somaforge.flow.engines.named import named
from somaforge.flow.figures.svg import BLUE, GREEN, GREY, INK, ORANGE, Plot, style, to_svg
from somaforge.flow.measure.timed import DECIDED, Timed
from somaforge.flow.report.data import ChipData, RunData

NOT_INCLUDED = (
    "Supply energy of the array with its input currents and the leakage of latches and port; not included: input "
    "drivers or converters, readout, and programming (see the step program)."
)
IN_TIME = (
    " Times and energies are those of the array engine. Against ngspice, on other chips (docs/array-engine.md, Error), "
    "times differ by 3.4 % at most and energies by 0.35 % on 7-7-7 and 25-12-6, by 2.0 % and 2.3 % for one pattern "
    "of 196-100-50-10; ngspice is too slow in time to repeat that on every chip."
)


def of(chips: tuple[ChipData, ...]) -> Timed:
    """The timed patterns of the run's chips."""
    return Timed.of([chip.evaluation for chip in chips])


def time_and_power(run: RunData) -> Plot | None:
    """Time to output against power with histograms and lines of equal efficiency; None without a timed pattern."""
    if not any(chip.evaluation["time_to_output_s"] for chip in run.chips):
        return None
    timed, macs = of(run.chips), run.metrics["design__macs__count"]
    moved = timed.time_s > 0
    wrong = int(np.sum(timed.energy_to_output_J[moved] <= 0))
    moved &= timed.energy_to_output_J > 0  # a simulation's fault has no place on a logarithmic axis
    pairs = zip(timed.energy_to_output_J, timed.time_s, strict=True)
    time = timed.time_s[moved] * 1e6
    power = timed.energy_to_output_J[moved] / timed.time_s[moved] * 1e6
    with style():
        figure = Figure(figsize=(9.2, 4.2))
        grid = figure.add_gridspec(2, 2, width_ratios=(4, 1), height_ratios=(1, 3), hspace=0.06, wspace=0.04)
        ax = figure.add_subplot(grid[1, 0])
        top, side = figure.add_subplot(grid[0, 0], sharex=ax), figure.add_subplot(grid[1, 1], sharey=ax)
        if len(time):
            ax.loglog(time, power, ".", ms=4, color=BLUE, alpha=0.6)
            spans = [(0.7 * float(v.min()), 1.4 * float(v.max())) for v in (time, power)]
            ax.set_xlim(*spans[0])
            ax.set_ylim(*spans[1])
            best, worst = macs / (time * power * 1e-12).min(), macs / (time * power * 1e-12).max()
            for efficiency in np.geomspace(worst, best, 5):
                at = np.array(spans[0])
                ax.plot(at, macs / efficiency / (at * 1e-6) * 1e6, color=GREY, lw=0.7, ls=":")
                edge = macs / efficiency / (spans[1][0] * 1e-6) * 1e6  # where the line leaves at the bottom
                if spans[0][0] < edge < spans[0][1]:
                    ax.annotate(f" {efficiency:.2g} MAC/J", (edge, 1.03 * spans[1][0]), fontsize=7, color=INK)
            top.hist(time, bins=np.geomspace(*spans[0], 40).tolist(), color=BLUE)
            side.hist(power, bins=np.geomspace(*spans[1], 40).tolist(), color=BLUE, orientation="horizontal")
        else:  # a logarithmic axis needs something to show
            ax.text(0.5, 0.5, "no timed pattern changes its winner", ha="center", color=INK, transform=ax.transAxes)
        for axis in (ax.xaxis, ax.yaxis) if len(time) else ():  # within one decade powers of ten say little
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())
        top.tick_params(axis="x", which="both", labelbottom=False)
        side.tick_params(axis="y", which="both", labelleft=False)
        top.grid(visible=False)
        side.grid(visible=False)
        ax.set_xlabel("time to output (us)")
        ax.set_ylabel("power until then (uW)")
        svg = to_svg(figure)
    return Plot(
        "time_power",
        "Time to output against power",
        f"{_faults(wrong)}{len(time)} of {len(moved)} timed patterns of {len(run.chips)} chips, those whose winner "
        "changed; dotted: equal efficiency in multiply-accumulates per joule (one operation each; double it for two). "
        f"Compare with Fig. 4a of the paper. {NOT_INCLUDED}"
        f"{'' if named(run.spec).in_full else IN_TIME}",
        svg,
        {
            "time_to_output_s": timed.time_s.tolist(),
            "energy_to_output_J": timed.energy_to_output_J.tolist(),
            "power_to_output_W": [float(e / t) if t > 0 else None for e, t in pairs],
            "chips": [chip.seed for chip in run.chips for _ in chip.evaluation["time_to_output_s"]],
            "macs": macs,
        },
    )


def _faults(count: int) -> str:
    """What must be said of patterns that cannot be drawn."""
    return f"{count} without positive supply energy left out: the simulation is wrong there. " if count else ""


def fixed_and_stopped(run: RunData) -> Plot | None:
    """Energy per operation at fixed run times, and if stopped at the right answer; None without a timed pattern."""
    if not any(chip.evaluation["time_to_output_s"] for chip in run.chips):
        return None
    timed, macs = of(run.chips), run.metrics["design__macs__count"]
    decided, enough = [timed.decided(t) for t in timed.run_times_s], timed.decided_s
    stopped = timed.energy_to_output_J[timed.right] / macs
    with style():
        figure = Figure(figsize=(9.2, 2.7))
        left, middle, right = figure.subplots(1, 3)
        left.plot(timed.run_times_s * 1e6, timed.energy_by_J / macs * 1e15, color=BLUE)
        if enough is not None:
            left.plot(enough * 1e6, timed.energy_at(enough) / macs * 1e15, "o", ms=4, color=ORANGE)
        left.set_xlabel("fixed run time (us)")
        left.set_ylabel("energy per multiply-accumulate (fJ)")
        middle.plot(timed.run_times_s * 1e6, 100 * np.array(decided), color=GREEN)
        middle.set_ylim(top=101)
        middle.axhline(100 * DECIDED, color=INK, lw=0.8, ls="--")
        middle.set_xlabel("fixed run time (us)")
        middle.set_title("patterns that keep their winner (%)")
        right.hist(stopped * 1e15, bins=30, color=ORANGE)
        right.set_xlabel("energy per multiply-accumulate (fJ)")
        right.set_title("stopped at the right answer")
        figure.subplots_adjust(wspace=0.3)
        svg = to_svg(figure)
    return Plot(
        "fixed_time",
        "Energy at fixed run times",
        f"{_enough(timed, macs)} Right: patterns that end right, stopped when they do. Compare with Fig. 4b and c of "
        f"the paper. {NOT_INCLUDED}",
        svg,
        {
            "run_times_s": timed.run_times_s.tolist(),
            "energy_mac_J": (timed.energy_by_J / macs).tolist(),
            "decided": decided,
            "decided_run_time_s": enough,
            "stopped_energy_mac_J": stopped.tolist(),
        },
    )


def _enough(timed: Timed, macs: float) -> str:
    """What the dot in the figure says."""
    enough = timed.decided_s
    if enough is None:
        return f"No run time was long enough for {100 * DECIDED:g} % of the patterns to have their winner at rest."
    return (
        f"Dot: {enough * 1e6:.3g} us, after which {100 * DECIDED:g} % of the patterns keep their winner: "
        f"{1e15 * timed.energy_at(enough) / macs:.3g} fJ for one multiply-accumulate (half of that with two "
        "operations in it)."
    )
