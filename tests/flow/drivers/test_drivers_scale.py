"""Codes of values, the latches that hold them, and the reference currents."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from somaforge.flow.drivers.scale import Scale


def test_values_go_to_the_nearest_code() -> None:
    scale = Scale(3, 3, 4)
    assert scale.quantised(np.array([0.0, 0.07, 0.08, 0.5, 0.93, 1.0, 1.3])).tolist() == [0, 0, 1, 4, 7, 7, 7]


@given(st.integers(1, 6), st.integers(1, 8))
def test_latches_and_references_make_the_code(weight_bits: int, bits: int) -> None:
    """Rows of nominal mirrors add up to the code's share of the full current, for every code."""
    scale = Scale(min(bits, 2 * weight_bits), weight_bits, 4)
    latches, references = scale.latches(scale.codes), scale.references_A(325e-9)
    assert latches.shape == (scale.rows, scale.full + 1)
    assert latches.min() == 0
    assert latches.max() <= 2**weight_bits - 1
    currents = references @ latches / 4
    assert currents == pytest.approx(325e-9 * scale.codes / scale.full)


def test_references_by_hand() -> None:
    """6 bits: 7/4 of the one and 7/4 of an eighth of it are 325 nA, so 165 and 20.6 nA; 3 bits: 4/7 of it, 186 nA."""
    assert Scale(6, 3, 4).references_A(325e-9) == pytest.approx([165.1e-9, 20.63e-9], rel=1e-3)
    assert Scale(3, 3, 4).references_A(325e-9) == pytest.approx([185.7e-9], rel=1e-3)


def test_few_bits_use_the_largest_weights() -> None:
    """4 bits on rows of 3: the lowest bit is the lower row's highest, four units at an eighth of the current."""
    assert Scale(4, 3, 4).latches(np.array([1, 2, 8, 15])).tolist() == [[0, 1, 4, 7], [4, 0, 0, 4]]
