"""Iris, five splits, ten chips, both ways to encode the flowers: how much of the sign-off split's figure is the split.

    python bench/iris_folds.py --chips 10

Every chip (mismatch on) is measured as a tester would, on the array engine; for each split and encoding a network is
trained for it and run on it at rest, schematic. The encoding that a choice by training patterns alone takes is the one
with the higher accuracy there. Results are written chip by chip, and a later call goes on where this one was stopped.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from somaforge.flow.chips import VirtualChip
from somaforge.flow.datasets import HOLDOUT
from somaforge.flow.datasets.iris import flowers
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.training import train
from somaforge.flow.measure.folds import right_at_rest
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results/iris_folds.json"


def one(spec: Spec, seed: int) -> list[dict[str, Any]]:
    """Every split and encoding on one chip."""
    design, engine, found = build(spec), ArrayEngine(), []
    flat = design.flat_without_memory
    chip = VirtualChip.of(spec.chips, seed).programmed(design, flat)
    highest = flowers(HOLDOUT - 1).full_scale(spec.input)
    calibration = characterize(engine, chip, highest).calibration
    for inverted in (True, False):
        for fold in range(HOLDOUT):
            data = flowers(fold, inverted=inverted)
            weights = train(spec, data, calibration)
            right = right_at_rest(engine, chip, weights.codes, highest * data.test_x, data.test_y, len(data.classes))
            entry = {"chip": seed, "inverted": inverted, "fold": fold, "right": right, "patterns": len(data.test_y)}
            found.append(entry | {"train_accuracy": weights.train_accuracy})
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=10)
    wanted = parser.parse_args()
    spec = load_spec(ROOT / "examples/iris.yaml")
    about = {
        "array": spec.array.model_dump(mode="json"),
        "chips": spec.chips.model_dump(mode="json", exclude={"seeds"}),
    }
    entries: list[dict[str, Any]] = []
    if RESULTS.is_file():
        before = json.loads(RESULTS.read_text(encoding="utf-8"))
        entries = before["results"] if before["about"] == about else []
    for seed in range(1, wanted.chips + 1):
        if all(e["chip"] != seed for e in entries):
            entries += one(spec, seed)
            head = {"arguments": f"--chips {wanted.chips}", "about": about, "results": entries}
            atomic_write(RESULTS, json.dumps(head, indent=1) + "\n")
            print(seed, [e["right"] for e in entries if e["chip"] == seed], flush=True)


if __name__ == "__main__":
    main()
