"""Binas et al., Fig. 3: what happens when the pattern changes."""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure

from somaforge.flow.figures.svg import INK, Plot, colours, style, to_svg
from somaforge.flow.papers.markdown import missing, paragraph
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.sources import Finished
from somaforge.flow.papers.works import BINAS

DIGITS = 4


def measure(setting: Setting) -> Numbers:
    """Currents of the outputs and of the supply at one pattern change of the run's first chip."""
    assert setting.run is not None
    run = Finished.of(setting.run, "mnist")
    trace = run.plot("pattern_change")
    left = missing(
        "Fig. 3: the 196-50-10 network with the currents of all hidden units (reports keep outputs alone)",
        "no code yet",
    )
    return {
        "about": run.about,
        "layers": run.spec["network"]["layers"],
        "chip": trace["chip"],
        "pattern": trace["pattern"],
        **{name: _short(trace[name]) for name in ("time_s", "outputs_A", "supply_A")},
        "missing": [left],
    }


def _short(values: list[float] | list[list[float]]) -> list[float]:
    rounded: list[float] = np.vectorize(lambda v: float(f"{v:.{DIGITS}g}"))(np.array(values)).tolist()
    return rounded


def last_change_s(found: Found) -> float:
    """When the largest output is another one for the last time; 0 if it is the same from the start."""
    winner = np.array(found["outputs_A"]).argmax(axis=1)
    changes = np.flatnonzero(winner[1:] != winner[:-1])
    return float(found["time_s"][changes[-1] + 1]) if len(changes) else 0.0


def section(found: Found) -> Iterable[str]:
    """What is shown, and what is not."""
    layers = "-".join(map(str, found["layers"]))
    yield paragraph(
        f"""{layers}, chip {found["chip"]}, test pattern {found["pattern"]}, post-layout, array engine: the winner
        changes for the last time after {1e6 * last_change_s(found):.1f} us. **Less** than the paper's figure: its
        network is 196-50-10 and it shows the hidden units, too; ours is the larger network, outputs alone."""
    )


def plots(found: Found) -> tuple[Plot, ...]:
    """Outputs above, supply below."""
    time = np.array(found["time_s"]) * 1e6
    with style():
        figure = Figure(figsize=(9.2, 3.4), layout="constrained")
        top, low = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        outputs = np.array(found["outputs_A"]).T * 1e9
        for k, (current, colour) in enumerate(zip(outputs, colours(len(outputs)), strict=True)):
            top.plot(time, current, color=colour, lw=1.1, label=str(k))
        top.axvline(1e6 * last_change_s(found), color=INK, lw=0.9, ls="--")
        top.set_ylabel("outputs (nA)")
        top.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        low.plot(time, np.array(found["supply_A"]) * 1e6, color=INK, lw=1.1)
        low.set(xlabel="time after the pattern change (us)", ylabel="supply (uA)")
        svg = to_svg(figure)
    return (Plot("binas-fig-3", "One pattern change", "Dashed: the winner's last change.", svg, {}),)


FIG_3 = Part("binas-fig-3", BINAS, "Fig. 3: a pattern change", measure, section, plots, needs_run=True)
