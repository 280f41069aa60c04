"""Writes docs/results.md from bench/results/*.json and the metrics of finished runs; a test fails when they differ.

python tools/results_doc.py                     the document again
python tools/results_doc.py runs/mnist ...      first keeps final/metrics.json of these runs in bench/results/runs/
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow.signoff.metrics import METRICS
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results"
DOCUMENT = ROOT / "docs/results.md"
AREAS = ("accuracy", "characterize", "energy", "efficiency", "time_to_output", "power")
"""What is shown of a run; everything is in its report."""
HEAD = """# Results

Written by `tools/results_doc.py` from `bench/results/`; do not edit. Every figure stands under the
command that gives it.
"""


def keep(run: Path) -> None:
    """Copy the metrics of a finished run; InputError if it is not one."""
    source = run / "final/metrics.json"
    if not source.is_file():
        raise InputError(f"{run}: not a finished run (no {source.name}); somaforge run makes one")
    atomic_write(RESULTS / "runs" / f"{run.name}.json", source.read_text(encoding="utf-8"))


def runs() -> Iterable[str]:
    """A table for every kept run."""
    meanings = {m.name: m.meaning for m in METRICS}
    for path in sorted((RESULTS / "runs").glob("*.json")):
        metrics: Mapping[str, float] = json.loads(path.read_text(encoding="utf-8"))
        yield f"\n## {path.stem}\n\n    somaforge run examples/{path.stem}.yaml\n\n"
        yield "| metric | value | meaning |\n|---|---|---|\n"
        for name in sorted(n for n in metrics if n.split("__")[0] in AREAS):
            yield f"| `{name}` | {metrics[name]:.4g} | {meanings.get(name, '')} |\n"


def learning() -> Iterable[str]:
    """Accuracy over size and method."""
    path = RESULTS / "learning.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    yield "\n## MNIST: unit size, area and method\n\n"
    yield f"    SOMAFORGE_DATA=../shared/data python bench/learning.py {data['arguments']}\n\n"
    yield f"Ideal network, 10,000 test images: {data['ideal_accuracy']:.4f}; {data['chip_epochs']} epochs per chip.\n"
    yield "`model`: the network in the calibration that it was trained for, 10,000 test images. `measured chip`: in\n"
    yield "the calibration with the strength of every bit of every synapse, a stand-in for the chip and not the\n"
    yield "chip. `array engine`: on the transistors, empty where that was not run.\n\n"
    yield "| unit / um | mirrors of a synapse / um2 | trained for | chips | model | measured chip | array engine "
    yield "| patterns measured | training / s of one processor |\n|---|---|---|---|---|---|---|---|---|\n"
    cases = {(e["w_um"], e["l_um"], e["synapse_um2"], e["method"]) for e in data["results"]}
    order = ["blind", "slopes", "synapses"]
    for case in sorted(cases, key=lambda c: (c[2], order.index(c[3]))):
        same = [e for e in data["results"] if (e["w_um"], e["l_um"], e["synapse_um2"], e["method"]) == case]

        def mean(key: str, found: list[dict[str, Any]] = same) -> float:
            return float(np.mean([e[key] for e in found]))

        engine = [e for e in same if "chip_accuracy" in e]
        chip = f"{mean('chip_accuracy', engine):.4f} ({engine[0]['patterns']} images)" if engine else ""
        yield f"| {case[0]}/{case[1]} | {case[2]:.1f} | {case[3]} | {len(same)} | {mean('model_accuracy'):.4f} "
        yield f"| {mean('measured_model_accuracy'):.4f} | {chip} | {mean('measured_patterns'):.0f} "
        yield f"| {mean('training_cpu_s'):.0f} |\n"
    yield "\n![errors over area](images/learning.png)\n"


def text() -> str:
    """The document."""
    return HEAD + "".join(runs()) + "".join(learning())


if __name__ == "__main__":
    for name in sys.argv[1:]:
        keep(Path(name))
    atomic_write(DOCUMENT, text())
