"""One fabricated chip through characterization, training and its test, from tables of readings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from somaforge.flow import datasets
from somaforge.flow.bench.replay import NotMeasured, Readings, Replay
from somaforge.flow.bench.round import Round
from somaforge.flow.bench.table import Table
from somaforge.flow.chips import VirtualChip
from somaforge.flow.datasets import Labels
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.engines.base import Engine, Program, ProgrammedChip
from somaforge.flow.learning import measuring, strengths
from somaforge.flow.learning.calibration import Calibration, CalibrationError, Dead
from somaforge.flow.learning.characterize import LEVELS, Characterization
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.minibatch import train_for
from somaforge.flow.learning.tester import Bench
from somaforge.flow.learning.training import Weights, model_accuracy
from somaforge.flow.measure.evaluate import pad_inputs
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

Stuck = tuple[tuple[int, int, int, int, int], ...]
"""Latches (matrix, row, column, bit, value) that hold one value."""


@dataclass(eq=False)
class Known:
    """What is known of a chip after the rounds that were measured."""

    rounds: tuple[Round, ...] = ()
    following: Round | None = None
    """What is to be measured next; None if nothing is left."""
    calibration: Calibration | None = None
    weak: tuple[strengths.Weak, ...] = ()
    paths: Characterization | None = None
    """The sweeps behind the calibration."""
    weights: Weights | None = None
    model_accuracy: float | None = None
    """Of the trained network on the chip's measured model: calculated."""
    accuracy: float | None = None
    """Of the chip itself on the test patterns, from its readings."""
    patterns: int = 0
    """Test patterns."""
    undecided: int = 0
    """Of them, those that the chip itself did not decide."""
    races_s: tuple[float, ...] = ()
    """Of the chip's own decisions: from the end of settling until its class is there."""
    alone: float | None = None
    """Accuracy on the test patterns before training in the loop."""
    loop_gain: float | None = None
    """Accuracy on the training patterns, by the chip's own decisions, that training in the loop added; 0 if it added
    none and the weights from before are kept."""
    compared: tuple[int | None, ...] = ()
    """Its decisions with weights that were given beside its own."""
    outputs: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    """[patterns, outputs] in A in the test."""

    def metrics(self) -> dict[str, float]:
        """What is known, by the names that runs have for it."""
        found: dict[str, float | None] = {
            "accuracy__model_chip__ratio": self.model_accuracy,
            "accuracy__measured__ratio": self.accuracy,
        }
        if self.races_s:
            found |= {"race__p50__s": float(np.median(self.races_s)), "race__max__s": max(self.races_s)}
        if self.calibration is not None:
            slopes = np.concatenate([np.asarray(s) for s in self.calibration.slopes])
            residuals = np.concatenate([np.asarray(r) for r in self.calibration.residuals])
            found |= {
                "characterize__slope_spread__ratio": float(slopes.std() / slopes.mean()),
                "characterize__residual_rms__ratio": float(np.sqrt((residuals**2).mean())),
                "tester__weak_bits__count": len(self.weak),
            }
        return {name: value for name, value in found.items() if value is not None}


def highest_A(spec: Spec) -> float:  # noqa: N802 (a unit)
    """Largest input current of the measurement (flow.learning.measuring)."""
    return measuring.highest_A(spec, datasets.load(spec.network.dataset))


def blank_chip(spec: Spec) -> ProgrammedChip:
    """Stands for the chip that is measured: only its design matters."""
    design = build(spec)
    return VirtualChip(0, 0.0).programmed(design, design.flat_without_memory)


def first_round(spec: Spec) -> Round:
    """What is measured before anything is known."""
    found = known(spec, ()).following
    if found is None:
        raise RuntimeError("a characterization without a reading")  # cannot be
    return found


def known(
    spec: Spec, tables: Sequence[Table], look: Callable[[Table, Round], None] = lambda table, asked: None
) -> Known:
    """As far as the tables lead; `look` sees each before it is believed.

    InputError if one is of another plan, too many or of no chip, and for a chip whose inputs are codes; CheckError for
    a dead chip.
    """
    if spec.drivers is not None:
        raise InputError(
            f"{spec.name}: its inputs are codes (chip.drivers), no pins for currents; measure it on a board"
        )
    replay = Replay(tables, look=look)
    try:
        return _over(spec, replay, Readings(replay, spec.characterization.tester))
    except CalibrationError as error:
        where = ", ".join(table.where for table in tables[: len(replay.rounds)])
        raise InputError(f"{where}: readings of no chip ({error}); measure again what is doubtful") from None


