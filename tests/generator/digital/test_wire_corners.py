"""A net's own shapes in a block of gates: what comes too near to itself is joined."""

import klayout.db as kdb
import pytest

from somaforge.generator.digital.block import whole
from somaforge.pdk import load

INNER = load("sky130").rules.inner
BAR = kdb.Region(kdb.Box(-2000, 400, 375, 585)) + kdb.Region(kdb.Box(375, 355, 665, 585))
"""A flip-flop's reset pin, whose lower edge has a step."""
WIRE = kdb.Region(kdb.Box(90, 260, 230, 400))


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_corner_beside_a_corner_is_joined(mirrored: bool) -> None:
    """The pad ends 55 nm before the step and 95 nm below it: neither growing nor shrinking fills that."""
    turn = kdb.Trans(kdb.Trans.M0) if mirrored else kdb.Trans()
    pad = kdb.Region(kdb.Box(0, 0, 320, 260))
    net = (BAR + WIRE + pad).transformed(turn)
    assert net.merged().space_check(INNER.space).count() > 0
    joined = whole(net, INNER)
    assert joined.space_check(INNER.space).count() == 0
    assert joined.width_check(INNER.width).count() == 0
    assert (net - joined).is_empty()


def test_what_keeps_its_space_stays_as_it_is() -> None:
    net = BAR + WIRE
    far = kdb.Region(kdb.Box(0, -400, 320, -200))
    assert (whole(net + far, INNER) ^ (net + far)).is_empty()
