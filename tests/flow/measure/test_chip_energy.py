"""Energy of a decision of the whole chip: its parts by hand, and what stands in for blocks is what was measured."""

import json
from pathlib import Path

import pytest
from tests.flow.drivers.small import spec_with

from somaforge.flow.measure import chip_energy
from somaforge.flow.memory import port_energy, port_timing
from somaforge.generator import drivers

RESULTS = json.loads((Path(__file__).parents[3] / "bench/results/readout.json").read_text())
METRICS = {
    "present__load_pins__s": 7.2e-6,
    "present__decision_p99__s": 2.8e-6,
    "power__mean__W": 10e-6,
    "drivers__references__W": 0.3e-6,
    "drivers__leakage__W": 0.1e-6,
    "drivers__load__J": 90e-12,
    "drivers__clock__J": 33e-15,
    "design__macs__count": 49,
}
CONTROL = {"control__leakage__W": 5e-9, "control__flip_flops__count": 158}


def test_parts_by_hand() -> None:
    """10 us: 10 uW are 100 pJ, the drivers' 0.4 uW 4 pJ, the bias's 1.58 uW 16 pJ. A race of three 15 pJ. 158
    flip-flops of 33 fJ at 200 clocks are 1.04 nJ: the control's clock is four fifths of it all."""
    spec = spec_with(6)
    found = {part.name: part.joule for part in chip_energy.parts(spec, METRICS | CONTROL)}
    race = 15.4e-12 * spec.array.layers[-1] / 3
    by_hand = {"array": 100e-12, "drivers": 4e-12, "loading the pattern": 90e-12, "bias": 15.8e-12, "race": race}
    assert found == pytest.approx({**by_hand, "control": 1.043e-9}, rel=0.02)
    metrics = chip_energy.chip_energy(spec, METRICS | CONTROL)
    assert metrics["energy__chip_decision__J"] == pytest.approx(sum(found.values()))
    assert metrics["efficiency__chip__mac__per_J"] == pytest.approx(49 / sum(found.values()))


def test_what_is_not_in_it_is_said() -> None:
    assert "the control, which only a chip in a frame has" in chip_energy.left_out(METRICS)
    assert len(chip_energy.left_out(METRICS)) == len(chip_energy.left_out(METRICS | CONTROL)) + 1
    assert chip_energy.chip_energy(spec_with(6).model_copy(update={"chip": None}), METRICS) == {}


def test_bias_and_race_are_as_they_were_measured() -> None:
    (bias,) = (
        p["supply_A"]
        for p in RESULTS["bias"]["points"]
        if (p["corner"], p["temperature_C"], p["supply_V"]) == ("tt", 27.0, 1.8)
    )
    assert pytest.approx(bias, rel=0.01) == chip_energy.BIAS_A
    assert pytest.approx(RESULTS["winner"]["laws"]["continuous"]["race_charge_C"], rel=0.01) == chip_energy.RACE_C


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_shifting_a_bit_by_hand() -> None:
    """A scan flip-flop and its share of repeaters: clocked, some 10 fF of gates and wires inside at 1.8 V, 32 fJ; with
    data that change as much again, and the two gates behind it. Within a factor of two."""
    design = drivers.build(spec_with(6))
    found = port_energy.shift_energy(design, port_timing.plan_of(design), design.pdk.models.nominal)
    assert 16e-15 < found.staying_J < 64e-15
    assert 1.5 < found.changing_J / found.staying_J < 4
    assert found.random_J == pytest.approx((found.changing_J + found.staying_J) / 2)
