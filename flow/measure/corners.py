"""Corners, temperatures and supplies: what the calibration at the run's own operating point is worth elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from somaforge.flow.engines.base import Engine, ProgrammedChip
from somaforge.flow.measure.evaluate import Ints, pad_inputs
from somaforge.flow.measure.operating import in_time
from somaforge.flow.measure.point import Point
from somaforge.flow.measure.timed import speed_metrics
from somaforge.flow.memory import leakage
from somaforge.flow.memory.worst_latch import WorstLatch
from somaforge.flow.signoff.verdict import Lookup
from somaforge.generator.spec import Conditions, Spec, Study
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import NotSettledError
from somaforge.pdk.models import OperatingPoint

KEPT = 100
"""Patterns whose output currents are compared over temperature."""
FLOOR = 0.01
"""Outputs below this part of the largest output are not compared: their relative change says nothing."""
CALIBRATIONS = ("nominal", "recalibrated")
"""With the weights of the run; with weights trained for a measurement at the point. A chip has nothing else to adjust:
a new calibration is worth what is trained for it."""
Record = Mapping[str, Any]
"""One chip at one point, as JSON has it."""


@dataclass(frozen=True)
class PointResult:
    """All chips of the study at one operating point with one way of calibration."""

    at: OperatingPoint
    calibration: str
    """nominal: characterized and trained at the run's own point; recalibrated: at this one."""
    chips: Mapping[int, Mapping[str, float]]
    """Metrics of each chip."""
    problem: str = ""
    """Why chips have no operating point there, or nothing in time; each reason once."""

    @property
    def metrics(self) -> dict[str, float]:
        """Means over chips, of what every chip has."""
        names = set.intersection(*(set(chip) for chip in self.chips.values()))
        return {name: float(np.mean([chip[name] for chip in self.chips.values()])) for name in sorted(names)}

    def to_json(self) -> dict[str, Any]:
        """For corners.json; from_json reads it back."""
        chips = {str(seed): dict(metrics) for seed, metrics in self.chips.items()}
        mine = {"calibration": self.calibration, "chips": chips, "problem": self.problem}
        return {**vars(self.at), **mine, "metrics": self.metrics}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "PointResult":
        """The value that to_json wrote."""
        chips = {int(seed): metrics for seed, metrics in data["chips"].items()}
        return PointResult(OperatingPoint.of(data), data["calibration"], chips, data["problem"])


def points_of(spec: Spec, wanted: Study) -> tuple[Point, ...]:
    """The points of the study's grid, all chips of an operating point in a row; the run's own is one of them."""
    temperatures = sorted({*wanted.temperatures_C, spec.temperature_C})
    own = spec.at
    if wanted.grid == "full":
        conditions = [OperatingPoint(corner, t, own.supply_V) for corner in spec.corners for t in temperatures]
    else:
        conditions = [own, *(replace(own, corner=corner) for corner in spec.corners)]
        conditions += [replace(own, temperature_C=t) for t in temperatures]
    conditions += [replace(own, supply_V=supply) for supply in wanted.supplies_V]
    seeds = spec.chips.seeds[: wanted.chips]
    return tuple(Point(seed, at) for at in dict.fromkeys(conditions) for seed in seeds)


def measure(
    engine: Engine,
    chip: ProgrammedChip,
    point: Point,
    inputs: Floats,
    labels: Ints,
    spec: Spec,
    timed: int,
    memory: WorstLatch,
) -> Record:
    """The record of one chip at one point: `inputs` [patterns, inputs of the data set] in A at rest, the first `timed`
    of them in time, too.

    See no_point for a chip without an operating point, which is also one whose weight memory does not work there. Where
    the engine finds none in time, speed and energy are missing.
    """
    if memory.problem:
        return no_point(point, memory.problem, memory)
    classes = spec.network.layers[-1]
    try:
        found = engine.dc(chip, pad_inputs(chip, inputs))
    except NotSettledError as error:
        return no_point(point, str(error), memory)
    outputs = found.outputs[:, :classes]
    leaking_W = leakage.of_chip(chip).total_W
    metrics = {
        "accuracy__array__ratio": float(np.mean(outputs.argmax(axis=1) == labels)),
        "power__settled__W": float(found.supply.mean() * point.at.supply_V) + leaking_W,
        "power__memory_leakage__W": leaking_W,
        **memory.metrics(),
    }
    problem = ""
    if timed > 0:
        period, rest = spec.evaluation.pattern_time_s, outputs[:timed].argmax(axis=1)
        run = in_time(engine, chip, inputs[:timed], labels[:timed], period, classes, rest)
        problem = run["problem"]
        metrics |= {} if problem else speed_metrics([run], spec.network.macs)
    return {"point": point.to_json(), "metrics": metrics, "problem": problem, "outputs_A": outputs[:KEPT]}


