"""What the slopes of a chip cost to measure and how wrong they are, by both of the paper's procedures.

    python bench/characterization.py            196-100-50-10, chip 1, array engine

The truth is a simulation that no tester can make: the same somas with synapses that have no mismatch, probed directly.
Errors are relative and of one standard deviation over the somas of a layer; the scale of a layer is left out, because
only whole paths can be measured and it is free.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from learning import Case

from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.probes import probe
from somaforge.generator.spec import load_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "bench/results/characterization.json"
VISITS = (1, 3, 10, 30)
"""Synapses, or paths, through every soma."""
Slopes = tuple[tuple[float, ...], ...]


def errors(found: Slopes, truth: Slopes) -> list[float]:
    """Per layer."""
    logs: list[Floats] = [np.log(a) - np.log(b) for a, b in zip(found, truth, strict=True)]
    return [float(x.std()) for x in logs]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chip", type=int, default=1)
    wanted = parser.parse_args()
    spec, engine = load_spec(ROOT / "examples/mnist.yaml"), ArrayEngine()
    mirror = spec.array.mirror
    case = Case.of(spec, (mirror.w_um, mirror.l_um), wanted.chip)
    chip = case.chip()
    highest = spec.characterization.current_A
    assert highest is not None
    # the last soma's slope is measured through its one fixed synapse and holds its mismatch, too
    own = np.array([m.name.startswith(("x_soma", "x_output")) for m in chip.flat.mos])
    weak = None if chip.weak is None else np.where(own, chip.weak, 0.0)
    bare = replace(chip, shifts=np.where(own, chip.shifts, 0.0), weak=weak)
    truth = probe(engine, bare, highest, 1).slopes
    entries: list[dict[str, Any]] = []
    for visits in VISITS:
        direct = probe(engine, chip, highest, visits)
        whole = characterize(engine, chip, highest, visits=visits)
        for name, slopes, patterns, seconds in (
            ("direct probes", direct.slopes, direct.patterns, direct.seconds),
            ("source and monitor", whole.calibration.slopes, whole.patterns, whole.seconds),
        ):
            entry = {
                "procedure": name,
                "visits": visits,
                "patterns": patterns,
                "seconds": round(seconds, 1),
                "error": [round(e, 4) for e in errors(slopes, truth)],
            }
            print(json.dumps(entry), flush=True)
            entries.append(entry)
    spread = [round(float(np.log(s).std()), 4) for s in truth]
    head = {"chip": wanted.chip, "layers": list(spec.array.layers), "spread": spread, "results": entries}
    atomic_write(RESULT, json.dumps(head, indent=1) + "\n")


if __name__ == "__main__":
    main()
