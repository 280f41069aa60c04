"""Figures of what the programmed chips did: network, outputs, one pattern change, speed and energy."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from somaforge.flow.figures.svg import BLUE, GREY, INK, ORANGE, RED, SERIES, Plot, colours, style, to_svg
from somaforge.flow.report.data import ChipData, RunData

MAX_CHIPS = 10
"""Panels per figure; the JSON beside the report has all chips."""
MAX_DRAWN = 25
"""Somas per layer in the drawing of a network with lines; of more, pictures of the matrices."""
HEIGHT = 3**0.5 / 2
"""Of a triangle with sides of 1."""


def network(run: RunData) -> Plot:
    """Paper Fig. 5d: the first chip's network with its weights; large matrices as pictures of their codes."""
    chip, layers = run.chips[0], run.spec.network.layers
    lines = max(layers) <= MAX_DRAWN
    with style():
        figure = Figure(figsize=(9.2, 3.6))
        (_lines if lines else _matrices)(figure, run)
        svg = to_svg(figure)
    told = "the width of a line is the code" if lines else "rows down, columns across"
    return Plot(
        "network",
        "The network with its weights",
        f"Chip {chip.seed}: {'-'.join(map(str, layers))} on {'-'.join(map(str, run.design.layers))}; "
        f"{told}. Compare with Fig. 5d of the paper.",
        svg,
        {str(c.seed): [codes.tolist() for codes in c.codes] for c in run.chips},
    )


def _lines(figure: Figure, run: RunData) -> None:
    chip, layers, full = run.chips[0], run.spec.network.layers, run.design.weights.full_scale
    ax = figure.subplots()
    ax.axis("off")
    places = [(np.arange(n) - (n - 1) / 2) / max(layers) for n in layers]
    for m, (codes, before, after) in enumerate(zip(chip.codes, places, places[1:], strict=False)):
        for a, b in np.argwhere(codes[: len(before), : len(after)]):
            code = int(codes[a, b])
            colour, width = (BLUE if code > 0 else ORANGE), 2.6 * abs(code) / full
            ax.plot([m, m + 1], [-before[a], -after[b]], color=colour, lw=width, alpha=0.75, zorder=1)
    for layer, where in enumerate(places):
        ax.plot([layer] * len(where), -where, "o", ms=9, mfc="white", mec=INK, zorder=2)
    ax.plot([], [], color=BLUE, lw=2, label="positive weight")
    ax.plot([], [], color=ORANGE, lw=2, label="negative weight")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, -0.1))


def _matrices(figure: Figure, run: RunData) -> None:
    layers, full = run.spec.network.layers, run.design.weights.full_scale
    axes = figure.subplots(1, len(layers) - 1, squeeze=False, width_ratios=[max(n, 25) for n in layers[1:]])[0]
    shades = LinearSegmentedColormap.from_list("codes", [ORANGE, "white", BLUE])
    for m, (ax, codes) in enumerate(zip(axes, run.chips[0].codes, strict=True)):
        shown = codes[: layers[m], : layers[m + 1]]
        picture = ax.imshow(shown, cmap=shades, vmin=-full, vmax=full, aspect="auto", interpolation="nearest")
        ax.grid(visible=False)
        ax.set_title(f"matrix {m}")
    figure.colorbar(picture, ax=list(axes), fraction=0.03, pad=0.02, label="code")


