"""How much of a network has to learn its chip again: MNIST, accuracy over the size of weight errors.

    SOMAFORGE_DATA=../shared/data python bench/retraining.py --ideal shadow.npz
    python bench/retraining.py --plot      draws docs/images/retraining.png from bench/results/retraining.json again

After Mohammadirad and Sodojishijani, who keep imprecise features and retrain the last layer. Two kinds of chips, both
models in software, known exactly: `alpha`, every weight times 1 + alpha z with a standard normal z (a synapse cannot
change its sign: it stops at 0), and `mismatch`, unit mirrors with a multiple of the spread of ln I that the example's
law gives its unit at 15 nA, in every bit of every synapse and in the somas. Four networks for each: the ideal one
(`none`), and with the last matrix, the last two, or all of them trained for the chip. The ideal network is a run's
(shadow.npz), or trained now. Results of other arguments, of another law or unit are not gone on with.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from learning import codes_of, ideal, short

from somaforge.flow import datasets
from somaforge.flow.engines.spread import sigma_ln_I
from somaforge.flow.learning import minibatch, training
from somaforge.flow.learning.calibration import Calibration
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.files import atomic_write
from somaforge.pdk.models import Size

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "bench/results/retraining.json"
PLOT = ROOT / "docs/images/retraining.png"
SIZES: Mapping[str, tuple[float, ...]] = {
    "alpha": (0.0, 0.1, 0.2, 0.4, 0.7, 1.0),
    "mismatch": (1.0, 2.0, 3.0, 4.0),
}
METHODS = {"none": None, "last": 2, "last two": 1, "all": 0}
"""Matrices that stay as they are; None: nothing is trained."""
TICKS = (2, 3, 5, 10, 20, 50)
CURRENT_A = 15e-9
"""Mean input current of the example."""


def wrong_weights(spec: Spec, alpha: float, seed: int) -> Calibration:
    """Every weight times 1 + alpha z."""
    draw, layers = np.random.default_rng(seed), spec.array.layers
    shapes = [(1, *shape) for shape in pairwise(layers)]
    signs = [
        [np.repeat(np.maximum(1 + alpha * draw.standard_normal(s), 0.0), spec.array.bits, axis=0) for s in shapes]
        for _ in range(2)
    ]
    return replace(
        Calibration.ideal(layers, spec.array.bits),
        positive=tuple(_nested(f) for f in signs[0]),
        negative=tuple(_nested(f) for f in signs[1]),
    )


def mismatched(spec: Spec, design: Design, times: float, seed: int) -> Calibration:
    """A chip of the foundry's mismatch, `times` as large."""
    draw, layers, unit = np.random.default_rng(seed), spec.array.layers, design.sizes.unit
    sizes = {k: Size(design.pdk.device(k, "standard").name, unit.w, unit.l) for k in "np"}
    sigma = {k: times * sigma_ln_I(design.pdk.models, sizes[k], CURRENT_A, spec.chips.law) for k in "np"}
    first, others = spec.array.mirror.input_units, spec.array.mirror.multiplier

    def mirrors(kind: str, count: int, *shape: int) -> Floats:
        """Current of `count` units in parallel over that of nominal ones."""
        found: Floats = np.exp(sigma[kind] * draw.standard_normal((count, *shape))).mean(axis=0)
        return found

    # a soma: M0 has `first` units, M1 (n), M2, M3 (p), M4 (n) `others`; the n rail sees M3 and M4 as well
    slopes = [0.25 * mirrors("n", others, n) / (mirrors("n", first, n) * mirrors("p", others, n)) for n in layers]
    rails = [mirrors("p", others, n) / mirrors("n", others, n) for n in layers]
    positive, negative = [], []
    for m, shape in enumerate(pairwise(layers)):
        up = [mirrors("p", 2**k, *shape) for k in range(spec.array.bits)]
        down = [mirrors("n", 2**k, *shape) * rails[m][:, None] for k in range(spec.array.bits)]
        positive.append(_nested(np.array(up)))
        negative.append(_nested(np.array(down)))
    return replace(
        Calibration.ideal(layers, spec.array.bits),
        slopes=tuple(tuple(map(float, s)) for s in slopes),
        positive=tuple(positive),
        negative=tuple(negative),
    )


