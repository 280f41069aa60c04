"""Calibration through the chip's own counter against ideal probes: what it costs in accuracy.

    python bench/counter.py --chips 5
    python bench/counter.py --page     # the table of docs/readout.md

examples/prototype.yaml, virtual chips of the schematic with their drivers. Each is measured twice on the array engine:
with a perfect tester, and with the converter and counter whose linearity, noise and leakage bench/readout.py measured
(bench/results/readout.json). A network is trained for both calibrations and each of five splits with the same seed, and
run on the chip at rest. Results are kept network by network; a later call goes on where this one was stopped.
"""

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Any

from pages import put

from somaforge.flow import datasets
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.inputs import input_currents
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import Program
from somaforge.flow.learning import measuring
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.tester import PERFECT, Bench
from somaforge.flow.learning.training import train
from somaforge.flow.measure.folds import right_at_rest
from somaforge.generator.design import build
from somaforge.generator.spec import Meter, load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "bench/results/counter.json"
READOUT = ROOT / "bench/results/readout.json"
SPEC = load_spec(ROOT / "examples/prototype.yaml")
Entry = dict[str, Any]


def testers() -> dict[str, Meter]:
    """The counter is 20 ms at each current (docs/readout.md)."""
    meter = json.loads(READOUT.read_text(encoding="utf-8"))["converter"]["meter"]
    return {"ideal probes": PERFECT, "counter": Meter(**meter)}


@cache
def calibrated(seed: int, tester: str) -> tuple[Calibration, float]:
    """What a tester finds of a chip, and how long it takes with a chip in s."""
    design = build(SPEC)
    chip = VirtualChip.of(SPEC.chips, seed).programmed(design, design.flat_without_memory)
    spec = SPEC.model_copy(
        update={"characterization": SPEC.characterization.model_copy(update={"tester": testers()[tester]})}
    )
    bench = Bench.named(spec, ArrayEngine(), seed)
    highest = measuring.highest_A(spec, datasets.load(spec.network.dataset))
    return measuring.measure(spec, bench, chip, highest).calibration, bench.seconds


def network(seed: int, tester: str, fold: int = datasets.HOLDOUT - 1) -> Program:
    """Weights for one chip as a tester sees it, for the training flowers of a split; the last one is the sign-off's."""
    calibration, _ = calibrated(seed, tester)
    data, base = datasets.load("iris", fold=fold), datasets.load("iris")
    return train(SPEC, driven(SPEC, data, calibration, base), calibration).codes


def one(seed: int, tester: str, fold: int) -> Entry:
    """One network on one chip."""
    codes, seconds = network(seed, tester, fold), calibrated(seed, tester)[1]
    data, base = datasets.load("iris", fold=fold), datasets.load("iris")
    made, design = VirtualChip.of(SPEC.chips, seed), build(SPEC)
    chip = made.programmed(design, design.flat_without_memory)
    inputs = input_currents(SPEC, made, base, data.test_x)
    right = right_at_rest(ArrayEngine(), chip, codes, inputs, data.test_y, len(data.classes))
    return {
        "chip": seed, "tester": tester, "fold": fold, "right": right, "patterns": len(data.test_y),
        "tester_s": round(seconds, 1),
    }  # fmt: skip


def summary(entries: list[Entry]) -> dict[str, Any]:
    """Of the networks that both testers have."""
    done = {name: {(e["chip"], e["fold"]) for e in entries if e["tester"] == name} for name in testers()}
    both = set.intersection(*done.values())
    own = {n: [e for e in entries if e["tester"] == n and (e["chip"], e["fold"]) in both] for n in done}
    counts = {n: (sum(e["right"] for e in rows), sum(e["patterns"] for e in rows)) for n, rows in own.items()}
    accuracy = {n: right / patterns for n, (right, patterns) in counts.items() if patterns}
    return {
        "networks": len(both),
        "patterns": max((patterns for _, patterns in counts.values()), default=0),
        "accuracy": accuracy,
        "lost_points": 100 * (accuracy["ideal probes"] - accuracy["counter"]) if accuracy else None,
    }


def page() -> None:
    """What is kept, into docs/readout.md."""
    told = json.loads(RESULT.read_text(encoding="utf-8"))["summary"]
    rows = [["calibrated by", "networks", "right", "lost"], ["---"] * 4]
    for name, accuracy in told["accuracy"].items():
        lost = f"{told['lost_points']:+.2f} points" if name == "counter" else ""
        rows.append([name, f"{told['networks']}", f"{100 * accuracy:.2f} % of {told['patterns']}", lost])
    table = "".join(f"| {' | '.join(row)} |\n" for row in rows)
    put(ROOT / "docs/readout.md", "counter", "bench/counter.py", table)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=5)
    parser.add_argument("--page", action="store_true")
    wanted = parser.parse_args()
    if wanted.page:
        page()
        return
    about = {
        "spec": SPEC.model_dump(mode="json", include={"array", "chip", "input", "training", "network"})
        | {"law": SPEC.chips.law},
        "testers": {name: meter.model_dump(mode="json") for name, meter in testers().items()},
    }
    entries: list[Entry] = []
    if RESULT.is_file():
        kept = json.loads(RESULT.read_text(encoding="utf-8"))
        entries = kept["results"] if kept["about"] == about else []
    for seed in range(1, wanted.chips + 1):
        for fold in range(datasets.HOLDOUT):
            for tester in testers():
                if any((e["chip"], e["tester"], e["fold"]) == (seed, tester, fold) for e in entries):
                    continue
                entries.append(one(seed, tester, fold))
                print(json.dumps(entries[-1]), flush=True)
                head = {"arguments": f"--chips {wanted.chips}", "about": about, "summary": summary(entries)}
                atomic_write(RESULT, json.dumps({**head, "results": entries}, indent=1) + "\n")
    print(json.dumps(summary(entries)))


if __name__ == "__main__":
    main()
