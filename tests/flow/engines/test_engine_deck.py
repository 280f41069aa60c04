"""Decks: what is in them, what is left out, and what must never get in."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.small import nominal, small_design

from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.deck import ChipDeck, Stimulus
from somaforge.flow.engines.lines import weight_net
from somaforge.generator.circuit import Capacitor, Resistor
from somaforge.pdk.errors import InputError

STIMULUS = Stimulus(np.array([[1e-8, 2e-8], [1e-8, 3e-8]]), 1e-6, 1e-8)


def lines(chip: ProgrammedChip, stimulus: Stimulus = STIMULUS) -> list[str]:
    return ChipDeck(chip, stimulus, "reltol=1e-3").text.splitlines()


@pytest.mark.needs_pdk
def test_names_that_could_run_commands_are_refused() -> None:
    """A line break in a net name could begin a .control block, which runs shell commands."""
    design = small_design()
    for bad in ("x\n.control", "a b", "a;b", "$(id)", "Sum", "`id`", "a=1", ""):
        with pytest.raises(InputError, match="cannot stand in a deck"):
            lines(nominal(design, flat=replace(design.flat, capacitors=(Capacitor("c", bad, "vp_0_0", 1e-15),))))
        mos = tuple(replace(m, name=bad) if m.name == "x_soma_0_0.m0_0" else m for m in design.flat.mos)
        with pytest.raises(InputError, match="cannot stand in a deck"):
            lines(nominal(design, flat=replace(design.flat, mos=mos)))
        with pytest.raises(InputError, match="cannot stand in a deck"):
            lines(nominal(design), replace(STIMULUS, probes=(bad,)))


@pytest.mark.parametrize("value", [0.0, -1e-15, float("nan"), float("inf")])
def test_wiring_values_that_are_not_physical_are_refused(value: float) -> None:
    design = small_design()
    for extra in (
        {"capacitors": (Capacitor("c_9", "a", "b", value),)},
        {"resistors": (Resistor("r_9", "a", "b", value),)},
    ):
        with pytest.raises(InputError, match="extract the layout again"):
            lines(nominal(design, flat=replace(design.flat, **extra)))


def test_weights_and_shifts_must_fit() -> None:
    chip = nominal(small_design())
    with pytest.raises(InputError, match="threshold shifts"):
        replace(chip, shifts=chip.shifts[:-1])
    with pytest.raises(InputError, match="the array has"):
        replace(chip, codes=chip.codes[:1])
    with pytest.raises(InputError, match=r"outside \+-7"):
        replace(chip, codes=(np.full((2, 2), 8), chip.codes[1]))


@pytest.mark.needs_pdk
class TestText:
    def test_ideal_memory_ties_weights_and_drops_latches(self) -> None:
        design = small_design()
        codes = (np.array([[5, -2], [0, 7]]), np.zeros((2, 2), dtype=np.int64))
        text = lines(nominal(design, codes))
        assert not any("x_latch" in x for x in text)
        switch = "mx_matrix_0.x_row_0.x_synapse_0.m_switch_"
        gates = {x.split()[0].removeprefix(switch): x.split()[2] for x in text if x.startswith(switch)}
        assert gates == {"0": "vdd", "1": "gnd", "2": "vdd"}
        sign = next(x for x in text if x.startswith("mx_matrix_0.x_row_0.x_synapse_1.m_sign_p"))
        assert sign.split()[2] == "vdd"

    def test_transistor_memory_keeps_latches_and_says_their_state(self) -> None:
        design = small_design()
        chip = replace(nominal(design, (np.full((2, 2), -5), np.zeros((2, 2), dtype=np.int64))), memory="transistor")
        deck = ChipDeck(chip, STIMULUS, "")
        latches = [m for m in design.flat.mos if "x_latch" in m.name]
        assert sum("x_latch" in x for x in deck.text.splitlines()) == len(latches)
        net = weight_net(0, 0, 0, "w_sign")
        rails = {x.split()[1]: x.split()[2] for x in deck.text.splitlines() if x.startswith("s_hold_")}
        assert (rails[net], rails[f"{net}_bar"], len(rails)) == ("vdd", "gnd", 2 * 8 * 4)
        assert len(deck.state_nets) == 8 * 4
        assert deck.states[:4].tolist() == [1, 0, 1, 1]

    def test_shifts_reach_both_polarities_with_their_sign(self) -> None:
        design = small_design()
        chip = replace(nominal(design), shifts=np.full(len(design.flat.mos), 0.01))
        text = lines(chip)
        assert next(x for x in text if x.startswith("mx_soma_0_0.m0_0")).endswith("delvto=0.01")
        assert next(x for x in text if x.startswith("mx_soma_0_0.m2_0")).endswith("delvto=-0.01")

    def test_wiring(self) -> None:
        """Capacitors of a pair are one, those between fixed nodes are none, supply segments are the supply."""
        design = small_design()
        caps = [
            ("vp_0_0", "gnd", 1.0),
            ("gnd__s3", "vp_0_0", 2.0),
            ("bl_0_0_0__s1", "vp_0_0", 4.0),
            ("vdd", "wl_0_0", 8.0),
        ]
        flat = replace(
            design.flat,
            capacitors=tuple(Capacitor(f"c{i}", a, b, f * 1e-15) for i, (a, b, f) in enumerate(caps)),
            resistors=(Resistor("r0", "bl_0_0_0", "bl_0_0_0__s1", 5.0), Resistor("r1", "vp_0_0", "vp_0_0__s1", 6.0)),
        )
        chip = nominal(design, flat=flat)
        text = lines(chip)
        assert [x for x in text if x.startswith("c")] == [
            "c0 gnd vp_0_0 3.000000e-15",
            "c1 vdd vp_0_0 4.000000e-15",
        ]
        assert [x for x in text if x.startswith("r")] == ["r1 vp_0_0 vp_0_0__s1 6.000000e+00"]
        assert not [x for x in lines(chip, replace(STIMULUS, dynamic=False)) if x.startswith("c")]

    def test_inputs_step_from_pattern_to_pattern(self) -> None:
        text = lines(nominal(small_design()))
        assert "i_in_0 vdd in_0 1.000000000e-08" in text
        ramp = "1.000000000e-06 2.000000000e-08 1.010000000e-06 3.000000000e-08"
        assert f"i_in_1 vdd in_1 pwl(0.000000000e+00 2.000000000e-08 {ramp})" in text
