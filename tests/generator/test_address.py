"""Bit order: a round trip for every code, and the one place that knows it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from somaforge.generator.address import MemoryMap, WeightFormat, memory_map
from somaforge.generator.names import bit_line, bit_line_bar, word_line


@given(st.integers(1, 6), st.data())
def test_codes_survive_the_latches(bits: int, data: st.DataObject) -> None:
    form = WeightFormat(bits)
    codes = np.array(data.draw(st.lists(st.integers(-form.full_scale, form.full_scale), min_size=1, max_size=20)))
    stored = form.encode(codes)
    assert stored.shape == (len(codes), form.latches)
    assert (form.decode(stored) == codes).all()


def test_sign_is_the_last_bit_and_zero_is_positive() -> None:
    form = WeightFormat(3)
    assert form.encode(np.array([5, -5, 0])).tolist() == [
        [True, False, True, False],
        [True, False, True, True],
        [False, False, False, False],
    ]


def test_a_code_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"outside -7\.\.7"):
        WeightFormat(3).encode(np.array([8]))


def test_line_names() -> None:
    assert (word_line(1, 2), bit_line(0, 3, 1), bit_line_bar(0, 3, 1)) == ("wl_1_2", "bl_0_3_1", "blb_0_3_1")


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.integers(1, 6), st.booleans())
def test_every_latch_has_one_place_in_the_memory(layers: list[int], bits: int, stacked: bool) -> None:
    matrices = tuple(range(len(layers) - 1))
    memory = memory_map(tuple(layers), bits)
    if stacked:
        bases = tuple(sum(layers[:m]) + m for m in matrices)
        memory = MemoryMap(tuple(layers), bits, (matrices,), bases)
    found = {memory.bit_at(r, i) for r in range(memory.rows) for i in range(memory.width)} - {None}
    assert len(found) == sum(a * b for a, b in pairwise(layers)) * (bits + 1)
    for cell in found:
        assert cell is not None
        assert memory.bit_at(*memory.place(cell)) == cell
