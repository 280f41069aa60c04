"""How long a pattern takes to load, by hand, and that the procedure writes it."""

import numpy as np
import pytest
from tests.flow.drivers.small import spec_with

from somaforge.flow.drivers import pattern
from somaforge.flow.drivers.scale import Scale
from somaforge.flow.memory import port
from somaforge.generator import drivers
from somaforge.generator.address import memory_map
from somaforge.generator.stacking import ALONE


def test_clocks_by_hand() -> None:
    """7 inputs of 3 bits and a sign are a word of 28; two rows: the token, and for each row 28 + a write + a step."""
    memory = memory_map((2, 7), 3, ALONE)
    assert port.clock_count(pattern.load(memory), memory) == 1 + 2 * (28 + 2)
    assert pattern.load_s(memory, 8.7e-9) == pytest.approx(61 * 17.4e-9)
    assert pattern.after_decision_s(memory, 8.7e-9) == pytest.approx((61 - 29) * 17.4e-9)


def test_the_procedure_writes_the_pattern_and_leaves_the_row_select_empty() -> None:
    """Register, row select and latches by their rules in docs/port.md, from an empty row select."""
    spec = spec_with(6)
    memory, scale = drivers.build(spec).memory, Scale.of(spec)
    assert scale is not None
    latches = scale.latches(np.array([63, 1, 40, 9]))
    form = drivers.build(spec).weights
    words = port.to_words(memory, [form.encode(latches)])
    register, held = np.zeros(memory.width, dtype=int), np.zeros((memory.rows, memory.width), dtype=int)
    token = np.zeros(memory.rows, dtype=bool)
    for clock in port.clocks(pattern.load(memory), words):
        if clock.write:
            held[token] = register
        if clock.shift:
            register = np.append(register[1:], int(clock.data_in))
        if clock.row_step:
            token = np.append(clock.row_in, token[:-1])
    bits = held.reshape(memory.rows, 4, 4).astype(bool)
    assert form.decode(bits).tolist() == latches.tolist()
    assert not token.any()
