"""Array engine against ngspice under the laws that draw a second shift, in weak inversion alone."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.engines.test_engine_array import CODES, INPUTS, errors
from tests.flow.small import small_design, wired

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.error import current_error, full_model_error
from somaforge.flow.engines.ngspice import CAREFUL, NgspiceEngine
from somaforge.flow.engines.time_error import compared_in_time, time_error
from somaforge.pdk.models import Law

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]
LAWS: tuple[Law, ...] = ("binned", "subthreshold")


@pytest.mark.parametrize("law", LAWS)
def test_at_rest_and_in_time(law: Law) -> None:
    """Bounds are those of chips without weak shifts; leaving them out is wrong by ten times as much."""
    design = small_design((4, 3, 3))
    chip = wired(VirtualChip(1, law=law).programmed(design, design.flat, CODES))
    reference, engine = NgspiceEngine().dc(chip, INPUTS), ArrayEngine()
    wrong = errors(engine.dc(chip, INPUTS), reference)
    assert np.median(wrong) < 0.002
    assert wrong.max() < 0.01
    assert errors(engine.dc(replace(chip, weak=None), INPUTS), reference).max() > 0.1
    patterns = INPUTS[[0, 1, 0]]
    found = engine.transient(chip, patterns, 3e-6)
    in_time = compared_in_time(found, NgspiceEngine(ladder=CAREFUL).transient(chip, patterns, 3e-6))
    assert in_time.changes >= 3
    assert in_time.max < 0.05
    assert in_time.energy_max < 0.02


@pytest.fixture(scope="module", params=LAWS)
def larger(request: pytest.FixtureRequest) -> ProgrammedChip:
    """9-6-4."""
    design, draw = small_design((9, 6, 4)), np.random.default_rng(3)
    codes = (draw.integers(-7, 8, (9, 6)), draw.integers(-7, 8, (6, 4)))
    return wired(VirtualChip(2, law=request.param).programmed(design, design.flat, codes))


@pytest.mark.nightly
def test_columns_of_a_larger_array(larger: ProgrammedChip) -> None:
    """Every hidden and output current, column by column, and against the whole models."""
    inputs = 200e-9 * np.random.default_rng(4).random((5, 9)) ** 2
    found = current_error(larger, inputs)
    assert (found.solved, found.winners_equal) == (1.0, True)
    assert found.p50 < 5e-3
    assert found.max < 0.02
    full = full_model_error(larger, inputs, ArrayEngine().at_rest(larger, inputs))
    assert full.p50 < 5e-3
    assert full.max < 0.02


@pytest.mark.nightly
def test_a_larger_array_in_time(larger: ProgrammedChip) -> None:
    inputs = 200e-9 * np.random.default_rng(4).random((4, 9)) ** 2
    found = time_error(larger, inputs, 2e-6, ArrayEngine())
    assert found.changes >= 4
    assert found.max < 0.05
    assert found.energy_max < 0.02
