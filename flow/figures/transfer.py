"""The figure of transfer curves: measured dots on fitted lines, a panel for each layer."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from somaforge.flow.figures.svg import colours, style, to_svg
from somaforge.pdk.arrays import Floats

FINE = 60
"""Points of a fitted line."""


def transfer_figure(inputs_A: Floats, curves: Sequence[Floats], fine_A: Floats, lines: Sequence[Floats]) -> str:
    """SVG; per layer `curves` [somas, levels] over `inputs_A` and `lines` [somas, points] over `fine_A`, all in A."""
    with style():
        figure = Figure(figsize=(9.2, 2.9))
        axes = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
        for layer, (ax, somas, fits) in enumerate(zip(axes, curves, lines, strict=True)):
            for current, fit, colour in zip(somas, fits, colours(len(somas)), strict=True):
                ax.plot(inputs_A * 1e9, current * 1e9, "o", ms=3, color=colour)
                ax.plot(fine_A * 1e9, fit * 1e9, lw=0.9, color=colour)
            ax.set_title(f"layer {layer} ({len(somas)} somas)")
            ax.set_xlabel("input current (nA)")
        axes[0].set_ylabel("unit-weight current (nA)")
        return to_svg(figure)
