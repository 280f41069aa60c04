"""Bias currents, against what they should be by hand."""

from dataclasses import replace

import numpy as np
import pytest

from somaforge.flow.chips import VirtualChip
from somaforge.flow.readout.bench import Bench
from somaforge.flow.readout.bias import currents
from somaforge.generator.readout.bias import MANY, REFERENCE_UNITS, TRIODES, BiasSizes, bias
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import OperatingPoint

PDK = load("sky130")
FLAT = bias(PDK, "chip").flatten()
BENCH = Bench(PDK, FLAT, VirtualChip(1, mismatch=0.0), PDK.models.nominal)
SLOPE, THERMAL_V = 1.4, 0.0259
MOBILITY_OXIDE = 270e-6
"""A/V^2, of n channels."""


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_ratio_is_the_code_over_the_reference_units() -> None:
    """A pin current of 100 nA through 1, 4 and 15 units: more than a decade; 0 shuts it off."""
    found = {code: currents(BENCH, code, 100e-9) for code in (0, 1, 4, 15)}
    for code in (1, 4, 15):
        assert found[code].out_A == pytest.approx(100e-9 * code / REFERENCE_UNITS, rel=0.05)
        assert found[code].sinks_A == pytest.approx((100e-9, 100e-9), rel=0.1)
    assert abs(found[0].out_A) < 1e-12


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_the_second_output_has_an_eighth() -> None:
    """For every code, with the reference of the chip too. Eight units against one, whose drain is 0.9 V higher: at
    10 mV of threshold a volt, 0.9 V x 10 mV/V over n U_T = 36 mV, up to a quarter more at 2 um; at 8 um a tenth.

    From chip to chip, of p units that spread by 5.9 mV um / 2 um over 36 mV = 8 %: four against four in the ratio
    (5.7 %), two against two behind it (8 %), and the long n units (2.5 %): 10 %.
    """
    whole = replace(BENCH, flat=bias(PDK, "chip", split=3).flatten())
    for code, pin_A in ((1, 100e-9), (4, 100e-9), (15, 100e-9), (REFERENCE_UNITS, None)):
        found = currents(whole, code, pin_A)
        assert 1.0 <= 8 * (found.low_A or 0.0) / found.out_A <= 1.12
    chips = [currents(replace(whole, chip=VirtualChip(seed)), 4, 100e-9) for seed in range(1, 9)]
    spread = np.std(np.log([(c.low_A or np.nan) / c.out_A for c in chips]), ddof=1)
    assert 0.05 < spread < 0.2  # eight chips: 10 % within a factor of two
    assert currents(BENCH, 4, 100e-9).low_A is None


def by_hand_A() -> float:  # noqa: N802 (a unit)
    """The triode of TRIODES and its twin: V_ov = n V (a + sqrt(a^2 - a)), V = U_T ln MANY, I = beta V_ov^2 / 2 n."""
    z = BiasSizes()
    over = SLOPE * THERMAL_V * np.log(MANY) * (TRIODES + np.sqrt(TRIODES**2 - TRIODES))
    return float(MOBILITY_OXIDE * z.triode.w / z.triode.l * over**2 / (2 * SLOPE))


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_reference_starts_and_is_what_it_is_by_hand() -> None:
    """At the middle and where it starts worst: slow, cold, low supply."""
    middle = currents(BENCH, REFERENCE_UNITS)
    assert middle.out_A == pytest.approx(by_hand_A(), rel=0.3)
    worst = currents(replace(BENCH, where=OperatingPoint("ss", -40.0, 1.62)), REFERENCE_UNITS)
    hot = currents(replace(BENCH, where=OperatingPoint("ff", 85.0, 1.8)), REFERENCE_UNITS)
    assert 0.6 * middle.out_A < worst.out_A < middle.out_A < hot.out_A < 1.4 * middle.out_A
    assert all(c.settled_s < 1e-4 for c in (middle, worst, hot))
    assert middle.supply_A < 1e-6


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_without_start_up_it_stays_dark() -> None:
    """What the start-up is for."""
    dark = tuple(m for m in FLAT.mos if not m.name.endswith("m_start"))
    found = currents(replace(BENCH, flat=replace(FLAT, mos=dark)), REFERENCE_UNITS)
    assert found.out_A < 1e-9


def test_codes_are_checked() -> None:
    with pytest.raises(InputError, match="bias: code 16; the ratio has 4 bits: 0 to 15"):
        currents(BENCH, 16)
