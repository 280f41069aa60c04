"""The chip of examples/mnist-chip.yaml at rest: codes in, class of the winner-take-all out, all test images.

    python bench/mnist_chip.py WORK [--chips 1 2 3 4 5] [--spec examples/mnist-chip.yaml]

Every chip is characterized and trained for as the steps of a run do it, on the schematic: at rest no current flows
through what extraction adds beside the supplies. WORK keeps what is made, and a later call goes on where this one was
stopped. SOMAFORGE_DATA names the folder of the images.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning.training import load_codes
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.measure.decision import classes
from somaforge.flow.measure.evaluate import pad_inputs
from somaforge.flow.steps.characterize import measure
from somaforge.flow.steps.chip import Job, currents, programmed
from somaforge.flow.steps.train import IDEAL, ideal, learn
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results/mnist_chip.json"


def made(folder: Path, last: str, work: Callable[[Path], None]) -> float:
    """Processor seconds of a part of the work, which is done once: its last file says so."""
    if not (folder / last).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        begin = time.process_time()
        work(folder)
        atomic_write(folder / "cpu_s", f"{time.process_time() - begin:.1f}\n")
    return float((folder / "cpu_s").read_text())


def one(spec: Spec, work: Path, seed: int) -> dict[str, Any]:
    """One chip."""
    inputs = Inputs({"characterize": work / "characterize", IDEAL: work / IDEAL}, {})
    job, own = Job(spec, seed, inputs), f"chips/{seed}"
    measuring = made(work / "characterize" / own, "measured.json", lambda folder: measure(folder, job))
    made(work / IDEAL, "training.json", lambda folder: ideal(folder, Job(spec, 0, inputs)))
    learning = made(work / "train" / own, "training.json", lambda folder: learn(folder, job))
    data, begin = datasets.load(spec.network.dataset), time.process_time()
    chip = programmed(job, load_codes(work / "train" / own / "weights.npz"), use="rest")
    found = ArrayEngine().at_rest(chip, pad_inputs(chip, currents(job, data.test_x)), surfaces=True)
    outputs = found.outputs[:, : spec.network.layers[-1]]
    two = np.sort(outputs, axis=1)[:, -2:]
    return {
        "chip": seed,
        "largest_current": float(np.mean(outputs.argmax(axis=1) == data.test_y)),
        "winner": float(np.mean(classes(outputs, seed) == data.test_y)),
        "model": json.loads((work / "train" / own / "training.json").read_text())["test_accuracy"],
        "closer_than_3_percent": float(np.mean(two[:, 1] < 1.03 * two[:, 0])),
        "largest_A": float(np.median(two[:, 1])),
        "patterns": len(data.test_y),
        "cpu_s": {"characterize": measuring, "train": learning, "run": round(time.process_time() - begin, 1)},
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--chips", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--spec", type=Path, default=ROOT / "examples/mnist-chip.yaml")
    wanted = parser.parse_args()
    spec = load_spec(wanted.spec)
    about = {"array": spec.array.model_dump(mode="json"), "bits": spec.drivers and spec.drivers.bits}
    about |= {"training": spec.training.model_dump(mode="json"), "law": spec.chips.law}
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    entries: list[dict[str, Any]] = kept["results"] if kept.get("about") == about else []
    for seed in wanted.chips:
        if all(e["chip"] != seed for e in entries):
            entries.append(one(spec, wanted.work, seed))
            print(json.dumps(entries[-1]), flush=True)
            atomic_write(RESULTS, json.dumps({"about": about, "results": entries}, indent=1) + "\n")
    for name in ("largest_current", "winner"):
        values = [e[name] for e in entries]
        print(f"{name}: mean {np.mean(values):.4f}, worst {min(values):.4f} of {len(values)} chips")


if __name__ == "__main__":
    main()
