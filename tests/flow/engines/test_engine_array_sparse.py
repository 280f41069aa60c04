"""Surfaces from part of the grid: against the whole grid, and that shapes which do not fit are not used."""

import numpy as np
import pytest
import torch
from tests.flow.small import small_design

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array import collapse, sparse
from somaforge.flow.engines.array.chip import Network, Parts
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.array.synapse import Drive, Synapses
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import Law

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


@pytest.mark.parametrize("law", ["continuous", "subthreshold"])
def test_part_of_the_grid_says_the_rest(law: Law, monkeypatch: pytest.MonkeyPatch) -> None:
    design = small_design((24, 20, 3))
    draw = np.random.default_rng(2)
    codes = (draw.integers(-7, 8, (24, 20)), draw.integers(-7, 8, (20, 3)))
    network = Network(Parts.of(ArrayEngine(), VirtualChip(2, law=law).programmed(design, design.flat, codes)), codes)
    made = network.synapses[0], torch.full((24,), 2e-7, dtype=torch.float64), *network.somas[:2]
    whole = collapse.grid(*made)  # fewer than 2 SAMPLE of one sign
    monkeypatch.setattr(sparse, "SAMPLE", 60)
    asked = counted(monkeypatch)
    part = collapse.grid(*made)
    assert sum(asked) < 0.6 * len(network.synapses[0]) * whole.current.numel() / codes[0].size
    patterns = torch.tensor(2e-7 * draw.random((50, 24)) ** 2)
    exact, found = (collapse.columns(s, patterns, network.somas[1]) for s in (whole, part))
    # errors of single synapses, 1e-3 of their code at most, are independent: a column of 24 keeps far less
    assert float((found.current - exact.current).abs().max()) < 5e-4 * float(exact.current.max())
    assert float((found.supply.sum(1) / exact.supply.sum(1) - 1).abs().max()) < 5e-4
    asked.clear()
    monkeypatch.setattr(sparse, "ALLOWED", 1e-9)
    assert torch.equal(collapse.grid(*made).current, whole.current)
    assert sum(asked) >= np.count_nonzero(codes[0]) * whole.current.numel() / codes[0].size


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Points that are solved from now on."""
    asked: list[int] = []
    solve = Synapses.swept

    def swept(self: Synapses, drive: Drive, voltages: Floats, scale: Floats, which: np.ndarray) -> Floats:
        asked.append(len(voltages) * len(scale) * len(which))
        return solve(self, drive, voltages, scale, which)

    monkeypatch.setattr(Synapses, "swept", swept)
    return asked