def outputs(run: RunData) -> Plot:
    """Paper Fig. 5e for three classes; a confusion matrix for any other number."""
    chips = run.chips[:MAX_CHIPS]
    draw = _barycentric if run.spec.network.layers[-1] == 3 else _confusion
    with style():
        columns = min(5, len(chips))
        rows = -(-len(chips) // columns)
        figure = Figure(figsize=(9.2, 2.35 * rows))
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax in axes[len(chips) :]:
            ax.axis("off")
        for ax, chip in zip(axes, chips, strict=False):
            evaluation = chip.evaluation
            wrong = sum(p != label for p, label in zip(evaluation["predictions"], evaluation["labels"], strict=True))
            draw(ax, evaluation, run.spec.network.layers[-1])
            ax.set_title(f"chip {chip.seed}: {wrong} of {len(evaluation['labels'])} wrong", fontsize=7)
        svg = to_svg(figure)
    return Plot(
        "outputs",
        "Outputs for the test patterns",
        f"Shares of the output currents for each pattern, {run.engine_words}, post-layout. Colour: true class "
        f"({', '.join(f'{k} {name}' for k, name in enumerate(run.classes))}); a red ring: wrong winner. Compare with "
        "Fig. 5e of the paper."
        if draw is _barycentric
        else f"Wrong winners: true class (down) against winner (across), {run.engine_words}, post-layout; dark: many.",
        svg,
        {str(c.seed): {key: c.evaluation[key] for key in ("outputs_A", "predictions", "labels")} for c in run.chips},
    )


def _barycentric(ax: Axes, evaluation: dict[str, Any], classes: int) -> None:
    current = np.array(evaluation["outputs_A"])
    current = current.reshape(-1, classes)
    share = current / np.maximum(current.sum(axis=1, keepdims=True), 1e-15)
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, HEIGHT]])
    at = share @ corners
    labels, predictions = np.array(evaluation["labels"]), np.array(evaluation["predictions"])
    ax.axis("off")
    ax.set_aspect("equal")
    ax.set_ylim(-0.16, HEIGHT + 0.2)
    ax.plot(*np.vstack([corners, corners[:1]]).T, color=GREY, lw=0.8)
    centre = corners.mean(axis=0)
    for a, b in ((0, 1), (1, 2), (2, 0)):  # where two outputs tie: the borders between winners
        middle = (corners[a] + corners[b]) / 2
        ax.plot([centre[0], middle[0]], [centre[1], middle[1]], color=GREY, lw=0.6, ls=":")
    for label in range(classes):
        mine = at[labels == label]
        ax.plot(mine[:, 0], mine[:, 1], "o", ms=3.2, color=SERIES[label], alpha=0.85)
    bad = at[labels != predictions]
    ax.plot(bad[:, 0], bad[:, 1], "o", ms=7, mfc="none", mec=RED)
    for label, (x, y) in enumerate(corners):
        ax.text(x, y + (0.04 if y > 0 else -0.1), str(label), ha="center", color=SERIES[label])


def _confusion(ax: Axes, evaluation: dict[str, Any], classes: int) -> None:
    table = np.zeros((classes, classes), dtype=int)
    np.add.at(table, (evaluation["labels"], evaluation["predictions"]), 1)
    np.fill_diagonal(table, 0)  # hundreds of right ones would hide the wrong ones
    ax.grid(visible=False)
    ax.imshow(table, cmap="Blues", vmin=0, vmax=max(1, int(table.max())))
    ax.plot([-0.5, classes - 0.5], [-0.5, classes - 0.5], color=GREY, lw=0.6)
    ax.set_xticks(range(classes))
    ax.set_yticks(range(classes))
    ax.tick_params(labelsize=7)