def _nested(values: Floats) -> tuple[tuple[tuple[float, ...], ...], ...]:
    return tuple(tuple(tuple(float(v) for v in row) for row in bit) for bit in values)


def results(
    spec: Spec, data: datasets.Dataset, start: minibatch.Shadow, kind: str, size: float, seed: int
) -> Iterator[dict[str, Any]]:
    """One entry for each method."""
    chip = wrong_weights(spec, size, seed) if kind == "alpha" else mismatched(spec, build(spec), size, seed)
    for method, fixed in METHODS.items():
        begin = time.process_time()
        codes = codes_of(start)
        if fixed is not None:
            codes = minibatch.fine_tune(spec, data, chip, start, fixed=fixed).weights.codes
        entry = {
            "kind": kind,
            "size": size,
            "chip": seed,
            "method": method,
            "accuracy": training.model_accuracy(chip, codes, data.test_x, data.test_y),
            "training_cpu_s": round(time.process_time() - begin, 1),
        }
        print(json.dumps(entry), flush=True)
        yield entry


def plot(entries: list[dict[str, Any]]) -> None:
    """Test images wrong over the size of errors, one panel for each kind, one line for each method."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(9.0, 3.8), sharey=True)
    names = {"alpha": "size of weight errors, alpha", "mismatch": "mismatch over the foundry's"}
    for axes, kind in zip(panels, SIZES, strict=True):
        for method, marker in zip(METHODS, "xsdo", strict=True):
            chosen = [e for e in entries if (e["kind"], e["method"]) == (kind, method)]
            sizes = sorted({e["size"] for e in chosen})
            means = [100 * (1 - np.mean([e["accuracy"] for e in chosen if e["size"] == s])) for s in sizes]
            axes.plot(sizes, means, marker=marker, label=method)
        axes.set(xlabel=names[kind], yscale="log")
        axes.set_yticks(TICKS, [f"{t:g}" for t in TICKS])
        axes.minorticks_off()
        axes.grid(alpha=0.3, which="both")
    panels[0].set_ylabel("test images wrong / %")
    panels[0].legend(title="trained for the chip")
    figure.tight_layout()
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, dpi=130)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2, help="for each chip")
    parser.add_argument("--ideal", type=Path, help="ideal network (shadow.npz of a run)")
    parser.add_argument("--ideal-epochs", type=int, help="of the ideal network, instead of the example's recipe")
    parser.add_argument("--plot", action="store_true")
    wanted = parser.parse_args()
    kept: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    entries: list[dict[str, Any]] = kept.pop("results", [])
    if not wanted.plot:
        spec = short(load_spec(ROOT / "examples/mnist.yaml"), wanted.ideal_epochs, wanted.epochs)
        recipe = spec.training.model_copy(update={"augment": False})
        data = datasets.load("mnist")
        start = ideal(spec, data, wanted.ideal)
        spec = spec.model_copy(update={"training": recipe})
        short_ideal = "" if wanted.ideal_epochs is None else f" --ideal-epochs {wanted.ideal_epochs}"
        arguments = f"--chips {wanted.chips} --epochs {wanted.epochs}{short_ideal}"
        mirror = spec.array.mirror
        about = {"arguments": arguments, "law": spec.chips.law, "unit_um": [mirror.w_um, mirror.l_um]}
        entries = entries if kept == about else []
        for kind, sizes in SIZES.items():
            for size, seed in [(s, c) for s in sizes for c in range(1, wanted.chips + 1)]:
                if not any((e["kind"], e["size"], e["chip"]) == (kind, size, seed) for e in entries):
                    entries += results(spec, data, start, kind, size, seed)
                    atomic_write(RESULT, json.dumps({**about, "results": entries}, indent=1) + "\n")
    plot(entries)


if __name__ == "__main__":
    main()
