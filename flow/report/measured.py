"""Figures of what the tester measured: transfer curves and slopes of the somas, linearity of the weight codes."""

import numpy as np
from matplotlib.figure import Figure

from somaforge.flow.figures.svg import BLUE, GREY, ORANGE, Plot, colours, style, to_svg
from somaforge.flow.figures.transfer import FINE, transfer_figure
from somaforge.flow.learning.curves import fitted, soma_curves
from somaforge.flow.report.data import RunData

MAX_SOMAS = 60
"""Somas that are drawn one by one; of more, histograms."""
MAX_NAMED = 12
"""Chips that a legend names."""


def transfer(run: RunData) -> Plot:
    """Paper Fig. 5b: the first chip's somas."""
    chip = run.chips[0]
    inputs = np.array(chip.measured["inputs_A"])
    curves = soma_curves(chip.calibration, chip.measured["nodes"], inputs, np.array(chip.measured["outputs_A"]))
    fine = np.linspace(0, inputs[-1], FINE)
    return Plot(
        "transfer_curves",
        "Transfer curves of all somas",
        f"Chip {chip.seed}. Dots: measured through whole paths, whose departure from the model their somas share; "
        f"lines: the fitted slope with exponent {chip.calibration.exponent:.3f}. Compare with Fig. 5b of the paper.",
        transfer_figure(inputs, curves, fine, fitted(chip.calibration, fine)),
        {"chip": chip.seed, "inputs_A": inputs.tolist(), "unit_current_A": [c.tolist() for c in curves]},
    )


def cells(run: RunData) -> Plot:
    """One soma with one synapse, and the latch: cells without mismatch, from PySpice."""
    data = run.cells
    inputs = np.array(data["inputs_A"])
    full = max(data["codes"])
    with style():
        figure = Figure(figsize=(9.2, 2.9))
        left, middle, right = figure.subplots(1, 3)
        for code, current in zip(data["codes"], data["outputs_A"], strict=True):
            if code == 0:
                continue
            colour, line = (BLUE, "-") if code > 0 else (ORANGE, "--")
            gain = np.divide(current, inputs * code, out=np.full(len(inputs), np.nan), where=inputs > 0)
            left.loglog(inputs * 1e9, np.sign(code) * np.array(current) * 1e9, color=colour, lw=0.9, ls=line)
            middle.semilogx(inputs * 1e9, gain, color=colour, lw=0.9, ls=line)
        left.set_xlabel("soma input (nA)")
        left.set_ylabel("synapse output (nA)")
        left.set_title(f"codes 1 to {full}; negative dashed")
        middle.set_xlabel("soma input (nA)")
        middle.set_title("gain per unit of code")
        for name, colour in (("hold", BLUE), ("read", ORANGE)):
            wing = data["latch"][name]
            label = f"{name}: {wing['noise_margin_V'] * 1e3:.0f} mV"
            right.plot(wing["drive_V"], wing["response_V"], color=colour, lw=1, label=label)
            right.plot(wing["response_V"], wing["drive_V"], color=colour, lw=1)
        right.set_xlabel("q (V)")
        right.set_title("latch, static noise margin")
        right.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.2))
        svg = to_svg(figure)
    return Plot(
        "cells",
        "The cells alone",
        "Without mismatch, schematic, in process with PySpice; the output is held at half the supply.",
        svg,
        data,
    )


def slopes(run: RunData) -> Plot:
    """Paper Fig. 5c: slopes of every soma of every chip; of large arrays their distribution in every layer."""
    each = sum(run.design.layers) <= MAX_SOMAS
    told = "; bars: RMS residual of the fit" if each else f", {len(run.chips)} chips"
    with style():
        figure = Figure(figsize=(9.2, 2.7))
        (_each_slope if each else _distributed_slopes)(figure, run)
        if each and len(run.chips) <= MAX_NAMED:
            handles, labels = figure.axes[0].get_legend_handles_labels()
            columns = min(6, len(labels))
            figure.legend(handles, labels, ncols=columns, loc="lower left", bbox_to_anchor=(0.11, 0.93))
        svg = to_svg(figure)
    return Plot(
        "slopes",
        "Slopes of all somas",
        f"Unit-weight current per input current{told}. Compare with Fig. 5c of the paper.",
        svg,
        {str(c.seed): {"slopes": c.calibration.slopes, "residuals": c.calibration.residuals} for c in run.chips},
    )


