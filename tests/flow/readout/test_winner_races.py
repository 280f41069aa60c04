"""Races on the extracted layout, against what they should be by hand."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from somaforge.flow.chips import VirtualChip
from somaforge.flow.pex import annotate, extract
from somaforge.flow.readout.bench import Bench
from somaforge.flow.readout.winner import close_pairs, race, share_right
from somaforge.generator.block import write_block
from somaforge.generator.circuit import FlatNetlist
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
    charge = 0.44 * (12e-12 * OXIDE_F_PER_M2 + 6e-15)
    assert found.decided_s[:2] == pytest.approx(charge / 15e-9, rel=0.2)
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