def pattern_change(run: RunData) -> Plot | None:
    """Paper Fig. 3: one pattern change of the first chip; None if it has none."""
    chip = run.chips[0]
    trace = chip.evaluation["trace"]
    if trace["pattern"] not in chip.evaluation["timed"] or not trace["time_s"]:
        return None
    time = np.array(trace["time_s"]) * 1e6
    before, after = np.array(trace["inputs_A"]) * 1e9
    used = run.spec.network.layers[0]
    settled = chip.evaluation["time_to_output_s"][chip.evaluation["timed"].index(trace["pattern"])] * 1e6
    with style():
        figure = Figure(figsize=(9.2, 4.6))
        top, middle, low = figure.subplots(3, 1, sharex=True, height_ratios=(1, 1.6, 1))
        for i, colour in enumerate(colours(used)):
            levels = [before[i], after[i], after[i]]
            top.step([time[0], 0, time[-1]], levels, where="post", color=colour, lw=1.4 if used <= MAX_DRAWN else 0.5)
        top.set_ylabel("inputs (nA)")
        outputs = np.array(trace["outputs_A"]).T * 1e9
        for j, (current, colour) in enumerate(zip(outputs, colours(len(outputs)), strict=True)):
            middle.plot(time, current, color=colour, lw=1.4, label=f"out_{j}")
        middle.axvline(settled, color=INK, lw=0.9, ls="--")
        late = settled > (time[0] + time[-1]) / 2  # then there is room on the left of the line
        middle.annotate(
            f"last change of the winner: {settled * 1e3:.0f} ns", (settled, 1.03), xycoords=("data", "axes fraction"),
            ha="right" if late else "left", fontsize=8, color=INK,
        )  # fmt: skip
        middle.set_ylabel("outputs (nA)")
        middle.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        low.plot(time, np.array(trace["supply_A"]) * 1e6, color=INK, lw=1.1)
        low.set_ylabel("supply (uA)")
        low.set_xlabel("time after the pattern change (us)")
        svg = to_svg(figure)
    return Plot(
        "pattern_change",
        "One pattern change",
        f"Chip {chip.seed}, test pattern {trace['pattern']}, {run.engine_words}, post-layout. Compare with Fig. 3 of "
        "the paper.",
        svg,
        {"chip": chip.seed, **trace},
    )


def speed_and_energy(run: RunData) -> Plot | None:
    """Distributions over chips and patterns; None without a timed pattern."""
    times = _all(run.chips, "time_to_output_s")
    if not len(times):
        return None
    energy = _all(run.chips, "energy_J") / run.metrics["design__macs__count"]
    with style():
        figure = Figure(figsize=(9.2, 2.5))
        left, right = figure.subplots(1, 2)
        left.hist(times * 1e9, bins=30, color=BLUE)
        left.set_xlabel("time to output (ns)")
        left.set_ylabel("patterns")
        for quantile in (50, 99):
            left.axvline(float(np.percentile(times, quantile)) * 1e9, color=INK, lw=0.9, ls="--")
        left.set_title("dashed: median and 99th percentile")
        right.hist(energy * 1e15, bins=30, color=ORANGE)
        right.set_xlabel("energy per multiply-accumulate (fJ)")
        svg = to_svg(figure)
    return Plot(
        "speed_energy",
        "Distributions",
        f"All chips and patterns, post-layout, at a run time of {run.spec.evaluation.pattern_time_s * 1e6:g} us a "
        "pattern. Supply energy of the array, input currents included; programming, input converters and readout are "
        "not.",
        svg,
        {"time_to_output_s": times.tolist(), "energy_mac_J": energy.tolist()},
    )


def _all(chips: tuple[ChipData, ...], key: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.concatenate([np.array(chip.evaluation[key], dtype=float) for chip in chips])


def training(run: RunData) -> Plot:
    """Loss over epochs, ideal chip and real ones: side by side where chips start from the ideal chip's network."""
    apart = run.spec.training.batch != "all"
    with style():
        figure = Figure(figsize=(9.2, 2.3))
        axes = figure.subplots(1, 2 if apart else 1, squeeze=False)[0]
        axes[0].plot(run.ideal["loss"], lw=1, color=GREY, ls="--", label="ideal chip")
        for chip, colour in zip(run.chips, colours(len(run.chips)), strict=True):
            axes[-1].plot(chip.training["loss"], lw=1, color=colour, label=f"chip {chip.seed}")
        for ax in axes:
            ax.set_yscale("linear" if apart else "log")
            ax.set_xlabel("epoch")
        axes[0].set_ylabel("loss")
        figure.legend(ncols=6, loc="lower left", bbox_to_anchor=(0.11, 0.93))
        svg = to_svg(figure)
    return Plot(
        "training",
        "Training",
        "Each chip's network is trained on its own calibration; the test patterns are never looked at.",
        svg,
        {**{str(c.seed): c.training for c in run.chips}, "ideal": run.ideal},
    )
