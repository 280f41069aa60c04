"""The reference synapse by synapse against the one column by column, which a test compares with whole arrays."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.engines.test_engine_array import INPUTS, chip_of
from tests.flow.small import nominal, small_design

from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import LayerAtRest
from somaforge.flow.engines.columns import ColumnReference
from somaforge.flow.engines.error import reference_of
from somaforge.flow.engines.synapses import SynapseReference, takes, tour
from somaforge.generator.circuit import Mos, Resistor
from somaforge.pdk.errors import InputError

needs_ngspice = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


class TestSynapses:
    pytestmark = needs_ngspice

    def test_columns_give_the_same_wherever_they_start(self) -> None:
        """Without a guess, with a good one, and with one that is 0.1 V wrong in every column."""
        chip = chip_of(small_design((4, 3, 3)))
        columns = ColumnReference(chip).solve(INPUTS)
        guess = ArrayEngine().at_rest(chip, INPUTS).layers
        wrong = [LayerAtRest(g.current, g.column + 0.1, g.p - 0.1, g.n + 0.1) for g in guess]
        above = columns.outputs > 0.01 * columns.outputs.max()
        for start in (None, guess, wrong):
            found = SynapseReference(chip).solve(INPUTS, start)
            assert found.outputs[above] == pytest.approx(columns.outputs[above], rel=5e-5)
            assert found.supply == pytest.approx(columns.supply, rel=5e-5)
            for ours, theirs in zip(found.layers, columns.layers, strict=True):
                carries = theirs.current > 0.01 * theirs.current.max()
                assert ours.current[carries] == pytest.approx(theirs.current[carries], rel=5e-5)
                assert ours.p == pytest.approx(theirs.p, abs=5e-5)
                assert ours.n == pytest.approx(theirs.n, abs=5e-5)

    def test_columns_that_are_pulled_to_ground_settle(self) -> None:
        """Negative weights win in column 0, and the guess says 0 V, where nothing flows into them."""
        chip = chip_of(small_design((4, 3, 3)))
        codes = (np.array([[-7, 5, 3], [-7, 2, 0], [1, 7, 1], [-5, -3, 7]]), chip.codes[1])
        chip = replace(chip, codes=codes)
        dark = [LayerAtRest(*(np.zeros((len(INPUTS), n)) for _ in range(4))) for n in (4, 3, 3)]
        found, columns = SynapseReference(chip).solve(INPUTS, dark), ColumnReference(chip).solve(INPUTS)
        above = columns.outputs > 0.01 * columns.outputs.max()
        assert found.layers[1].column[:, 0].max() < 0.05
        assert found.outputs[above] == pytest.approx(columns.outputs[above], rel=5e-5)

    def test_wires_of_supply_and_rows_are_one_node(self) -> None:
        """As in flow.engines.columns: rows carry no current, the supply is ideal."""
        chip = chip_of(small_design((4, 3, 3)))

        def moved(m: Mos) -> Mos:
            wired = ("vdd", "gnd", "vp_0_1", "vn_0_1")
            d, g, s, b = (f"{n}__s1" if n in wired else n for n in (m.d, m.g, m.s, m.b))
            return replace(m, d=d, g=g, s=s, b=b)

        wires = tuple(Resistor(f"r_{n}", n, f"{n}__s1", 1e3) for n in ("vdd", "gnd", "vp_0_1", "vn_0_1"))
        flat = replace(chip.flat, mos=tuple(map(moved, chip.flat.mos)), resistors=wires)
        wired = SynapseReference(replace(chip, flat=flat)).solve(INPUTS)
        assert np.array_equal(wired.outputs, SynapseReference(chip).solve(INPUTS).outputs)

    def test_one_pattern_is_the_same_as_among_others(self) -> None:
        chip = chip_of(small_design((4, 3, 3)))
        guess = ArrayEngine().at_rest(chip, INPUTS).layers
        alone = SynapseReference(chip).solve(INPUTS[1:2], [_pattern(g, 1) for g in guess], {1: (1,)})
        among = SynapseReference(chip).solve(INPUTS, guess, {1: (1,)})
        assert alone.solved == among.solved == ((0, 1, 2, 3), (1,), (0, 1, 2))
        assert alone.outputs[0] == pytest.approx(among.outputs[1], rel=5e-5, abs=1e-12)
        assert np.array_equal(among.layers[1].current[:, [0, 2]], guess[1].current[:, [0, 2]])

    def test_a_sample_needs_a_guess(self) -> None:
        with pytest.raises(ValueError, match="needs a guess"):
            SynapseReference(chip_of(small_design((4, 3, 3)))).solve(INPUTS, sample={1: (1,)})


class TestWhatItTakes:
    def test_columns_in_segments_go_to_the_other_reference(self) -> None:
        chip = nominal(small_design())
        wired = replace(chip, flat=replace(chip.flat, resistors=(Resistor("r", "sum_1_0", "sum_1_0__s1", 1e3),)))
        assert takes(chip)
        assert not takes(wired)
        assert isinstance(reference_of(chip), SynapseReference)
        assert isinstance(reference_of(wired), ColumnReference)
        with pytest.raises(InputError, match="a column has wire resistance"):
            SynapseReference(wired)

    def test_simulated_latches_are_refused(self) -> None:
        with pytest.raises(InputError, match="ngspice by layers: latches are ideal here"):
            SynapseReference(replace(nominal(small_design()), memory="transistor"))


def test_a_tour_visits_every_pattern_and_takes_the_nearest() -> None:
    p = np.array([[1.0, 1.5], [1.4, 1.5], [1.1, 1.5], [1.5, 1.5]])
    column = np.array([[0.5, 0.1], [0.5, 0.4], [0.5, 0.2], [0.5, 0.5]])
    order = tour(p, column)
    assert order[:, 0].tolist() == [0, 2, 1, 3]
    assert order[:, 1].tolist() == [0, 2, 1, 3]


def _pattern(layer: LayerAtRest, p: int) -> LayerAtRest:
    return LayerAtRest(*(v[p : p + 1] for v in (layer.current, layer.column, layer.p, layer.n)))
