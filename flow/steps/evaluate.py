"""Step evaluate: the test patterns through every programmed chip, on the spec's engine, post-layout."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import Program
from somaforge.flow.engines.error import BUDGET, compared, full_model_error, reference_of, sample_of
from somaforge.flow.engines.named import named
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.engines.time_error import time_error
from somaforge.flow.machinery.base import Context, JsonObject, Step
from somaforge.flow.machinery.records import read_json, write_json
from somaforge.flow.measure import decision
from somaforge.flow.measure.evaluate import evaluate, memory_effect, pad_inputs
from somaforge.flow.measure.intervals import ENDS, interval_metrics
from somaforge.flow.measure.layout_effect import first_of_each_class, layout_effect
from somaforge.flow.measure.timed import speed_metrics
from somaforge.flow.memory import bitfile
from somaforge.flow.steps.characterize import operating_point
from somaforge.flow.steps.chip import Job, Worker, currents, for_each_chip, per_chip, programmed
from somaforge.generator.design import build
from somaforge.generator.spec import Spec


def config(spec: Spec) -> JsonObject:
    """The chips, the network, and how they are tested."""
    return {**operating_point(spec), **spec.model_dump(mode="json", include={"network", "evaluation"})}


def codes_of(job: Job) -> Program:
    """The weights of the chip's bitfile."""
    path = job.inputs.file("program", f"chips/{job.seed}/weights.bit")
    return bitfile.unpack(path.read_bytes(), build(job.spec), str(path))


def timed_patterns(job: Job, count: int) -> tuple[int, ...]:
    """Which of `count` patterns a chip runs in time: other chips take others, because a hard pattern is hard for all.

    Ten chips with 50 patterns each run the first 500 of the test set, from the first again where it has no more.
    """
    wanted = min(job.spec.evaluation.timed_patterns, count)
    first = job.spec.chips.seeds.index(job.seed) * wanted
    return tuple((first + k) % count for k in range(wanted))


def run_patterns(folder: Path, job: Job) -> None:
    """One chip with the weights of its bitfile: evaluation.json."""
    dataset, wanted = datasets.load(job.spec.network.dataset), job.spec.evaluation
    count = len(dataset.test_y) if wanted.patterns == "all" else min(wanted.patterns, len(dataset.test_y))
    result = evaluate(
        named(job.spec).make(folder / "ngspice"),
        programmed(job, codes_of(job)),
        currents(job, dataset.test_x[:count]),
        dataset.test_y[:count],
        wanted.pattern_time_s,
        job.spec.network.layers[-1],
        None if named(job.spec).in_full else timed_patterns(job, count),
    )
    write_json(folder / "evaluation.json", result.to_json())


def latches(folder: Path, job: Job) -> None:
    """What leaving the latches out of the array's simulation changes, on the first chip."""
    dataset = datasets.load(job.spec.network.dataset)
    chip = programmed(job, codes_of(job), use="rest")
    first = [int(np.argmax(dataset.test_y == label)) for label in np.unique(dataset.test_y)]
    effect = memory_effect(NgspiceEngine(), chip, currents(job, dataset.test_x[first]))
    write_json(folder / "latches.json", vars(effect))


def layout(folder: Path, job: Job) -> None:
    """What the wiring changes, on the first chip: layout.json."""
    dataset = datasets.load(job.spec.network.dataset)
    chosen = first_of_each_class(dataset.test_y)
    effect = layout_effect(
        named(job.spec).make(folder / "ngspice"),
        programmed(job, codes_of(job)),
        currents(job, dataset.test_x[chosen]),
        dataset.test_y[chosen],
        job.spec.evaluation.pattern_time_s,
        job.spec.network.layers[-1],
    )
    write_json(folder / "layout.json", {**asdict(effect), "metrics": effect.metrics()})


def engines(folder: Path, job: Job) -> None:
    """The array engine against ngspice in small circuits, on the first chip's first test patterns: engines.json."""
    dataset, wanted = datasets.load(job.spec.network.dataset), job.spec.evaluation
    count = min(wanted.reference_patterns, len(dataset.test_y))
    chip = programmed(job, codes_of(job), use="rest")
    inputs = pad_inputs(chip, currents(job, dataset.test_x[:count]))
    # surfaces are what ArrayEngine.dc takes for as many patterns as the evaluation has
    ours = ArrayEngine().at_rest(chip, inputs, surfaces=not named(job.spec).in_full)
    sample = sample_of(chip, count, BUDGET) if wanted.reference_columns == "sample" else None
    reference = reference_of(chip).solve(inputs, ours.layers, sample)
    error = compared(ours, reference)
    full = full_model_error(chip, inputs, ours)
    classes = job.spec.network.layers[-1]
    winners, theirs = (x.outputs[:, :classes].argmax(axis=1) for x in (ours, reference))
    values = {
        **asdict(error),
        "rungs": reference.rungs,
        "full_models": {"p50": full.p50, "max": full.max, "patterns": full.patterns, "currents": full.currents},
        "supply_max": error.supply_max if error.solved == 1.0 else None,
    }
    labels = dataset.test_y[:count]
    write_json(folder / "engines.json", {**values, "array": winners, "ngspice": theirs, "labels": labels})


