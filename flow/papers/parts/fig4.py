"""Binas et al., Fig. 4: time to output against power, energy at fixed run times, and stopped at the right answer."""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator

from somaforge.flow.figures.svg import BLUE, GREY, INK, ORANGE, Plot, style, to_svg
from somaforge.flow.figures.units import engineering
from somaforge.flow.measure.timed import DECIDED
from somaforge.flow.papers.markdown import missing, paragraph, share, table
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.sources import Finished
from somaforge.flow.papers.works import BINAS

DIGITS = 4
"""Significant digits of what is kept of every pattern."""
PERCENTILES = (1, 50, 99)
EFFICIENCIES = (1e13, 2e13, 4e13)
"""Lines of equal efficiency in Fig. 4a, multiply-accumulates per joule."""


def measure(setting: Setting) -> Numbers:
    """Every timed pattern of the run, its fixed run times, and its operating points."""
    assert setting.run is not None
    run = Finished.of(setting.run, "mnist")
    each, fixed, sweep = run.plot("time_power"), run.plot("fixed_time"), run.plot("operating")
    left = [
        missing(
            "Fig. 4 at 45 nA over 500 patterns of ten chips (20 of chip 1 are kept)",
            "`somaforge run` of `examples/mnist.yaml` with `input.mean_A: 4.5e-8`",
        ),
    ]
    return {
        "about": run.about,
        "input_A": run.spec["input"]["mean_A"],
        "supply_V": run.spec["supply_V"],
        "macs": each["macs"],
        "time_s": _short(each["time_to_output_s"]),
        "energy_J": _short(each["energy_to_output_J"]),
        "run_times_s": _short(fixed["run_times_s"]),
        "energy_mac_J": _short(fixed["energy_mac_J"]),
        "decided": _short(fixed["decided"]),
        "decided_run_time_s": fixed["decided_run_time_s"],
        "stopped_mac_J": _short(fixed["stopped_energy_mac_J"]),
        "points": [_point(point) for point in sweep["points"]],
        "missing": left,
    }


def _short(values: list[float]) -> list[float]:
    return [float(f"{v:.{DIGITS}g}") for v in values]


def _point(point: Numbers) -> Numbers:
    keys = ("patterns", "power_W", "time_to_output_p50_s", "time_to_output_p99_s", "run_s", "mac_J", "efficiency_per_J")
    timed = None if point["timed"] is None else {key: point["timed"][key] for key in keys}
    return {**point["place"], "accuracy": point["accuracy"], "works": point["works"], "timed": timed}


