"""Operating points: what mean input current and supply do to chips whose weights were trained at the run's own point.

A point is measured at rest first. Where a chip keeps less than WORKS of its accuracy, the engine finds no operating
point, or the weight memory has no margin (flow.memory.worst_latch), it does not work. That is a result and no error: it
says how low the supply may be. At the other points the first patterns run in time; where less than WORKS of them end
with their winner at rest, chips are too slow for the pattern time, and do not work either. The output nodes follow the
supply, at half of it (ProgrammedChip.output_V).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from somaforge.flow.datasets import Dataset
from somaforge.flow.engines.base import Engine, ProgrammedChip
from somaforge.flow.measure.evaluate import Ints, evaluate, pad_inputs
from somaforge.flow.measure.timed import Timed
from somaforge.flow.memory import leakage
from somaforge.flow.memory.worst_latch import WorstLatch
from somaforge.generator.spec import Input, Operating, Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import NotSettledError

WORKS = 0.9
"""A chip works where it keeps this part of the accuracy that it has at the run's own point, and where this part of its
patterns settle within their time."""


@dataclass(frozen=True, order=True)
class Drive:
    """What drives a chip: its supply and its input current."""

    supply_V: float
    input_A: float
    """Mean current per input over the training set."""

    @property
    def id(self) -> str:
        """Its name in files, for example 1.8V_15nA."""
        return f"{self.supply_V:g}V_{self.input_A * 1e9:g}nA"

    def spec(self, spec: Spec) -> Spec:
        """The spec at this point."""
        return spec.model_copy(update={"supply_V": self.supply_V, "input": Input(mean_A=self.input_A)})


def own_drive(spec: Spec, dataset: Dataset) -> Drive:
    """The run's own point."""
    mean = spec.input.mean_A
    if mean is None:
        mean = dataset.full_scale(spec.input) * float(dataset.train_x.mean())
    return Drive(spec.supply_V, mean)


def drives_of(wanted: Operating, own: Drive) -> tuple[Drive, ...]:
    """Every current at every supply, the run's own point first."""
    grid = (Drive(supply, current) for supply in wanted.supplies_V for current in wanted.currents_A)
    return tuple(dict.fromkeys((own, *grid)))


def pattern_time_s(spec: Spec, drive: Drive, own: Drive) -> float:
    """How long a pattern is applied: smaller currents charge the rails more slowly, in proportion in weak inversion."""
    wanted = None if spec.operating is None else spec.operating.pattern_time_s
    return (spec.evaluation.pattern_time_s if wanted is None else wanted) * max(1.0, own.input_A / drive.input_A)


def at_rest(engine: Engine, chip: ProgrammedChip, inputs: Floats, labels: Ints, classes: int) -> dict[str, Any]:
    """Settled currents for `inputs` [patterns, inputs of the data set] in A: predictions, accuracy, power with the
    memory's leakage; or the problem of an engine that finds no operating point."""
    try:
        found = engine.dc(chip, pad_inputs(chip, inputs))
    except NotSettledError as error:
        return {"problem": str(error)}
    predictions = found.outputs[:, :classes].argmax(axis=1)
    leaking_W = leakage.of_chip(chip).total_W
    return {
        "problem": "",
        "predictions": predictions,
        "accuracy": float(np.mean(predictions == labels)),
        "power_W": float(found.supply.mean() * chip.at.supply_V) + leaking_W,
        "leakage_W": leaking_W,
    }


def in_time(
    engine: Engine, chip: ProgrammedChip, inputs: Floats, labels: Ints, period_s: float, classes: int, rest: Ints
) -> dict[str, Any]:
    """The same patterns in time, as Timed.of reads them, or a problem; `rest` are their predictions at rest."""
    try:
        data = evaluate(engine, chip, inputs, labels, period_s, classes).to_json()
    except NotSettledError as error:
        return {"problem": str(error)}
    settled = np.equal(data["predictions"], rest)
    for name in ("outputs_A", "trace", "energy_by_each_J"):
        del data[name]
    return {**data, "problem": "", "predictions": rest, "settled": settled, "agreement": float(settled.mean())}


