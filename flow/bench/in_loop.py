"""Training with the chip in the loop: forward through the chip, backward through its model (learning.minibatch)."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch

from somaforge.flow import datasets
from somaforge.flow.bench.chip import Known
from somaforge.flow.bench.meter import BoardBench
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.engines.base import Program, ProgrammedChip
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.minibatch import Shadow, fine_tune
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats


def train(
    spec: Spec,
    bench: BoardBench,
    chip: ProgrammedChip,
    found: Known,
    epochs: int,
    program: Callable[[Program], None],
) -> Program:
    """Weights from those in `found` on, after `epochs` passes over the training patterns; what was there before if the
    chip itself, written by `program`, decides no more training patterns rightly with the new ones.

    ValueError before anything was learned. ToolError if the board goes away.
    """
    if found.calibration is None or found.weights is None:
        raise ValueError("training in the loop starts from what was learned without it")
    dataset, calibration, start = datasets.load(spec.network.dataset), found.calibration, found.weights.codes
    encoder = Encoder.of(bench.bank.scale, dataset)
    full = bench.settable(encoder.full_A(dataset, spec))
    table = np.array(calibration.drivers)

    def read(codes: Program, values: Floats) -> Floats:
        patterns = nearest(table, values / encoder.top)
        return bench.present(chip, patterns, np.full(len(patterns), full), [codes] * len(patterns)).outputs / full

    def right(codes: Program) -> int:
        program(codes)
        shown = encoder.codes(dataset.train_x)
        winners = [bench.show(pattern, full, spec.evaluation.pattern_time_s).winner for pattern in shown]
        return sum(w == int(label) for w, label in zip(winners, dataset.train_y, strict=True))

    shapes = pairwise(spec.network.layers)
    values = (torch.tensor(c[:a, :b], dtype=torch.float32) for c, (a, b) in zip(start, shapes, strict=True))
    bench.asked = spec.network.layers[-1]
    recipe = spec.training.model_copy(update={"chip_epochs": epochs, "augment": False})
    again = spec.model_copy(update={"training": recipe})
    trained = fine_tune(
        again, driven(spec, dataset, calibration), calibration, Shadow(tuple(values)), read=read
    ).weights
    bench.asked = None
    before, after = right(start), right(trained.codes)
    found.loop_gain = max(after - before, 0) / len(dataset.train_y)
    if after <= before:
        return start
    found.weights = trained
    return trained.codes


def nearest(table: Floats, shares: Floats) -> Codes:
    """Codes [patterns, features] whose current in `table` [inputs, codes] is nearest to `shares` of the largest."""
    features = shares.shape[1]
    found: Codes = np.abs(table[None, :features] - shares[:, :, None]).argmin(axis=2)
    return found
