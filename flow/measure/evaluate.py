"""Runs a data set through a programmed chip, pattern after pattern without a pause, and measures what it did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.integrate import cumulative_trapezoid

from somaforge.flow.engines.base import MEMORIES, Engine, ProgrammedChip, TransientResult, check_inputs
from somaforge.flow.memory import leakage
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

Ints = npt.NDArray[np.int64]
AT_ONCE = 100
"""Patterns in one simulation: what is kept of it, and ngspice's time, grow with their number. The array engine keeps
what it prepares for a chip (32 s at 25,100 synapses) from one to the next."""
RUN_TIMES = 50
"""Fixed run times at which the energy is recorded."""


@dataclass(frozen=True)
class Trace:
    """Waveforms around one pattern change; time 0 is the change (Fig. 3 of the paper)."""

    pattern: int
    time: Floats
    """[points] in s."""
    inputs: Floats
    """[2, inputs] in A: before and after the change."""
    outputs: Floats
    """[points, outputs] in A."""
    supply: Floats
    """[points] in A."""


@dataclass(frozen=True)
class MemoryEffect:
    """Simulated latches against ideal memory."""

    output_change: float
    """Largest change of an output current, relative to the largest output of the pattern."""
    latch_current: float
    """Mean supply current of one latch in A: leakage."""
    rungs: tuple[str, ...]
    """Of both simulations, the option set that the result stands on."""


@dataclass(frozen=True)
class Evaluation:
    """What one chip did with one data set."""

    outputs: Floats
    """[patterns, classes] in A at the end of each pattern."""
    predictions: Ints
    """[patterns] the output with the largest current at the end of the pattern."""
    labels: Ints
    timed: Ints
    """[timed patterns] which ones ran in time."""
    time_to_output: Floats
    """[timed patterns] in s from the pattern change to the last change of the winning output (the paper's
    definition)."""
    energy: Floats
    """[timed patterns] in J from the supply, input currents and leakage included."""
    energy_to_output: Floats
    """[timed patterns] the part of it up to the last change of the winning output."""
    run_times: Floats
    """[RUN_TIMES] in s: fixed run times up to pattern_time_s."""
    energy_by_each: Floats
    """[timed patterns, RUN_TIMES] in J: energy of each pattern up to each of them."""
    settled: npt.NDArray[np.bool_]
    """[timed patterns] whether the winner at the end of the pattern is the prediction."""
    pattern_time_s: float
    leakage_W: float
    """Of the weight memory and its port, in the energies; the trace shows the array's currents alone."""
    trace: Trace
    attempts: tuple[str, ...]
    rungs: tuple[str, ...]
    """Of each simulation, the option set that its result stands on."""
    seconds: float
    """Time that the simulator took."""

    @property
    def accuracy(self) -> float:
        """Share of patterns with the right winner."""
        return float(np.mean(self.predictions == self.labels))

    @property
    def energy_by(self) -> Floats:
        """[RUN_TIMES] in J: mean energy of the timed patterns up to each run time."""
        found: Floats = self.energy_by_each.mean(axis=0)
        return found

    @property
    def agreement(self) -> float:
        """Share of the timed patterns that end with the prediction."""
        return float(np.mean(self.settled))

    def to_json(self) -> dict[str, Any]:
        """For the step's evaluation.json and flow.measure.timed."""
        return {
            "outputs_A": self.outputs,
            "predictions": self.predictions,
            "labels": self.labels,
            "timed": self.timed,
            "time_to_output_s": self.time_to_output,
            "energy_J": self.energy,
            "energy_to_output_J": self.energy_to_output,
            "run_times_s": self.run_times,
            "energy_by_J": self.energy_by,
            "energy_by_each_J": self.energy_by_each,
            "settled": self.settled,
            "agreement": self.agreement,
            "pattern_time_s": self.pattern_time_s,
            "leakage_W": self.leakage_W,
            "trace": {
                "pattern": self.trace.pattern,
                "time_s": self.trace.time,
                "inputs_A": self.trace.inputs,
                "outputs_A": self.trace.outputs,
                "supply_A": self.trace.supply,
            },
            "attempts": self.attempts,
            "rungs": self.rungs,
            "simulator_s": self.seconds,
        }


def time_to_output(time: Floats, outputs: Floats) -> float:
    """Time from time[0] to the last change of the largest of `outputs` [points, outputs]; 0 if it never changes.

    The crossing is interpolated linearly between the solver's points.
    """
    winner = outputs.argmax(axis=1)
    others = np.flatnonzero(winner != winner[-1])
    if len(others) == 0:
        return 0.0
    i = int(others[-1])
    lead = outputs[[i, i + 1], winner[-1]] - outputs[[i, i + 1], winner[i]]  # negative (or 0), then positive
    share = -lead[0] / (lead[1] - lead[0]) if lead[1] > lead[0] else 1.0
    return float(time[i] + share * (time[i + 1] - time[i]) - time[0])