def _each_slope(figure: Figure, run: RunData) -> None:
    ax, sizes, count = figure.subplots(), run.design.layers, len(run.chips)
    for number, (chip, colour) in enumerate(zip(run.chips, colours(count), strict=True)):
        flat = np.concatenate(chip.calibration.slopes)
        error = flat * np.concatenate(chip.calibration.residuals)
        x = np.arange(len(flat)) + min(0.12, 0.7 / count) * (number - (count - 1) / 2)
        ax.errorbar(x, flat, error, fmt="o", ms=3, lw=0.8, color=colour, label=f"chip {chip.seed}")
    for edge in np.cumsum(sizes)[:-1]:
        ax.axvline(edge - 0.5, color=GREY, lw=0.8, ls=":")
    labels = [f"{layer}.{i}" for layer, n in enumerate(sizes) for i in range(n)]
    ax.set_xticks(range(len(labels)), labels, rotation=90 if len(labels) > 30 else 0)
    ax.set_xlabel("soma (layer.index)")
    ax.set_ylabel("slope")


def _distributed_slopes(figure: Figure, run: RunData) -> None:
    axes = figure.subplots(1, len(run.design.layers), sharex=True, squeeze=False)[0]
    for layer, (ax, count) in enumerate(zip(axes, run.design.layers, strict=True)):
        ax.hist(np.concatenate([chip.calibration.slopes[layer] for chip in run.chips]), bins=30, color=BLUE)
        ax.set_title(f"layer {layer} ({count} somas a chip)")
        ax.set_xlabel("slope")
    axes[0].set_ylabel("somas of all chips")


def codes(run: RunData) -> Plot:
    """Linearity of the weight code, and the strength of negative weights."""
    with style():
        figure = Figure(figsize=(9.2, 2.7))
        left, right = figure.subplots(1, 2)
        full = run.design.weights.full_scale
        for chip in run.chips:
            sample = np.array(chip.measured["code_samples"], dtype=float).reshape(-1, 2)
            left.plot(sample[:, 0], sample[:, 1], ".", ms=2.5, color=GREY, alpha=0.6)
            left.plot(range(full + 1), chip.calibration.code_gain, lw=0.9, color=BLUE)
        left.plot([0, full], [0, full], ls=":", color=ORANGE, lw=1)
        left.set_xlabel("weight code")
        left.set_ylabel("measured (units)")
        left.set_title("code table: single synapses (grey) and fit (blue)")
        for chip, colour in zip(run.chips, colours(len(run.chips)), strict=True):
            strength = chip.calibration.negative_strength
            right.plot(range(len(strength)), strength, "o-", ms=4, lw=0.8, color=colour, label=f"chip {chip.seed}")
        right.axhline(1, ls=":", color=ORANGE, lw=1)
        right.set_xticks(range(len(run.design.layers) - 1))
        right.set_xlabel("matrix")
        right.set_title("strength of a negative unit weight")
        if len(run.chips) <= MAX_NAMED:
            right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        svg = to_svg(figure)
    return Plot(
        "code_linearity",
        "Weight codes",
        "What a code is worth, and how strongly a negative weight pulls, as the tester sees it.",
        svg,
        {
            str(c.seed): {
                "code_gain": c.calibration.code_gain,
                "negative_strength": c.calibration.negative_strength,
                "samples": c.measured["code_samples"],
            }
            for c in run.chips
        },
    )
