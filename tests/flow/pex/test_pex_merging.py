"""Merged wires: a ladder keeps its resistance, a grid keeps its sheet, and the error that is stated is the real one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from somaforge.flow.pex.merging import merge, resistance_error, resistances
from somaforge.flow.pex.wires import Segment, Wire

PITCH_NM = 10_000


def ladder(count: int, ohm: float = 2.0) -> Wire:
    """A straight wire through `count` cells; its port is the first."""
    return grid(count, 1, ohm)


def grid(columns: int, rows: int, ohm: float = 2.0) -> Wire:
    """A mesh; the port is at a corner."""
    places = [(c, r) for r in range(rows) for c in range(columns)]
    segments = [Segment(k, k + 1, ohm) for k, (c, _) in enumerate(places) if c + 1 < columns]
    segments += [Segment(k, k + columns, ohm) for k, (_, r) in enumerate(places) if r + 1 < rows]
    x, y = ([PITCH_NM * place[axis] for place in places] for axis in (0, 1))
    names = tuple(f"cell_{c}_{r}" for c, r in places)
    return Wire("net", names, tuple(x), tuple(y), 0, tuple(segments))


def test_resistances_are_those_of_a_ladder_and_of_a_square() -> None:
    np.testing.assert_allclose(resistances(ladder(5), np.arange(5)), 2.0 * np.arange(5), atol=1e-9)
    # Opposite corners of a square of four: two ways of 4 ohm; neighbours: 2 ohm beside 6 ohm.
    np.testing.assert_allclose(resistances(grid(2, 2), np.arange(4)), [0.0, 1.5, 1.5, 2.0], atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(count=st.integers(2, 200), cells=st.integers(2, 16))
def test_a_merged_ladder_is_wrong_by_at_most_the_cells_of_a_node(count: int, cells: int) -> None:
    whole = ladder(count)
    merged = merge(whole, cells)
    assert len(merged.wire.sites) == -(-count // cells)
    assert merged.wire.node(merged.node[0]) == "net"
    error, largest = resistance_error(whole, merged)
    assert largest == pytest.approx(2.0 * (count - 1), rel=1e-6)
    assert error <= 2.0 * (cells - 1) + 1e-6  # the first node lies at the port, not in its cells' middle


def test_a_merged_grid_keeps_its_sheet_resistance() -> None:
    whole = grid(32, 32)
    merged = merge(whole, 4)
    assert len(merged.wire.sites) == 64
    far = len(whole.sites) - 1
    exact = resistances(whole, np.array([far]))[0]
    coarse = resistances(merged.wire, np.array([merged.node[far]]))[0]
    # From corner to corner a mesh adds some 0.7 ohm per doubling and ohm of a segment: the corners' own spreading,
    # within the first and last node, is what a coarse mesh loses.
    assert coarse == pytest.approx(exact, rel=0.35)
    assert resistance_error(whole, merged)[0] >= abs(coarse - exact) - 1e-9


def test_a_far_cell_stays_apart() -> None:
    # A column's sum and the soma that it feeds, in the same row but far away: the long wire between them is not lost.
    column = ladder(8)
    wire = replace(
        column,
        sites=(*column.sites, "soma"),
        x_nm=(*column.x_nm, column.x_nm[-1]),
        y_nm=(*column.y_nm, 1_500_000),
        segments=(*column.segments, Segment(7, 8, 800.0)),
    )
    merged = merge(wire, 8)
    assert len(merged.wire.sites) == 2
    assert resistance_error(wire, merged)[0] == pytest.approx(2.0 * 7, rel=1e-6)  # the column itself


def test_branches_that_meet_elsewhere_are_not_joined() -> None:
    mesh = grid(32, 2)
    rungs = [s for s in mesh.segments if s.b == s.a + 32]
    comb = replace(mesh, segments=tuple(s for s in mesh.segments if s not in rungs[:-1]))
    assert len(merge(comb, 8).wire.sites) == 7  # four of each row; the last ones are one
    assert len(merge(mesh, 8).wire.sites) == 4


def test_one_cell_to_a_node_changes_nothing() -> None:
    whole = grid(3, 2)
    merged = merge(whole, 1)
    assert merged.wire is whole
    assert merged.node == tuple(range(6))
