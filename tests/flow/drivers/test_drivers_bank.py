"""A pattern picked from the drivers' table is the whole network solved with those codes in the driver matrix."""

from dataclasses import replace

import numpy as np
import pytest
from tests.flow.drivers.small import FULL_A, array_of, program_of, spec_with, whole_of

from somaforge.flow.chips import VirtualChip
from somaforge.flow.drivers.bank import Bank
from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.ngspice import NgspiceEngine
from somaforge.generator.names import place

pytestmark = [pytest.mark.needs_pdk, pytest.mark.needs_ngspice]


def patterns_of(full: int) -> np.ndarray:
    """[3, inputs] codes: some of each size, and 0."""
    return np.array([[full, full // 2, 1, 0], [full // 3, 0, full - 1, full // 2 + 1], [2, full, full, 3]])


@pytest.mark.parametrize("bits", [3, 6])
class TestAgainstTheWhole:
    def test_the_array_engine_with_every_code_written(self, bits: int) -> None:
        spec, made, engine = spec_with(bits), VirtualChip(1), ArrayEngine()
        bank = Bank.of(engine, spec, made)
        assert bank is not None
        codes = patterns_of(bank.scale.full)
        found = engine.dc(array_of(spec, made), bank.currents(codes, FULL_A))
        whole = whole_of(spec, made, bank.scale.rows)
        references = np.tile(bank.scale.references_A(FULL_A), (len(codes), 1))
        programs = [program_of(bank.scale.latches(pattern)) for pattern in codes]
        right = engine.dc(whole, references, programs)
        assert found.outputs == pytest.approx(right.outputs, rel=1e-4, abs=1e-12)

    def test_ngspice_with_every_code_written(self, bits: int) -> None:
        spec, made, engine = spec_with(bits), VirtualChip(1), ArrayEngine()
        bank = Bank.of(engine, spec, made)
        assert bank is not None
        codes = patterns_of(bank.scale.full)[:2]
        found = engine.dc(array_of(spec, made), bank.currents(codes, FULL_A)).outputs
        references = np.tile(bank.scale.references_A(FULL_A), (len(codes), 1))
        programs = [program_of(bank.scale.latches(pattern)) for pattern in codes]
        right = NgspiceEngine().dc(whole_of(spec, made, bank.scale.rows), references, programs).outputs
        above = right > 0.01 * right.max()
        assert above.sum() >= 3
        assert np.abs(found / right - 1)[above].max() < 0.01


def test_a_driver_that_is_off_by_a_sigma_is_seen() -> None:
    """10 mV on the four p units of one driver's highest bit: exp(-10 mV / (1.35 x 26 mV)) is a quarter less of 4/7,
    16 % of the full code; the lower bits and the other inputs keep their currents."""
    bank = Bank.of(ArrayEngine(), spec_with(3), VirtualChip(1, mismatch=0.0))
    assert bank is not None
    before, shifts = bank.table(FULL_A), bank.chip.shifts.copy()
    for i, m in enumerate(bank.chip.flat.mos):
        if m.name.startswith("x_matrix_0.x_row_0.x_synapse_2.mp_2_"):
            shifts[i] += 0.01
    after = Bank(bank.source, bank.scale, replace(bank.chip, shifts=shifts)).table(FULL_A)
    change = after / np.where(before > 0, before, 1.0)
    assert 0.8 < change[2, 7] < 0.92
    assert change[2, :4] == pytest.approx([0, 1, 1, 1], abs=1e-6)
    assert np.delete(after, 2, axis=0) == pytest.approx(np.delete(before, 2, axis=0))


def test_the_input_somas_are_the_arrays() -> None:
    """The table ends in the very input somas that the array is simulated with."""
    spec, made = spec_with(3), VirtualChip(3)
    bank, array = Bank.of(ArrayEngine(), spec, made), array_of(spec, made)
    assert bank is not None
    theirs = {m.name: s for m, s in zip(array.flat.mos, array.shifts, strict=True)}
    behind = [
        (m.name.replace("x_soma_1", "x_soma_0"), s)
        for m, s in zip(bank.chip.flat.mos, bank.chip.shifts, strict=True)
        if (at := place(m.name)) is not None and (at.cell, at.layer) == ("soma", 1)
    ]
    assert len(behind) > 4 * 20
    assert all(theirs[name] == shift for name, shift in behind)


def test_supply_of_the_references_by_hand() -> None:
    """The reference current, its copy into M2, and the copy of that into M4: three times 171 nA, some per cent more or
    less for the drains' voltages."""
    bank = Bank.of(ArrayEngine(), spec_with(3), VirtualChip(1, mismatch=0.0))
    assert bank is not None
    assert bank.supply_A(FULL_A) == pytest.approx(3 * FULL_A * 4 / 7, rel=0.15)


def test_codes_that_a_pattern_lacks_are_zero() -> None:
    bank = Bank.of(ArrayEngine(), spec_with(3), VirtualChip(1))
    assert bank is not None
    assert bank.currents(np.array([[7, 1]]), FULL_A)[0, 2:].tolist() == [0.0, 0.0]
