"""Leakage of the weight memory against the foundry's own subcircuits, a simulated array, and what others measured."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import RectBivariateSpline
from tests.flow.small import nominal, small_design

from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.flow.engines.response import curves
from somaforge.flow.engines.spread import spread
from somaforge.flow.measure.evaluate import memory_effect
from somaforge.flow.memory import leakage
from somaforge.flow.memory.leakage import Bench, Kind, State, of_chip, of_design, port_states
from somaforge.flow.spice.batch import run_batch
from somaforge.generator.design import Design, build
from somaforge.generator.names import LATCH
from somaforge.generator.periphery import netlist
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import OperatingPoint, Size
from somaforge.pdk.sky130.data import DATA

TYPICAL = OperatingPoint("tt", 27.0, 1.8)


@cache
def mnist() -> Design:
    return build(load_spec(Path(__file__).parents[3] / "examples" / "mnist.yaml"))


def changed(design: Design, mismatch: float = 1.0, port: str = "none") -> Design:
    spec = design.spec
    chips = spec.chips.model_copy(update={"mismatch": mismatch})
    array = spec.array.model_copy(update={"port": port})
    return build(spec.model_copy(update={"chips": chips, "array": array}))


def test_states_of_the_port_by_hand() -> None:
    """Two words of four bits: every gate is in one state; the register's halves are means over zeros and ones."""
    design = changed(small_design((2, 1)), port="scan")
    states = port_states(design)
    gates = netlist.build(design.memory, leakage.plan_of(design)).gates
    assert sum(states.values()) == len(gates)
    assert states[State("tri_state_inverter", 2, (False, False))] == 8, "idle drivers hold both lines of a pair high"
    assert states[State("nor2", 1, (False, True))] == 6, "of each pair's two, one sees its bit: 0 in half of the cases"
    assert states[State("nor2", 1, (True, True))] == 2
    assert states[State("flip_flop", 1, (False, False, False))] == 2, "no token"
    assert not port_states(small_design())