def times(folder: Path, job: Job) -> None:
    """The array engine against the whole models in time, first chip, a pattern of each class: times.json."""
    dataset = datasets.load(job.spec.network.dataset)
    chip = programmed(job, codes_of(job))
    first = [int(np.argmax(dataset.test_y == label)) for label in np.unique(dataset.test_y)]
    inputs = pad_inputs(chip, currents(job, dataset.test_x[[first[-1], *first]]))
    write_json(
        folder / "times.json", asdict(time_error(chip, inputs, job.spec.evaluation.pattern_time_s, ArrayEngine()))
    )


def _compared(found: Mapping[str, Any]) -> dict[str, float]:
    """Metrics of engines.json."""
    winners, labels = np.array(found["ngspice"]), np.array(found["labels"])
    return {
        "engine__current_error_p50__ratio": found["p50"],
        "engine__current_error_max__ratio": found["max"],
        "engine__full_model_error_p50__ratio": found["full_models"]["p50"],
        "engine__full_model_error_max__ratio": found["full_models"]["max"],
        "engine__compared_currents__count": found["currents"],
        "engine__compared_patterns__count": found["patterns"],
        "engine__compared_columns__ratio": found["solved"],
        "engine__winners_differ__count": int((np.array(found["array"]) != winners).sum()),
        "accuracy__columns__ratio": float((winners == labels).mean()),
    }


def besides(spec: Spec) -> tuple[Worker, ...]:
    """What is simulated on the first chip to say what the simulators leave out."""
    return (engines, layout, *((latches, times) if named(spec).in_full else ()))


def action(context: Context) -> Mapping[str, float]:
    """All chips and what the simulators leave out, in parallel."""
    some = besides(context.spec)
    places = for_each_chip(context, run_patterns, first=some)
    known = {worker: read_json(context.folder / f"{worker.__name__}.json") for worker in some}
    found: dict[str, float] = _compared(known[engines]) | known[layout]["metrics"]
    if latches in known:
        found["engine__latch_effect_max__ratio"] = known[latches]["output_change"]
        found["power__latch__W"] = known[latches]["latch_current"] * context.spec.supply_V
    if times in known:
        found["engine__full_model_time_error_p50__ratio"] = known[times]["p50"]
        found["engine__full_model_time_error_max__ratio"] = known[times]["max"]
    return found | measured(context.spec, [read_json(place / "evaluation.json") for place in places.values()])


def measured(spec: Spec, chips: list[dict[str, Any]]) -> dict[str, float]:
    """What the test patterns show, from the evaluation.json of every chip."""
    right = np.array([np.equal(c["predictions"], c["labels"]) for c in chips])
    macs = spec.network.macs
    name = named(spec).metric
    return {
        f"accuracy__{name}__ratio": float(right.mean()),
        f"accuracy__{name}__patterns__count": int(right.shape[1]),
        f"accuracy__{name}__chips__count": len(chips),
        f"accuracy__{name}_worst_chip__ratio": float(right.mean(axis=1).min()),
        f"accuracy__{name}_perfect__chips__count": int(right.all(axis=1).sum()),
        "evaluate__timed_patterns__count": len(chips[0]["time_to_output_s"]),
        "design__macs__count": macs,
        **_speed(chips, macs),
        **_decisions(spec, chips),
    }


def _decisions(spec: Spec, chips: list[dict[str, Any]]) -> dict[str, float]:
    """Codes in, class out: of chips with drivers, with the winner-take-all's own errors and time."""
    if spec.drivers is None:
        return {}
    right, times = [], []
    for seed, chip in zip(spec.chips.seeds, chips, strict=True):
        outputs, timed = np.array(chip["outputs_A"]), np.array(chip["timed"])
        right.append(float((decision.classes(outputs, seed) == np.array(chip["labels"])).mean()))
        times.append(np.array(chip["time_to_output_s"]) + decision.race_s(outputs[timed]))
    every = np.concatenate(times)
    return {
        "accuracy__chip__ratio": float(np.mean(right)),
        "accuracy__chip_worst__ratio": min(right),
        "present__decision_p50__s": float(np.percentile(every, 50)),
        "present__decision_p99__s": float(np.percentile(every, 99)),
    }


def _speed(chips: list[dict[str, Any]], macs: int) -> dict[str, float]:
    """Speed and energy with their intervals; an interval stands only beside its figure."""
    found, ends = speed_metrics(chips, macs), interval_metrics(chips, macs)
    return found | {end: ends[end] for name, both in ENDS.items() if name in found for end in both if end in ends}


STEP = Step(
    "evaluate",
    action,
    lambda spec: (
        *per_chip("evaluation.json")(spec),
        *(f"{worker.__name__}.json" for worker in besides(spec)),
    ),
    ("pex", "drivers", "program"),
    config=config,
    tools=("ngspice", "numpy", "pdk", "scikit-learn"),
)
