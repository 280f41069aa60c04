"""Direct probes: they see a soma's own slope, and agree with the procedure for packaged chips."""

import numpy as np
import pytest
from tests.flow.small import nominal, small_design, zeros

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.learning.characterize import characterize
from somaforge.flow.learning.probes import probe
from somaforge.flow.learning.tester import PERFECT
from somaforge.generator.spec import Meter
from somaforge.pdk.errors import CheckError

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


def test_both_procedures_agree_where_only_somas_differ() -> None:
    design = small_design((5, 3, 2))
    flat = design.flat_without_memory
    everything = VirtualChip(4).shifts(flat, design.pdk)
    shifts = np.where([m.name.startswith("x_soma") for m in flat.mos], everything, 0.0)
    chip, engine = ProgrammedChip(design, flat, zeros(design), shifts, design.spec.at), ArrayEngine()
    direct, whole = probe(engine, chip, 50e-9, 1), characterize(engine, chip, 50e-9, visits=3)
    assert direct.patterns == 2 * (2 + 2 + 1)  # layers of 5, 3 and 2 somas, by what the next layers can take at once
    assert direct.exponent == pytest.approx(whole.exponent, abs=0.02)
    for mine, theirs in zip(direct.slopes, whole.calibration.slopes, strict=True):
        a, b = (np.log(s) - np.mean(np.log(s)) for s in (mine, theirs))
        assert a == pytest.approx(b, abs=0.01)
        assert np.std(a) > 0.02  # the somas differ


def test_more_synapses_average_their_mismatch() -> None:
    design = small_design((4, 8))
    flat = design.flat_without_memory
    shifts = VirtualChip(2).shifts(flat, design.pdk)
    own = np.where([m.name.startswith("x_soma") for m in flat.mos], shifts, 0.0)
    engine = ArrayEngine()
    truth = probe(engine, ProgrammedChip(design, flat, zeros(design), own, design.spec.at), 50e-9, 1).slopes[0]
    chip = ProgrammedChip(design, flat, zeros(design), shifts, design.spec.at)

    def error(visits: int) -> float:
        return float(np.std(np.log(probe(engine, chip, 50e-9, visits).slopes[0]) - np.log(truth)))

    assert error(8) < 0.7 * error(1)  # 1 / sqrt(8) of it, with four somas to tell
    assert error(1) < 0.12  # a synapse at full weight: 7 units of 11 to 13 %


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_probes_are_read_by_a_meter_too() -> None:
    design = small_design((3, 3))
    chip = nominal(design, flat=design.flat_without_memory)
    exact, noisy = (probe(ArrayEngine(), chip, 50e-9, 1, meter) for meter in (PERFECT, Meter(drift_C=0.0)))
    apart = np.log(np.array(noisy.slopes)) - np.log(np.array(exact.slopes))
    assert 1e-4 < np.std(apart) < 1e-2
    with pytest.raises(CheckError, match=r"soma \d of layer 0 carries no current that can be read"):
        probe(ArrayEngine(), chip, 50e-9, 1, Meter(noise_A=1e-6))
