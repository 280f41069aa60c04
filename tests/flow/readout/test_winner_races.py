"""Races on the extracted layout, against what they should be by hand."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from somaforge.flow.chips import VirtualChip
from somaforge.flow.pex import annotate, extract
from somaforge.flow.readout.bench import Bench, crossings
from somaforge.flow.readout.winner import EMPTY_S, Conditions, close_pairs, race, race_sources, share_right
from somaforge.generator.block import write_block
from somaforge.generator.circuit import Capacitor, FlatNetlist
from somaforge.generator.netlist import write_spice
from somaforge.generator.readout.winner import winner_block, winner_take_all
from somaforge.pdk import load
from somaforge.pdk.errors import InputError

PDK = load("sky130")
OXIDE_F_PER_M2 = 8.2e-3
"""Of 4.2 nm, the foundry's `toxe`."""


@cache
def extracted() -> FlatNetlist:
    library = winner_take_all(PDK, "chip", 3)
    with TemporaryDirectory() as folder:
        gds, spice = Path(folder, "winner.gds"), Path(folder, "winner.spice")
        write_block(winner_block(PDK, library, "chip"), gds)
        write_spice(library, spice)
        return annotate(library.flatten(), extract(PDK, gds, library.top, spice), smallest_F=2e-17)


def test_by_hand() -> None:
    """Sigma of ln Q that 99 % of right winners at 3 % leave."""
    assert share_right(0.009, 1.03) == pytest.approx(0.99, abs=2e-3)


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_winner_tie_and_undecided() -> None:
    """One chip with mismatch, laid out: 3 % apart, clearly apart, too small to be decided."""
    bench = Bench(PDK, extracted(), VirtualChip(1), PDK.models.nominal)
    currents = np.array([[15e-9, 14.56e-9, 10e-9], [14.56e-9, 10e-9, 15e-9], [30e-12, 20e-12, 10e-12]])
    found = race(bench, currents, race_s=8e-6)
    assert found.right(currents).tolist() == [True, True, False]
    assert not found.winners[2].any()
    assert not found.valid[2]
    assert np.isnan(found.decided_s[2])
    # By hand: I t = Q; the capacitor is inverted, so Q is that of its oxide between 0 and the comparator's threshold,
    # 0.44 V at 100 nA, with a quarter of the comparator's gate (inverted at the end only) and 6 fF of wires.
    charge = 0.44 * (7e-12 * OXIDE_F_PER_M2 + 6e-15)
    # Then the comparator's current grows by g_m dV/dt, and pulls 10 fF of its drain down by half the supply.
    rise_V_per_s = 15e-9 / (charge / 0.44)
    comparator_s = np.sqrt(2 * 10e-15 * 0.9 / (100e-9 / 36e-3 * rise_V_per_s))
    assert found.decided_s[:2] == pytest.approx(charge / 15e-9 + comparator_s, rel=0.2)
    # Mismatch is half a per cent, so 3 % is seen in the comparators' times.
    assert found.full_s[0, 1] / found.full_s[0, 0] == pytest.approx(1.03, abs=0.02)


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
def test_a_tie_is_never_valid() -> None:
    """Without mismatch equal currents end together: both racers stand, and `valid` stays low."""
    currents = np.array([[20e-9, 20e-9, 5e-9]])
    found = race(
        Bench(PDK, extracted_without_wires(), VirtualChip(1, mismatch=0.0), PDK.models.nominal), currents, race_s=6e-6
    )
    assert found.winners.tolist() == [[True, True, False]]
    assert not found.valid[0]


@pytest.mark.needs_ngspice
@pytest.mark.needs_pdk
@pytest.mark.parametrize("lacks", [None, "m_self"])
def test_stop_does_not_stop_the_winner(lacks: str | None) -> None:
    """`stop` cuts every racer off, the winner among them, while its latch is hardly past its middle: `m_self` goes on.
    In steps of a quarter of a nanosecond; as extracted, the latch has 10 fF of wires, and `stop` 10 or more per racer.
    """
    flat = extracted_without_wires()
    wires = [("x_racer_0.w", 7.5e-15), ("x_racer_0.w_b", 9e-15), ("win_0", 10e-15), ("stop", 30e-15)]
    loads = tuple(Capacitor(f"c_{k}", net, "gnd", farad) for k, (net, farad) in enumerate(wires))
    mos = tuple(m for m in flat.mos if m.name != f"x_racer_0.{lacks}")
    assert len(mos) == len(flat.mos) - (lacks is not None)
    bench = Bench(PDK, replace(flat, mos=mos, capacitors=loads), VirtualChip(1), PDK.models.nominal)
    race_s, currents = 0.8e-6, np.array([[100e-9, 50e-9, 50e-9]])
    sources = race_sources(currents, race_s, Conditions(), bench.where.supply_V)
    saves = ["v(stop)", "v(x_racer_0.w)"]
    found = bench.run(f".tran 0.25n {race_s + EMPTY_S:.6e} 0 0.25n", sources, saves, "race")
    (stopped,) = crossings(found["time"], found["v(stop)"], 0.9)
    at, after = np.interp([stopped, stopped + 1e-9], found["time"], found["v(x_racer_0.w)"])
    assert at > 0.95  # the inverter's threshold is 0.85 V
    assert (after > 1.6) == (lacks is None), (at, after)


def extracted_without_wires() -> FlatNetlist:
    """Wires differ by attofarads between racers, which would decide."""
    return winner_take_all(PDK, "chip", 3).flatten()


def test_currents_are_checked() -> None:
    bench = Bench(PDK, extracted_without_wires(), VirtualChip(1), PDK.models.nominal)
    for wrong in ([[0.0, 0.0, 0.0]], [[-1e-9, 1e-9, 1e-9]], [[np.nan, 1e-9, 1e-9]]):
        with pytest.raises(InputError, match=r"winner-take-all: currents are \[races, inputs\]"):
            race(bench, np.array(wrong))


def test_close_pairs_are_every_pair_once() -> None:
    pairs = close_pairs(4, 15e-9, 1.03)
    assert pairs.shape == (12, 4)
    ordered = np.sort(pairs, axis=1)
    assert ordered[:, -1] / ordered[:, -2] == pytest.approx(1.03)
    assert len({tuple(np.argsort(row)[-2:]) for row in pairs}) == 12
