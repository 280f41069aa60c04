"""BrainScaleS-2 (Weis et al.): the multiplication matrix with repeated readings, MNIST beside its 98.0 % and 12 mJ."""

from collections.abc import Iterable

import numpy as np
from matplotlib.figure import Figure

from somaforge.flow.figures.svg import SERIES, Plot, style, to_svg
from somaforge.flow.figures.units import engineering
from somaforge.flow.papers.markdown import missing, paragraph, points, share, spread, table
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.parts.table1 import right
from somaforge.flow.papers.sources import Finished, kept
from somaforge.flow.papers.works import BRAINSCALES, BSS_IMAGE, BSS_MNIST

MATRIX = ("codes", "inputs_A", "reading_s", "repeats", "seeds", "reading_mean_A", "reading_deviation_A")


def measure(setting: Setting) -> Numbers:
    """The run's test matrix, the accuracy of its programmed chips, the energy of an image."""
    assert setting.run is not None
    run = Finished.of(setting.run, "mnist")
    matrix, outputs, m = run.plot("noise"), run.plot("outputs"), run.metrics
    loop = kept(setting.kept, "in_the_loop.json")
    return {
        "about": run.about,
        "matrix": {name: matrix[name] for name in (*MATRIX, "chip_deviation_A")},
        "programmed": [right(chip, None) for chip in outputs.values()],
        "images": m["accuracy__array__patterns__count"],
        "macs": m["design__macs__count"],
        "run_s": m["fixed_time__run__s"],
        "mac_J": m["fixed_time__mac__J"],
        "loop": None if loop is None else {key: loop[key] for key in ("arguments", "law", "results")},
        "missing": [
            missing("a convolutional and two dense layers on an array (`mapping` of a spec)", "no code yet"),
            missing("training with the chip in the loop on transistors (kept: chips that are models)", "no code yet"),
        ],
    }


def section(found: Found) -> Iterable[str]:
    """MNIST beside theirs, then the matrix."""
    image_J = found["macs"] * found["mac_J"]
    chips = len(found["programmed"])
    accuracy = float(np.mean(found["programmed"]))
    theirs = BSS_IMAGE.value
    yield table(
        ["figure", "BrainScaleS-2", "ours", "of what", "against theirs"],
        [
            [
                "MNIST, test images right",
                BSS_MNIST.text,
                spread(found["programmed"]),
                f"{chips} programmed chips, {found['images']:g} images, 196-100-50-10, no convolution",
                points(accuracy, BSS_MNIST.value),
            ],
            [
                "energy of an image",
                BSS_IMAGE.text,
                engineering(image_J, "J"),
                f"array and its memory for {engineering(found['run_s'], 's')} (99 % keep their winner), "
                f"{found['macs']:g} multiply-accumulates",
                f"{theirs / image_J:.1e} times less, **not the same thing**",
            ],
        ],
    )
    yield paragraph(
        """Theirs is a chip that was built; ours is the array alone in simulation: input drivers, readout, control and
        loading are not in it (`efficiency__chip__mac__per_J` of a chip has them), and the network is another one.
        12 mJ is what this project was asked to stand beside; it was not read in the paper, nor what it covers."""
    )
    matrix = found["matrix"]
    means, between = np.array(matrix["reading_mean_A"]), np.array(matrix["chip_deviation_A"])
    reading = np.array(matrix["reading_deviation_A"])
    used = [k for k, code in enumerate(matrix["codes"]) if code != 0]
    rows = [
        [
            engineering(current, "A"),
            *(share(float(np.median(d[level, used] / np.abs(means[level, used])))) for d in (reading, between)),
        ]
        for level, current in enumerate(matrix["inputs_A"])
    ]
    yield paragraph(
        f"""The multiplication matrix: a row with every code, {len(matrix["seeds"])} chips, {matrix["repeats"]} readings
        of {engineering(matrix["reading_s"], "s")} each, drawn with the deviation of ngspice's noise analysis; medians
        over codes:"""
    )
    yield table(["input", "deviation between readings", "between chips, before any calibration"], rows)
    if found["loop"] is not None:
        yield from _loop(found["loop"])


def _loop(loop: Numbers) -> Iterable[str]:
    yield paragraph(
        f"""Training with the chip in the loop, their method, against a measured model: `python bench/in_the_loop.py
        {loop["arguments"]}`, MNIST, a chip that is a model in software, law `{loop["law"]}`:"""
    )
    yield table(
        ["mismatch over the foundry's", "known of the chip", "trained on", "right", "patterns", "programmings"],
        [
            [f"{e['mismatch']:g}", e["known"], e["way"], share(e["accuracy"]), str(e["loop_patterns"]),
             str(e["loop_programmings"])]
            for e in loop["results"]
        ],
    )  # fmt: skip
    yield paragraph("The loop is **worse** than every synapse measured, and asks for more readings (docs/learning.md).")


def plots(found: Found) -> tuple[Plot, ...]:
    """Output over code for every input, with both deviations."""
    matrix = found["matrix"]
    codes = np.array(matrix["codes"])
    with style():
        figure = Figure(figsize=(9.2, 3.0), layout="constrained")
        left, side = figure.subplots(1, 2)
        for level, current in enumerate(matrix["inputs_A"]):
            mean, reading, between = (
                1e9 * np.array(matrix[name][level])
                for name in ("reading_mean_A", "reading_deviation_A", "chip_deviation_A")
            )
            colour = SERIES[level]
            label = f"input {engineering(current, 'A')}"
            left.errorbar(codes, mean, between, fmt="o-", ms=3, lw=0.9, color=colour, label=label)
            for value, line in ((reading, "o-"), (between, ":")):
                on = np.where(codes == 0, np.nan, value)  # a weight that is off leaves next to nothing
                side.semilogy(codes, on, line, ms=3, lw=1.0, color=colour)
        left.set(xlabel="weight code", ylabel="output current (nA)")
        left.legend()
        side.set(xlabel="weight code", title="deviation (nA): between readings (dots), between chips (dotted)")
        svg = to_svg(figure)
    caption = "Bars: deviation between chips, which calibration and training know; a single reading differs far less."
    return (Plot("brainscales-matrix", "The multiplication matrix", caption, svg, {}),)


BRAINSCALES_2 = Part(
    "brainscales-mnist",
    BRAINSCALES,
    "Multiplication matrix, MNIST",
    measure,
    section,
    plots,
    needs_run=True,
)
