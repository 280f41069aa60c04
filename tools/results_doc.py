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
from results_parts.benches import before_ways, sections

from somaforge.flow.papers import works
from somaforge.flow.signoff.metrics import METRICS
from somaforge.generator.spec import load_spec
from somaforge.generator.spec.network import Chips
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
    ("MNIST, model of the chip, mean", works.MNIST_MEAN.text, 0.978, "mnist", "accuracy__model_chip__ratio"),
    ("MNIST, model of the chip, best", works.MNIST_BEST.text, 0.982, "mnist", "accuracy__model_best_chip__ratio"),
    ("MNIST, programmed chip, array engine, mean", "-", 0.973, "mnist", "accuracy__array__ratio"),
    ("spoken digits, model of the chip, mean", works.SPOKEN_MEAN.text, 0.93, "fsdd", "accuracy__model_chip__ratio"),
    ("Iris, programmed chip, ngspice, mean", works.PROTOTYPE.text, 0.98, "iris", "accuracy__spice__ratio"),
)
"""Figure, what arXiv:1606.07786 has (Table 1), what is asked for, data set, metric."""


LAW: str = Chips.model_fields["law"].default
OLD_LAW = "pelgrom"
"""What chips were drawn by before the law was a key."""
Found = tuple[int, float, str, str]
"""Chips, value, law of mismatch, run or command."""


def _benched(figure: str) -> list[Found]:
    """What the bench found that measures this figure on more chips than a run, by law."""
    if figure not in BENCHES:
        return []
    name, kind, key, script = BENCHES[figure]
    path = RESULTS / name
    if not path.is_file():
        return []
    data = json.loads(path.read_text(encoding="utf-8"))
    by_law: dict[str, list[float]] = {}
    for entry in data["results"]:
        if kind is None or entry["method"] == kind:
            by_law.setdefault(entry.get("law", data.get("about", {}).get("law", OLD_LAW)), []).append(entry[key])
    return [(len(values), float(np.mean(values)), law, f"`{script}`") for law, values in by_law.items()]


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


def chips_of(run: Mapping[str, Any]) -> dict[str, Any]:
    """The population of a kept run."""
    found: dict[str, Any] = run["spec"]["chips"]
    return found


def _other(law: str) -> str:
    """Said of a figure whose chips are not of the default law."""
    return "" if law == LAW else f" (law {law})"


def law_of(run: Mapping[str, Any]) -> str:
    """The law of mismatch of a kept run, with its factor if that is not 1."""
    chips = chips_of(run)
    law, factor = chips.get("law", OLD_LAW), chips.get("mismatch", 1.0)
    return str(law) if factor == 1.0 else f"{factor:g} times {law}"


def aims(runs: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """The paper's figures beside ours; of several runs of a data set one of the default law, with most chips."""
    yield "\n## Against the paper\n\nTest patterns that are right; `chips`: over how many.\n\n"
    yield "| figure | paper | aim | found | chips | run |\n|---|---|---|---|---|---|\n"
    for figure, paper, aim, dataset, metric in AIMS:
        able = {n: r for n, r in runs.items() if r["spec"]["network"]["dataset"] == dataset and metric in r["metrics"]}
        found = [(len(chips_of(r)["seeds"]), r["metrics"][metric], law_of(r), n) for n, r in able.items()]
        found += _benched(figure)
        row = "not run | | |"
        if found:
            chips, value, law, name = max(found, key=lambda f: (f[2] == LAW, f[0], -f[1]))
            row = f"{100 * value:.2f} % | {chips} | {name}{_other(law)} |"
        yield f"| {figure} | {paper} | {100 * aim:.1f} % | {row}\n"
    yield "| MNIST, programmed chip, ngspice, winners as on the array engine | "
    yield f"{works.TRANSISTORS.text} | all but 1 of 100 {winners(runs)}\n"


def winners(runs: Mapping[str, Mapping[str, Any]]) -> str:
    """The cells found, chips, law, run: of most images on which ngspice solved a whole chip, in a run or later."""
    found = []
    for name, run in runs.items():
        metrics = run["metrics"]
        if metrics.get("engine__compared_columns__ratio") == 1 and run["spec"]["network"]["dataset"] == "mnist":
            count, differ = metrics["engine__compared_patterns__count"], metrics["engine__winners_differ__count"]
            found.append((count, differ, metrics["accuracy__columns__ratio"], law_of(run), name))
    path = RESULTS / "reference.json"
    later = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"dataset": ""}
    if later["dataset"] == "mnist":
        where = f"{later['run']}, `bench/reference.py`"
        found.append((later["patterns"], later["differ"], later["right"], later.get("law", OLD_LAW), where))
    if not found:
        return "| not run | | |"
    count, differ, right, law, where = max(found)
    few = "" if count >= 100 else " (fewer than asked)"
    return f"| all but {differ:g} of {count:g}, {100 * right:.1f} % right{few} | 1 | {where}{_other(law)} |"


def tables(runs: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """A table for every kept run."""
    meanings = {m.name: m.meaning for m in METRICS}
    for name, run in runs.items():
        until = f" --until {run['until']}" if run["until"] else ""
        yield f"\n## {name}\n\n    {command(run['spec'], until)}\n\n"
        if before_ways(run):
            yield "Made before the ways of columns were measured (docs/learning.md, step 2).\n\n"
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