def evaluate(
    engine: Engine,
    chip: ProgrammedChip,
    inputs: Floats,
    labels: Ints,
    pattern_time_s: float,
    classes: int,
    timed: Sequence[int] | None = None,
) -> Evaluation:
    """Applies `inputs` [patterns, inputs of the data set] in A and measures every pattern; results are in their order.

    With `timed`, only these patterns run in time, and all outputs are those at rest.

    The data set uses the array's first inputs and its first `classes` outputs; unused inputs get no current. Patterns
    are applied with the classes in turn, because between two patterns of one class nothing has to change. The last one
    is applied once before the first, so that every pattern is a change. InputError if sizes do not fit.
    """
    inputs = pad_inputs(chip, inputs)
    if len(labels) != len(inputs) or not 1 <= classes <= chip.design.layers[-1]:
        raise InputError(
            f"evaluation: {len(labels)} labels for {len(inputs)} patterns, {classes} classes on "
            f"{chip.design.layers[-1]} outputs"
        )
    chosen: Ints = np.arange(len(labels)) if timed is None else np.array(timed, dtype=np.int64)
    order = in_turn(np.asarray(labels)[chosen])
    leaking_W = leakage.of_chip(chip).total_W
    run_times: Floats = pattern_time_s * np.arange(1, RUN_TIMES + 1) / RUN_TIMES
    ends = np.empty((len(order), classes))
    times, energy, to_output = (np.empty(len(order)) for _ in range(3))
    by = np.empty((len(order), RUN_TIMES))
    attempts: list[str] = []
    rungs: list[str] = []
    seconds = 0.0
    first: TransientResult | None = None
    for start in range(0, len(order), AT_ONCE):
        part = order[start : start + AT_ONCE]
        run = engine.transient(chip, inputs[chosen[[order[start - 1], *part]]], pattern_time_s)
        first = first or run
        for place, pattern in enumerate(part):
            w = run.window(1 + place)
            now, used = spent(run, w, chip.at.supply_V, leaking_W)
            ends[pattern] = run.outputs[w.stop - 1, :classes]
            times[pattern] = time_to_output(now, run.outputs[w, :classes])
            energy[pattern], to_output[pattern] = used[-1], np.interp(times[pattern], now, used)
            by[pattern] = np.interp(run_times, now, used)
        attempts += run.effort.attempts
        rungs += run.effort.rungs
        seconds += run.effort.seconds
    outputs = ends
    if timed is not None:
        settled = engine.dc(chip, inputs)
        outputs = settled.outputs[:, :classes]
        attempts, seconds = [*settled.effort.attempts, *attempts], seconds + settled.effort.seconds
        rungs = [*settled.effort.rungs, *rungs]
    predictions = outputs.argmax(axis=1)
    assert first is not None  # there is at least one pattern
    return Evaluation(
        outputs,
        predictions,
        np.asarray(labels),
        chosen,
        times,
        energy,
        to_output,
        run_times,
        by,
        ends.argmax(axis=1) == predictions[chosen],
        pattern_time_s,
        leaking_W,
        _trace(first, inputs, chosen[np.concatenate([order[-1:], order[:AT_ONCE]])], predictions, classes),
        tuple(dict.fromkeys(attempts)),
        tuple(rungs),
        seconds,
    )


def spent(run: TransientResult, window: slice, supply_V: float, leaking_W: float) -> tuple[Floats, Floats]:
    """[points of the window] time since its start in s and energy in J: from the supply, and what leaks beside it."""
    now = run.time[window] - run.time[window.start]
    used: Floats = cumulative_trapezoid(run.supply[window], now, initial=0) * supply_V + leaking_W * now
    return now, used


def memory_effect(engine: Engine, chip: ProgrammedChip, inputs: Floats) -> MemoryEffect:
    """What simulating every latch changes in the settled currents of `inputs` [patterns, inputs of the data set] in A.

    The array is simulated with ideal memory otherwise (base.Memory); this says what that leaves out.
    """
    padded = pad_inputs(chip, inputs)
    ideal, whole = (engine.dc(replace(chip, memory=memory), padded) for memory in MEMORIES)
    latches = chip.design.synapse_count * chip.design.weights.latches
    change = np.abs(whole.outputs - ideal.outputs) / ideal.outputs.max(axis=1, keepdims=True)
    rungs = (*ideal.effort.rungs, *whole.effort.rungs)
    return MemoryEffect(float(change.max()), float((whole.supply - ideal.supply).mean() / latches), rungs)


def pad_inputs(chip: ProgrammedChip, inputs: Floats) -> Floats:
    """Input currents for the whole array: zeros on the inputs that the network does not use."""
    missing = chip.design.layers[0] - inputs.shape[1]
    if missing < 0:
        raise InputError(f"evaluation: {inputs.shape[1]} inputs, the array has {chip.design.layers[0]}")
    padded = np.pad(np.asarray(inputs, dtype=float), ((0, 0), (0, missing)))
    check_inputs(chip.design, padded)
    return padded


def in_turn(labels: Ints) -> Ints:
    """Indices of the patterns so that classes alternate, the first of each, the second of each, ...: between two of one
    class nothing has to change."""
    rank = np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        rank[labels == label] = np.arange(np.sum(labels == label))
    return np.lexsort((labels, rank))


def _trace(run: TransientResult, inputs: Floats, order: Ints, predictions: Ints, classes: int) -> Trace:
    """Waveforms at the first change of the winner; `order` are the patterns of the run, the lead-in first."""
    winners = predictions[order]
    changes = np.flatnonzero(winners[1:] != winners[:-1])
    place = int(changes[0]) + 1 if len(changes) else 1
    start = place * run.pattern_time_s
    window = slice(run.window(place - 1).start, run.window(place).stop)
    near = run.time[window] >= start - 0.25 * run.pattern_time_s
    return Trace(
        int(order[place]),
        run.time[window][near] - start,
        np.stack([inputs[order[place - 1]], inputs[order[place]]]),
        run.outputs[window][near][:, :classes],
        run.supply[window][near],
    )
