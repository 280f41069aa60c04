"""What drivers add to the array's inputs: by hand, and in the netlist that is simulated in time."""

import numpy as np
import pytest
from tests.flow.drivers.small import FULL_A, array_of, spec_with

from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers import capacitance
from somaforge.flow.engines.array.wires import wires_of


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_a_column_by_hand() -> None:
    """Drains of switches 0.54 um wide, 0.1 um2 and half a gate's overlap: 0.2 to 0.5 fF each, three in a row."""
    one, two = (capacitance.of_devices(spec_with(bits), FULL_A) for bits in (3, 6))
    assert 0.5e-15 < one < 1.7e-15
    assert two == pytest.approx(2 * one, rel=1e-3)


def test_wires_and_transistors_are_added_to_the_inputs() -> None:
    wires = {"drive_0": 5e-15, "drive_1": 6e-15, "ref_0": 9e-15}
    drives = capacitance.of_inputs(wires, 3e-14, 2)
    assert drives == pytest.approx([35e-15, 36e-15])
    flat = array_of(spec_with(3), VirtualChip(1)).flat
    chip = array_of(spec_with(3), VirtualChip(1))
    loaded = capacitance.loaded(flat, drives)
    nets = wires_of(chip.__class__(**{**vars(chip), "flat": loaded})).nets
    assert np.isclose(nets["in_0"], 35e-15)
    assert np.isclose(nets["in_1"], 36e-15)
    assert capacitance.loaded(flat, []) == flat
