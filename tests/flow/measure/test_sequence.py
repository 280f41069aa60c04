"""Transistors between pins: sources follow the script, what is held is let go with the supply there, a net that is not
there is named."""

import sys
from pathlib import Path

import pytest

from somaforge.flow.chips import VirtualChip
from somaforge.flow.measure.sequence import Surroundings, Traces, play
from somaforge.flow.measure.sequence_pins import PinScript
from somaforge.generator.circuit import Capacitor, FlatNetlist, Mos
from somaforge.generator.readout.parts import Parts
from somaforge.pdk import load
from somaforge.pdk.errors import InputError

PDK = load("sky130")
HALF_S = 25e-9
ROOT = Path(__file__).parents[3]


def inverter(out: str, into: str) -> tuple[Mos, Mos]:
    parts = Parts(PDK)
    n, p = parts.switch("n", 1000), parts.switch("p", 2000)
    return parts.n(f"m_n_{out}", out, into, "gnd", n), parts.p(f"m_p_{out}", out, into, "vdd", p)


def simulated(around: Surroundings, watch: tuple[str, ...]) -> Traces:
    """An inverter at a pin, with 50 fF, and a latch."""
    mos = (*inverter("out", "cs"), *inverter("q", "q_b"), *inverter("q_b", "q"))
    flat = FlatNetlist("small", ("vdd", "gnd", "cs", "clk", "out"), mos, (Capacitor("c", "out", "clk", 50e-15),))
    script = PinScript()
    script.wait(2)
    script.set_pin("cs_n", False)
    script.wait(4)
    return play(PDK, flat, VirtualChip(1), PDK.models.nominal, script, around, watch, HALF_S)


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
@pytest.mark.parametrize("held", [True, False])
def test_a_pin_and_a_latch(held: bool) -> None:
    """cs_n falls with the 12th clock; the inverter's 50 fF at some 0.3 mA take a third of a nanosecond."""
    found = simulated(Surroundings("clk", {"cs_n": "cs"}, held={"q": held}), ("out", "q", "q_b"))
    assert found.level("out", 11) == pytest.approx(0.0, abs=0.02)
    assert found.level("out", 12) == pytest.approx(1.0, abs=0.02)
    assert found.level("q", 15) == pytest.approx(float(held), abs=0.01)
    assert found.level("q_b", 15) == pytest.approx(1.0 - held, abs=0.01)


def test_a_net_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="chip small: no net busy"):
        simulated(Surroundings("clk", {"cs_n": "cs"}), ("busy",))


@pytest.mark.nightly
@pytest.mark.needs_ngspice
@pytest.mark.needs_iverilog
@pytest.mark.needs_pdk
def test_the_prototype_from_pins_to_pins() -> None:
    """Issue 17: weights of one row written by the pins, a pattern loaded, a class read, 21,000 transistors with the
    wires of the extracted chip. Every latch that is written has to turn over, the others hold, and the class is that
    of the same decision with ideal latches and a control in Verilog (bench/results/chip.json)."""
    sys.path.insert(0, str(ROOT / "bench"))
    from chip import RESULT
    from chip_parts import decisions, sequence
    from chip_parts.netlist import extracted

    kept = decisions.kept(RESULT)
    made = decisions.Prototype(kept["weights"])
    found = sequence.simulate(made, extracted(made.design, None), kept["rows"][0])
    assert (found["wrong_written"], found["wrong_pattern"], found["disturbed"]) == (0, 0, 0)
    assert (found["written"], found["pattern"]) == (56, 56)
    assert found["valid"]
    assert not found["busy"]
    assert found["class"] == found["chosen"]
    assert found["worst_level"] < 0.02
