"""What a tester costs: the same chips measured with a perfect one and with others, trained for it, and tested.

    SOMAFORGE_DATA=../shared/data python bench/tester.py --chips 1 --epochs 4 --ideal-epochs 20 --images 2000

MNIST, virtual chips of the schematic. Every network starts from the same ideal one (no teacher, one start) and is
trained as long, with the same seed. It is tested at the temperature of use: on the array engine at rest with the first
test images, and with all of them in the model that a perfect tester measured, a stand-in for the chip. `default` is the
tester of a spec that names none. Results are written one by one; a later call goes on where this one was stopped.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from learning import Case, ideal, short

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning import minibatch, strengths, training
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.tester import PERFECT, Bench
from somaforge.generator.spec import Meter, load_spec
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "bench/results/tester.json"
SILENT = Meter(noise_A=0.0, noise_ratio=0.0, resolution_A=0.0, pad_leakage_A=0.0)
TESTERS = {
    "perfect": PERFECT,
    "default": Meter(),
    "ten times the noise": Meter(noise_A=3e-12, noise_ratio=1e-2, resolution_A=1e-12),
    "only a drift of 10 C": SILENT.model_copy(update={"drift_C": 10.0}),
}


Measured = tuple[Calibration, dict[str, Any]]
"""And what it took."""


def measure(bench: Bench, case: Case) -> Measured:
    """Calibration with every synapse."""
    highest, begin = case.spec.characterization.current_A, time.process_time()
    assert highest is not None
    slopes = characterize(bench, case.chip(), highest).calibration
    before = bench.programmings, bench.patterns
    measured = strengths.measure(bench, case.chip(), slopes, highest)
    return measured.calibration, {
        "slopes_programmings": before[0],
        "slopes_patterns": before[1],
        "programmings": bench.programmings,
        "patterns": bench.patterns,
        "tester_s": round(bench.seconds, 1),
        "smallest_A": bench.smallest_A,
        "weak_bits": len(measured.weak),
        "measuring_cpu_s": round(time.process_time() - begin, 1),
    }


def result(
    case: Case, data: datasets.Dataset, start: minibatch.Shadow, name: str, images: int, perfect: Measured
) -> dict[str, Any]:
    """One chip with one tester, and what a perfect one found."""
    engine, truth = ArrayEngine(), perfect[0]
    measured, cost = perfect if name == "perfect" else measure(Bench(engine, TESTERS[name], case.seed), case)
    between = time.process_time()
    codes = minibatch.fine_tune(case.spec, data, measured, start).weights.codes
    trained = time.process_time()
    x = data.to_currents(data.test_x, case.spec.input)
    outputs = engine.dc(case.chip(codes), x[:images]).outputs
    winners = np.where(outputs.max(axis=1) > 0, outputs.argmax(axis=1), -1)
    return {
        "chip": case.seed,
        "tester": name,
        "model_accuracy": training.model_accuracy(measured, codes, x, data.test_y),
        "measured_model_accuracy": training.model_accuracy(truth, codes, x, data.test_y),
        "chip_accuracy": float((winners == data.test_y[:images]).mean()),
        **cost,
        "training_cpu_s": round(trained - between, 1),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chips", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=4, help="for each chip")
    parser.add_argument("--ideal-epochs", type=int, default=20, help="of the ideal network")
    parser.add_argument("--images", type=int, default=2000, help="test images on the array engine")
    parser.add_argument("--tester", choices=sorted(TESTERS), nargs="*", default=list(TESTERS))
    wanted = parser.parse_args()
    spec, data = (
        short(load_spec(ROOT / "examples/mnist.yaml"), wanted.ideal_epochs, wanted.epochs),
        datasets.load("mnist"),
    )
    start, mirror = ideal(spec, data, None), spec.array.mirror
    head = {
        "arguments": f"--chips {wanted.chips} --epochs {wanted.epochs} --ideal-epochs {wanted.ideal_epochs} "
        f"--images {wanted.images}",
        "images": wanted.images,
        "law": spec.chips.law,
        "unit_um": [mirror.w_um, mirror.l_um],
        "layers": list(spec.array.layers),
        "default": TESTERS["default"].model_dump(mode="json"),
    }
    kept: dict[str, Any] = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    entries: list[dict[str, Any]] = kept.pop("results", []) if kept else []
    if kept and kept != head:
        raise SystemExit(f"{RESULT}: was made with {kept}; remove it to begin anew")
    for seed in range(1, wanted.chips + 1):
        case = Case.of(spec, (mirror.w_um, mirror.l_um), seed)
        missing = [n for n in wanted.tester if all((e["chip"], e["tester"]) != (seed, n) for e in entries)]
        perfect = measure(Bench(ArrayEngine(), PERFECT), case) if missing else None
        for name in missing:
            assert perfect is not None
            entries.append(result(case, data, start, name, wanted.images, perfect))
            print(json.dumps(entries[-1]), flush=True)
            atomic_write(RESULT, json.dumps({**head, "results": entries}, indent=1) + "\n")


if __name__ == "__main__":
    main()
