"""Mohammadirad and Sojodishijani, Fig. 3 to 5: fully connected networks on MNIST whose features are wrong."""

from collections.abc import Callable, Iterable
from itertools import islice

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from torch import Tensor

from somaforge.flow.datasets import files, mnist
from somaforge.flow.figures.svg import Plot, colours, style, to_svg
from somaforge.flow.learning.training import one_thread
from somaforge.flow.papers import stack
from somaforge.flow.papers.example import mnist_spec
from somaforge.flow.papers.markdown import paragraph, table
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.works import RETRAINING
from somaforge.flow.papers.wrong import Unit, gaussian

NETWORKS = ((784, 25, 10), (784, 50, 10), (784, 100, 10), (784, 100, 50, 10))
ALPHAS = (0.1, 0.2, 0.4, 0.7, 1.0)
TIMES = (0.0, 1.0, 2.0, 4.0)
"""Multiples of the foundry's spread; 0: codes alone."""
RUNS, CHIPS = 20, 10
"""Of Gaussian errors, of mismatch. The work has 100 runs; the mean of 20 is known to a fifth of the deviation."""
TOGETHER = 10
"""Chips side by side: as many features stay in memory."""
Wrong = Callable[[Tensor, torch.Generator], Tensor]


def conditions(quick: bool) -> Numbers:
    """What the figures hang on."""
    return {
        "networks": [list(n) for n in (NETWORKS[:1] if quick else NETWORKS)],
        "activation": "tansig (tanh)",
        "alphas": list(ALPHAS[-1:] if quick else ALPHAS),
        "runs": 2 if quick else RUNS,
        "times": list(TIMES[:1] if quick else TIMES),
        "chips": 2 if quick else CHIPS,
        "ideal": {"epochs": 1 if quick else 8, "batch": 200, "rate": 0.002},
        "again": {"epochs": 1 if quick else 5, "batch": 200, "rate": 0.003, "images": 400 if quick else 10_000},
    }


def measure(setting: Setting) -> Numbers:
    """Accuracy of every network under every error, before and after its digital last matrices learnt again."""
    asked = conditions(setting.quick)
    found, source = mnist.whole(files.folder())
    shown = asked["again"]["images"] if setting.quick else None
    data = tuple(
        torch.from_numpy(part[:shown].reshape(len(part[:shown]), -1).astype("float32") / 255.0)
        if part.ndim > 1
        else torch.from_numpy(part[:shown].astype("int64"))
        for part in (found.train, found.train_labels, found.test, found.test_labels)
    )
    unit = setting.journal.piece("unit", lambda: vars(Unit.of(mnist_spec())))
    results = []
    with one_thread():
        for layers in asked["networks"]:
            results += _network(setting, asked, tuple(layers), data, Unit(**unit))
    head = {name: asked[name] for name in ("runs", "chips", "again")}
    return {"source": source, "unit": unit, "test_images": len(data[3]), **head, "results": results}


def _network(
    setting: Setting, asked: Numbers, layers: tuple[int, ...], data: tuple[Tensor, ...], unit: Unit
) -> list[Numbers]:
    """One entry for each number of digital matrices and kind and size of errors."""
    train, labels = data[:2]
    name = "-".join(map(str, layers))
    setting.say(f"{name}, ideal")

    def made() -> list[list[list[float]]]:
        first = stack.start(layers, 1, seed=1)
        ideal = stack.learn(train, labels, first, torch.tanh, stack.Recipe(**asked["ideal"]), seed=1)
        return [matrix[0].tolist() for matrix in ideal]

    ideal = [torch.tensor(matrix)[None] for matrix in setting.journal.piece(f"{name} ideal", made)]
    entries: list[Numbers] = []
    for digital in range(1, len(layers) - 1):
        exact: list[tuple[str, float, int]] = [("alpha", 0.0, 1)]
        errors = [("alpha", alpha, asked["runs"]) for alpha in asked["alphas"]]
        errors += [("mismatch", times, asked["chips"] if times > 0 else 1) for times in asked["times"]]
        for kind, size, runs in exact + errors:
            piece = f"{name} {digital} {kind} {size:g}"

            def pieces(digital: int = digital, kind: str = kind, size: float = size, runs: int = runs) -> Numbers:
                def wrong(matrix: Tensor, draw: torch.Generator) -> Tensor:
                    return gaussian(matrix, size, draw) if kind == "alpha" else unit.mismatched(matrix, size, draw)

                return _accuracies(asked, ideal, digital, wrong, runs, data)

            setting.say(piece)
            head = {"layers": list(layers), "digital": digital, "kind": kind, "size": size}
            entries.append(head | setting.journal.piece(piece, pieces))
    return entries


