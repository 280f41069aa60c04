"""A finished run's first chip on ngspice, whole: the array engine's currents and winners against it.

    SOMAFORGE_DATA=../shared/data/mnist python bench/reference.py runs/mnist --patterns 100

The step evaluate does the same with `reference_patterns: 100, reference_columns: all` in the spec; this is for a run
that has finished with fewer. RUN must have finished the steps pex and program. Writes bench/results/reference.json.
"""

import argparse
import json
import resource
import tempfile
from pathlib import Path

import numpy as np

from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.machinery.records import read_json
from somaforge.flow.steps.chip import Job
from somaforge.flow.steps.evaluate import engines
from somaforge.generator.spec import Spec
from somaforge.pdk.files import atomic_write

RESULTS = Path(__file__).parents[1] / "bench/results/reference.json"


def processor_s() -> float:
    """Of this process and those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--patterns", type=int, default=100)
    parser.add_argument("--chip", type=int, default=1, help="seed")
    wanted = parser.parse_args()
    steps = {p.name[3:]: p for p in wanted.run.glob("[0-9][0-9]-*") if (p / "done.json").is_file()}
    if missing := {"pex", "program"} - set(steps):
        raise SystemExit(f"{wanted.run}: steps {sorted(missing)} have not finished")
    kept = json.loads((steps["program"] / "config.json").read_text(encoding="utf-8"))["spec"]
    more = {"reference_patterns": wanted.patterns, "reference_columns": "all"}
    spec = Spec.model_validate_json(json.dumps({**kept, "evaluation": {**kept["evaluation"], **more}}))
    with tempfile.TemporaryDirectory() as folder:
        engines(Path(folder), Job(spec, wanted.chip, Inputs(steps, {})))
        found = read_json(Path(folder) / "engines.json")
    differ = int((np.array(found["array"]) != np.array(found["ngspice"])).sum())
    right = float((np.array(found["ngspice"]) == np.array(found["labels"])).mean())
    result = {
        "run": wanted.run.name,
        "name": spec.name,
        "dataset": spec.network.dataset,
        "layers": list(spec.network.layers),
        "mirror": spec.array.mirror.model_dump(mode="json"),
        "law": spec.chips.law,
        "chip": wanted.chip,
        "differ": differ,
        "right": right,
        "processor_s": round(processor_s(), 1),
        **found,
    }
    atomic_write(RESULTS, json.dumps(result) + "\n")
    print(f"{differ} of {found['patterns']} winners differ; right on ngspice: {right:.4f}; {processor_s():.0f} s")
    print(f"currents: median {found['p50']:.2e}, maximum {found['max']:.2e} ({found['currents']} currents)")


if __name__ == "__main__":
    main()
