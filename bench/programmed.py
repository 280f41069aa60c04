"""Programmed chips of a run, all test patterns at rest on the array engine: step evaluate without patterns in time.

    somaforge run examples/mnist.yaml --out runs/mnist --skip drc --until train
    python bench/programmed.py examples/mnist.yaml runs/mnist

The chips' mismatch, their extracted wires and the weights that were trained for each are those of the run. Results are
written chip by chip, and a later call goes on where this one was stopped. Runs of other networks, arrays, laws and
costs in training keep theirs. Where step evaluate is through with all chips (they are kept when it is stopped), its
figures in time are kept, too.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning.training import load_codes
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.measure.evaluate import pad_inputs
from somaforge.flow.steps.chip import Job, currents, programmed
from somaforge.flow.steps.evaluate import measured
from somaforge.generator.spec import Spec, load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results/programmed.json"


def folder(run: Path, step: str) -> Path:
    """Of a step of the run."""
    found = sorted(run.glob(f"[0-9][0-9]-{step}"))
    if not found:
        raise SystemExit(f"{run}: step {step} has not run")
    return found[0]


def one(spec: Spec, run: Path, seed: int) -> dict[str, Any]:
    """One chip."""
    data, begin = datasets.load(spec.network.dataset), time.process_time()
    job = Job(spec, seed, Inputs({"pex": folder(run, "pex")}, {}))
    chip = programmed(job, load_codes(folder(run, "train") / f"chips/{seed}/weights.npz"), use="rest")
    found = ArrayEngine().at_rest(chip, pad_inputs(chip, currents(job, data.test_x)), surfaces=True)
    winners = found.outputs[:, : spec.network.layers[-1]].argmax(axis=1)
    return {
        "chip": seed,
        "accuracy": float(np.mean(winners == data.test_y)),
        "patterns": len(data.test_y),
        "cpu_s": round(time.process_time() - begin, 1),
    }


def evaluated(spec: Spec, run: Path) -> list[dict[str, Any]]:
    """What step evaluate found on every chip; nothing unless it is through with all of them."""
    chips = []
    for seed in spec.chips.seeds:
        places = (f"[0-9][0-9]-evaluate/chips/{seed}", f".parts/evaluate@*/chip_{seed}")
        found = [path for place in places for path in sorted(run.glob(f"{place}/evaluation.json"))]
        if len(found) != 1:  # of another spec, too: whose they are is not known here
            return []
        chips.append(json.loads(found[0].read_text(encoding="utf-8")))
    return chips


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec", type=Path)
    parser.add_argument("run", type=Path, help="its run folder with steps pex and train")
    wanted = parser.parse_args()
    spec = load_spec(wanted.spec)
    train = json.loads((folder(wanted.run, "train") / "metrics.json").read_text())
    about = {
        "name": spec.name,
        "array": spec.array.model_dump(mode="json"),
        "law": spec.chips.law,
        "costs": {key: getattr(spec.training, key) for key in ("close", "l1_synapses")},
        "train": train,
    }
    runs: list[dict[str, Any]] = json.loads(RESULTS.read_text())["runs"] if RESULTS.is_file() else []
    others = [r for r in runs if any(r["about"][key] != about[key] for key in ("name", "array", "law", "costs"))]
    entries: list[dict[str, Any]] = next((r["results"] for r in runs if r["about"] == about), [])
    chips = evaluated(spec, wanted.run)
    if chips:
        right = [np.equal(c["predictions"], c["labels"]) for c in chips]
        pairs = zip(spec.chips.seeds, right, strict=True)
        entries = [{"chip": seed, "accuracy": float(r.mean()), "patterns": len(r)} for seed, r in pairs]
        _save([*others, {"about": about, "results": entries, "evaluate": measured(spec, chips)}])
    for seed in spec.chips.seeds:
        if all(e["chip"] != seed for e in entries):
            entries.append(one(spec, wanted.run, seed))
            print(json.dumps(entries[-1]), flush=True)
            _save([*others, {"about": about, "results": entries}])
    values = [e["accuracy"] for e in entries]
    print(f"mean {np.mean(values):.4f}, worst {min(values):.4f} of {len(values)} chips")


def _save(runs: list[dict[str, Any]]) -> None:
    atomic_write(RESULTS, json.dumps({"runs": runs}, indent=1) + "\n")


if __name__ == "__main__":
    main()
