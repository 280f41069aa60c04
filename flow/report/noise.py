"""Figure of the test matrix: what an analog multiplication gives, and how much readings of it differ."""

import numpy as np
from matplotlib.figure import Figure

from somaforge.flow.figures.svg import SERIES, Plot, style, to_svg
from somaforge.flow.measure.noise import REPEATS, NoiseMatrix
from somaforge.flow.report.data import RunData


def of_run(run: RunData) -> Plot:
    """The test matrix of the run's step noise."""
    return matrix(NoiseMatrix.from_json(run.noise))


def matrix(found: NoiseMatrix) -> Plot:
    """Mean and standard deviation over repeats for every code, level and chip."""
    data = found.to_json()
    codes = np.array(found.codes)
    drawn = found.readings()
    with style():
        figure = Figure(figsize=(9.2, 3.0))
        left, right = figure.subplots(1, 2)
        for level, current in enumerate(found.inputs_A):
            colour = SERIES[level]
            for chip in range(len(found.seeds)):
                mean = drawn[:, chip, level].mean(axis=0) * 1e9
                left.plot(codes, mean, lw=0.6, color=colour, alpha=0.5)
            mean, spread = drawn.mean(axis=(0, 1))[level] * 1e9, found.means_A.std(axis=0, ddof=0)[level] * 1e9
            label = f"input {current * 1e9:.3g} nA"
            left.errorbar(codes, mean, spread, fmt="o", ms=3, lw=1, color=colour, label=label)
            right.semilogy(
                codes, 1e9 * np.asarray(data["reading_deviation_A"])[level], "o-", ms=3, lw=0.8, color=colour
            )
            right.semilogy(codes, 1e9 * found.means_A.std(axis=0, ddof=0)[level], ":", lw=1.0, color=colour)
        left.set_xlabel("weight code")
        left.set_ylabel("output current (nA)")
        left.legend()
        right.set_xlabel("weight code")
        right.set_title("deviation (nA): between readings (dots), between chips (dotted)")
        svg = to_svg(figure)
    return Plot(
        "noise",
        "The analog multiplication",
        f"A row with every code, {len(found.seeds)} chips with mismatch, {REPEATS} readings of "
        f"{found.reading_s * 1e6:g} us each, drawn with the deviation that ngspice's noise analysis gives. "
        "Bars: deviation between chips.",
        svg,
        {name: np.asarray(value).tolist() for name, value in data.items()},
    )
