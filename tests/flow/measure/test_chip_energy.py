"""Energy of a decision of the whole chip: its parts by hand."""

import pytest
from tests.flow.drivers.small import spec_with

from somaforge.flow.measure import chip_energy
from somaforge.flow.memory import port_energy, port_timing
from somaforge.generator import drivers

METRICS = {
    "present__load_pins__s": 7.2e-6,
    "present__decision_p99__s": 2.8e-6,
    "power__mean__W": 10e-6,
    "drivers__references__W": 0.3e-6,
    "drivers__leakage__W": 0.1e-6,
    "drivers__load__J": 90e-12,
    "drivers__clock__J": 33e-15,
    "readout__bias__W": 0.4e-6,
    "readout__race__J": 0.7e-12,
    "readout__held__W": 2e-6,
    "design__macs__count": 49,
}
CONTROL = {"control__leakage__W": 5e-9, "control__flip_flops__count": 158}


def test_parts_by_hand() -> None:
    """10 us: 10 uW are 100 pJ, the drivers' 0.4 uW 4 pJ, the bias's 0.4 uW 4 pJ. A race of 0.7 pJ, whose winner is held
    with 2 uW for 7.2 us: 15.1 pJ. 158 flip-flops of 33 fJ at 200 clocks are 1.04 nJ: the control's clock is four fifths
    of it all."""
    found = {part.name: part.joule for part in chip_energy.parts(METRICS | CONTROL)}
    by_hand = {"array": 100e-12, "drivers": 4e-12, "loading the pattern": 90e-12, "bias": 4e-12, "race": 15.1e-12}
    assert found == pytest.approx({**by_hand, "control": 1.043e-9}, rel=0.02)
    metrics = chip_energy.chip_energy(spec_with(6), METRICS | CONTROL)
    assert metrics["energy__chip_decision__J"] == pytest.approx(sum(found.values()))
    assert metrics["efficiency__chip__mac__per_J"] == pytest.approx(49 / sum(found.values()))


def test_a_part_that_no_run_measured_is_no_zero() -> None:
    for name in ("readout__bias__W", "readout__race__J", "readout__held__W"):
        with pytest.raises(KeyError, match=name):
            chip_energy.chip_energy(spec_with(6), {k: v for k, v in METRICS.items() if k != name})


def test_what_is_not_in_it_is_said() -> None:
    assert "the control, which only a chip in a frame has" in chip_energy.left_out(METRICS)
    assert len(chip_energy.left_out(METRICS)) == len(chip_energy.left_out(METRICS | CONTROL)) + 1
    assert chip_energy.chip_energy(spec_with(6).model_copy(update={"chip": None}), METRICS) == {}


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
