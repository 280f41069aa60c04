"""Programming at transistor level: what is written is read, and each way to fail is seen."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.chips import VirtualChip
from somaforge.flow.memory import program
from somaforge.flow.memory.program_bench import Bench, RowDeck
from somaforge.generator.address import Bits
from somaforge.generator.circuit import Capacitor
from somaforge.generator.design import Design, build
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import CheckError, InputError

IRIS = load_spec(Path(__file__).parents[3] / "examples" / "iris.yaml")
pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


@cache
def design(*layers: int) -> Design:
    """A memory of its own: no network fits on so few columns, so the spec's array is changed after its validation."""
    array = IRIS.array.model_copy(update={"layers": layers or (3, 2)})
    return build(IRIS.model_copy(update={"name": "memory", "array": array}))


def bits(*codes: int) -> Bits:
    return design().weights.encode(np.array(codes))


@pytest.mark.parametrize(("row", "neighbour"), [(1, 2), (2, 1)])
def test_row_and_neighbour_are_read_back(row: int, neighbour: int) -> None:
    result = program.simulate(design(), bits(5, -6), 0, row)
    assert [r.row for r in result.rows] == [row, neighbour]
    assert np.array_equal(result.rows[0].read, bits(5, -6))
    assert np.array_equal(result.rows[1].read, ~bits(5, -6))
    assert result.problems() == []
    result.check()
    assert result.differential_V > 1.0
    assert 0 < result.read_s < 0.5e-9
    assert result.hold_V < 1e-3


@pytest.mark.parametrize("corner", ["ss", "sf"])
def test_slow_corners_with_mismatch(corner: str) -> None:
    shifts = VirtualChip(1, mismatch=2.0).shifts(design().flat, design().pdk)
    program.simulate(design(), bits(-7, 2), 0, 0, shifts=shifts, at=replace(IRIS.at, corner=corner)).check()


def test_a_row_without_neighbour() -> None:
    target = design(1, 2)
    result = program.simulate(target, bits(0, 7), 0, 0)
    assert len(result.rows) == 1
    assert np.array_equal(result.rows[0].read, bits(0, 7))


def test_a_latch_that_cannot_be_written_is_named() -> None:
    flat = design().flat
    stuck = "x_matrix_0.x_row_1.x_synapse_1.x_latch_2.m_down"
    shifts = np.array([-1.5 if m.name == stuck else 0.0 for m in flat.mos])  # always on: q stays low
    result = program.simulate(design(), bits(1, 4), 0, 1, shifts=shifts)
    assert result.problems()[0] == "layer 0 row 1 column 1 bit 2: bitfile 1, read 0"
    assert all("row 1 column 1 bit 2" in line for line in result.problems())
    with pytest.raises(CheckError, match=r"^programming: layer 0 row 1 column 1 bit 2: bitfile 1, read 0"):
        result.check()


def test_a_bit_line_that_is_too_heavy_is_seen() -> None:
    result = program.simulate(design(), bits(1, 4), 0, 1, bench=Bench(bit_line_F=2e-12))
    assert 0 < result.differential_V < program.SENSE_V
    assert "V, needs 0.1 V" in result.problems()[0]


def test_extracted_wiring_slows_the_read() -> None:
    flat = design().flat
    lines = [n for n in flat.nets if n.startswith(("bl_", "blb_"))]
    wired = replace(flat, capacitors=tuple(Capacitor(f"c{i}", n, "gnd", 100e-15) for i, n in enumerate(lines)))
    light = program.simulate(design(), bits(3, -3), 0, 0)
    heavy = program.simulate(design(), bits(3, -3), 0, 0, flat=wired)
    assert heavy.problems() == []
    assert heavy.read_s > 1.2 * light.read_s


def test_the_neighbour_gets_the_opposite_on_the_same_bit_lines() -> None:
    deck = RowDeck(design(), bits(3, -3), 0, 0, design().flat, None, IRIS.at, Bench())
    assert list(deck.bits) == [0, 1]
    assert np.array_equal(deck.bits[1], ~deck.bits[0])
    # Of row 2 only the access devices are kept: 2 columns x 4 latches x 2.
    assert sum(".x_row_2." in line for line in deck.text.splitlines() if line.startswith("m")) == 16


def test_matrices_of_one_bank_share_bit_lines() -> None:
    """8-3-2-2: matrix 2 lies in rows 4 and 5 of bank 1, on the bit lines of matrix 1 (3 rows of 2 columns)."""
    target = design(8, 3, 2, 2)
    assert target.memory.banks == ((0,), (1, 2))
    deck = RowDeck(target, bits(3, -3), 2, 0, target.flat, None, IRIS.at, Bench())
    assert {"wl_1_4", "wl_1_5", "bl_1_1_3"} <= set(deck.text.split())
    # the closed access devices of the 3 rows above, one line of three in parallel for each of 2 columns x 4 bits x 2
    above = [line for line in deck.text.splitlines() if line.startswith("m") and "x_matrix_1." in line]
    assert [line.endswith(" m=3") for line in above] == [True] * 16
    assert program.simulate(target, bits(3, -3), 2, 0).problems() == []


def test_wrong_rows_and_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"^programming: there is no row 3 in layer 0; choose one of \[\(3, 2\)\]$"):
        program.simulate(design(), bits(1, 2), 0, 3)
    with pytest.raises(InputError, match="do not fit layer 0"):
        program.simulate(design(), bits(1, 2, 3), 0, 0)
    with pytest.raises(InputError, match="threshold shifts"):
        program.simulate(design(), bits(1, 2), 0, 0, shifts=np.zeros(3))