def _accuracies(
    asked: Numbers, ideal: list[Tensor], digital: int, wrong: Wrong, runs: int, data: tuple[Tensor, ...]
) -> Numbers:
    """`before` and `after` of every run: only the last `digital` matrices are exact, and learn again."""
    train, labels, test, truth = data
    count, recipe = asked["again"]["images"], {k: v for k, v in asked["again"].items() if k != "images"}
    draw = torch.Generator().manual_seed(1)
    before: list[float] = []
    after: list[float] = []
    left = iter(range(runs))
    while chips := len(list(islice(left, TOGETHER))):
        analog = [wrong(matrix.expand(chips, -1, -1), draw) for matrix in ideal[:-digital]]
        last = [matrix.expand(chips, -1, -1) for matrix in ideal[-digital:]]
        with torch.no_grad():
            seen, judged = (stack.features(x, analog, torch.tanh) for x in (train[:count], test))
        before += stack.accuracy(judged, truth, last, torch.tanh)
        again = stack.learn(seen, labels[:count], last, torch.tanh, stack.Recipe(**recipe), seed=1)
        after += stack.accuracy(judged, truth, again, torch.tanh)
    return {"before": before, "after": after}


def section(found: Found) -> Iterable[str]:
    """Accuracy before and after, under both kinds of errors."""
    unit, entries = found["unit"], found["results"]
    yield paragraph(
        f"""Networks in software with tansig on all 28 x 28 pixels, {found["test_images"]} test images
        ({found["source"]}). Features are on the chip and wrong; the last matrices are digital, exact, and trained again
        on what the chip makes of {found["again"]["images"]} training images. Accuracy in %, before / after, means of
        {found["runs"]} runs (alpha) and {found["chips"]} chips (mismatch)."""
    )
    yield "Every weight times 1 + alpha z, z a standard normal number:\n\n"
    yield _table(entries, "alpha")
    yield paragraph(
        f"""The array's own errors: weights as codes of {unit["bits"]} bits on unit mirrors whose ln I spreads by
        {unit["sigma_n"]:.2f} (n) and {unit["sigma_p"]:.2f} (p) at 15 nA, the example's unit under law
        `{unit["law"]}`, times 0 (codes alone), 1, 2 and 4; somas are exact:"""
    )
    yield _table(entries, "mismatch")
    worst = max((e for e in entries if e["kind"] == "alpha"), key=lambda e: (e["size"], _gain(e)))
    before, after = (100 * np.std(worst[when], ddof=1) for when in ("before", "after"))
    yield paragraph(
        f"""Largest gain at alpha = {worst["size"]:g}: {100 * _gain(worst):.1f} points ({_name(worst)}), where runs
        deviate by {before:.1f} points before and {after:.1f} after. Weaker than the work: {found["runs"]} runs
        instead of 100, small layers, short training of the ideal networks (the column alpha 0)."""
    )


def _gain(entry: Numbers) -> float:
    return float(np.mean(entry["after"]) - np.mean(entry["before"]))


def _name(entry: Numbers) -> str:
    last = "last matrix" if entry["digital"] == 1 else f"last {entry['digital']} matrices"
    return f"{'-'.join(map(str, entry['layers']))}, {last}"


def _table(entries: list[Numbers], kind: str) -> str:
    """A row for every network and number of digital matrices, a column for every size."""
    here = [e for e in entries if e["kind"] == kind]
    sizes = list(dict.fromkeys(e["size"] for e in here))
    rows: dict[str, dict[float, str]] = {}
    for e in here:
        shown = f"{100 * np.mean(e['before']):.1f} / {100 * np.mean(e['after']):.1f}"
        rows.setdefault(_name(e), {})[e["size"]] = shown
    head = ["network, digital", *(f"{kind} {size:g}" for size in sizes)]
    return table(head, [[name, *(cells.get(size, "") for size in sizes)] for name, cells in rows.items()])


def plots(found: Found) -> tuple[Plot, ...]:
    """Wrong images over alpha and over the spread, a colour for each network, dashed before."""
    entries = found["results"]
    names = list(dict.fromkeys(_name(e) for e in entries))
    with style():
        figure = Figure(figsize=(9.2, 3.2), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for ax, kind, label in zip(axes, ("alpha", "mismatch"), ("alpha", "mismatch over the foundry's"), strict=True):
            for name, colour in zip(names, colours(len(names)), strict=True):
                mine = [e for e in entries if e["kind"] == kind and _name(e) == name]
                sizes = [e["size"] for e in mine]
                for when, line in (("before", "--"), ("after", "-")):
                    wrong = [100 * (1 - np.mean(e[when])) for e in mine]
                    ax.semilogy(sizes, wrong, line, marker="o", ms=3, lw=1.1, color=colour,
                                label=name if when == "after" else None)  # fmt: skip
            ax.set_xlabel(label)
            ax.yaxis.set_major_locator(FixedLocator((3, 4, 5, 7, 10, 20)))
            ax.yaxis.set_major_formatter("{x:g}")
            ax.minorticks_off()
        axes[0].set_ylabel("test images wrong (%)")
        axes[0].legend()
        svg = to_svg(figure)
    caption = "Dashed: before, solid: after the digital matrices were trained again. Means over runs."
    return (Plot("retraining-dense", "Wrong images over the size of errors", caption, svg, {}),)


DENSE = Part(
    "retraining-dense",
    RETRAINING,
    "Fig. 3 to 5: fully connected networks, features wrong, last layers trained again",
    measure,
    section,
    plots,
    conditions,
)
