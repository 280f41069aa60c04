"""Is the chip in the loop worth its cost? MNIST on chips that are models in software, known exactly.

    SOMAFORGE_DATA=../shared/data python bench/in_the_loop.py

Forward through the chip, backward through the model (the method of BrainScaleS-2), against training on the model alone,
for three models of a chip with a multiple of the foundry's mismatch: one that knows nothing of it, one that knows the
somas' slopes, one that knows every bit of every synapse, which is the chip itself. Every network starts from the same
ideal one and is trained as long. What the loop asks of a tester: the whole array programmed again for every step, and
every training pattern measured in every epoch. What a measured model asks of it: the programmings and patterns of
bench/tester.py, once. (While every pattern of `characterization.synapses` was a programming of its own, these were
15,060, more than 50 epochs of the loop; a group of columns now shares one for all its rows: 144.)
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from learning import codes_of, ideal
from retraining import mismatched

from somaforge.flow import datasets
from somaforge.flow.engines.base import Program
from somaforge.flow.learning import minibatch, training
from somaforge.flow.learning.calibration import Calibration
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "bench/results/in_the_loop.json"
TIMES = (1.0, 2.0)
"""Multiples of the foundry's mismatch."""


def models(chip: Calibration) -> dict[str, Calibration]:
    """What may be known of the chip."""
    layers, bits = tuple(len(s) for s in chip.slopes), len(chip.code_gain).bit_length() - 1
    strength = [np.mean(n) / np.mean(p) for p, n in zip(chip.positive, chip.negative, strict=True)]
    slopes = replace(chip, positive=(), negative=(), negative_strength=tuple(map(float, strength)))
    return {"nothing": Calibration.ideal(layers, bits), "slopes": slopes, "synapses": chip}


def results(
    spec: Spec, data: datasets.Dataset, start: minibatch.Shadow, times: float, seed: int
) -> Iterator[dict[str, Any]]:
    """One entry for each model, without and with the chip in the loop."""
    chip, asked = mismatched(spec, build(spec), times, seed), 0

    def read(codes: Program, patterns: Floats) -> Floats:
        nonlocal asked
        asked += len(patterns)
        return chip.forward(list(codes), patterns)

    steps = spec.training.chip_epochs * math.ceil(len(data.train_y) * 10 / 11 / int(spec.training.batch))
    for known, model in models(chip).items():
        for way in ("not trained", "model", "chip in the loop"):
            if (way == "not trained" and known != "nothing") or (way == "chip in the loop" and known == "synapses"):
                continue  # trained for nothing is the same for all; a loop through the model itself changes nothing
            asked, begin, codes = 0, time.process_time(), codes_of(start)
            if way != "not trained":
                loop = read if way == "chip in the loop" else None
                codes = minibatch.fine_tune(spec, data, model, start, read=loop).weights.codes
            entry = {
                "mismatch": times,
                "chip": seed,
                "known": known,
                "way": way,
                "accuracy": training.model_accuracy(chip, codes, data.test_x, data.test_y),
                "loop_patterns": asked,
                "loop_programmings": steps if asked else 0,
                "training_cpu_s": round(time.process_time() - begin, 1),
            }
            print(json.dumps(entry), flush=True)
            yield entry


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=2, help="for each chip")
    parser.add_argument("--ideal", type=Path, help="ideal network (shadow.npz of a run; else trained)")
    wanted = parser.parse_args()
    spec, data = load_spec(ROOT / "examples/mnist.yaml"), datasets.load("mnist")
    start = ideal(spec, data, wanted.ideal)
    recipe = spec.training.model_copy(update={"chip_epochs": wanted.epochs, "augment": False})
    spec = spec.model_copy(update={"training": recipe})
    entries: list[dict[str, Any]] = []
    for times in TIMES:
        for seed in range(1, wanted.chips + 1):
            entries += results(spec, data, start, times, seed)
    perfect = Calibration.ideal(spec.array.layers, spec.array.bits)
    head = {
        "arguments": f"--chips {wanted.chips} --epochs {wanted.epochs}",
        "law": spec.chips.law,
        "unit_um": [spec.array.mirror.w_um, spec.array.mirror.l_um],
        "ideal_accuracy": training.model_accuracy(perfect, codes_of(start), data.test_x, data.test_y),
    }
    atomic_write(RESULT, json.dumps({**head, "results": entries}, indent=1) + "\n")


if __name__ == "__main__":
    main()
