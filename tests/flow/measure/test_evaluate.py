"""Evaluation on a made-up engine with known waveforms."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.flow.small import nominal, small_design

from somaforge.flow.engines.base import DcResult, Effort, Program, ProgrammedChip, TransientResult
from somaforge.flow.machinery.inputs import Inputs
from somaforge.flow.measure.evaluate import evaluate, time_to_output
from somaforge.flow.measure.timed import Timed, speed_metrics
from somaforge.flow.memory import leakage
from somaforge.flow.memory.leakage import Leakage
from somaforge.flow.steps.chip import Job
from somaforge.flow.steps.evaluate import timed_patterns
from somaforge.generator.spec import load_spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

PERIOD = 1e-6
TAU = 1e-7


class Relaxing:
    """Outputs follow the first inputs with one time constant; the supply takes the sum of the inputs."""

    name = "relaxing"

    def __init__(self) -> None:
        self.applied: Floats = np.zeros((0, 0))

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        n = chip.design.layers[-1]
        return DcResult(inputs[:, :n], inputs.sum(axis=1), np.zeros(len(inputs)), Effort(0.0, ("only",), ("only",)))

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        self.applied = inputs
        n = chip.design.layers[-1]
        steps = np.linspace(0, pattern_time_s, 101)
        time, outputs, supply = [], [], []
        state = inputs[0, :n]
        for p, row in enumerate(inputs):
            for t in steps[0 if p == 0 else 1 :]:
                time.append(p * pattern_time_s + t)
                outputs.append(row[:n] + (state - row[:n]) * np.exp(-t / TAU))
                supply.append(row.sum())
            state = outputs[-1]
        effort = Effort(0.0, ("only",), ("only",))
        return TransientResult(np.array(time), np.array(outputs), np.array(supply), pattern_time_s, len(inputs), effort)


@pytest.fixture(autouse=True)
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory without leakage: the made-up engine's currents are all there is."""
    monkeypatch.setattr(leakage, "of_chip", lambda chip: Leakage(0.0, 0.0))


LABELS = np.array([0, 0, 1, 1])
INPUTS = np.array([[3.0, 1.0], [4.0, 1.0], [1.0, 3.0], [5.0, 4.0]]) * 1e-8


def test_evaluation_by_hand() -> None:
    engine = Relaxing()
    result = evaluate(engine, nominal(small_design()), INPUTS, LABELS, PERIOD, 2)
    assert np.array_equal(engine.applied, INPUTS[[3, 0, 2, 1, 3]])  # classes in turn, the last one first
    assert result.outputs == pytest.approx(INPUTS, rel=1e-3)
    assert result.predictions.tolist() == [0, 0, 1, 0]
    assert result.accuracy == 0.75
    assert result.energy == pytest.approx(1.8 * PERIOD * INPUTS.sum(axis=1), rel=0.03)  # the supply jumps at the edge
    found = speed_metrics([result.to_json()], 49)
    assert found["power__mean__W"] == pytest.approx(result.energy.mean() / PERIOD)
    assert found["energy__mac__J"] == pytest.approx(result.energy.mean() / 49)
    assert found["evaluate__timed_agreement__ratio"] == 1
    # pattern 2 follows pattern 0: (3, 1) to (1, 3) crosses when exp(-t/tau) = 1/2
    assert result.time_to_output[2] == pytest.approx(TAU * np.log(2), rel=0.01)
    assert result.time_to_output[0] == 0.0  # the lead-in (5, 4) has the same winner
    assert result.trace.pattern == 2
    assert result.trace.time[0] == pytest.approx(-0.25 * PERIOD)
    assert result.trace.time[-1] == pytest.approx(PERIOD)
    assert np.array_equal(result.trace.inputs, INPUTS[[0, 2]])


