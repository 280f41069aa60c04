"""The reference column by column against whole arrays; the error that every run reports; programs side by side."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from tests.flow.engines.test_engine_array import CODES, INPUTS, chip_of
from tests.flow.small import nominal, small_design, zeros

from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.columns import ColumnReference
from somaforge.flow.engines.error import current_error, sample_of
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.generator.circuit import Mos, Resistor
from somaforge.pdk.errors import InputError

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


class TestColumns:
    def test_a_whole_array_gives_the_same_currents(self) -> None:
        """With wires: a column in two segments with 1 kohm between them, a row in two segments."""
        chip = chip_of(small_design((4, 3, 3)))

        def moved(m: Mos) -> Mos:
            """The last row's synapses sit on a segment of their column, the last column's on one of their row."""
            if "x_matrix_0.x_row_3." in m.name and m.d.startswith("sum_"):
                m = replace(m, d=f"{m.d}__s1")
            if re.match(r"x_matrix_0\.x_row_\d\.x_synapse_2\.m[pn]_", m.name):
                m = replace(m, g=f"{m.g}__s1")
            return m

        nets = [f"sum_1_{c}" for c in range(3)] + [f"{kind}_0_{r}" for kind in ("vp", "vn") for r in range(4)]
        wires = tuple(Resistor(f"r_{n}", n, f"{n}__s1", 1e3) for n in nets)
        chip = replace(chip, flat=replace(chip.flat, mos=tuple(map(moved, chip.flat.mos)), resistors=wires))
        whole = NgspiceEngine().dc(chip, INPUTS)
        found = ColumnReference(chip).solve(INPUTS)
        above = whole.outputs > 0.01 * whole.outputs.max()
        assert found.outputs[above] == pytest.approx(whole.outputs[above], rel=1e-4)
        assert found.supply == pytest.approx(whole.supply, rel=1e-4)
        assert found.layers[0].current == pytest.approx(INPUTS, rel=1e-4, abs=1e-14)
        guided = ColumnReference(chip).solve(INPUTS, ArrayEngine().at_rest(chip, INPUTS).layers)
        assert guided.outputs[above] == pytest.approx(found.outputs[above], rel=1e-4)

    def test_a_sample_takes_the_rest_from_the_guess(self) -> None:
        chip = chip_of(small_design((4, 3, 3)))
        guess = ArrayEngine().at_rest(chip, INPUTS).layers
        found = ColumnReference(chip).solve(INPUTS, guess, {1: (1,)})
        assert found.solved == ((0, 1, 2, 3), (1,), (0, 1, 2))
        assert np.array_equal(found.layers[1].current[:, [0, 2]], guess[1].current[:, [0, 2]])
        assert not np.array_equal(found.layers[1].current[:, 1], guess[1].current[:, 1])
        with pytest.raises(ValueError, match="needs a guess"):
            ColumnReference(chip).solve(INPUTS, sample={1: (1,)})

    def test_simulated_latches_are_refused(self) -> None:
        with pytest.raises(InputError, match="ngspice by layers: latches are ideal here"):
            ColumnReference(replace(nominal(small_design()), memory="transistor"))


class TestCurrentError:
    def test_a_chip_with_mismatch_is_within_the_bounds(self) -> None:
        chip = chip_of(small_design((4, 3, 3)))
        found = current_error(chip, INPUTS)
        assert found.p50 < 0.005
        assert found.max < 0.02
        assert found.winners_equal
        assert (found.patterns, found.solved) == (3, 1.0)
        assert found.currents >= 10
        assert found.supply_max < 2e-3

    def test_a_wrong_chip_is_seen(self) -> None:
        """The engine is told another threshold of one unit of the mirrors of a hidden soma."""
        chip = chip_of(small_design((4, 3, 3)))
        shifts = chip.shifts.copy()
        shifts[[m.name for m in chip.flat.mos].index("x_soma_1_0.m1_0")] += 0.02
        wrong = replace(chip, shifts=shifts)

        class Misled(ArrayEngine):
            def at_rest(self, chip, inputs, surfaces=False):  # type: ignore[no-untyped-def]
                return super().at_rest(wrong, inputs, surfaces)

        assert current_error(chip, INPUTS, Misled()).max > 0.02

    def test_the_budget_chooses_columns_of_every_hidden_layer(self) -> None:
        chip = nominal(small_design((6, 6, 6, 4)))
        assert sample_of(chip, 10, 1e9) == {}
        found = sample_of(chip, 10, 10 * 21 * 36)  # half of the synapses above hidden somas
        assert {k: len(v) for k, v in found.items()} == {1: 3, 2: 3}


def test_programs_side_by_side_are_programs_one_by_one() -> None:
    """A dense one, a path, one that stays dark, and the dense one again with another pattern."""
    design = small_design((4, 3, 3))
    chip = chip_of(design)
    path = zeros(design)
    path[0][2, 1], path[1][1, 2] = 7, 7
    programs = [CODES, path, zeros(design), CODES]
    inputs = INPUTS[[0, 0, 1, 1]]
    found = ArrayEngine().dc(chip, inputs, programs)
    for p, program in enumerate(programs):
        alone = ArrayEngine().dc(replace(chip, codes=program), inputs[p : p + 1])
        assert found.outputs[p] == pytest.approx(alone.outputs[0], rel=1e-4, abs=1e-13)
        assert found.supply[p] == pytest.approx(alone.supply[0], rel=1e-4)
    reference = NgspiceEngine().dc(replace(chip, codes=path), inputs[1:2])
    assert found.outputs[1, 2] == pytest.approx(reference.outputs[0, 2], rel=5e-3)
    assert [c.shape for c in path] == list(pairwise(design.layers))
