"""What readout and bias draw: as their layouts do at the bias that those were measured with, and by hand below it."""

import json
from pathlib import Path

import numpy as np
import pytest
from tests.flow.drivers.small import spec_with

from somaforge.flow.readout.draws import measure
from somaforge.flow.readout.setting import PIN_A, bias_setting
from somaforge.generator.design import build

RESULTS = json.loads((Path(__file__).parents[3] / "bench/results/readout.json").read_text())


def test_the_bias_by_hand() -> None:
    """About 100 nA at the pin: 15.3 nA are a quarter of 61 nA, 250 nA ten quarters of 100 nA; 0.9 uA, beyond the
    ratio, fifteen quarters of 240 nA."""
    assert bias_setting(15.3e-9) == (1, pytest.approx(61.2e-9))
    assert bias_setting(250e-9) == (10, pytest.approx(PIN_A))
    assert bias_setting(900e-9) == (15, pytest.approx(240e-9))


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_as_it_was_measured_and_by_hand_below() -> None:
    """100 nA: the bias's own current is that of its layout (bench/results/readout.json), and the converter's one diode
    more; three racers hold as theirs do. At 15.3 nA the bias is 0.61 times that, and so is what follows it. A race
    takes 46 fC / 15.3 nA = 3 us, in which the winner's own bias of 65 nA flows: 0.35 pJ. From then on to `valid` it
    draws what it holds with, for 0.4 us / 0.61: 1.2 pJ more."""
    design = build(spec_with(6))
    code = next(c for c in RESULTS["bias_low"]["codes"] if c["code"] == 4)
    held_A = next(c["held_A"] for c in RESULTS["winner"]["currents"] if c["current_A"] == 100e-9)
    full = measure(design, np.array([100e-9, 12.5e-9]))
    own_A = code["supply_A"] - code["out_A"] - code["low_A"] + code["sinks_A"][0]
    assert full.bias_W == pytest.approx(1.8 * own_A, rel=0.05)
    assert full.held_W == pytest.approx(1.8 * held_A * code["sinks_A"][0] / 100e-9, rel=0.1)
    low = measure(design, np.array([15.3e-9, 1.91e-9]))
    assert low.bias_W == pytest.approx(0.612 * full.bias_W, rel=0.25)
    assert low.held_W == pytest.approx(0.612 * full.held_W, rel=0.1)
    by_hand = 1.8 * 65e-9 * 3e-6 + low.held_W * 0.4e-6 / 0.612
    assert low.race_J == pytest.approx(by_hand, rel=0.4)
