"""Writes the figures of README.md, between its markers, from the kept runs; a test fails when they differ.

python tools/results_doc.py runs/iris runs/mnist     keeps the runs (bench/results/runs/)
python tools/readme_figures.py                       writes the figures again
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from results_parts.benches import before_ways

from somaforge.flow.figures.units import engineering
from somaforge.flow.measure.intervals import ENDS
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench/results"
README = ROOT / "README.md"
MARKED = re.compile(r"(<!-- figures of (\w+): tools/readme_figures\.py -->\n).*?(<!-- end of figures -->)", re.DOTALL)
BRACKETS = "In brackets: 95 % intervals, bootstrap over chips and patterns."
ABSENT = "not measured by the kept run"
Run = Mapping[str, Any]


class Figures:
    """The metrics of a kept run, for a reader."""

    def __init__(self, run: Run) -> None:
        self.spec, self.metrics = run["spec"], run["metrics"]

    def value(self, name: str, unit: str, digits: int = 3) -> str:
        """With its unit and prefix; ABSENT if the run does not have it."""
        return engineering(self.metrics[name], unit, digits) if name in self.metrics else ABSENT

    def percent(self, name: str, digits: int = 1) -> str:
        """A ratio in percent."""
        return f"{100 * self.metrics[name]:.{digits}f} %" if name in self.metrics else ABSENT

    def count(self, *names: str) -> str:
        """Whole numbers one after the other."""
        return ", ".join(f"{self.metrics[name]:g}" if name in self.metrics else ABSENT for name in names)

    def interval(self, name: str, unit: str) -> str:
        """The figure with its 95 % interval, as far as there is one."""
        low, high = (self.metrics.get(end) for end in ENDS[name])
        if low is None or high is None:
            return self.value(name, unit)
        return f"{self.value(name, unit)} ({engineering(low, unit)} to {engineering(high, unit)})"

    @property
    def law(self) -> str:
        """The law of mismatch; runs from before the key had the matching constants alone."""
        return str(self.spec["chips"].get("law", "pelgrom"))

    @property
    def chips(self) -> int:
        """How many."""
        return len(self.spec["chips"]["seeds"])


def iris(run: Run) -> str:
    """The demo."""
    f = Figures(run)
    spec, period = f.spec, engineering(f.spec["evaluation"]["pattern_time_s"], "s")
    full = engineering(spec["input"]["full_scale_A"], "A")
    network, array = ("-".join(map(str, spec[key]["layers"])) for key in ("network", "array"))
    good = f.count("accuracy__spice_perfect__chips__count")
    run_time = f.interval("fixed_time__run__s", "s")
    checks = (
        ("drc__native__count",),
        ("drc__precheck__count",),
        ("lvs__mismatches__count", "netgen__mismatches__count"),
    )
    rows = [
        ("DRC (native rule table; shuttle precheck), LVS (klayout, netgen)", *(f.count(*names) for names in checks)),
        (
            f"accuracy on ngspice, mean of {f.chips} chips",
            f.percent("accuracy__spice__ratio"),
            f"{good} without an error",
        ),
        ("accuracy over five splits, array engine at rest", _folds(f)),
        (
            f"energy per multiply-accumulate, {period} a pattern",
            f.value("energy__mac__J", "J"),
            f.interval("efficiency__mac__per_J", "MAC/J"),
        ),
        (
            f"the same, stopped after {run_time}, when 99 % of the patterns keep their winner",
            f.value("fixed_time__mac__J", "J"),
            f.interval("fixed_time__mac__per_J", "MAC/J"),
        ),
        (
            "time to output, median; 99th percentile",
            f.value("time_to_output__p50__s", "s"),
            f.interval("time_to_output__p99__s", "s"),
        ),
        (
            "mean power; leakage of the latches in it",
            f.value("power__mean__W", "W"),
            f.value("power__memory_leakage__W", "W"),
        ),
        (
            "synapse with 4 latches; macro",
            f"{f.metrics['layout__synapse__um2']:.1f} um2",
            f"{f.metrics['layout__die__um2']:,.0f} um2",
        ),
        ("wiring that one synapse adds", f.value("pex__synapse__F", "F")),
        (
            "array engine against ngspice, currents above 1 % of full scale: median; maximum",
            f.percent("engine__current_error_p50__ratio", 3),
            f.percent("engine__current_error_max__ratio", 2),
        ),
        (
            "the same against the foundry's full models",
            f.percent("engine__full_model_error_p50__ratio", 3),
            f.percent("engine__full_model_error_max__ratio", 2),
        ),
    ]
    head = _wrapped(
        f"`final/metrics.json` of one run of `examples/iris.yaml`: a {network} network on the {array} array of the "
        f"paper's prototype, {f.chips} chips with the foundry's mismatch (law `{f.law}`), {f.count(_patterns(f))} test "
        f"flowers, post-layout, {full} full scale, {spec['supply_V']:g} V, {period} a pattern. {BRACKETS}"
    )
    table = "".join(f"| {name} | {'; '.join(values)} |\n" for name, *values in rows)
    return f"{head}\n| | |\n|---|---|\n{table}\n{_wrapped(_splits())}"


def _patterns(f: Figures) -> str:
    return f"accuracy__{'spice' if f.spec['engine'] == 'ngspice' else 'array'}__patterns__count"


def _folds(f: Figures) -> str:
    if "accuracy__folds__ratio" not in f.metrics:
        return ABSENT
    return f"{f.percent('accuracy__folds__ratio')} ({f.count('accuracy__folds__networks__count')} networks)"


def _splits() -> str:
    """Of the bench over both encodings, if it was kept."""
    told = "Sign-off split and encoding of the flowers were chosen with test figures in view"
    path = RESULTS / "iris_folds.json"
    if not path.is_file():
        return f"{told}: the mean over five splits says more."
    entries = json.loads(path.read_text(encoding="utf-8"))["results"]
    chips = len({e["chip"] for e in entries})

    def mean(inverted: bool, key: Callable[[Mapping[str, Any]], float]) -> float:
        return float(np.mean([key(e) for e in entries if e["inverted"] == inverted]))

    own, plain = (100 * mean(inverted, lambda e: e["right"] / e["patterns"]) for inverted in (True, False))
    trained = [100 * mean(inverted, lambda e: e["train_accuracy"]) for inverted in (True, False)]
    each = "one chip" if chips == 1 else f"{chips} chips"
    same = "the one that they choose, too" if trained[0] > trained[1] else "not the one that they choose"
    return (
        f"{told}. Over five splits, {each} each, the array engine at rest finds {own:.1f} %; with sizes that "
        f"are only scaled, {plain:.1f} % (`bench/iris_folds.py`). On the training flowers the networks have "
        f"{trained[0]:.1f} % and {trained[1]:.1f} %: the example's encoding is {same}."
    )


def mnist(run: Run) -> str:
    """The paper's scale."""
    f = Figures(run)
    m, spec = f.metrics, f.spec
    timed = f.chips * m["evaluate__timed_patterns__count"]
    differ = m["engine__winners_differ__count"]
    before = ", measured before step 2 of docs/learning.md was there" if before_ways(run) else ""
    winners = "the same winners on all of them" if differ == 0 else f"another winner on {differ:g} of them"
    lines = [
        f"{f.chips} chips of the MNIST array, post-layout with mismatch (law `{f.law}`){before}, "
        f"{m[_patterns(f)]:,.0f} test images on the array engine: {f.percent('accuracy__array__ratio', 2)} on average, "
        f"the worst chip {f.percent('accuracy__array_worst_chip__ratio', 2)} ([docs/results.md](docs/results.md); the "
        "paper: 97.6 % for models of ten chips). The first chip on ngspice "
        f"({f.percent('engine__compared_columns__ratio', 0)} of its hidden columns), "
        f"{m['engine__compared_patterns__count']:g} images: {winners}.",
        f"At {spec['supply_V']:g} V and {engineering(spec['input']['mean_A'], 'A')} per input it takes "
        f"{f.value('power__mean__W', 'W')} (leakage of latches and port in it: "
        f"{f.value('power__memory_leakage__W', 'W')}). After {f.interval('fixed_time__run__s', 's')} 99 % of {timed:g} "
        "images have their winner and keep it: "
        f"{f.interval('fixed_time__mac__per_J', 'MAC/J')}. {BRACKETS}",
        "[Its report](docs/images/report-mnist.png), with a sweep of input current and supply "
        f"({f.value('best_point__mac__per_J', 'MAC/J')} at {m['best_point__supply__V']:g} V and "
        f"{f.value('best_point__input__A', 'A')}; it works down to {m['operating__supply_min__V']:g} V) and corners, "
        "temperatures and supplies (nominal calibration: at least "
        f"{f.percent('corners__nominal_accuracy_min__ratio')}; the winners of "
        f"{f.percent('corners__temperature_same_winner__ratio')} of 100 images the same at all temperatures).",
    ]
    return _wrapped(" ".join(lines))


def _wrapped(text: str, width: int = 128) -> str:
    """Lines of that width."""
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return "\n".join([*lines, line]) + "\n"


BLOCKS: Mapping[str, Callable[[Run], str]] = {"iris": iris, "mnist": mnist}


def text(before: str) -> str:
    """README with its figures; InputError if a block has no kept run or README lacks a block."""
    found = [match[2] for match in MARKED.finditer(before)]
    if sorted(found) != sorted(BLOCKS):
        raise InputError(
            f"README.md: its blocks of figures are {', '.join(found)}; it needs {', '.join(BLOCKS)} once each"
        )

    def block(match: re.Match[str]) -> str:
        path = RESULTS / "runs" / f"{match[2]}.json"
        if not path.is_file():
            raise InputError(f"{path.name}: no such kept run; python tools/results_doc.py runs/{match[2]} keeps it")
        return match[1] + BLOCKS[match[2]](json.loads(path.read_text(encoding="utf-8"))) + match[3]

    return MARKED.sub(block, before)


if __name__ == "__main__":
    atomic_write(README, text(README.read_text(encoding="utf-8")))