def moved(found: Found) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Patterns whose winner changes, and which take energy until then: the others have no place in Fig. 4a."""
    energy: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.array(found["energy_J"]) > 0
    return (np.array(found["time_s"]) > 0) & energy


def section(found: Found) -> Iterable[str]:
    """Percentiles of Fig. 4a and c, and the operating points."""
    here = moved(found)
    time, energy = np.array(found["time_s"])[here], np.array(found["energy_J"])[here]
    efficiency = found["macs"] / energy
    rows = [
        ["4a: time to output", *(engineering(v, "s") for v in np.percentile(time, PERCENTILES))],
        ["4a: power until then", *(engineering(v, "W") for v in np.percentile(energy / time, PERCENTILES))],
        ["4a: efficiency until then", *(engineering(v, "MAC/J") for v in np.percentile(efficiency, PERCENTILES))],
        [
            "4c: energy per multiply-accumulate, stopped at the right answer",
            *(engineering(v, "J") for v in np.percentile(found["stopped_mac_J"], PERCENTILES)),
        ],
    ]
    chips = found["about"]["chips"]
    yield paragraph(
        f"""{engineering(found["input_A"], "A")} per input, {found["supply_V"]:g} V, {len(here)} patterns of {chips}
        chips, post-layout, array engine; {len(time)} of them change their winner. One operation per
        multiply-accumulate."""
    )
    yield table(["figure", *(f"{p} %" for p in PERCENTILES)], rows)
    still = int(np.sum(np.array(found["stopped_mac_J"]) == 0))
    yield paragraph(f"In 4c {still} patterns have the right winner from the start, at no energy.")
    if found["decided_run_time_s"] is None:
        yield paragraph(f"4b: no run time is enough for {share(DECIDED, 0)} of the patterns.")
    else:
        at = found["decided_run_time_s"]
        cost = float(np.interp(at, found["run_times_s"], found["energy_mac_J"]))
        yield paragraph(
            f"""4b: after {engineering(at, "s")} {share(DECIDED, 0)} of the patterns have their winner and keep it, at
            {engineering(cost, "J")} per multiply-accumulate."""
        )
    yield "Operating points of chip 1, with weights trained at the run's own point (the paper: 15 and 45 nA):\n\n"
    yield table(
        ["input", "supply", "accuracy of 500", "timed", "median", "p99", "fixed time of 99 %", "power", "MAC/J"],
        [_row(point) for point in found["points"]],
    )
    yield paragraph(
        """The paper's curves were not at hand, so no figure of theirs stands beside these. Weaker than asked: at 45 nA
        one chip and 20 patterns in time."""
    )


def _row(point: Numbers) -> list[str]:
    place = [engineering(point["input_A"], "A"), f"{point['supply_V']:g} V", share(point["accuracy"], 1)]
    t = point["timed"]
    if t is None:
        return [*place, "does not work", "", "", "", "", ""]
    times = [engineering(t[key], "s") for key in ("time_to_output_p50_s", "time_to_output_p99_s", "run_s")]
    return [*place, str(t["patterns"]), *times, engineering(t["power_W"], "W"), f"{t['efficiency_per_J']:.3g}"]


def plots(found: Found) -> tuple[Plot, ...]:
    """Fig. 4a, b and c side by side."""
    here = moved(found)
    time, energy = np.array(found["time_s"])[here], np.array(found["energy_J"])[here]
    with style():
        figure = Figure(figsize=(9.2, 3.0), layout="constrained")
        scatter, fixed, stopped = figure.subplots(1, 3)
        scatter.plot(time * 1e6, energy / time * 1e6, ".", ms=3, color=BLUE, alpha=0.5)
        scatter.set(xscale="log", yscale="log", xlabel="time to output (us)", ylabel="power until then (uW)")
        low, high = scatter.get_ylim()
        for efficiency in EFFICIENCIES:
            ends = found["macs"] / efficiency / (np.array([low, high]) * 1e-6) * 1e6
            scatter.plot(ends, [low, high], color=GREY, lw=0.8, ls=":")
            scatter.annotate(f"{efficiency / 1e12:g}", (ends[1], high), fontsize=7, color=INK, ha="center")
        scatter.set_ylim(low, high)
        for axis, ticks in ((scatter.xaxis, (1, 2, 5, 10, 20)), (scatter.yaxis, (140, 170, 200, 250))):
            axis.set_major_locator(FixedLocator(ticks))
            axis.set_major_formatter("{x:g}")
        scatter.minorticks_off()
        scatter.set_title("a; dotted: TMAC/J\n", fontsize=8)
        run = np.array(found["run_times_s"]) * 1e6
        fixed.plot(run, np.array(found["energy_mac_J"]) * 1e15, color=BLUE)
        fixed.set(xlabel="fixed run time (us)", ylabel="energy per MAC (fJ)", title="b; orange: share decided")
        other = fixed.twinx()
        other.plot(run, 100 * np.array(found["decided"]), color=ORANGE)
        other.set_ylim(0, 103)
        other.grid(visible=False)
        if found["decided_run_time_s"] is not None:
            fixed.axvline(found["decided_run_time_s"] * 1e6, color=INK, lw=0.9, ls="--")
        stopped.hist(np.array(found["stopped_mac_J"]) * 1e15, bins=40, color=BLUE)
        stopped.set(xlabel="energy per MAC (fJ)", ylabel="patterns", title="c; stopped at the right answer")
        svg = to_svg(figure)
    return (Plot("binas-fig-4", "Speed and energy", "a, b and c as in the paper's Fig. 4.", svg, {}),)


FIG_4 = Part("binas-fig-4", BINAS, "Fig. 4: speed and energy", measure, section, plots, needs_run=True)
