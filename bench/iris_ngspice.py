"""Iris on many programmed chips in ngspice, all test flowers at rest: cheaper than the flow, which runs them in time.

    somaforge pex examples/iris.yaml --out runs/iris
    python bench/iris_ngspice.py runs/iris --chips 20

Every chip (mismatch on) is measured as a tester would, on the array engine; a network is trained for it; and ngspice
solves the programmed chip with its extracted wires. Results are written chip by chip, and a later call
goes on where this one was stopped.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.error import reference_of
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.tester import Bench
from somaforge.flow.learning.training import train
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.measure.evaluate import pad_inputs
from somaforge.flow.steps.chip import Job, programmed
from somaforge.generator.design import build
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results/iris_ngspice.json"


def one(spec: Spec, pex: Path, seed: int) -> dict[str, Any]:
    """Measure, train, program, and run one chip."""
    data, design, start = datasets.load("iris"), build(spec), time.process_time()
    highest = spec.characterization.current_A or data.full_scale(spec.input)
    bare = VirtualChip.of(spec.chips, seed).programmed(design, design.flat_without_memory)
    weights = train(spec, data, characterize(Bench.named(spec, ArrayEngine(), seed), bare, highest).calibration)
    chip = programmed(Job(spec, seed, Inputs({"pex": pex}, {})), weights.codes, use="rest")
    x = pad_inputs(chip, data.to_currents(data.test_x, spec.input))
    guess = ArrayEngine().at_rest(replace(bare, codes=weights.codes), x).layers
    found = reference_of(chip, 1).solve(x, guess)
    outputs = found.outputs[:, : len(data.classes)]
    right = int((outputs.argmax(axis=1) == data.test_y).sum())
    return {
        "chip": seed,
        "right": right,
        "accuracy": right / len(data.test_y),
        "patterns": len(data.test_y),
        "model_train_accuracy": weights.train_accuracy,
        "ngspice_s": round(found.seconds, 1),
        "python_s": round(time.process_time() - start, 1),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="run folder with the step pex")
    parser.add_argument("--chips", type=int, default=20)
    wanted = parser.parse_args()
    pex = next(iter(sorted(wanted.run.glob("[0-9][0-9]-pex"))), None)
    if pex is None:
        raise SystemExit(f"{wanted.run}: step pex has not run")
    spec = load_spec(ROOT / "examples/iris.yaml")
    about = {"array": spec.array.model_dump(mode="json"), "law": spec.chips.law}
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    entries: list[dict[str, Any]] = kept["results"] if kept.get("about") == about else []
    for seed in range(1, wanted.chips + 1):
        if all(e["chip"] != seed for e in entries):
            entries.append(one(spec, pex, seed))
            print(json.dumps(entries[-1]), flush=True)
            head = {"arguments": f"--chips {wanted.chips}", "about": about, "results": entries}
            atomic_write(RESULTS, json.dumps(head, indent=1) + "\n")
    print(f"mean {np.mean([e['accuracy'] for e in entries]):.4f} of {len(entries)} chips")


if __name__ == "__main__":
    main()
