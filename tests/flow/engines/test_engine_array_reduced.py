"""Surfaces in their main shapes against the surfaces themselves, and how starts of patterns are guessed."""

import numpy as np
import pytest
import torch
from tests.flow.small import small_design

from somaforge.flow.chips import VirtualChip
from somaforge.flow.engines.array import collapse, reduced
from somaforge.flow.engines.array.chains import corrected, falling
from somaforge.flow.engines.array.chip import Network, Parts
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.array.nodes import Above, fed
from somaforge.flow.engines.array.reduced import Matrix
from somaforge.flow.engines.array.steps import times
from somaforge.flow.engines.array.sums import factors, nothing
from somaforge.pdk.arrays import Floats


def sums(tolerance: float, monkeypatch: pytest.MonkeyPatch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """A matrix of 12 by 8 with random weights for 30 patterns at column voltages where somas are on, in A.

    Errors of the columns' sums and of their supply currents, and what flows in a column without its signs.
    """
    monkeypatch.setattr(reduced, "TOLERANCE", tolerance)
    design, draw = small_design((12, 8, 3)), np.random.default_rng(3)
    codes = tuple(draw.integers(-7, 8, shape) for shape in ((12, 8), (8, 3)))
    chip = VirtualChip(1).programmed(design, design.flat, codes)
    network = Network(Parts.of(ArrayEngine(), chip), chip.codes)
    current = torch.tensor(10 ** draw.uniform(-9.5, -6.5, (30, 12)))
    surface = collapse.grid(network.synapses[0], current.amax(0), network.somas[0], network.somas[1])
    matrix = Matrix.of(surface, network.codes[0])
    on = surface.columns.points > 0.1
    found, given = (part[..., on] for part in at_all(matrix, np.log(current.numpy()), surface.columns.points.numpy()))
    shape = (30, 8, len(surface.columns.points))
    shares = surface.shares(current)
    exact, supply, whole = (
        (weights @ part).view(shape)[..., on]
        for weights, part in (
            (shares, surface.current),
            (shares, surface.supply),
            (shares.abs(), surface.current.abs()),
        )
    )
    return (found - exact).abs(), (given - supply).abs(), whole


def at_all(matrix: Matrix, logs: Floats, volts: Floats) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums [patterns, columns, volts] for ln of the rows' currents [patterns, rows]: all, positive."""
    sums = []
    for signed in (matrix.positive, matrix.negative):
        x = np.zeros((len(logs), len(signed.core)), dtype=np.float32)
        for i, row in np.ndindex(logs.shape):
            factors(matrix.rows, signed.rows, logs[i, row], x[i], row)
        sums.append(np.zeros((len(logs), signed.core.shape[1]), dtype=np.float32))
        times(x, signed.core, sums[-1])
    empty = nothing(len(logs))[0]
    above: Above = empty._replace(
        points=matrix.columns,
        positive=matrix.positive.columns,
        negative=matrix.negative.columns,
        given=sums[0],
        taken=sums[1],
    )
    columns = sums[0].shape[1] // matrix.positive.columns.shape[2]
    found = np.empty((2, len(logs), columns, len(volts)))
    for i, c, j in np.ndindex(found.shape[1:]):
        found[0, i, c, j], _, found[1, i, c, j], _ = fed(above, i, c, volts[j])
    return torch.tensor(found[0]), torch.tensor(found[1])


@pytest.mark.needs_pdk
@pytest.mark.needs_ngspice
def test_main_shapes_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, wrong_supply, whole = sums(reduced.TOLERANCE, monkeypatch)
    assert float((wrong / whole).max()) < 1e-3
    assert float((wrong / whole).median()) < 1e-4
    assert float((wrong_supply / whole).max()) < 2e-3
    rough, _, _ = sums(0.05, monkeypatch)
    assert float(rough.max()) > 10 * float(wrong.max())


def test_a_node_that_falls_alone_is_guessed_exactly() -> None:
    """1/I grows by 1 / fallen in every pattern: 100 nA becomes fallen / k after k patterns."""
    fallen = np.log([1e-9])
    rest = np.full((5, 1), np.log(1e-14))
    rest[0] = np.log(1e-7)
    right = -np.log(1e7 + 1e9 * np.arange(5.0))[:, None]
    # the first pattern does not change anything, so the second one starts as it does
    np.testing.assert_allclose(falling(rest, fallen), np.concatenate([right[:1], right[:-1]]))
    # simulated from a start that was wrong: what is left of a change in V is the ratio of the currents
    wrong = np.full((5, 1), np.log(3e-10))
    wrong[0] = np.log(1e-7)
    ends = -np.log(np.exp(-wrong) + 1e9)
    np.testing.assert_allclose(corrected(wrong, ends, np.exp(ends - wrong), fallen), right)


def test_a_node_that_has_settled_forgets_its_start() -> None:
    starts, ends = np.zeros((3, 1)), np.array([[1.0], [2.0], [3.0]])
    found = corrected(starts, ends, np.zeros((3, 1)), np.array([-9.0]))
    assert found[:, 0].tolist() == [0.0, 1.0, 2.0]