def test_a_cell_that_is_not_known_is_no_cell_without_leakage() -> None:
    with pytest.raises(ToolError, match="the function latch is not known"):
        _ = State("latch", 1, (True, True)).output


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
class TestLeakage:
    @pytest.mark.parametrize(
        ("at", "watts"),
        [(TYPICAL, 2.7e-6), (OperatingPoint("tt", 85.0, 1.8), 88e-6), (OperatingPoint("ff", 85.0, 1.8), 573e-6)],
    )
    def test_the_array_of_the_mnist_example(self, at: OperatingPoint, watts: float) -> None:
        """100,400 latches without mismatch, as measured by others; with it 4 to 15 % more."""
        assert of_design(changed(mnist(), mismatch=0), at).latches_W == pytest.approx(watts, rel=0.02)
        whole = of_design(mnist(), at)
        assert 1.02 * watts < whole.latches_W < 1.2 * watts
        assert 0 < whole.port_W < 0.02 * whole.latches_W, "4,051 cells with thick-threshold p devices"
        assert whole.total_W == whole.latches_W + whole.port_W

    @pytest.mark.parametrize("at", [TYPICAL, OperatingPoint("ff", 85.0, 1.2)])
    def test_a_latch_is_its_three_closed_transistors(self, at: OperatingPoint) -> None:
        """Access and pull-down device at node 0, pull-up device at node 1: each alone, in the foundry's
        subcircuit; the current of its drain, part of which goes into the body."""
        supply_V = at.supply_V
        latch = {m.name: m for m in small_design().library.flatten(small_design().cell(LATCH)).mos}
        lines = []
        for k, name in enumerate(("m_access", "m_down", "m_up")):
            m, rail = latch[name], "0" if name == "m_up" else "vdd"
            ends = f"d_{k} vdd vdd vdd" if name == "m_up" else f"d_{k} 0 0 0"
            lines += [f"v_{k} d_{k} {rail} 0", f"x{k} {ends} {m.device} w={m.w_nm / 1e3} l={m.l_nm / 1e3}"]
        models = DATA.folder("models") / "sky130.lib.spice"
        deck = "\n".join([
            "* closed transistors", f".lib {models} {at.corner}", f".temp {at.temperature_C}",
            ".option abstol=1e-15 gmin=1e-18", f"v_vdd vdd 0 {supply_V}", *lines, ".save i(v_0) i(v_1) i(v_2)",
            "v_dummy dummy 0 0", ".dc v_dummy 0 1 1", ".end\n",
        ])  # fmt: skip
        _, values = run_batch(deck, None, "closed transistors", 60.0)
        expected = supply_V * np.abs(values[0, -3:]).sum()
        design = changed(small_design(), mismatch=0)
        found = of_design(design, at).latches_W / (design.synapse_count * design.weights.latches)
        assert found == pytest.approx(expected, rel=0.01)

    def test_mean_over_both_shifts(self) -> None:
        """Of 20,000 draws of the three closed transistors, each by its curves in ngspice, under a law with a weak
        shift: at gate 0 a p-channel device of 0.15 um is not far below threshold, so the two are no single shift."""
        design = small_design()
        chips = design.spec.chips.model_copy(update={"law": "subthreshold"})
        design = build(design.spec.model_copy(update={"chips": chips}))
        latch = {m.name: m for m in design.library.flatten(design.cell(LATCH)).mos}
        draw, expected = np.random.default_rng(5), 0.0
        for name in ("m_access", "m_down", "m_up"):
            size, models = Size(latch[name].device, latch[name].w_nm, latch[name].l_nm), design.pdk.models
            sigma = spread(models, size, "subthreshold")
            assert sigma.weak_V > 0.02
            weak_at = np.linspace(-5, 5, 41) * sigma.weak_V
            one = curves(models, [models.bind(size, TYPICAL, v) for v in weak_at.tolist()], 1.8, 27.0)
            first, second = draw.standard_normal((2, 20_000))
            weak = sigma.weak_V * (sigma.correlation * first + np.sqrt(1 - sigma.correlation**2) * second)
            surface = RectBivariateSpline(weak_at, one.gates, one.log.T, s=0)
            expected += 1.8 * np.exp(surface.ev(weak, -sigma.vth_V * first)).mean()
        found = of_design(design, TYPICAL).latches_W / (design.synapse_count * design.weights.latches)
        assert found == pytest.approx(expected, rel=0.05)

    def test_every_latch_simulated(self) -> None:
        """The supply current that an array takes with its latches beyond that without, in the reference engine."""
        design = changed(small_design(), mismatch=0)
        effect = memory_effect(NgspiceEngine(), nominal(design), np.full((1, 2), 5e-8))
        latches = design.synapse_count * design.weights.latches
        assert of_design(design, TYPICAL).latches_W == pytest.approx(1.8 * latches * effect.latch_current, rel=0.03)

    def test_heat_and_supply(self) -> None:
        """Subthreshold leakage rises faster than twice for every 25 K, and with the supply (drain-induced barrier)."""
        cold, warm, hot = (of_design(small_design(), OperatingPoint("tt", t, 1.8)).total_W for t in (0.0, 50.0, 100.0))
        assert warm / cold > 4
        assert 4 < hot / warm < 100
        low, high = (of_design(small_design(), OperatingPoint("tt", 27.0, v)).total_W for v in (1.0, 1.8))
        assert high / low > 1.8, "more than in proportion"

    def test_an_output_against_the_function_is_seen(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(leakage.KINDS, "inverter", Kind(lambda a: a))  # type: ignore[arg-type]
        with pytest.raises(ToolError, match="inverter 2 with"):
            Bench(small_design(), (State("inverter", 2, (False,)),), TYPICAL).watts(tmp_path)

    def test_measured_once(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        bench = Bench(small_design(), (State("inverter", 2, (False,)),), TYPICAL)
        first = bench.watts(tmp_path)
        (kept,) = tmp_path.iterdir()
        with monkeypatch.context() as patch:
            patch.setattr(leakage, "run_batch", lambda *anything: pytest.fail("simulated again"))
            assert bench.watts(tmp_path) == first
        kept.write_text("{")
        assert bench.watts(tmp_path) == first, "a damaged file is made again"

    def test_simulated_latches_are_not_counted_twice(self) -> None:
        design = changed(small_design(), port="scan")
        chip = nominal(design)
        assert of_chip(chip).latches_W > 0
        object.__setattr__(chip, "memory", "transistor")
        assert of_chip(chip).latches_W == 0
        assert of_chip(chip).port_W > 0
