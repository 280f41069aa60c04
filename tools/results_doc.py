"""Writes docs/results.md from bench/results/*.json and the metrics of finished runs; a test fails when they differ.

python tools/results_doc.py                     the document again
python tools/results_doc.py runs/mnist ...      first keeps spec and metrics of these runs in bench/results/runs/
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from results_parts.benches import sections

from somaforge.flow.signoff.metrics import METRICS
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results"
DOCUMENT = ROOT / "docs/results.md"
AREAS = ("accuracy", "characterize", "energy", "engine", "efficiency", "time_to_output", "power")
"""What is shown of a run; everything is in its report."""
ELSEWHERE = ("limits", "waivers", "study", "operating")
"""Parts of a spec that do not change these figures."""
HEAD = """# Results

Written by `tools/results_doc.py` from `bench/results/`; do not edit. Every figure stands under the
command that gives it.
"""


def keep(run: Path) -> None:
    """Copy spec and metrics of a run's finished steps; InputError if it has none."""
    steps = sorted(p.parent for p in run.glob("[0-9][0-9]-*/metrics.json"))
    if not steps:
        raise InputError(f"{run}: no finished step (no metrics.json in its folders); somaforge run makes them")
    found: dict[str, float] = {}
    for step in steps:
        found |= json.loads((step / "metrics.json").read_text(encoding="utf-8"))
    spec = json.loads((steps[-1] / "config.json").read_text(encoding="utf-8"))["spec"]
    until = None if (run / "final/metrics.json").is_file() else steps[-1].name[3:]
    kept = {"spec": spec, "metrics": found, "until": until}
    atomic_write(RESULTS / "runs" / f"{run.name}.json", json.dumps(kept, indent=1, sort_keys=True) + "\n")


def kept_runs() -> dict[str, dict[str, Any]]:
    """`spec`, `metrics` and `until` (None: the whole flow) of every kept run by its name."""
    return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted((RESULTS / "runs").glob("*.json"))}


def command(spec: Mapping[str, Any], until: str) -> str:
    """The command of a run, and how its spec differs from the example of that name."""
    example = next((p for p in (ROOT / "examples").glob("*.yaml") if load_spec(p).name == spec["name"]), None)
    if example is None:
        return f"somaforge run {spec['name']}.yaml{until}"
    usual, own = (
        _flat({key: value for key, value in s.items() if key not in ELSEWHERE})
        for s in (load_spec(example).model_dump(mode="json"), spec)
    )
    # a key that the run's spec does not have is newer than the run
    other = [f"{key}: {json.dumps(value)}" for key, value in sorted(own.items()) if usual.get(key) != value]
    return f"somaforge run examples/{example.name}{until}" + (f"    with {', '.join(other)}" if other else "")


def _flat(tree: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Dotted keys of nested mappings."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {above + key: value}
    return found


AIMS = (
    ("MNIST, model of the chip, mean", "97.6 %", 0.978, "mnist", "accuracy__model_chip__ratio"),
    ("MNIST, model of the chip, best", "98.0 %", 0.982, "mnist", "accuracy__model_best_chip__ratio"),
    ("MNIST, programmed chip, array engine, mean", "-", 0.973, "mnist", "accuracy__array__ratio"),
    ("spoken digits, model of the chip, mean", "88.0 % (TIDIGITS)", 0.93, "fsdd", "accuracy__model_chip__ratio"),
    ("Iris, programmed chip, ngspice, mean", "100 % (one chip)", 0.98, "iris", "accuracy__spice__ratio"),
)
"""Figure, what arXiv:1606.07786 has (Table 1), what is asked for, data set, metric."""


def _benched(figure: str) -> list[tuple[int, float, str]]:
    """Chips, value and command of the bench that measures this figure on more chips than a run."""
    if figure not in BENCHES:
        return []
    name, kind, key, script = BENCHES[figure]
    path = RESULTS / name
    if not path.is_file():
        return []
    entries = json.loads(path.read_text(encoding="utf-8"))["results"]
    values = [e[key] for e in entries if kind is None or e["method"] == kind]
    return [(len(values), float(np.mean(values)), f"`{script}`")]


BENCHES = {
    "spoken digits, model of the chip, mean": (
        "learning-fsdd.json",
        "synapses",
        "model_accuracy",
        "bench/learning.py --data fsdd",
    ),
    "Iris, programmed chip, ngspice, mean": ("iris_ngspice.json", None, "accuracy", "bench/iris_ngspice.py"),
}
"""Result, method, key and script of a figure's bench."""


def aims(runs: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """The paper's figures beside ours; of several runs of a data set the one with most chips."""
    yield "\n## Against the paper\n\nTest patterns that are right; `chips`: over how many.\n\n"
    yield "| figure | paper | aim | found | chips | run |\n|---|---|---|---|---|---|\n"
    for figure, paper, aim, dataset, metric in AIMS:
        able = [n for n, r in runs.items() if r["spec"]["network"]["dataset"] == dataset and metric in r["metrics"]]
        found = [(len(runs[n]["spec"]["chips"]["seeds"]), runs[n]["metrics"][metric], n) for n in able]
        found += _benched(figure)
        row = "not run | | |"
        if found:
            chips, value, name = max(found)
            row = f"{100 * value:.2f} % | {chips} | {name} |"
        yield f"| {figure} | {paper} | {100 * aim:.1f} % | {row}\n"
    yield "| MNIST, programmed chip, ngspice, winners as on the array engine | 98.0 % right of 500 | all but 1 of 100 "
    yield f"{winners(runs)}\n"


def winners(runs: Mapping[str, Mapping[str, Any]]) -> str:
    """The cells found, chips, run: of a run in which ngspice solved a whole chip, or did so later on 100 images."""
    for name, run in runs.items():
        metrics = run["metrics"]
        whole = metrics.get("engine__compared_columns__ratio") == 1 and run["spec"]["network"]["dataset"] == "mnist"
        count = metrics.get("engine__compared_patterns__count", 0)
        if whole:
            differ, right = metrics["engine__winners_differ__count"], 100 * metrics["accuracy__columns__ratio"]
            return f"| all but {differ:g} of {count:g}, {right:.1f} % right | 1 | {name} |"
    path = RESULTS / "reference.json"
    later = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"dataset": ""}
    if later["dataset"] == "mnist" and later["patterns"] >= 100:
        found = f"all but {later['differ']} of {later['patterns']}, {100 * later['right']:.1f} % right"
        return f"| {found} | 1 | {later['run']}, `bench/reference.py` |"
    return "| not run | | |"


def tables(runs: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """A table for every kept run."""
    meanings = {m.name: m.meaning for m in METRICS}
    for name, run in runs.items():
        until = f" --until {run['until']}" if run["until"] else ""
        yield f"\n## {name}\n\n    {command(run['spec'], until)}\n\n"
        yield "| metric | value | meaning |\n|---|---|---|\n"
        for key in sorted(k for k in run["metrics"] if k.split("__")[0] in AREAS):
            yield f"| `{key}` | {run['metrics'][key]:.4g} | {meanings.get(key, '')} |\n"


def text() -> str:
    """The document."""
    runs = kept_runs()
    return HEAD + "".join([*aims(runs), *tables(runs), *sections(RESULTS)])


if __name__ == "__main__":
    for name in sys.argv[1:]:
        keep(Path(name))
    atomic_write(DOCUMENT, text())
