"""The fast way to find contacts without wide frames finds what the plain definition finds."""

import klayout.db as kdb
from hypothesis import given, settings
from hypothesis import strategies as st

from somaforge.pdk import measure
from somaforge.pdk.layout_file import OpenLayout
from somaforge.pdk.sky130.drc.layers import Layers
from somaforge.pdk.sky130.gds import DRAWN

SIZE = 170


def plain(outer: kdb.Region, inner: kdb.Region, nm: int) -> kdb.Region:
    """Squares without a pair of opposite sides that are `nm` away from the edge of `outer`, by edges alone."""
    bad = outer.enclosing_check(inner, nm, False, measure.PROJECTION).second_edges()
    good = (inner.edges() - bad).width_check(SIZE + 1, False, measure.PROJECTION).polygons()
    return inner.not_interacting(good)


step = st.integers(-40, 40).map(lambda n: 10 * n)
boxes = st.lists(st.tuples(step, step, st.integers(20, 70), st.integers(20, 70)), min_size=1, max_size=6)
squares = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8, unique=True)


@settings(max_examples=40, deadline=None)
@given(boxes, squares, st.sampled_from([40, 60, 80, 120]), st.booleans())
def test_two_sides_is_the_plain_definition(
    frames: list[tuple[int, int, int, int]], places: list[tuple[int, int]], nm: int, mirrored: bool
) -> None:
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("cell")
    metal, cut = layout.layer(*DRAWN["met1"]), layout.layer(*DRAWN["mcon"])
    for x, y, w, h in frames:
        cell.shapes(metal).insert(kdb.Box(x, y, x + 10 * w, y + 10 * h))
    for x, y in places:
        cell.shapes(cut).insert(kdb.Box(0, 0, SIZE, SIZE).moved(340 * x - 500, 340 * y - 500))
    for trans in (kdb.Trans(0, 0), kdb.Trans(kdb.Trans.M0 if mirrored else kdb.Trans.R90, 1700, 300)):
        top.insert(kdb.CellInstArray(cell, trans))
    layers = Layers(OpenLayout(layout, top))
    outer, inner = layers.drawn("met1"), layers.drawn("mcon")
    found = measure.two_sides(layers, outer, inner, nm, SIZE)
    flat = plain(outer.dup().flatten(), inner.dup().flatten(), nm)
    assert (kdb.Region([*found.each_merged()]) ^ kdb.Region([*flat.each_merged()])).is_empty()
