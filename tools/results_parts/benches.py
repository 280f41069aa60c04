"""The benches' part of docs/results.md: a section for each result, with the command that gives it."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from results_parts.adaptive import adaptive
from somaforge.generator.spec import Meter

MEANS = ("chip_accuracy", "measured_model_accuracy", "programmings", "patterns", "tester_s", "smallest_A", "weak_bits")
"""What bench/tester.py found for each chip and tester."""
MNIST = (
    "learning.json",
    "MNIST: unit size, area and method",
    "\n![errors over area](images/learning.png)\n",
)
SPOKEN = ("learning-fsdd.json", "Spoken digits: method", "")


def before_ways(run: Mapping[str, Any]) -> bool:
    """Whether its synapses were measured with one exponent for all ways: the check of the model came with the ways."""
    synapses: bool = run["spec"]["characterization"]["synapses"]
    return synapses and "characterize__model_error_rms__ratio" not in run["metrics"]


def learning(results: Path, name: str, title: str, plot: str) -> Iterable[str]:
    """Accuracy over size and method."""
    path = results / name
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    yield f"\n## {title}\n\n"
    yield f"    SOMAFORGE_DATA=../shared/data python bench/learning.py {data['arguments']}\n\n"
    yield f"Ideal network, all test patterns: {data['ideal_accuracy']:.4f}; {data['chip_epochs']} epochs per chip.\n"
    yield "Chips are schematics. `model`: the network in the calibration with the strength of every bit of every\n"
    yield "synapse, a stand-in for the chip, all test patterns. `engine`: on the transistors, empty where not run.\n"
    yield "`error`: what the model of the training is wrong by on random networks (`characterize__model_error_*`).\n"
    yield "Three columns for each law of mismatch.\n\n"
    # results from before the law was a key are of pelgrom
    laws = list(dict.fromkeys(e.get("law", "pelgrom") for e in data["results"]))
    yield "| unit / um | mirrors of a synapse / um2 | trained for | chips |"
    yield "".join(f" {law}: model | engine | error |" for law in laws)
    yield f" patterns measured | training / s of one processor |\n|{'---|' * (6 + 3 * len(laws))}\n"
    order = ["blind", "slopes", "synapses"]
    cases = {(e["w_um"], e["l_um"], e["synapse_um2"], e["method"]) for e in data["results"]}
    for case in sorted(cases, key=lambda c: (c[2], order.index(c[3]))):
        same = [e for e in data["results"] if (e["w_um"], e["l_um"], e["synapse_um2"], e["method"]) == case]
        cells, chips = [], []
        for law in laws:
            found = [e for e in same if e.get("law", "pelgrom") == law]
            engine = [e["chip_accuracy"] for e in found if "chip_accuracy" in e]
            chips.append(len(found))
            cells.append(f"{np.mean([e['measured_model_accuracy'] for e in found]):.4f}" if found else "")
            cells.append(f"{np.mean(engine):.4f}" if engine else "")
            errors = [e["model_error"] for e in found if "model_error" in e]
            cells.append(f"{100 * np.mean(errors):.1f} %" if errors else "")
        measured, seconds = (float(np.mean([e[key] for e in same])) for key in ("measured_patterns", "training_cpu_s"))
        yield f"| {case[0]}/{case[1]} | {case[2]:.1f} | {case[3]} | {', '.join(map(str, dict.fromkeys(chips)))} "
        yield f"| {' | '.join(cells)} | {measured:.0f} | {seconds:.0f} |\n"
    best = [e["measured_model_accuracy"] for e in data["results"] if e["method"] == "synapses"]
    counts = sorted({e["patterns"] for e in data["results"] if "patterns" in e})
    yield f"\nBest chip of those whose synapses were measured: {max(best):.4f}."
    given = ", ".join(f"`--patterns {n}`" for n in counts)
    yield f" Figures of the engine: with {given}.\n{plot}" if counts else f"\n{plot}"


def retraining(results: Path) -> Iterable[str]:
    """Accuracy over the size of weight errors, by what is trained again."""
    path = results / "retraining.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    entries = data["results"]
    methods = list(dict.fromkeys(e["method"] for e in entries))
    yield "\n## MNIST: how much has to learn its chip again\n\n"
    yield f"    SOMAFORGE_DATA=../shared/data python bench/retraining.py {data['arguments']}\n\n"
    yield "Models in software, 10,000 test images. `alpha`: every weight times 1 + alpha z, z a standard normal\n"
    yield "number. `mismatch`: unit mirrors with that multiple of the foundry's spread (law "
    yield f"`{data.get('law', 'pelgrom')}`). Columns: matrices\nthat were trained for the chip.\n\n"
    yield f"| errors | size | {' | '.join(methods)} |\n|---|---|{'---|' * len(methods)}\n"
    for kind, size in dict.fromkeys((e["kind"], e["size"]) for e in entries):
        means = [
            np.mean([e["accuracy"] for e in entries if (e["kind"], e["size"], e["method"]) == (kind, size, m)])
            for m in methods
        ]
        yield f"| {kind} | {size:g} | {' | '.join(f'{m:.4f}' for m in means)} |\n"
    yield "\n![errors over the size of weight errors](images/retraining.png)\n"


def characterization(results: Path) -> Iterable[str]:
    """Errors of measured slopes."""
    path = results / "characterization.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    layers = "-".join(map(str, data["layers"]))
    yield f"\n## Slopes: two procedures on chip {data['chip']} of {layers}\n\n    python bench/characterization.py\n\n"
    yield "Error of the somas' slopes (one standard deviation, relative) against the same somas with synapses that\n"
    yield f"have no mismatch. The slopes themselves spread by {_shares(data['spread'])}.\n\n"
    yield "| procedure | synapses or paths per soma | patterns | error by layer | engine / s |\n|---|---|---|---|---|\n"
    for e in data["results"]:
        yield f"| {e['procedure']} | {e['visits']} | {e['patterns']} | {_shares(e['error'])} | {e['seconds']} |\n"


def iris(results: Path) -> Iterable[str]:
    """Programmed chips in ngspice, at rest."""
    path = results / "iris_ngspice.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    entries = data["results"]
    yield "\n## Iris: programmed chips on ngspice, at rest\n\n"
    yield "    somaforge pex examples/iris.yaml --out runs/iris\n"
    yield f"    python bench/iris_ngspice.py runs/iris {data['arguments']}\n\n"
    yield f"{entries[0]['patterns']} test flowers, extracted netlist, mismatch on (law "
    yield f"`{data.get('about', {}).get('law', 'pelgrom')}`); measured on the array engine.\n\n"
    yield "| chips | mean | worst | chips without an error |\n|---|---|---|---|\n"
    values = [e["accuracy"] for e in entries]
    yield f"| {len(values)} | {np.mean(values):.4f} | {min(values):.4f} | {sum(v == 1.0 for v in values)} |\n"


def programmed(results: Path) -> Iterable[str]:
    """Programmed chips on the array engine at rest, a row for each run: networks and laws."""
    path = results / "programmed.json"
    if not path.is_file():
        return
    yield "\n## Programmed chips, all test patterns, at rest\n\n"
    yield "    somaforge run SPEC --out RUN --skip drc --until train\n    python bench/programmed.py SPEC RUN\n\n"
    yield "Extracted wires, mismatch on, a network trained for each chip. `model`: that network in the chip's\n"
    yield "calibration, `without`: the ideal network on it. `programmed`: on the array engine. In time, in brackets\n"
    yield "95 % intervals: 99th percentile of the time to output, and multiply-accumulates per joule at the fixed\n"
    yield "time after which 99 % keep their winner (0: not within a pattern's time). `units`: in M0;\n"
    yield "M1 to M4. `costs`: `training.close` and `training.l1_synapses`.\n\n"
    yield "| network | law | units | costs | chips | test patterns | without | model | programmed: mean | worst | best "
    yield "| p99 / us | MAC/J |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
    for run in json.loads(path.read_text(encoding="utf-8"))["runs"]:
        about, train = run["about"], run["about"]["train"]
        values = [e["accuracy"] for e in run["results"]]
        cells = (train["accuracy__model_blind__ratio"], train["accuracy__model_chip__ratio"])
        figures = (*cells, float(np.mean(values)), min(values), max(values))
        paid = ", ".join(f"{x:g}" for x in about["costs"].values())
        mirror = about["array"]["mirror"]
        units = f"{mirror['input_multiplier'] or mirror['multiplier']}; {mirror['multiplier']}"
        yield f"| {about['name']} | {about['law']} | {units} | {paid} | {len(values)} | "
        yield f"{run['results'][0]['patterns']} | "
        yield " | ".join(f"{100 * x:.2f} %" for x in figures) + f" | {_in_time(run.get('evaluate'))} |\n"


def _in_time(found: Mapping[str, float] | None) -> str:
    """Two cells, empty where nothing ran in time."""
    if found is None:
        return " | "
    time, low, high = (1e6 * found[f"time_to_output__p99{end}__s"] for end in ("", "_low", "_high"))
    each, least, most = (found[f"fixed_time__mac{end}__per_J"] for end in ("", "_low", "_high"))
    return f"{time:.1f} ({low:.1f} to {high:.1f}) | {each:.2e} ({least:.2e} to {most:.2e})"


def reference(results: Path) -> Iterable[str]:
    """A whole chip on ngspice and on the array engine."""
    path = results / "reference.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    mirror, layers = data["mirror"], "-".join(map(str, data["layers"]))
    yield "\n## The array engine against ngspice, whole chip\n\n"
    yield "    SOMAFORGE_DATA=../shared/data python bench/reference.py "
    yield f"runs/{data['run']} --patterns {data['patterns']} --chip {data['chip']}\n\n"
    yield f"{layers}, unit mirrors of {mirror['w_um']}/{mirror['l_um']} um, mismatch on. Hidden and output currents\n"
    yield "above 1 % of the largest of their layer.\n\n"
    yield "| patterns | winners differ | right on ngspice | currents | median error | maximum | supply, maximum "
    yield "| processor s |\n|---|---|---|---|---|---|---|---|\n"
    yield f"| {data['patterns']} | {data['differ']} | {data['right']:.4f} | {data['currents']} | {data['p50']:.1e} "
    yield f"| {data['max']:.1e} | {data['supply_max']:.1e} | {data['processor_s']:.0f} |\n"


def tuning(results: Path) -> Iterable[str]:
    """What a chip's own training costs, and what it brings."""
    path = results / "tuning.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    mirror = data["mirror"]
    yield "\n## MNIST: time per chip\n\n"
    yield f"    SOMAFORGE_DATA=../shared/data python bench/tuning.py runs/mnist {data['arguments']}\n\n"
    yield f"Unit mirrors of {mirror['w_um']}/{mirror['l_um']} um, every synapse measured, the model of the chip on\n"
    yield "all test images. Seconds are processor time of one thread; two chips train side by side on two of them.\n\n"
    yield "| trained from | epochs | chips | right | held-out training images | processor s | s per chip on two |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for start, epochs in dict.fromkeys((e["start"], e["epochs"]) for e in data["results"]):
        same = [e for e in data["results"] if (e["start"], e["epochs"]) == (start, epochs)]
        right, held, seconds = (
            float(np.mean([e[key] for e in same])) for key in ("test_accuracy", "held_out_accuracy", "processor_s")
        )
        yield f"| {start} | {epochs} | {len(same)} | {right:.4f} | {held:.4f} | {seconds:.0f} | {seconds / 2:.0f} |\n"


