"""Strips: neighbours share diffusions, and no two wires can meet."""

from collections.abc import Mapping
from itertools import pairwise

import klayout.db as kdb

from somaforge.generator.circuit import Circuit
from somaforge.generator.draw import Canvas
from somaforge.generator.readout.parts import Parts, Size
from somaforge.generator.readout.row import Way, plan_row
from somaforge.generator.readout.strips import column_pitch, turned
from somaforge.generator.readout.winner import SHARED, WinnerSizes, racer
from somaforge.pdk import load

PDK = load("sky130")
PARTS = Parts(PDK)
WAYS: Mapping[str, Way] = {"in": "up", "select": "up", "select_b": "up", "win": "down"}


def canvas() -> Canvas:
    layout = kdb.Layout()
    layout.dbu = 0.001
    return Canvas(layout, PDK, "cell")


def test_transistors_turn_so_that_neighbours_share() -> None:
    size = Size(1000, 150)
    chain = [PARTS.n("a", "x", "g", "gnd", size), PARTS.n("b", "y", "g", "x", size), PARTS.n("c", "y", "g", "z", size)]
    assert turned(chain) == [("gnd", "x"), ("x", "y"), ("y", "z")]


def test_two_widths_do_not_share() -> None:
    wide, narrow = PARTS.n("a", "x", "g", "gnd", Size(1000, 150)), PARTS.n("b", "x", "h", "gnd", Size(420, 150))
    plan = plan_row(canvas(), Circuit("c", ("x", "g", "h", "gnd"), (wide, narrow, _p())), ("x", "g", "h"), {})
    assert [i.width for i in plan.n.islands] == [1000, 420]


def test_wires_of_both_strips_keep_a_column_apart() -> None:
    made = canvas()
    plan = plan_row(
        made,
        racer(PARTS, "racer", WinnerSizes()),
        SHARED,
        {"in": "up", "select": "up", "select_b": "up", "win": "down"},
    )
    pitch = column_pitch(made)
    n, p = ({x for _, x, _ in strip.columns(rail)} for strip, rail in ((plan.n, "gnd"), (plan.p, "vdd")))
    assert all(abs(a - b) >= pitch for a in n for b in p)
    for strip, rail in ((plan.n, "gnd"), (plan.p, "vdd")):
        xs = sorted(x for _, x, _ in strip.columns(rail))
        assert all(b - a >= 2 * pitch for a, b in pairwise(xs))


def test_nets_on_one_track_do_not_meet() -> None:
    plan = plan_row(
        canvas(),
        racer(PARTS, "racer", WinnerSizes()),
        SHARED,
        {"in": "up", "select": "up", "select_b": "up", "win": "down"},
    )
    for a in plan.wires:
        for b in plan.wires:
            if a.net < b.net and a.track == b.track:
                assert a.right < b.left or b.right < a.left, (a, b)


def _p() -> object:
    return PARTS.p("p", "x", "g", "vdd", Size(1000, 150))


def test_two_kinds_do_not_share() -> None:
    """Markers of low-threshold devices keep clear of other gates."""
    size = Size(1000, 150)
    mos = (PARTS.n("a", "x", "g", "gnd", size, "lvt"), PARTS.n("b", "x", "h", "gnd", size), _p())
    plan = plan_row(canvas(), Circuit("c", ("x", "g", "h", "gnd"), mos), ("x", "g", "h"), {})
    assert len(plan.n.islands) == 2
