"""The law of every column's way by sums: planted exponents are found, from readings and on a model that has them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.learning.test_characterize import Model, truth
from tests.flow.learning.test_strengths import planted, random_codes
from tests.flow.small import nominal, small_design

from somaforge.flow.learning import fan_laws, strengths
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.tester import Bench
from somaforge.generator.spec import Meter

OUTPUTS = (1.5, 0.8, 1.1, 0.93)
"""As outputs of units of 0.42/0.36 um are under the law `subthreshold`."""

NO_NOISE = 1e-9


def unlike(layers: tuple[int, ...], seed: int = 0) -> Calibration:
    """A chip whose synapses and outputs all differ, whose layers bend currents by different laws."""
    inner = [(0.95 - 0.03 * k,) * n for k, n in enumerate(layers[:-1])]
    return replace(planted(layers, 3, 0.92, seed), exponents=(*inner, OUTPUTS[: layers[-1]]))


@pytest.mark.parametrize("exponent", [0.7, 0.92, 1.5])
def test_two_currents_and_their_sum_say_the_exponent(exponent: float) -> None:
    """By hand: 2 and 3 and 5, each to the power."""
    read = np.array([[0.0], [2.0], [3.0], [5.0]]) ** exponent
    found = fan_laws.power(read, NO_NOISE * read, 2, np.array([1.0]))
    assert found == pytest.approx([exponent], rel=1e-9)


def test_what_flows_without_the_rows_is_taken_off() -> None:
    read = np.array([[0.1], [2.1], [3.1], [5.1]]) ** 0.9
    assert fan_laws.power(read, NO_NOISE * read, 2, np.array([1.0])) == pytest.approx([0.9], rel=1e-9)


def test_a_way_that_is_not_seen_keeps_the_nominal_law() -> None:
    read = np.array([[0.0, 0.0], [2.0, 2.0], [3.0, 0.0], [5.0, 2.0]])
    assert fan_laws.power(read, NO_NOISE * read, 2, np.array([0.92, 0.92])) == pytest.approx([1.0, 0.92])
    assert fan_laws.power(read[:2], NO_NOISE * read[:2], 1, np.array([0.9, 0.9])) == pytest.approx([0.9, 0.9])


def test_readings_as_noisy_as_they_are_large_say_little() -> None:
    """10 % of noise on one doubling: 0.1 sqrt(3/2) / ln 2 = 0.18 of 1.4, 13 %; outputs differ by 20 %."""
    read = np.array([[0.0], [2.0], [2.0], [4.0]]) ** 1.4
    found = fan_laws.power(read, 0.1 * read, 2, np.array([0.9]))
    assert found == pytest.approx([0.9 * (1.4 / 0.9) ** (0.2**2 / (0.2**2 + 0.126**2))], rel=0.01)


@pytest.mark.parametrize("layers", [(12, 8, 4), (9, 8, 6, 4)])
def test_exponents_of_outputs_and_layers_are_found(layers: tuple[int, ...]) -> None:
    real, chip = unlike(layers), nominal(small_design(layers))
    known = replace(real, positive=(), negative=(), exponents=())
    found = fan_laws.measure(Bench(Model(real)), chip, known, 50e-9)
    assert found.exponents[-1] == pytest.approx(OUTPUTS, rel=1e-6)
    for layer in range(1, len(layers) - 1):
        assert found.exponents[layer] == pytest.approx(real.exponents[layer], rel=1e-3)


@pytest.mark.parametrize("meter", [Meter(perfect=True), Meter()], ids=["perfect", "default"])
def test_a_chip_whose_outputs_bend_differently_is_predicted(meter: Meter) -> None:
    """With one exponent for all, as before, outputs are wrong by a third."""
    layers = (12, 8, 4)
    real, chip = unlike(layers), nominal(small_design(layers))
    bench = Bench(Model(real), meter)
    slopes = characterize(bench, chip, 50e-9).calibration
    found = strengths.measure(bench, chip, slopes, 50e-9).calibration
    codes, x = random_codes(layers, 7), np.random.default_rng(5).random((40, 12)) * 30e-9
    right = real.forward(codes, x)

    def wrong(calibration: Calibration) -> float:
        told = calibration.forward(codes, x)
        scale = (told * right).sum() / (told**2).sum()
        return float(np.sqrt(((scale * told - right) ** 2).mean() / (right**2).mean()))

    assert wrong(found) < 0.03
    assert wrong(replace(found, exponents=())) > 0.1
    assert truth(layers, 3).exponents == ()