def in_the_loop(results: Path) -> Iterable[str]:
    """Training with the chip's own outputs."""
    path = results / "in_the_loop.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    yield "\n## MNIST: chip in the loop\n\n"
    yield f"    SOMAFORGE_DATA=../shared/data python bench/in_the_loop.py {data['arguments']}\n\n"
    yield "Chips are models in software; 10,000 test images on the chip. `known`: what the model holds that gradients\n"
    yield "go through; `synapses` is the chip itself. Patterns and programmings: what the loop asks of a tester.\n"
    yield f"Law `{data['law']}`, units of {'/'.join(map(str, data['unit_um']))} um; the ideal network is right on "
    yield f"{data['ideal_accuracy']:.4f} (made by `bench/learning.py --ideal-epochs 60`).\n\n"
    yield "| mismatch over the foundry's | known | trained on | right | patterns | programmings |\n"
    yield "|---|---|---|---|---|---|\n"
    for case in dict.fromkeys((e["mismatch"], e["known"], e["way"]) for e in data["results"]):
        same = [e for e in data["results"] if (e["mismatch"], e["known"], e["way"]) == case]
        right = np.mean([e["accuracy"] for e in same])
        yield f"| {case[0]:g} | {case[1]} | {case[2]} | {right:.4f} | {same[0]['loop_patterns']} "
        yield f"| {same[0]['loop_programmings']} |\n"
    if (results / "tester.json").is_file():
        kept = json.loads((results / "tester.json").read_text(encoding="utf-8"))
        one, ways = kept["results"][0], "" if "default" in kept else "; with the ways of columns there are more"
        yield f"\nA model with slopes and every synapse takes {one['programmings']} programmings and {one['patterns']} "
        yield f"patterns, once for a chip (the\nnext section{ways}); the loop takes its own again for every network.\n"


