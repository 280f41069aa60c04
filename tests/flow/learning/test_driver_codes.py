"""A tester that can only set codes finds out what they give, and training sees the data as the drivers make them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.drivers.small import array_of, spec_with
from tests.flow.learning.test_characterize import Model
from tests.flow.learning.test_fan_laws import unlike
from tests.flow.small import nominal, small_design

from somaforge.flow import datasets
from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import Bank, with_inputs
from somaforge.flow.drivers.inputs import Encoder
from somaforge.flow.drivers.scale import Scale
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.learning import driver_codes, strengths
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.driven import driven
from somaforge.flow.learning.driver_codes import by_law
from somaforge.flow.learning.tester import PERFECT, Bench
from somaforge.pdk.arrays import Floats

SPEC = spec_with(3)
LAYERS = (4, 3, 3)
PLANTED = np.array([[0, 0.13, 0.3, 0.42, 0.57, 0.7, 0.88, 1], [0, 0.15, 0.28, 0.44, 0.6, 0.74, 0.85, 1]])[[0, 1, 1, 0]]
"""Shares of the largest code."""


class PlantedBank(Bank):
    """Drivers that give PLANTED."""

    def table(self, full_scale_A: float) -> Floats:
        return full_scale_A * PLANTED


def planted_bench() -> tuple[Bench, Calibration]:
    """Behind such drivers a chip whose outputs bend by the powers 1.5, 0.8 and 1.1."""
    real, engine, scale = unlike(LAYERS), ArrayEngine(), Scale.of(SPEC)
    assert scale is not None
    return Bench(Model(real), PERFECT, drivers=PlantedBank(engine, scale, nominal(with_inputs(SPEC)))), real


def test_a_reading_is_turned_back_by_the_law_of_its_own_path() -> None:
    """Whatever the calibration says of exponents: 0.57 would be told as 0.57^(1.5/1.1) = 0.46 by their mean."""
    bench, real = planted_bench()
    chip = nominal(small_design(LAYERS))
    mean = replace(real, exponents=(), exponent=float(np.prod([np.mean(e) for e in real.exponents]) ** (1 / 3)))
    for known in (real, mean):
        assert np.array(driver_codes.measure(bench, chip, known, 50e-9).drivers) == pytest.approx(PLANTED, abs=1e-5)
    slopes = characterize(bench, chip, 50e-9).calibration
    assert np.array(strengths.measure(bench, chip, slopes, 50e-9).calibration.drivers) == pytest.approx(
        PLANTED, abs=1e-5
    )


def test_a_law_goes_on_at_its_ends() -> None:
    """By hand: readings 1, 4, 16 at 1, 2, 4 are a square; where one level is known alone, nothing but proportion is."""
    law, levels = np.array([1.0, 4.0, 16.0]), np.array([1.0, 2.0, 4.0])
    asked = np.array([0.25, 2.0, 64.0, 0.0, -1.0])
    assert by_law(law, levels, asked) == pytest.approx([0.5, 2**0.5, 8.0, 0.0, 0.0])
    assert by_law(np.array([16.0]), np.array([4.0]), np.array([4.0])) == pytest.approx([1.0])
    # a level that reads less than a lower one is noise, and says nothing
    assert by_law(np.array([1.0, 0.5, 16.0]), levels, asked) == pytest.approx(by_law(law, levels, asked))


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_codes_are_measured_through_the_array() -> None:
    """By hand: a bit of one unit is 12 % off, one of four units 6 %, of 4/7 of the largest code: some per cent of it.
    What is measured is right to a fraction of that: levels are as nominal drivers give them."""
    made, engine = VirtualChip(1), ArrayEngine()
    chip, bank = array_of(SPEC, made), Bank.of(engine, SPEC, made)
    assert bank is not None
    bench = Bench(engine, PERFECT, drivers=bank)
    found = driver_codes.measure(bench, chip, characterize(bench, chip, 50e-9, visits=2).calibration, 50e-9)
    true = bank.table(50e-9) / bank.table(50e-9)[:, -1:]
    nominal = bank.scale.codes / bank.scale.full
    off = np.sqrt(((true - nominal) ** 2).mean())
    left = np.sqrt(((np.array(found.drivers) - true) ** 2).mean())
    assert 0.01 < off < 0.1
    assert left < off / 6


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_the_tester_sets_the_largest_code_and_the_nearest_ones() -> None:
    made, engine = VirtualChip(1), ArrayEngine()
    bank = Bank.of(engine, SPEC, made)
    assert bank is not None
    bench = Bench(engine, PERFECT, drivers=bank)
    assert bench.nearest(0.5) == 4 / 7
    found = bench.dc(array_of(SPEC, made), np.array([[20e-9, 10e-9, 0.0, 0.0]]))
    given = bank.currents(np.array([[7, 4, 0, 0]]), 20e-9)
    assert found.outputs == pytest.approx(engine.dc(array_of(SPEC, made), given).outputs)
    assert Bench(engine).nearest(0.5) == 0.5


def test_training_sees_what_the_drivers_give() -> None:
    data, ideal = datasets.load("iris"), Calibration.ideal((4, 3, 3), 3)
    seen = driven(SPEC, data, ideal)
    scale = Scale.of(SPEC)
    assert scale is not None
    encoder = Encoder.of(scale, data)
    assert np.unique(np.round(seen.train_x * 7 / encoder.top, 9)).tolist() == list(range(8))
    assert np.abs(seen.train_x - np.minimum(data.train_x, encoder.top)).max() <= 0.5 * encoder.top / 7 + 1e-9
    table = tuple((0.0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 1.0) for _ in range(4))
    own = Calibration(**{**vars(ideal), "drivers": table})
    codes = encoder.codes(data.test_x)
    assert driven(SPEC, data, own).test_x == pytest.approx(encoder.top * np.array(table[0])[codes])


def test_without_drivers_nothing_changes() -> None:
    data = datasets.load("iris")
    assert driven(SPEC.model_copy(update={"chip": None}), data, Calibration.ideal((4, 3, 3), 3)) is data
