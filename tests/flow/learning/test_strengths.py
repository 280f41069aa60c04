"""Strength of single synapses: what was planted predicts the network again; on transistors it predicts better."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.flow.learning.test_characterize import Model, truth
from tests.flow.small import nominal, small_design, zeros

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.learning import fan_laws, strengths
from somaforge.flow.learning.calibration import Calibration, Strengths
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.tester import Bench
from somaforge.generator.spec import Meter
from somaforge.pdk.errors import CheckError


def planted(layers: tuple[int, ...], bits: int, exponent: float, seed: int = 0) -> Calibration:
    """A chip whose synapses all differ."""
    draw = np.random.default_rng(seed)

    def matrices() -> Strengths:
        shapes = [(bits, *shape) for shape in pairwise(layers)]
        drawn = [np.exp(draw.normal(0, 0.1, shape)).tolist() for shape in shapes]
        return tuple(tuple(tuple(tuple(row) for row in bit) for bit in matrix) for matrix in drawn)

    return replace(truth(layers, bits, exponent, seed), positive=matrices(), negative=matrices())


def asked(layers: tuple[int, ...], bits: int) -> tuple[int, int]:
    """Programmings and patterns: every bit of every synapse twice, and the quiet readings of each programming; before
    that, the ways of the columns by sums."""
    written = patterns = 0
    for m, (rows, columns) in enumerate(pairwise(layers)):
        chains, paths = min(layers[: m + 1]), min(layers[m + 1 :])
        added = min(chains, fan_laws.ROWS)
        written += -(-columns // paths)
        patterns += -(-columns // paths) * (1 + added + len({n for n in (2, 4, added) if 1 < n <= added}))
        for first in range(0, rows, chains):
            n = min(chains, rows - first)
            halves = 1 if n == 1 else 2
            some = -(-columns // paths) * bits
            written += some * (1 + halves)
            patterns += some * (2 * n + strengths.QUIET * (1 + halves))
    last_is_first = len(layers) == 2 and layers[0] <= fan_laws.ROWS  # the lowest bit of all synapses, still there
    return written - last_is_first, patterns


def random_codes(layers: tuple[int, ...], full: int, seed: int = 3) -> list[np.ndarray]:
    draw = np.random.default_rng(seed)
    return [draw.integers(-full // 2, full + 1, shape) for shape in pairwise(layers)]


@pytest.mark.parametrize(("layers", "bits"), [((7, 7, 7), 3), ((12, 5, 3), 2), ((5, 4, 6, 3), 3), ((3, 4), 4)])
@pytest.mark.parametrize("exponent", [1.0, 0.92])
def test_measured_strengths_predict_the_network(layers: tuple[int, ...], bits: int, exponent: float) -> None:
    chip, real = nominal(small_design(layers, bits)), planted(layers, bits, exponent)
    # everything but the synapses is known: what is left is the scale of each column, which must not matter
    known = replace(real, positive=(), negative=())
    bench = Bench(Model(real))
    found = strengths.measure(bench, chip, known, 325e-9)
    written, patterns = asked(layers, bits)
    assert (bench.programmings, bench.patterns, found.patterns) == (written, patterns, patterns)
    assert written < patterns / 2
    assert found.weak == ()
    x = np.random.default_rng(5).random((20, layers[0])) * 100e-9
    codes = random_codes(layers, 2**bits - 1)
    right = real.forward(codes, x)
    assert found.calibration.forward(codes, x) == pytest.approx(right, rel=2e-3, abs=1e-12)
    assert known.forward(codes, x) != pytest.approx(right, rel=2e-2, abs=1e-12)


def test_a_layer_of_one_soma_keeps_the_mean_negative_strength() -> None:
    layers = (3, 1, 2)
    real = planted(layers, 3, 1.0)
    found = strengths.measure(
        Model(real), nominal(small_design(layers)), replace(real, positive=(), negative=()), 325e-9
    )
    assert found.calibration.negative[1] == (((1.0, 1.0),),) * 3
    assert found.calibration.negative[0] != (((1.0,),) * 3,) * 3


def with_strengths(real: Calibration, bits: tuple[float, ...], row: int, column: int) -> Calibration:
    """`real` with these strengths of the positive bits of one synapse of matrix 0."""
    positive = np.array(real.positive[0])
    positive[:, row, column] = bits
    first = tuple(tuple(tuple(map(float, r)) for r in bit) for bit in positive)
    return replace(real, positive=(first, *real.positive[1:]))


METERS = [Meter(perfect=True), Meter()]


@pytest.mark.parametrize("meter", METERS, ids=["perfect", "default"])
def test_a_dead_synapse_is_named(meter: Meter) -> None:
    layers = (4, 5, 3)
    real = planted(layers, 3, 1.0)
    broken = with_strengths(real, (0.0, 0.0, 0.0), 2, 4)
    known = replace(real, positive=(), negative=())
    with pytest.raises(CheckError, match=r"the synapse of matrix 0, row 2, column 4 \(1 of 20 in that matrix\)"):
        strengths.measure(Bench(Model(broken), meter), nominal(small_design(layers)), known, 50e-9)


@pytest.mark.parametrize("meter", METERS, ids=["perfect", "default"])
def test_a_weak_bit_is_measured_as_far_as_the_noise_allows_and_named(meter: Meter) -> None:
    layers = (4, 5, 3)
    real = planted(layers, 3, 1.0)
    known = replace(real, positive=(), negative=())
    weak = with_strengths(real, (1.0, 0.0, 1.0), 2, 4)
    found = strengths.measure(Bench(Model(weak), meter), nominal(small_design(layers)), known, 50e-9)
    assert (0, 2, 4, 1, 1) in found.weak
    assert len(found.weak) == 1
    bits = np.array(found.calibration.positive[0])[:, 2, 4]
    assert bits[1] < 0.05
    assert bits[[0, 2]] == pytest.approx([1.0, 1.0], rel=0.3)  # the scale of the column is free


def test_a_bit_below_the_noise_gets_what_the_model_says() -> None:
    """1 nA of noise where a bit gives some tenths: not an error, and no noise in the calibration."""
    layers = (4, 5, 3)
    real = planted(layers, 3, 1.0)
    known = replace(real, positive=(), negative=())
    spreads = []
    for seed in range(5):  # a spread of nothing but noise is sometimes taken for one of synapses
        blind = Bench(Model(real), Meter(noise_A=1e-9, resolution_A=0.0), seed)
        found = strengths.measure(blind, nominal(small_design(layers)), known, 10e-9)
        assert len(found.weak) > 100
        spreads.append(np.std(found.calibration.positive[0][0]))
    assert np.median(spreads) < 0.5 * np.std(real.positive[0][0]) + 0.05


def test_noise_of_the_default_tester_leaves_few_percent() -> None:
    layers = (6, 5, 4)
    real = planted(layers, 3, 0.92)
    known = replace(real, positive=(), negative=())
    chip = nominal(small_design(layers))
    exact = strengths.measure(Bench(Model(real)), chip, known, 50e-9).calibration
    noisy = strengths.measure(Bench(Model(real), Meter()), chip, known, 50e-9).calibration
    for mine, theirs in zip((*noisy.positive, *noisy.negative), (*exact.positive, *exact.negative), strict=True):
        assert 0 < np.sqrt(np.mean((np.array(mine) - np.array(theirs)) ** 2)) < 0.03


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_on_transistors_the_error_falls_to_a_third() -> None:
    """Model against the array engine on a mismatched chip: slopes alone leave the synapses' 5 to 13 %."""
    layers = (8, 6, 4)
    design = small_design(layers)
    flat = design.flat_without_memory
    shifts = VirtualChip(3).shifts(flat, design.pdk)
    chip, engine = ProgrammedChip(design, flat, zeros(design), shifts, design.spec.at), ArrayEngine()
    slopes = characterize(engine, chip, 200e-9).calibration
    whole = strengths.measure(engine, chip, slopes, 200e-9).calibration
    codes = random_codes(layers, 7)
    x = np.random.default_rng(5).random((12, layers[0])) * 60e-9
    real = engine.dc(replace(chip, codes=tuple(codes)), x).outputs

    def error(calibration: Calibration) -> float:
        guess = calibration.forward(codes, x)
        scale = float((guess * real).sum() / (guess**2).sum())
        return float(np.sqrt(((scale * guess - real) ** 2).mean() / (real**2).mean()))

    print(error(whole), error(slopes), slopes.exponent)
    assert error(whole) < 0.5 * error(slopes)
    assert error(whole) < 0.04


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_ngspice_and_the_array_engine_say_the_same_through_the_tester() -> None:
    """All rows stay programmed while one is driven: the others leak in ngspice and not in the array engine."""
    design = small_design((3, 3))
    flat = design.flat_without_memory
    shifts = VirtualChip(3).shifts(flat, design.pdk)
    chip = ProgrammedChip(design, flat, zeros(design), shifts, design.spec.at)
    found = []
    for engine in (NgspiceEngine(), ArrayEngine()):
        bench = Bench(engine, Meter(), 3)
        slopes = characterize(bench, chip, 100e-9, visits=2, levels=(0.25, 1.0)).calibration
        whole = strengths.measure(bench, chip, slopes, 100e-9)
        assert whole.weak == ()
        found.append(np.array([whole.calibration.positive[0], whole.calibration.negative[0]]))
    assert np.std(found[0]) > 0.05
    assert found[0] == pytest.approx(found[1], rel=0.02)