@dataclass(frozen=True)
class PointResult:
    """All chips of the sweep at one operating point."""

    drive: Drive
    accuracy: float
    """Mean over chips, at rest; 0 for a chip without an operating point."""
    rest_W: float | None
    """Supply power at rest, input currents included; None if a chip has no operating point."""
    works: bool
    """At rest and in time."""
    timed: Mapping[str, Any] | None
    """Speed and energy; None where nothing ran in time or the engine found no solution."""
    problem: str = ""
    """What the engine said where it found no solution, or what the weight memory fails in."""
    leakage_W: float | None = None
    """Of the weight memory, in the powers; None if a chip has no operating point."""
    memory: Mapping[str, Any] | None = None
    """Margins of the worst latch (flow.memory.worst_latch)."""

    @property
    def efficiency(self) -> float | None:
        """Multiply-accumulates per joule at the fixed run time; None without one."""
        return None if self.timed is None else self.timed["efficiency_per_J"]

    def to_json(self) -> dict[str, Any]:
        """For operating.json; from_json reads it back."""
        others = {name: value for name, value in vars(self).items() if name != "drive"}
        return {"place": vars(self.drive), **others}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "PointResult":
        """The value that to_json wrote."""
        others = {name: value for name, value in data.items() if name != "place"}
        return PointResult(drive=Drive(**data["place"]), **others)


def works_at_rest(accuracy: float, own_accuracy: float, memory: WorstLatch) -> bool:
    """Whether chips with that accuracy and such latches are worth running in time."""
    return accuracy >= WORKS * own_accuracy and not memory.problem


def works_in_time(timed: Mapping[str, Any] | None) -> bool:
    """Whether enough patterns settle; None: the engine found no solution."""
    return timed is not None and timed["agreement"] >= WORKS


def speed_and_energy(evaluations: Sequence[Mapping[str, Any]], macs: int) -> dict[str, Any]:
    """Figures of all chips at one point, and the curves behind them."""
    timed = Timed.of(evaluations)
    run_s = timed.decided_s
    energy = None if run_s is None or run_s == 0 else timed.energy_at(run_s) / macs
    period = evaluations[0]["pattern_time_s"]
    return {
        "patterns": len(timed.time_s),
        "pattern_time_s": period,
        "power_W": float(timed.energy_J.mean() / period),
        "time_to_output_p50_s": float(np.percentile(timed.time_s, 50)),
        "time_to_output_p99_s": float(np.percentile(timed.time_s, 99)),
        "agreement": float(timed.settled.mean()),
        "run_s": run_s,
        "mac_J": energy,
        "efficiency_per_J": None if energy is None else 1 / energy,
        "run_times_s": timed.run_times_s.tolist(),
        "energy_mac_J": (timed.energy_by_J / macs).tolist(),
        "decided": [timed.decided(t) for t in timed.run_times_s],
    }


def best(points: Sequence[PointResult], own: PointResult, loss: float) -> PointResult | None:
    """The highest efficiency at the fixed run time that loses at most `loss` of the own point's accuracy."""
    good = [p for p in points if p.efficiency is not None and p.accuracy >= own.accuracy - loss]
    return max(good, key=lambda p: p.efficiency or 0.0, default=None)


def lowest_supply(points: Sequence[PointResult], own: Drive) -> float | None:
    """The lowest supply down to which chips work without a gap, at the run's own input current or the next to it."""
    currents = {p.drive.input_A for p in points if p.drive != own} or {own.input_A}  # the own may not be swept
    current = min(currents, key=lambda c: abs(c - own.input_A))
    lowest = None
    for point in sorted((p for p in points if p.drive.input_A == current), key=lambda p: -p.drive.supply_V):
        if not point.works:
            break
        lowest = point.drive.supply_V
    return lowest


def _memory(winner: PointResult) -> dict[str, float]:
    """What the weight memory does at the best point, as far as it was measured."""
    found = {} if winner.leakage_W is None else {"best_point__memory_leakage__W": winner.leakage_W}
    if winner.memory is not None:
        margins = WorstLatch(**winner.memory)
        found["best_point__memory_margin_min__V"] = margins.smallest_V
    return found


def metrics(points: Sequence[PointResult], own: Drive, loss: float) -> dict[str, float]:
    """Of the whole sweep; what was not found (no best point, no working supply) is not in it, and its limits fail."""
    found: dict[str, float] = {
        "operating__points__count": len(points),
        "operating__working__count": sum(p.works for p in points),
    }
    lowest = lowest_supply(points, own)
    if lowest is not None:
        found["operating__supply_min__V"] = lowest
    start = next(p for p in points if p.drive == own)
    winner = best(points, start, loss)
    if winner is None or winner.timed is None:
        return found
    at = winner.timed
    return found | {
        "best_point__input__A": winner.drive.input_A,
        "best_point__supply__V": winner.drive.supply_V,
        "best_point__accuracy__ratio": winner.accuracy,
        "best_point__accuracy_loss__ratio": start.accuracy - winner.accuracy,
        "best_point__run__s": at["run_s"],
        "best_point__time_to_output_p99__s": at["time_to_output_p99_s"],
        "best_point__power__W": at["power_W"],
        **_memory(winner),
        "best_point__mac__J": at["mac_J"],
        "best_point__operation_of_two__J": at["mac_J"] / 2,
        "best_point__mac__per_J": at["efficiency_per_J"],
    }
