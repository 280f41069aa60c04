"""The tester: readings carry what its meter is, it counts what it does, and its leakage stops nobody."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.learning.test_characterize import Model, truth
from tests.flow.small import nominal, small_design, zeros

from somaforge.flow.engines.base import DcResult, Program, ProgrammedChip
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.tester import PERFECT, ZEROS, Bench, programming_s
from somaforge.flow.memory import port
from somaforge.generator.design import build
from somaforge.generator.spec import Meter
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

NOTHING = Meter(noise_A=0.0, noise_ratio=0.0, resolution_A=0.0, pad_leakage_A=0.0, drift_C=0.0)
LAYERS = (3, 4, 3)


class Seen(Model):
    """A model that keeps the chip it was asked about."""

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: list[Program] | None = None) -> DcResult:  # type: ignore[override]
        self.chip = chip
        return super().dc(chip, inputs, programs)


def readings(meter: Meter, currents: Floats, seed: int = 1) -> Floats:
    return Bench(Model(truth(LAYERS, 3)), meter, seed).read(currents)


def test_noise_is_what_it_says() -> None:
    currents = np.tile([0.0, 1e-10, 1e-9], (3000, 1))
    meter = NOTHING.model_copy(update={"noise_A": 1e-12, "noise_ratio": 0.01})
    found = readings(meter, currents)
    expected = np.sqrt(1e-12**2 + (0.01 * currents[0]) ** 2)
    assert found.std(axis=0) == pytest.approx(expected, rel=0.05)
    assert found.mean(axis=0) == pytest.approx(currents[0], abs=4e-13)
    # what the bench says of a reading contains the zero, too
    said = Bench(Model(truth(LAYERS, 3)), meter).error(currents[:1])[0]
    assert said == pytest.approx(np.sqrt(expected**2 + 1e-24 / ZEROS), rel=1e-9)


def test_readings_depend_on_chip_output_and_pattern_alone() -> None:
    currents = np.full((6, 3), 1e-10)
    whole = readings(Meter(), currents)
    assert len(np.unique(whole - whole.min())) > 6
    bench = Bench(Model(truth(LAYERS, 3)), Meter(), 1)
    assert np.array_equal(np.concatenate([bench.read(currents[:2]), bench.read(currents[2:])]), whole)
    assert not np.array_equal(readings(Meter(), currents, seed=2), whole)


def test_resolution_rounds_and_nothing_else() -> None:
    meter = NOTHING.model_copy(update={"resolution_A": 1e-12})
    assert readings(meter, np.array([[1.4e-12, 1.6e-12, -0.7e-12]]))[0] == pytest.approx([1e-12, 2e-12, -1e-12])
    assert np.array_equal(readings(NOTHING, np.array([[1.4e-12, 2e-9, 0.0]])), [[1.4e-12, 2e-9, 0.0]])
    assert np.array_equal(readings(PERFECT, np.array([[1.4e-12, 2e-9, 0.0]])), [[1.4e-12, 2e-9, 0.0]])


def test_leakage_of_a_pad_is_zeroed() -> None:
    found = readings(NOTHING.model_copy(update={"pad_leakage_A": 1e-11}), np.zeros((2, 40)))
    assert found == pytest.approx(np.zeros((2, 40)), abs=1e-16)
    coarse = NOTHING.model_copy(update={"pad_leakage_A": 1e-11, "resolution_A": 1e-9})
    assert not readings(coarse, np.zeros((1, 40))).any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_picoamperes_of_leakage_do_not_stop_a_characterization(seed: int) -> None:
    """Currents of the lowest level are below 10 pA."""
    planted = truth(LAYERS, 3)
    bench = Bench(Model(planted), Meter(pad_leakage_A=1e-11), seed)
    found = characterize(bench, nominal(small_design(LAYERS)), 0.5e-9)
    assert 0 < bench.smallest_A < 1e-11 * 20
    for mine, theirs in zip(found.calibration.slopes, planted.slopes, strict=True):
        assert mine == pytest.approx(theirs, rel=0.02)


def test_noise_that_hides_the_lowest_level_leaves_the_others() -> None:
    planted = truth(LAYERS, 3)
    bench = Bench(Model(planted), Meter(noise_A=2e-10, resolution_A=0.0), 1)
    found = characterize(bench, nominal(small_design(LAYERS)), 5e-9)
    for mine, theirs in zip(found.calibration.slopes, planted.slopes, strict=True):
        assert mine == pytest.approx(theirs, rel=0.25)


def test_a_dead_path_is_named_although_its_pad_leaks() -> None:
    planted = truth(LAYERS, 3)
    dead = replace(planted, dead=((1, 2),))
    with pytest.raises(CheckError, match=r"the path of somas \d - 2 - \d, one per layer"):
        characterize(Bench(Model(dead), Meter(), 1), nominal(small_design(LAYERS)), 50e-9)


def test_counts() -> None:
    design = small_design(LAYERS)
    a, b = zeros(design), tuple(np.ones_like(m) for m in zeros(design))
    meter = Meter(settling_s=0.25, reading_s=0.5, pad_leakage_A=0.0)
    bench = Bench(Seen(truth(LAYERS, 3)), meter)
    bench.dc(nominal(design), np.full((4, 3), 1e-9), [a, b, b, a])
    assert (bench.programmings, bench.patterns) == (3, 4)
    assert bench.seconds == pytest.approx((4 + ZEROS) * 3 * 0.75 + 3 * programming_s(design))
    bench.dc(nominal(design), np.full((2, 3), 1e-9), [a, b])  # a is there
    assert (bench.programmings, bench.patterns) == (4, 6)
    assert bench.seconds == pytest.approx((6 + ZEROS) * 3 * 0.75 + 4 * programming_s(design))


def test_time_to_write_all_weights() -> None:
    design = small_design(LAYERS)
    assert programming_s(design) == pytest.approx(design.memory.rows * 200e-9)
    array = design.spec.array.model_copy(update={"port": "scan"})
    scanned = build(design.spec.model_copy(update={"array": array}))
    words = port.to_words(scanned.memory, [np.zeros((a, b, 4), dtype=np.int8) for a, b in ((3, 4), (4, 3))])
    clocks = len(list(port.clocks(port.write_all(scanned.memory), words)))
    assert programming_s(scanned) == pytest.approx(clocks * 200e-9)


def test_a_chip_is_warmer_on_the_tester() -> None:
    design = small_design(LAYERS)
    engine = Seen(truth(LAYERS, 3))
    Bench(engine, NOTHING.model_copy(update={"drift_C": 1.5})).dc(
        nominal(design), np.full((1, 3), 1e-9), [zeros(design)]
    )
    assert engine.chip.at.temperature_C == 28.5
    Bench(engine).dc(nominal(design), np.full((1, 3), 1e-9), [zeros(design)])
    assert engine.chip.at.temperature_C == 27.0