def test_leakage_is_in_every_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    """1.5 uW all the time, whatever the array does: in whole patterns, up to the output, and at fixed run times."""
    chip = nominal(small_design())
    before = evaluate(Relaxing(), chip, INPUTS, LABELS, PERIOD, 2)
    monkeypatch.setattr(leakage, "of_chip", lambda chip: Leakage(1e-6, 5e-7))
    after = evaluate(Relaxing(), chip, INPUTS, LABELS, PERIOD, 2)
    assert after.energy - before.energy == pytest.approx(1.5e-6 * PERIOD)
    assert after.energy_to_output - before.energy_to_output == pytest.approx(1.5e-6 * after.time_to_output)
    assert after.energy_by - before.energy_by == pytest.approx(1.5e-6 * after.run_times)
    old, new = (speed_metrics([run.to_json()], 49) for run in (before, after))
    assert (old["power__memory_leakage__W"], new["power__memory_leakage__W"]) == (0, 1.5e-6)
    assert new["power__mean__W"] - old["power__mean__W"] == pytest.approx(1.5e-6)
    assert new["energy__mac__J"] - old["energy__mac__J"] == pytest.approx(1.5e-6 * PERIOD / 49)
    assert new["efficiency__mac__per_J"] < old["efficiency__mac__per_J"]
    assert new["fixed_time__mac__per_J"] < old["fixed_time__mac__per_J"]


def test_only_some_patterns_in_time() -> None:
    engine = Relaxing()
    result = evaluate(engine, nominal(small_design()), INPUTS, LABELS, PERIOD, 2, [1, 2])
    assert np.array_equal(engine.applied, INPUTS[[2, 1, 2]])  # the last one first
    assert result.timed.tolist() == [1, 2]
    assert result.predictions.tolist() == [0, 0, 1, 0]
    assert result.settled.tolist() == [True, True]
    assert result.energy == pytest.approx(1.8 * PERIOD * INPUTS[[1, 2]].sum(axis=1), rel=0.03)
    assert result.trace.pattern in (1, 2)
    wrong = Timed.of([result.to_json() | {"labels": np.array([1, 1, 1, 1])}])
    assert wrong.right.tolist() == [False, True]


def test_chips_time_different_patterns() -> None:
    spec = load_spec(Path(__file__).parents[3] / "examples/iris.yaml")
    chips = spec.chips.model_copy(update={"seeds": (5, 6, 9)})
    spec = spec.model_copy(
        update={"chips": chips, "evaluation": spec.evaluation.model_copy(update={"timed_patterns": 4})}
    )
    found = [timed_patterns(Job(spec, seed, Inputs({}, {})), 10) for seed in spec.chips.seeds]
    assert found == [(0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 0, 1)]
    assert timed_patterns(Job(spec, 6, Inputs({}, {})), 3) == (0, 1, 2)


def test_time_to_output_takes_the_last_change() -> None:
    time = np.arange(5.0)
    outputs = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 3.0], [0.0, 3.0]])
    assert time_to_output(time, outputs) == pytest.approx(2.25)


def test_refuses_what_does_not_fit() -> None:
    chip = nominal(small_design())
    with pytest.raises(InputError, match="3 labels for 4 patterns"):
        evaluate(Relaxing(), chip, INPUTS, LABELS[:3], PERIOD, 2)
    with pytest.raises(InputError, match="3 inputs, the array has 2"):
        evaluate(Relaxing(), chip, np.ones((4, 3)), LABELS, PERIOD, 2)
    with pytest.raises(InputError, match="negative"):
        evaluate(Relaxing(), chip, -INPUTS, LABELS, PERIOD, 2)


def test_energy_that_flows_back_is_counted() -> None:
    """The supply of an array never takes energy back over a pattern: where it seems to, the simulation is wrong."""
    run = evaluate(Relaxing(), nominal(small_design()), INPUTS, LABELS, PERIOD, 2).to_json()
    assert speed_metrics([run], 49)["evaluate__negative_energy__count"] == 0
    run["energy_to_output_J"] = np.array([1e-12, -1e-12, 0.0, -2e-12])
    assert speed_metrics([run], 49)["evaluate__negative_energy__count"] == 2