def board_loop(results: Path) -> Iterable[str]:
    """Training with the chip in the loop, through the board's protocol."""
    path = results / "board_loop.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    found = data["results"]
    yield "\n## Iris: chip in the loop, behind a simulated board\n\n"
    yield f"    python bench/board_loop.py --chips {len(found)} --epochs {data['epochs']}\n\n"
    yield f"`{data['spec']}`, 30 test flowers; chips decide. `gain`: by the loop, of the training flowers that\n"
    yield "the chip decides rightly; weights from before are kept if there is none.\n\n"
    yield "| chip | calibrated model | chip | chip after the loop | gain | undecided | readings | of the loop |\n"
    yield f"|{'---|' * 8}\n"
    for e in found:
        right = " | ".join(f"{100 * e[k]:.1f} %" for k in ("model_accuracy", "chip_accuracy", "loop_accuracy"))
        yield f"| {e['chip']} | {right} | {100 * e['loop_gain']:.1f} % | {e['undecided']} "
        yield f"| {e['readings']} | {e['loop_readings']} |\n"
    means = (np.mean([e[k] for e in found]) for k in ("model_accuracy", "chip_accuracy", "loop_accuracy"))
    yield f"| mean | {' | '.join(f'{100 * m:.1f} %' for m in means)} | | | | |\n"


