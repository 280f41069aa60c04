"""Training with the chip in the loop, on chips that are models in software: fast, and known exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from tests.flow.bench.test_loop import spec
from tests.flow.learning.test_characterize import truth

from somaforge.flow import datasets
from somaforge.flow.bench import chip, in_loop
from somaforge.flow.bench.board import Decision
from somaforge.flow.bench.meter import BoardBench
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import DcResult, Effort, Program, ProgrammedChip
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.minibatch import train_for
from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats

LAYERS = (4, 4, 3)
EPOCHS = 30


@dataclass(eq=False)
class ModelBench(BoardBench):
    """A board whose chip is a calibration."""

    known: Calibration = field(default_factory=lambda: truth(LAYERS, 3))
    codes: Program = ()
    read_patterns: int = 0

    def settable(self, current_A: float) -> float:
        return current_A

    def present(
        self, chip: ProgrammedChip, codes: Codes, full_A: Floats, programs: Sequence[Program] | None = None
    ) -> DcResult:
        assert programs is not None
        self.read_patterns += len(codes)
        assert all(p is programs[0] for p in programs)
        out = self._out(codes, programs[0], full_A[:, None])
        return DcResult(out, 0 * full_A, 0 * full_A, Effort(0.0, (), ()))

    def show(self, codes: Codes, full_A: float, settle_s: float) -> Decision:
        return Decision(int(self._out(codes[None], self.codes, np.array([[full_A]])).argmax()))

    def program(self, codes: Program) -> None:
        self.codes = codes

    def _out(self, codes: Codes, program: Program, full_A: Floats) -> Floats:
        return self.known.forward(list(program), full_A * codes / self.bank.scale.full)


def mismatched(seed: int) -> Calibration:
    """Every bit of every synapse is off by 15 %: three times what is foreseen, and nothing that slopes tell."""
    draw, known = np.random.default_rng(seed), truth(LAYERS, 3, seed=seed)

    def strengths() -> tuple[tuple[tuple[tuple[float, ...], ...], ...], ...]:
        each = (np.exp(0.15 * draw.standard_normal((3, a, b))) for a, b in pairwise(LAYERS))
        return tuple(tuple(tuple(tuple(map(float, r)) for r in bit) for bit in matrix) for matrix in each)

    return replace(known, positive=strengths(), negative=strengths(), levels_A=(1e-7,))


@pytest.fixture(scope="module")
def bank() -> Bank:
    found = Bank.of(ArrayEngine(), spec(), VirtualChip(0, 0.0))
    assert found is not None
    return found


def accuracy(bench: ModelBench, wanted: Spec, codes: Program) -> float:
    """On the test flowers."""
    bench.program(codes)
    (x, y), dataset = chip.tested(wanted), datasets.load("iris")
    shown = Encoder.of(bench.bank.scale, dataset).codes(x)
    return float(np.mean([bench.show(p, 1e-7, 0.0).winner == label for p, label in zip(shown, y, strict=True)]))


def test_five_chips_are_at_least_as_good_as_with_their_model(bank: Bank) -> None:
    wanted = spec(training={"epochs": 100, "restarts": 2})
    gains, before, after = [], [], []
    for seed in range(1, 6):
        silicon = mismatched(seed)
        bench = ModelBench(drivers=bank, known=silicon)
        codes = tuple((k / 7 for k in range(8)) for _ in range(4))
        model = replace(silicon, positive=(), negative=(), drivers=tuple(tuple(c) for c in codes))
        found = chip.Known(calibration=model)
        found.weights = start = train_for(wanted, driven(wanted, datasets.load("iris"), model), model)
        blank = chip.blank_chip(wanted)
        better = in_loop.train(wanted, bench, blank, found, EPOCHS, bench.program)
        assert bench.read_patterns == EPOCHS * 109  # every epoch, every training pattern that is not held out
        assert found.loop_gain is not None
        assert found.loop_gain >= 0
        gains.append(found.loop_gain)
        before.append(accuracy(bench, wanted, start.codes))
        after.append(accuracy(bench, wanted, better))
    assert max(gains) > 0
    assert np.mean(after) >= np.mean(before)


def test_codes_are_found_again_behind_any_table() -> None:
    draw = np.random.default_rng(1)
    table = np.sort(draw.random((4, 64)), axis=1)
    table[:, 0], table[:, -1] = 0.0, 1.0
    codes = draw.integers(0, 64, (20, 3))
    seen = table[np.arange(3), codes].astype(np.float32).astype(float)
    assert np.array_equal(in_loop.nearest(table, seen), codes)
