"""A calibration is judged by networks that it was not fitted to: a wrong one is told from a right one."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from tests.flow.learning.test_characterize import Model
from tests.flow.learning.test_strengths import planted
from tests.flow.small import nominal, small_design

from somaforge.flow.learning import check
from somaforge.flow.learning.tester import Bench
from somaforge.flow.signoff.verdict import judge
from somaforge.generator.spec import Limit, Meter
from somaforge.pdk.errors import CheckError

LAYERS = (9, 6, 4)


def test_the_right_calibration_leaves_nothing_but_the_noise() -> None:
    real, chip = planted(LAYERS, 3, 0.92), nominal(small_design(LAYERS))
    assert check.error(Bench(Model(real)), chip, real, 50e-9) < 1e-9
    assert 1e-4 < check.error(Bench(Model(real), Meter()), chip, real, 50e-9) < 1e-2


def test_a_wrong_calibration_is_named_by_its_metric() -> None:
    """Synapses of another chip: by hand, three synapses of 10 % in a column, two matrices, 8 % and more."""
    real, other = planted(LAYERS, 3, 0.92), planted(LAYERS, 3, 0.92, seed=1)
    wrong = replace(real, positive=other.positive, negative=other.negative)
    found = check.error(Bench(Model(real)), nominal(small_design(LAYERS)), wrong, 50e-9)
    assert 0.05 < found < 0.3
    limit = Limit(metric="characterize__model_error_max__ratio", max=0.05)
    verdict = judge([limit], [], {limit.metric: found}, date(2026, 1, 1))
    assert [r.metric for r in verdict.failures] == ["characterize__model_error_max__ratio"]


def test_outputs_that_bend_differently_are_seen() -> None:
    """What a chip of the law `subthreshold` is with one exponent for all its somas."""
    real = planted(LAYERS, 3, 0.92)
    bent = replace(real, exponents=((0.92,) * 9, (0.92,) * 6, (1.5, 0.8, 1.1, 0.9)))
    assert check.error(Bench(Model(bent)), nominal(small_design(LAYERS)), real, 50e-9) > 0.15


def test_a_scale_common_to_all_outputs_does_not_count() -> None:
    real = planted(LAYERS, 3, 0.92)
    louder = replace(real, slopes=(*real.slopes[:-1], tuple(1.3 * s for s in real.slopes[-1])))
    assert check.error(Bench(Model(real)), nominal(small_design(LAYERS)), louder, 50e-9) < 1e-9


def test_a_dead_chip_is_no_division_by_zero() -> None:
    real = planted(LAYERS, 3, 0.92)
    dead = replace(real, dead=tuple((0, soma) for soma in range(9)))
    with pytest.raises(CheckError, match="no output of four random networks carries anything"):
        check.error(Bench(Model(dead)), nominal(small_design(LAYERS)), real, 50e-9)


@pytest.mark.parametrize("layers", [(1, 1), (3, 1, 2), LAYERS])
def test_every_column_of_a_network_has_something_to_carry(layers: tuple[int, ...]) -> None:
    programs = check.networks(layers, 7)
    assert len(programs) == check.NETWORKS
    for program in programs:
        assert [codes.shape for codes in program] == list(pairwise(layers))
        for codes in program:
            assert (codes.max(axis=0) == 7).all()
            assert (np.count_nonzero(codes, axis=0) <= check.ROWS).all()