def tester(results: Path) -> Iterable[str]:
    """Accuracy with a perfect tester and with others."""
    path = results / "tester.json"
    if not path.is_file():
        return
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    entries, unit = data["results"], "/".join(map(str, data["unit_um"]))
    chips = len({e["chip"] for e in entries})
    yield "\n## MNIST: what a tester costs\n\n"
    yield f"    SOMAFORGE_DATA=../shared/data python bench/tester.py {data['arguments']}\n\n"
    yield f"Chips: {chips} of {'-'.join(map(str, data['layers']))}, units of {unit} um, law `{data['law']}`, a "
    yield "short recipe for all of them.\n`array engine`: programmed chip at rest, the first "
    yield f"{data['images']} test images. `measured chip`: all 10,000 in\nthe calibration of the perfect tester, a "
    yield "stand-in for the chip. `lost`: against the perfect tester, in points.\n`default`: the tester of a spec that "
    yield "names none. `time`: writing, settling and reading of one chip.\n"
    today, then = Meter().model_dump(mode="json"), data.get("default")
    if then is None:
        yield "Made before the default had three times the noise and 2.5 times the settling time, and before the ways "
        yield "of columns\nwere measured (docs/learning.md, step 2).\n"
    elif then != today:
        changed = ", ".join(f"{key} {then.get(key)}" for key in today if then.get(key) != today[key])
        yield f"Made with another default: {changed}.\n"
    yield "\n"
    yield "| tester | measured chip | lost | array engine | lost | programmings | patterns | time / min "
    yield "| smallest current / pA | weak bits |\n|---|---|---|---|---|---|---|---|---|---|\n"
    means = {
        name: {key: float(np.mean([e[key] for e in entries if e["tester"] == name])) for key in MEANS}
        for name in dict.fromkeys(e["tester"] for e in entries)
    }
    for name, mean in means.items():
        yield f"| {name} "
        for key in ("measured_model_accuracy", "chip_accuracy"):
            yield f"| {mean[key]:.4f} | {100 * (means['perfect'][key] - mean[key]):.2f} "
        yield f"| {mean['programmings']:.0f} | {mean['patterns']:.0f} | {mean['tester_s'] / 60:.0f} "
        yield f"| {1e12 * mean['smallest_A']:.1f} | {mean['weak_bits']:.0f} |\n"


def mirrors(results: Path) -> Iterable[str]:
    """Speed and energy of one chip with other devices."""
    path = results / "mirrors.json"
    if not path.is_file():
        return
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    yield "\n## MNIST: mirrors, speed and energy\n\n    python bench/mirrors.py RUN\n\n"
    yield f"Chip 1 with the weights and the wires of the run above, {rows[0]['patterns']} test images in time on the\n"
    yield "array engine. `currents`: mean into the somas of each layer. `run`: fixed time after which 99 % have their\n"
    yield f"winner and keep it; none within {1e6 * rows[0]['pattern_time_s']:.0f} us: -.\n\n"
    yield "| unit / um | units in M0 | M1 to M4 | switch / um | supply / V | currents / nA "
    yield "| power / uW | run / us | MAC/J |\n|---|---|---|---|---|---|---|---|---|\n"
    for r in rows:
        currents = ", ".join(f"{1e9 * a:.0f}" for a in r["layer_currents_A"])
        run = "-" if r["run_s"] is None else f"{1e6 * r['run_s']:.0f}"
        per_joule = "-" if r["efficiency_per_J"] is None else f"{r['efficiency_per_J']:.2g}"
        yield f"| {r['w_um']}/{r['l_um']} | {r['input_multiplier']} | {r['multiplier']} "
        yield f"| {r['switch_w_um']}/{r['switch_l_um']} | {r['supply_V']} | {currents} | {1e6 * r['power_W']:.0f} "
        yield f"| {run} | {per_joule} |\n"


def _shares(values: Iterable[float]) -> str:
    return ", ".join(f"{100 * v:.1f} %" for v in values)


def sections(results: Path) -> Iterable[str]:
    """All of them, in the document's order."""
    yield from learning(results, *MNIST)
    yield from mirrors(results)
    yield from learning(results, *SPOKEN)
    some = (
        iris,
        programmed,
        adaptive,
        reference,
        tuning,
        retraining,
        in_the_loop,
        board_loop,
        tester,
        characterization,
    )
    for section in some:
        yield from section(results)
