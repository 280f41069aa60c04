"""What one worker does: train for a chip, or measure a chip at a point. Plain values in, JSON values out."""

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow import datasets, pex
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.drivers.inputs import input_currents
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.flow.learning import measuring
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.minibatch import Shadow, pretrain, train_for
from somaforge.flow.learning.tester import Bench
from somaforge.flow.learning.training import model_accuracy, one_thread
from somaforge.flow.machinery.fingerprint import code_version
from somaforge.flow.measure.evaluate import pad_inputs
from somaforge.flow.measure.operating import in_time
from somaforge.flow.measure.point import Point
from somaforge.flow.measure.timed import speed_metrics
from somaforge.flow.memory import leakage
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design, build
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import ToolError

Codes = list[list[list[int]]]
"""Signed codes of every matrix as JSON has them."""


@dataclass(frozen=True)
class TrainTask:
    """Weights for one chip, characterized at its point; seed None is the chip without mismatch."""

    spec: str
    """The spec as JSON: workers keep what they made from it for the next task."""
    folder: Path | None
    """Where its own data files are, if it has some."""
    code: str
    """Version of the code that hands out the task."""
    seed: int | None
    point: Point


@dataclass(frozen=True)
class PointTask:
    """One chip with its weights at one operating point."""

    spec: str
    folder: Path | None
    code: str
    point: Point
    codes: Codes
    patterns: int
    timed: int
    kept: int
    lumped: Path | None
    """Capacitance of every net (step pex); needed for patterns in time."""


@dataclass(frozen=True, eq=False)
class _Bench:
    """What all tasks of a study share."""

    spec: Spec
    design: Design
    flat: FlatNetlist
    engine: ArrayEngine


@lru_cache(maxsize=2)
def _bench(spec: str, folder: Path | None, lumped: Path | None) -> _Bench:
    parsed = parse_spec(json.loads(spec), "montecarlo", folder)
    design = build(parsed)
    flat = design.flat_without_memory
    return _Bench(parsed, design, flat if lumped is None else pex.read_lumped(lumped, flat), ArrayEngine())


@lru_cache(maxsize=1)
def _start(spec: str, folder: Path | None) -> Shadow:
    """The ideal network where minibatch training of every chip starts: once for each worker."""
    parsed = parse_spec(json.loads(spec), "montecarlo", folder)
    ideal = Calibration.ideal(parsed.array.layers, parsed.array.bits)
    return pretrain(parsed, driven(parsed, datasets.load(parsed.network.dataset), ideal)).shadow


def version() -> str:
    """Version of everything that a result depends on, beside the task."""
    return code_version(__name__)


def _same_code(expected: str) -> None:
    if version() != expected:
        raise ToolError("montecarlo: this worker runs another version of somaforge; install the same everywhere")


def _made(bench: _Bench, seed: int | None) -> VirtualChip:
    return VirtualChip.of(bench.spec.chips, seed) if seed is not None else VirtualChip(0, 0.0)


def _chip(bench: _Bench, point: Point, seed: int | None, codes: Program) -> ProgrammedChip:
    return _made(bench, seed).programmed(bench.design, bench.flat, codes, point.at)


def learn(task: TrainTask) -> dict[str, Any]:
    """Characterize on the array engine, then train: codes, and the accuracies of the model."""
    _same_code(task.code)
    start = time.monotonic()
    with one_thread():
        bench = _bench(task.spec, task.folder, None)
        spec = bench.spec
        data = datasets.load(spec.network.dataset)
        nothing = tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(bench.design.layers))
        chip = _chip(bench, task.point, task.seed, nothing)
        bank = Bank.of(bench.engine, spec, _made(bench, task.seed), task.point.at)
        tester = Bench(bench.engine, spec.characterization.tester, task.seed or 0, drivers=bank)
        calibration = measuring.measure(spec, tester, chip, measuring.highest_A(spec, data)).calibration
        data = driven(spec, data, calibration)
        weights = train_for(spec, data, calibration, lambda: _start(task.spec, task.folder))
        accuracy = model_accuracy(calibration, weights.codes, data.to_currents(data.test_x, spec.input), data.test_y)
    return {
        "codes": [codes.tolist() for codes in weights.codes],
        "metrics": {
            "accuracy__train_chip__ratio": weights.train_accuracy,
            "accuracy__model_chip__ratio": accuracy,
            "characterize__negative_strength__ratio": float(np.mean(calibration.negative_strength)),
        },
        "seconds": time.monotonic() - start,
    }


def measure(task: PointTask) -> dict[str, Any]:
    """Test patterns through the chip: accuracy and power at rest; speed and energy of the timed ones."""
    _same_code(task.code)
    start = time.monotonic()
    with one_thread():
        bench = _bench(task.spec, task.folder, task.lumped if task.timed > 0 else None)
        spec, point = bench.spec, task.point
        data = datasets.load(spec.network.dataset)
        codes = tuple(np.array(c, dtype=np.int64) for c in task.codes)
        chip = _chip(bench, point, point.seed, codes)
        inputs = input_currents(spec, _made(bench, point.seed), data, data.test_x[: task.patterns], point.at)
        labels, classes = data.test_y[: task.patterns], spec.network.layers[-1]
        settled = bench.engine.dc(chip, pad_inputs(chip, inputs))
        outputs = settled.outputs[:, :classes]
        leaking_W = leakage.of_chip(chip).total_W
        metrics = {
            "accuracy__array__ratio": float(np.mean(outputs.argmax(axis=1) == labels)),
            "power__settled__W": float(settled.supply.mean() * point.at.supply_V) + leaking_W,
            "power__memory_leakage__W": leaking_W,
        }
        if task.timed > 0:
            first, period = slice(task.timed), spec.evaluation.pattern_time_s
            rest = outputs[first].argmax(axis=1)
            run = in_time(bench.engine, chip, inputs[first], labels[first], period, classes, rest)
            metrics |= {} if run["problem"] else speed_metrics([run], spec.network.macs)
    return {
        "point": point.to_json(),
        "patterns": len(labels),
        "metrics": metrics,
        "methods": list(settled.effort.attempts),
        **({"outputs_A": outputs[: task.kept].tolist()} if task.kept > 0 else {}),
        "seconds": time.monotonic() - start,
    }
