"""Pulses of the converter, against what they should be by hand."""

from dataclasses import replace

import numpy as np
import pytest

from somaforge.flow.chips import VirtualChip
from somaforge.flow.readout.bench import Bench
from somaforge.flow.readout.converter import Pulse, Scale, leakage_A, meter, monitored_A, noise, pulse
from somaforge.generator.readout.converter import ConverterSizes, converter
from somaforge.pdk import load
from somaforge.pdk.errors import InputError, ToolError

PDK = load("sky130")
FLAT = converter(PDK, "chip").flatten()
BENCH = Bench(PDK, FLAT, VirtualChip(1), PDK.models.nominal)
OXIDE_F_PER_M2 = 8.2e-3
"""Of 4.2 nm, the foundry's `toxe`."""


def capacitance_F() -> float:  # noqa: N802 (a unit)
    z = ConverterSizes()
    return (z.capacitors * z.capacitor.w * z.capacitor.l + z.compare.w * z.compare.l / 4) * 1e-18 * OXIDE_F_PER_M2


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_rate_is_current_over_charge() -> None:
    """Smallest, middle and largest current of one chip with mismatch."""
    found = [pulse(BENCH, current) for current in (10e-12, 10e-9, 1e-6)]
    # The comparator decides near 0.44 V, where its n channel carries 100 nA.
    assert found[0].charge_C == pytest.approx(0.44 * capacitance_F(), rel=0.1)
    assert found[1].charge_C == pytest.approx(found[0].charge_C, rel=0.06)
    # At 1 uA comparator and reset take their part: 0.1 us of 0.3 us.
    assert 0.05e-6 < found[2].period_s - found[0].charge_C / 1e-6 < 0.15e-6
    assert all(10e-9 < p.width_s < 60e-9 for p in found)


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_without_the_trigger_it_rests_half_open() -> None:
    """What the trigger is for: with the switch on a node that moves before the pulse does no pulse comes."""
    slack = [replace(m, g="x_integrator.w") if m.name.endswith("m_empty") else m for m in FLAT.mos]
    bad = replace(FLAT, mos=tuple(slack))
    with pytest.raises(ToolError, match=r"0 pulses .* it does not start"):
        pulse(replace(BENCH, flat=bad), 10e-12)


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_leakage_and_noise() -> None:
    cold, hot = (leakage_A(replace(BENCH, where=replace(PDK.models.nominal, temperature_C=t))) for t in (27.0, 85.0))
    assert 0 < cold < 0.5e-12
    assert 5 * cold < hot < 10e-12
    assert leakage_A(replace(BENCH, where=replace(PDK.models.nominal, temperature_C=-40.0))) > 0  # not gmin's
    found = noise(BENCH, Pulse(15e-9, 200e-15 / 15e-9, 2e-8, 2e-7), capacitance_F())
    # kT/C and shot noise by hand; the comparator's is flicker noise of two gates of 8 and 10 um2, some 0.1 mV.
    assert found.reset == pytest.approx(np.sqrt(4.14e-21 * capacitance_F()) / 200e-15, rel=1e-2)
    assert found.shot == pytest.approx(np.sqrt(1.602e-19 / 200e-15))
    assert 5e-5 * capacitance_F() / 200e-15 < found.comparator < 4e-4 * capacitance_F() / 200e-15


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_monitor_passes_the_current_on() -> None:
    """A common gate loses nothing: what comes in arrives, but for the leakage of the two switches."""
    for current in (1e-10, 15e-9, 1e-6):
        assert monitored_A(BENCH, current) == pytest.approx(current, rel=2e-3)
    shut = tuple(replace(m, g="vdd") if m.name.endswith("m_probe") else m for m in FLAT.mos)
    # A source that cannot be stopped is pressed through both of two shut gates alike.
    assert monitored_A(replace(BENCH, flat=replace(FLAT, mos=shut)), 15e-9) == pytest.approx(7.5e-9, rel=0.3)


def test_scale_reads_what_it_was_given() -> None:
    law = [Pulse(i, (200e-15 + 1e-7 * i + 3e-12 * i**0.5) / i, 2e-8, 0.0) for i in np.geomspace(1e-11, 1e-6, 11)]
    scale = Scale(tuple(law[::2]))
    assert [scale.error(p) for p in law[::2]] == pytest.approx([0.0] * 6, abs=1e-8)
    assert max(abs(scale.error(p)) for p in law) < 0.01


def test_as_a_meter() -> None:
    found = meter(200e-15, 4e-4, 3e-3, 1e-13, 1e-10, 20e-3)
    assert found.resolution_A == pytest.approx(1e-11)
    assert found.noise_A == pytest.approx(1e-11 / np.sqrt(6))
    assert found.noise_ratio == pytest.approx(np.hypot(4e-4, 3e-3))
    assert found.settling_s == pytest.approx(2e-3)


def test_currents_out_of_range() -> None:
    with pytest.raises(InputError, match="converter: 1e-12 A; it takes 1e-11 to 1e-06 A"):
        pulse(BENCH, 1e-12)
