"""Stacking: every floorplan is legal, and never wider than side by side."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from somaforge.generator.stacking import SOMA_COLUMNS, Stack, stack

LAYERS = st.lists(st.one_of(st.integers(1, 9), st.integers(1, 512)), min_size=2, max_size=8).map(tuple)


def _columns(layers: tuple[int, ...], block: int) -> int:
    return (*layers[1:], 1)[block]


def _width(layers: tuple[int, ...], placed: Stack) -> int:
    return sum(max(_columns(layers, b) for b in blocks) + SOMA_COLUMNS for blocks in placed.banks)


@given(LAYERS)
def test_blocks_are_in_order_inside_and_apart(layers: tuple[int, ...]) -> None:
    placed = stack(layers)
    assert [b for blocks in placed.banks for b in blocks] == list(range(len(layers)))
    for blocks in placed.banks:
        spans = [(placed.bases[b], placed.bases[b] + layers[b]) for b in blocks]
        assert all(low >= 0 and high <= max(layers) for low, high in spans)
        for (a, (low, high)), (b, (next_low, next_high)) in pairwise(zip(blocks, spans, strict=True)):
            wiring = 0 if b == len(layers) - 1 else 1
            assert wiring in (next_low - high, low - next_high), (a, b)


@given(LAYERS)
def test_sums_that_leave_a_bank_meet_no_other_matrix(layers: tuple[int, ...]) -> None:
    """The rows that the last block of a bank feeds are its own or free of that bank's other blocks."""
    placed = stack(layers)
    for blocks, following in pairwise(placed.banks):
        fed = range(placed.bases[following[0]], placed.bases[following[0]] + layers[following[0]])
        for b in blocks[:-1]:
            assert not set(fed) & set(range(placed.bases[b], placed.bases[b] + layers[b]))


@given(LAYERS)
def test_never_wider_than_side_by_side(layers: tuple[int, ...]) -> None:
    alone = Stack(tuple((b,) for b in range(len(layers))), tuple(0 for _ in layers))
    assert _width(layers, stack(layers)) <= _width(layers, alone)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((7, 7, 7), Stack(((0,), (1,), (2,)), (0, 0, 0))),
        ((196, 100, 50, 10), Stack(((0,), (1, 2, 3)), (0, 0, 101, 151))),
        ((12, 6, 4, 4, 6, 2), Stack(((0,), (1, 2), (3, 4), (5,)), (0, 0, 7, 7, 0, 0))),
    ],
)
def test_known_floorplans(layers: tuple[int, ...], expected: Stack) -> None:
    assert stack(layers) == expected