def simulated(spec: Spec, engine: Engine, chip: ProgrammedChip, seed: int) -> Known:
    """The same for a chip that is simulated, read by the spec's tester."""
    return _over(spec, None, Bench.named(spec, engine, seed), chip)


def _over(spec: Spec, replay: Replay | None, bench: Bench, chip: ProgrammedChip | None = None) -> Known:
    found, chip = Known(), chip or blank_chip(spec)
    try:
        codes = learn(spec, bench, chip, found).codes
        found.outputs = _shown(spec, bench, chip, codes)
        _, y = tested(spec)
        shown = found.outputs[:, : spec.network.layers[-1]]
        found.accuracy = float(((shown.argmax(axis=1) == y) & (shown.max(axis=1) > 0)).mean())
        found.patterns = len(y)
    except NotMeasured as more:
        found.following = more.asked
    if replay is not None:
        found.rounds = tuple(replay.rounds)
        if len(found.rounds) < len(replay.tables):
            surplus = replay.tables[len(found.rounds)].where
            raise InputError(f"{surplus}: one table too many: the plan has {len(found.rounds)} rounds; leave it out")
    return found


def learn(
    spec: Spec,
    bench: Bench,
    chip: ProgrammedChip,
    found: Known,
    *,
    levels: tuple[float, ...] = LEVELS,
    stuck: Stuck = (),
    dead: Dead = (),
    say: Callable[[str], None] = lambda text: None,
) -> Weights:
    """Measures what the spec wants measured, and trains for it; all of it also goes into `found`.

    `levels` are the currents of a sweep over the highest, `stuck` and `dead` latches and somas that are known as such:
    they are trained around. CheckError for a chip
    that is dead somewhere; NotMeasured where tables end; ToolError from the engine.
    """
    dataset = datasets.load(spec.network.dataset)
    say("characterization")
    learned = measuring.measure(spec, bench, chip, highest_A(spec), levels, dead)
    found.paths = learned.paths
    found.calibration = calibration = replace(learned.calibration, stuck=stuck)
    found.weak = learned.weak
    say("training")
    seen = driven(spec, dataset, calibration)
    found.weights = weights = train_for(spec, seen, calibration)
    x, y = tested(spec)
    currents = seen.to_currents(seen.test_x[: len(x)], spec.input)
    found.model_accuracy = model_accuracy(calibration, weights.codes, currents, y)
    return weights


def tested(spec: Spec) -> tuple[Floats, Labels]:
    """Patterns [patterns, features] from 0 to 1 on which the spec wants a chip tested, and their labels."""
    dataset = datasets.load(spec.network.dataset)
    count = None if spec.evaluation.patterns == "all" else spec.evaluation.patterns
    return dataset.test_x[:count], dataset.test_y[:count]


def _shown(spec: Spec, bench: Bench, chip: ProgrammedChip, codes: Program) -> Floats:
    """Output currents [patterns, outputs] in A of the test patterns: as codes where the chip has drivers."""
    dataset, (x, _) = datasets.load(spec.network.dataset), tested(spec)
    if bench.drivers is None:
        inputs = pad_inputs(chip, dataset.to_currents(x, spec.input))
        return bench.dc(chip, inputs, [codes] * len(inputs)).outputs
    encoder = Encoder.of(bench.drivers.scale, dataset)
    full = np.full(len(x), bench.settable(encoder.full_A(dataset, spec)))
    shown = np.zeros((len(x), chip.design.layers[0]), dtype=np.int64)  # an array may have more inputs than its network
    shown[:, : x.shape[1]] = encoder.codes(x)
    return bench.present(chip, shown, full, [codes] * len(x)).outputs


def drift(before: Calibration, now: Calibration) -> float:
    """RMS change of the somas' slopes, relative; one factor common to all is none."""
    a, b = (np.log(np.concatenate([np.asarray(s) for s in c.slopes])) for c in (before, now))
    if a.shape != b.shape:
        raise InputError("drift: calibrations of arrays of different sizes")
    return float(np.std(b - a))
