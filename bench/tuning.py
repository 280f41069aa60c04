"""How long a network must be trained for its chip: from the ideal network, or in full from random weights.

    SOMAFORGE_DATA=../shared/data/mnist python bench/tuning.py runs/mnist --chips 1 --epochs 1 2 4 8 12 --full

RUN is a finished run up to step train: its calibrations (every synapse measured) and its ideal network. Accuracy is the
model's of the chip on all test patterns; seconds are processor time of one thread. `--full` trains from one random
initialization in the chip's model, all epochs of the spec, on labels. Every result is written when it is there.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from somaforge.flow import datasets
from somaforge.flow.learning import minibatch, training
from somaforge.flow.learning.calibration import Calibration
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write

RESULTS = Path(__file__).parents[1] / "bench/results/tuning.json"


def step(run: Path, name: str) -> Path:
    """Folder of a step; SystemExit if it is not there."""
    found = sorted(run.glob(f"[0-9][0-9]-{name}"))
    if not found:
        raise SystemExit(f"{run}: step {name} has not run")
    return found[0]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--epochs", type=int, nargs="*", default=[1, 2, 4, 8, 12])
    parser.add_argument("--full", action="store_true")
    wanted = parser.parse_args()
    folder = step(wanted.run, "train")
    spec = Spec.model_validate_json(json.dumps(json.loads((folder / "config.json").read_text())["spec"]))
    start, data = minibatch.Shadow.load(folder / "shadow.npz"), datasets.load(spec.network.dataset)
    entries: list[dict[str, Any]] = []
    for seed in spec.chips.seeds[: wanted.chips]:
        path = step(wanted.run, "characterize") / "chips" / str(seed) / "calibration.json"
        chip = Calibration.from_json(path.read_text(encoding="utf-8"), str(path))
        for epochs in [*wanted.epochs, *([spec.training.epochs] if wanted.full else [])]:
            full = wanted.full and epochs == spec.training.epochs
            changed = {"restarts": 1, "teacher": 0} if full else {"chip_epochs": epochs}
            own = spec.model_copy(update={"training": spec.training.model_copy(update=changed)})
            begin = time.process_time()
            if full:
                trained = minibatch.pretrain(own, data, calibration=chip)
            else:
                trained = minibatch.fine_tune(own, data, chip, start)
            seconds = time.process_time() - begin
            tested = data.to_currents(data.test_x, spec.input)
            entry = {
                "chip": seed,
                "epochs": epochs,
                "start": "random weights" if full else "ideal network",
                "processor_s": round(seconds, 1),
                "held_out_accuracy": trained.held_out_accuracy,
                "test_accuracy": training.model_accuracy(chip, trained.weights.codes, tested, data.test_y),
            }
            print(json.dumps(entry), flush=True)
            entries.append(entry)
            head = {
                "arguments": f"--chips {wanted.chips} --epochs {' '.join(map(str, wanted.epochs))}"
                + (" --full" if wanted.full else ""),
                "layers": list(spec.network.layers),
                "mirror": spec.array.mirror.model_dump(mode="json"),
                "results": entries,
            }
            atomic_write(RESULTS, json.dumps(head, indent=1) + "\n")


if __name__ == "__main__":
    main()
