"""Transients of the array engine against ngspice, with wires and mismatch."""

import re
from dataclasses import replace

import numpy as np
import pytest
from tests.flow.engines.test_engine_array import INPUTS, chip_of
from tests.flow.small import small_design, with_mirrors

from somaforge.flow.engines.array import collapse
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.array.wires import wires_of
from somaforge.flow.engines.base import ProgrammedChip
from somaforge.flow.engines.ngspice import CAREFUL, NgspiceEngine
from somaforge.generator.circuit import Capacitor
from somaforge.generator.design import Design
from somaforge.pdk.errors import InputError, NotSettledError

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]
PERIOD = 4e-6


def wired(design: Design) -> ProgrammedChip:
    """30 fF on every slow node, about what a row of a 7-7-7 array has, and 3 fF on every node inside a synapse."""
    wires: tuple[Capacitor, ...] = ()
    for ends, farad in ((r"(in|sum|vp|vn)_\w+", 30e-15), (r"x_matrix.*\.(node_\d|[pn]_source)", 3e-15)):
        nets = [n for n in design.flat.nets if re.fullmatch(ends, n)]
        wires += tuple(Capacitor(f"c_{n}", n, "gnd", farad) for n in nets)
    chip = chip_of(design)
    return replace(chip, flat=replace(design.flat, capacitors=wires))


# those of examples/mnist.yaml
FAST = {"w_um": 0.42, "l_um": 0.36, "multiplier": 32, "input_multiplier": 16}


@pytest.mark.parametrize(("supply", "share", "mirror"), [(1.8, 1.0, {}), (1.1, 0.01, {}), (1.8, 0.2, FAST)])
def test_waveforms_energy_and_settling(supply: float, share: float, mirror: dict[str, object]) -> None:
    """At 1.1 V, a soma does not copy the highest currents at which cells are measured."""
    chip = wired(with_mirrors(small_design((4, 3, 3)), **mirror))
    chip = replace(chip, at=replace(chip.at, supply_V=supply))
    probes = ("vp_0_0", "sum_1_0")
    inputs, period = share * INPUTS[[0, 1, 0]], PERIOD / share
    reference = NgspiceEngine(ladder=CAREFUL).transient(chip, inputs, period, probes)
    found = ArrayEngine().transient(chip, inputs, period, probes)
    full_scale = reference.outputs.max()
    for pattern in (1, 2):
        a, b = found.window(pattern), reference.window(pattern)
        assert found.time[a][[0, -1]] == pytest.approx(reference.time[b][[0, -1]])
        energies = [np.trapezoid(r.supply[w], r.time[w]) for r, w in ((found, a), (reference, b))]
        assert energies[0] == pytest.approx(energies[1], rel=0.02)
        follow = np.stack([np.interp(reference.time[b], found.time[a], x) for x in found.outputs[a].T], axis=1)
        apart = np.trapezoid(np.abs(follow - reference.outputs[b]), reference.time[b], axis=0) / period
        assert apart.max() < 0.01 * full_scale
        assert np.abs(follow[-1] - reference.outputs[b][-1]).max() < 0.003 * full_scale
        j = int(np.ptp(reference.outputs[b], axis=0).argmax())
        halves = []
        for run, w in ((found, a), (reference, b)):
            y = run.outputs[w, j]
            share = (y - y[0]) / (y[-1] - y[0])
            first = int(np.argmax(share > 0.5))
            halves.append(np.interp(0.5, share[first - 1 : first + 1], run.time[w][first - 1 : first + 1]))
        start = pattern * period
        assert halves[0] - start == pytest.approx(halves[1] - start, rel=0.05)
    for probe in probes:
        follow = np.interp(reference.time, found.time, found.voltages[probe])
        apart = np.abs(follow - reference.voltages[probe])
        assert np.trapezoid(apart, reference.time) / reference.time[-1] < 1e-3


