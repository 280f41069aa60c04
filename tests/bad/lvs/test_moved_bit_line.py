"""LVS says which synapse's latch hangs on the bit line of the next column, on any size of array."""

import re
from pathlib import Path

import pytest
from moved_bit_line import write_array

from somaforge.flow.checks import lvs
from somaforge.generator.design import Design, build
from somaforge.generator.spec import parse_spec
from somaforge.pdk.sky130.process import SKY130


def design(layers: list[int]) -> Design:
    """An array of that size; it needs no network."""
    data = {
        "name": "array",
        "array": {"layers": [4, 4, 3]},
        "network": {"layers": [4, 4, 3], "dataset": "iris"},
        "input": {"full_scale_A": 325e-9},
        "chips": {"seeds": [1]},
    }
    spec = parse_spec(data, "test")
    return build(spec.model_copy(update={"array": spec.array.model_copy(update={"layers": tuple(layers)})}))


def check(folder: Path, layers: list[int], place: tuple[int, int, int, int]) -> None:
    """The only difference is the access transistor of that latch, between its own and the next column's bit line."""
    matrix, row, column, bit = place
    result = lvs.run(SKY130, *write_array(folder, design(layers), place), "array", None)
    assert not result.matched
    assert len(result.mismatches) == 1, "\n".join(result.mismatches)
    assert re.fullmatch(
        rf"device array__matrix_{matrix}: layout .* s=bl_{column + 1}_{bit} .* um vs schematic "
        rf"x_row_{row}\.x_synapse_{column}\.x_latch_{bit}\.m_access .* d=bl_{column}_{bit} .* \(differs\)",
        result.mismatches[0],
    )


@pytest.mark.nightly
@pytest.mark.parametrize("place", [(0, 2, 1, 0), (1, 0, 1, 3)])
def test_small_array(tmp_path: Path, place: tuple[int, int, int, int]) -> None:
    check(tmp_path, [4, 4, 3], place)


def test_sign_bit_of_the_smallest_array(tmp_path: Path) -> None:
    """Too few columns to tell cells apart: the flat comparison says it in one line."""
    result = lvs.run(SKY130, *write_array(tmp_path, design([2, 2, 2]), (1, 0, 0, 3)), "array", None)
    assert len(result.mismatches) == 1, "\n".join(result.mismatches)
    assert re.fullmatch(
        r"device array: layout .* s=bl_1_1_3 .* um vs schematic "
        r"x_matrix_1\.x_row_0\.x_synapse_0\.x_latch_3\.m_access .* d=bl_1_0_3 .* \(differs\)",
        result.mismatches[0],
    ), result.mismatches[0]


def test_unmoved(tmp_path: Path) -> None:
    assert lvs.run(SKY130, *write_array(tmp_path, design([4, 4, 3]), None), "array", None).matched


@pytest.mark.nightly
@pytest.mark.parametrize("place", [(0, 97, 41, 2), (2, 49, 0, 3)])
def test_the_macro_of_the_paper(tmp_path: Path, place: tuple[int, int, int, int]) -> None:
    check(tmp_path, [196, 100, 50, 10], place)
