"""Characterization: planted slopes are found again, on a model and on transistors."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from tests.flow.small import nominal, small_design, zeros

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.base import DcResult, Effort, Program, ProgrammedChip, TransientResult
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.paths import configurations_of
from somaforge.generator.design import Design
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError


class Model:
    """A chip that obeys the forward model exactly."""

    name = "model"

    def __init__(self, truth: Calibration) -> None:
        self.truth = truth

    def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
        assert programs is not None
        outputs = np.concatenate([self.truth.forward(list(p), x[None]) for p, x in zip(programs, inputs, strict=True)])
        zero = np.zeros(len(inputs))
        return DcResult(outputs, zero, zero, Effort(0.0, ("only",), ("only",)))

    def transient(
        self, chip: ProgrammedChip, inputs: Floats, pattern_time_s: float, probes: Sequence[str] = ()
    ) -> TransientResult:
        raise NotImplementedError


def truth(layers: tuple[int, ...], bits: int, exponent: float = 1.0, seed: int = 0) -> Calibration:
    """Random slopes in the calibration's convention, unequal signs, a bent code."""
    draw = np.random.default_rng(seed)
    logs = [draw.normal(0, 0.15, n) for n in layers]
    slopes = tuple(tuple(float(v) for v in np.exp(s - s.mean()) / 4) for s in logs)
    full = 2**bits - 1
    gain = tuple(c * (1 + 0.1 * (1 - c / full)) for c in range(full + 1))
    strength = tuple(float(v) for v in draw.uniform(0.9, 1.2, len(layers) - 1))
    return Calibration(slopes, tuple((0.0,) * n for n in layers), strength, gain, (325e-9,), exponent)


@pytest.mark.parametrize(
    ("layers", "bits"), [((7, 7, 7), 3), ((4, 7, 3), 3), ((12, 5, 3), 2), ((3, 4), 4), ((5, 4, 6, 3), 1)]
)
@pytest.mark.parametrize("exponent", [1.0, 0.92])
def test_finds_what_was_planted(layers: tuple[int, ...], bits: int, exponent: float) -> None:
    design, planted = small_design(layers, bits), truth(layers, bits, exponent)
    found = characterize(Model(planted), nominal(design), 325e-9).calibration
    for mine, theirs in zip(found.slopes, planted.slopes, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-6)
    assert found.code_gain == pytest.approx(planted.code_gain, rel=1e-6)
    assert found.negative_strength == pytest.approx(planted.negative_strength, rel=1e-6)
    assert found.exponent == pytest.approx(exponent, rel=1e-9)
    assert max(max(r) for r in found.residuals) < 1e-6


def test_single_output() -> None:
    """One path at a time: the rival of a hidden soma is fed by the path itself."""
    layers = (3, 4, 1)
    planted = truth(layers, 3)
    found = characterize(Model(planted), nominal(small_design(layers)), 325e-9).calibration
    for mine, theirs in zip(found.slopes, planted.slopes, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-6)
    assert found.negative_strength[0] == pytest.approx(planted.negative_strength[0], rel=1e-6)
    assert found.negative_strength[1] == pytest.approx(
        planted.negative_strength[1], rel=0.08
    )  # bent code at half scale


@pytest.mark.parametrize("layers", [(7, 7, 7), (4, 7, 3), (1, 1), (9, 2, 5)])
def test_configurations_visit_every_soma_through_different_synapses(layers: tuple[int, ...]) -> None:
    configurations = configurations_of(layers, visits=6)
    for layer, size in enumerate(layers):
        visits = np.bincount(np.concatenate([c.nodes[layer] for c in configurations]), minlength=size)
        assert visits.min() >= 6
    for c in configurations:
        assert all(len(set(row)) == c.paths for row in c.nodes.tolist())
    for m, (rows, columns) in enumerate(pairwise(layers)):
        used = {(int(a), int(b)) for c in configurations for a, b in zip(c.nodes[m], c.nodes[m + 1], strict=True)}
        assert len(used) >= 0.7 * min(rows * columns, sum(c.paths for c in configurations))


def test_dead_chip() -> None:
    class Dead(Model):
        def dc(self, chip: ProgrammedChip, inputs: Floats, programs: Sequence[Program] | None = None) -> DcResult:
            result = super().dc(chip, inputs, programs)
            return DcResult(0 * result.outputs, result.supply, result.unsettled, result.effort)

    with pytest.raises(CheckError, match=r"nothing comes through the path of somas \d - \d, .*30 of 30 paths"):
        characterize(Dead(truth((3, 3), 3)), nominal(small_design((3, 3))), 325e-9)


def _single(design: Design, shifts: Floats, layer: int, node: int) -> float:
    """Ground truth: gain of the one path through that soma, every other soma of it being number 0."""
    nodes = [node if k == layer else 0 for k in range(len(design.layers))]
    codes = zeros(design)
    for m in range(len(codes)):
        codes[m][nodes[m], nodes[m + 1]] = design.weights.full_scale
    inputs = np.zeros((1, design.layers[0]))
    inputs[0, nodes[0]] = 100e-9
    chip = ProgrammedChip(design, design.flat, codes, shifts, design.spec.at)
    return float(NgspiceEngine().dc(chip, inputs).outputs[0, nodes[-1]])


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_slopes_of_mismatched_somas() -> None:
    """Only the somas differ: slopes relative to soma 0 of the layer must be what direct paths give, to 3 %."""
    design = small_design((3, 3))
    everything = VirtualChip(4).shifts(design.flat, design.pdk)
    shifts = np.where([m.name.startswith("x_soma") for m in design.flat.mos], everything, 0.0)
    measured = characterize(
        NgspiceEngine(),
        ProgrammedChip(design, design.flat, zeros(design), shifts, design.spec.at),
        200e-9,
        visits=3,
        levels=(0.25, 1.0),
    )
    spread = []
    for layer in range(2):
        reference = _single(design, shifts, layer, 0)
        for node in (1, 2):
            expected = _single(design, shifts, layer, node) / reference
            found = measured.calibration.slopes[layer][node] / measured.calibration.slopes[layer][0]
            assert found == pytest.approx(expected, rel=0.03)
            spread.append(expected)
    assert np.std(spread) > 0.04  # the test would pass on a chip without mismatch otherwise
    assert measured.unsettled < 1e-3