def no_point(point: Point, problem: str, memory: WorstLatch) -> Record:
    """The record of a chip for which there is no operating point: nothing is right, and nothing else known."""
    return {
        "point": point.to_json(),
        "metrics": {"accuracy__array__ratio": 0.0, **memory.metrics()},
        "problem": problem,
    }


def grouped(calibration: str, records: Sequence[Record]) -> list[PointResult]:
    """The records of all chips with one way of calibration, point by point."""
    groups: dict[OperatingPoint, list[Record]] = {}
    for record in records:
        groups.setdefault(OperatingPoint.of(record["point"]), []).append(record)
    return [
        PointResult(at, calibration, {r["point"]["seed"]: r["metrics"] for r in mine}, _problems(mine))
        for at, mine in groups.items()
    ]


def _problems(records: Sequence[Record]) -> str:
    return "; ".join(dict.fromkeys(record["problem"] for record in records if record["problem"]))


def temperature_drift(spec: Spec, records: Sequence[Record]) -> dict[str, Any]:
    """Output currents of the same chips with the same weights at other temperatures, first corner, own supply.

    For each temperature: the median and 95th percentile of the relative change of the output currents against the run's
    own temperature, of the change of their shares (what decides the winner), and the share of equal winners.
    """
    own: dict[int, Any] = {}
    others: dict[float, dict[int, Any]] = {}
    for record in records:
        at = record["point"]
        if "outputs_A" not in record:
            continue
        if at["corner"] == spec.corners[0] and at["supply_V"] == spec.supply_V:
            outputs = np.array(record["outputs_A"])
            if at["temperature_C"] == spec.temperature_C:
                own[at["seed"]] = outputs
            else:
                others.setdefault(at["temperature_C"], {})[at["seed"]] = outputs
    rows = []
    others = {t: {s: o for s, o in chips.items() if s in own} for t, chips in others.items()}
    for temperature, chips in sorted((t, chips) for t, chips in others.items() if chips):
        change, shares, same = [], [], []
        for seed, outputs in chips.items():
            before = own[seed]
            strong = before > FLOOR * before.max()
            change.append(np.abs(outputs / np.where(strong, before, 1.0) - 1)[strong])
            moved = _shares(outputs) - _shares(before)
            shares.append(np.abs(moved)[strong])
            same.append(outputs.argmax(1) == before.argmax(1))
        all_change, all_shares = np.concatenate(change), np.concatenate(shares)
        rows.append(
            {
                "temperature_C": temperature,
                "current_change_p50": float(np.median(all_change)),
                "current_change_p95": float(np.percentile(all_change, 95)),
                "share_change_p50": float(np.median(all_shares)),
                "share_change_p95": float(np.percentile(all_shares, 95)),
                "same_winner": float(np.mean(np.concatenate(same))),
            }
        )
    return {"from_C": spec.temperature_C, "patterns": KEPT, "temperatures": rows}


def _shares(outputs: Floats) -> Floats:
    total: Floats = np.maximum(outputs.sum(1, keepdims=True), 1e-15)
    return outputs / total


def asked(spec: Spec, conditions: Conditions) -> OperatingPoint:
    """Where a limit holds: what its conditions leave open is the run's own."""
    given = {name: getattr(conditions, name) for name in ("corner", "temperature_C", "supply_V")}
    return replace(spec.at, **{name: value for name, value in given.items() if value is not None})


def lookup(spec: Spec, points: Sequence[PointResult]) -> Lookup:
    """The metrics of the point that a limit's conditions name; none if it was not studied."""

    def find(conditions: Conditions) -> Mapping[str, float]:
        for point in points:
            if (point.at, point.calibration) == (asked(spec, conditions), conditions.calibration):
                return point.metrics
        return {}

    return find
