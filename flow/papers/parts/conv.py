"""Mohammadirad and Sojodishijani: a convolutional network on CIFAR-10 whose features are wrong."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.datasets import cifar10, files
from somaforge.flow.learning.training import one_thread
from somaforge.flow.papers import convolution, stack
from somaforge.flow.papers.example import mnist_spec
from somaforge.flow.papers.markdown import missing, paragraph, table
from somaforge.flow.papers.part import Found, Numbers, Part, Setting
from somaforge.flow.papers.works import RETRAINING
from somaforge.flow.papers.wrong import Unit, gaussian

CHANNELS, HIDDEN = (3, 16, 32, 32), 64
ALPHAS = (0.1, 0.2, 0.4, 0.7, 1.0)
TIMES = (0.0, 1.0, 2.0)
PICTURES, TEST, EPOCHS, RUNS = 10_000, 5_000, 8, 5
"""What this took of a processor is on the page; the whole set and some 50 epochs are hours."""


def conditions(quick: bool) -> Numbers:
    """What the figures hang on."""
    return {
        "channels": list(CHANNELS),
        "hidden": HIDDEN,
        "alphas": list(ALPHAS[-1:] if quick else ALPHAS),
        "times": list(TIMES[:1] if quick else TIMES),
        "runs": 1 if quick else RUNS,
        "pictures": 100 if quick else PICTURES,
        "test": 100 if quick else TEST,
        "ideal": {"epochs": 1 if quick else EPOCHS, "batch": 50, "rate": 0.002},
        "again": {"epochs": 1 if quick else 8, "batch": 50, "rate": 0.001},
    }


def measure(setting: Setting) -> Numbers:
    """Accuracy under every error, before and after the two dense layers, or the last of them, learnt again."""
    asked = conditions(setting.quick)
    data = cifar10.load(files.folder(), asked["pictures"], asked["test"])
    pictures = [torch.from_numpy(part.astype(np.float32) / 127.5 - 1) for part in (data.train, data.test)]
    labels = [torch.from_numpy(part.astype(np.int64)) for part in (data.train_labels, data.test_labels)]
    unit = Unit(**setting.journal.piece("unit", lambda: vars(Unit.of(mnist_spec()))))
    side = cifar10.SIDE // 2 ** (len(CHANNELS) - 1)
    layers = (CHANNELS[-1] * side * side, HIDDEN, cifar10.CLASSES)

    def ideal() -> list[list[list[float]]]:
        first = convolution.start(CHANNELS, seed=1), stack.start(layers, 1, seed=1)
        kernels, last = convolution.learn(pictures[0], labels[0], *first, stack.Recipe(**asked["ideal"]), seed=1)
        return [matrix.tolist() for matrix in (*kernels, *(m[0] for m in last))]

    results = []
    with one_thread():
        setting.say("ideal network")
        whole = [torch.tensor(matrix) for matrix in setting.journal.piece("ideal", ideal)]
        errors = [("alpha", 0.0, 1), *(("alpha", a, asked["runs"]) for a in asked["alphas"])]
        errors += [("mismatch", t, asked["runs"] if t > 0 else 1) for t in asked["times"]]
        for kind, size, runs in errors:
            piece = f"{kind} {size:g}"

            def chips(kind: str = kind, size: float = size, runs: int = runs) -> list[Numbers]:
                draw = torch.Generator().manual_seed(1)
                found = []
                for _ in range(runs):
                    wrong = [
                        gaussian(matrix, size, draw) if kind == "alpha" else unit.mismatched(matrix, size, draw)
                        for matrix in whole[:-1]
                    ]
                    found.append(_chip(asked, whole, wrong, pictures, labels))
                return found

            setting.say(piece)
            made = setting.journal.piece(piece, chips)
            for digital in ("1", "2"):
                accuracies = {when: [chip[digital][k] for chip in made] for k, when in enumerate(("before", "after"))}
                results.append({"digital": int(digital), "kind": kind, "size": size, **accuracies})
    head = {"source": data.source, "unit": vars(unit), "conditions": asked}
    left = [
        missing(
            "CIFAR-10: all 50,000 pictures until the network is trained, 100 runs",
            "`somaforge papers --part retraining-conv` with other PICTURES, EPOCHS, RUNS in flow/papers/parts/conv.py",
        )
    ]
    return head | {"results": results, "missing": left}


def _chip(
    asked: Numbers, whole: list[Tensor], wrong: list[Tensor], pictures: list[Tensor], labels: list[Tensor]
) -> Numbers:
    """Digital matrices -> accuracy before and after they learnt again; the others are `wrong`."""
    recipe = stack.Recipe(**asked["again"])
    train, test = (convolution.seen(x, wrong[:-1]) for x in pictures)
    found = {}
    for digital in (1, 2):
        analog, last = [m[None] for m in wrong[-1:]] if digital == 1 else [], [m[None] for m in whole[-digital:]]
        with torch.no_grad():
            seen, judged = (stack.features(x, analog, torch.relu) for x in (train, test))
        again = stack.learn(seen, labels[0], last, torch.relu, recipe, seed=1)
        found[str(digital)] = [stack.accuracy(judged, labels[1], w, torch.relu)[0] for w in (last, again)]
    return found


def section(found: Found) -> Iterable[str]:
    """Accuracy before and after, under both kinds of errors."""
    asked, unit, entries = found["conditions"], found["unit"], found["results"]
    yield paragraph(
        f"""Three convolutions of 3 x 3 with {", ".join(map(str, asked["channels"][1:]))} channels, ReLU, max pooling of
        2 x 2 behind each, and dense layers of {asked["hidden"]} and 10, in software. {found["source"]};
        {asked["pictures"]} pictures and {asked["ideal"]["epochs"]} epochs of training, {asked["test"]} test pictures,
        {asked["runs"]} runs. Accuracy in %, before / after the digital last layers learnt again on the chip's
        features."""
    )
    kinds = {
        "alpha": "Every weight before them times 1 + alpha z, z a standard normal number:",
        "mismatch": f"The array's own errors: codes of {unit['bits']} bits, times the spread of the example's unit "
        f"(law `{unit['law']}`; 0: codes alone):",
    }
    for kind, words in kinds.items():
        here = [e for e in entries if e["kind"] == kind]
        sizes = list(dict.fromkeys(e["size"] for e in here))
        rows = []
        for digital in (1, 2):
            cells = [_shown(next(e for e in here if (e["size"], e["digital"]) == (size, digital))) for size in sizes]
            rows.append(["last layer" if digital == 1 else "both dense layers", *cells])
        yield f"{words}\n\n"
        yield table(["digital", *(f"{kind} {size:g}" for size in sizes)], rows)
    ideal = 100 * entries[0]["before"][0]
    yield paragraph(
        f"""**Weaker** than the work and than today's networks: {ideal:.1f} % without errors is what a few minutes of
        training on a part of the pictures give. Convolutions are not mapped to arrays yet, so there is no area, time or
        energy beside these figures."""
    )


def _shown(entry: Numbers) -> str:
    return f"{100 * np.mean(entry['before']):.1f} / {100 * np.mean(entry['after']):.1f}"


CONV = Part(
    "retraining-conv",
    RETRAINING,
    "The convolutional network on CIFAR-10",
    measure,
    section,
    conditions=conditions,
)