def test_currents_that_the_supply_does_not_carry() -> None:
    chip = wired(small_design((4, 3, 3)))
    chip = replace(chip, at=replace(chip.at, supply_V=0.9))
    with pytest.raises(
        NotSettledError, match=r"A into a soma of layer 0, at 0\.9 V it copies up to .* raise the supply"
    ):
        ArrayEngine().transient(chip, INPUTS, PERIOD)


def test_a_chip_stays_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    """For weaker patterns; stronger ones ask for more of its surfaces, another chip for others."""
    made: list[int] = []
    real = collapse.grid
    monkeypatch.setattr(collapse, "grid", lambda synapses, *more: made.append(1) or real(synapses, *more))
    chip, kept = wired(small_design((4, 3, 3))), ArrayEngine()
    other = replace(chip, codes=tuple(-c for c in chip.codes))
    for one, share, grids in ((chip, 1.0, 2), (chip, 0.9, 0), (chip, 3.0, 2), (other, 1.0, 2)):
        made.clear()
        found = kept.transient(one, share * INPUTS[:2], PERIOD)
        assert len(made) == grids
        right = ArrayEngine().transient(one, share * INPUTS[:2], PERIOD)
        assert found.outputs[-1] == pytest.approx(right.outputs[-1], rel=1e-3, abs=2e-3 * right.outputs.max())
        energies = [np.trapezoid(r.supply, r.time) for r in (found, right)]
        assert energies[0] == pytest.approx(energies[1], rel=1e-3)


def test_wires_inside_synapses_go_onto_one_mean_synapse() -> None:
    chip = wired(small_design((4, 3, 3)))
    more = (
        Capacitor("a", "x_matrix_0.x_row_0.x_synapse_1.node_0__s2", "vp_0_0__s1", 21e-15),
        Capacitor("b", "x_matrix_0.x_row_0.x_synapse_1.node_0", "sum_1_0", 42e-15),
        Capacitor("c", "x_matrix_0.x_row_0.x_synapse_1.node_0", "x_matrix_0.x_row_0.x_synapse_1.node_1", 21e-15),
    )
    found = wires_of(replace(chip, flat=replace(chip.flat, capacitors=chip.flat.capacitors + more)))
    inner = {(a, b): farad for a, b, farad in found.inner}
    assert inner["node_0", "vp"] == pytest.approx(1e-15)  # 21 synapses
    assert inner["node_0", "node_1"] == pytest.approx(1e-15)
    assert inner["gnd", "node_0"] == pytest.approx(5e-15)  # its own wire, and a column that is not its own
    assert found.nets["sum_1_0"] == pytest.approx(72e-15)
    assert found.nets["vp_0_0"] == pytest.approx(30e-15)


@pytest.mark.nightly
def test_wires_slow_it_down_and_rest_is_dc() -> None:
    chip = wired(small_design((4, 3, 3)))
    heavy = replace(
        chip, flat=replace(chip.flat, capacitors=tuple(replace(c, farad=10 * c.farad) for c in chip.flat.capacitors))
    )
    engine = ArrayEngine()
    settled = engine.dc(chip, INPUTS[:2])
    gaps = []
    for one in (chip, heavy):
        run = engine.transient(one, INPUTS[:2], 20e-6)
        w = run.window(1)
        assert run.outputs[w.stop - 1] == pytest.approx(settled.outputs[1], rel=3e-3, abs=1e-9)
        assert run.supply[w.stop - 1] == pytest.approx(settled.supply[1], rel=3e-3)
        away = np.abs(run.outputs[w] - run.outputs[w.stop - 1]).max(axis=1)
        gaps.append(run.time[w][np.argmax(away < 0.1 * away[0])] - 20e-6)
    assert gaps[1] > 3 * gaps[0]


def test_only_slow_nodes_can_be_probed() -> None:
    with pytest.raises(InputError, match=r"no voltage of 'x_matrix_0\.x_row_0"):
        ArrayEngine().transient(chip_of(small_design((4, 3, 3))), INPUTS, PERIOD, ("x_matrix_0.x_row_0.p_source",))
