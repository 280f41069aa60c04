"""A 4 x 4 corner of latches with its periphery, extracted wiring, every transistor: write, disturb, hold, read back."""

import sys
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow.memory.port import EMPTY, Action, clocks, read_all, write_all
from somaforge.flow.memory.port_transistors import disturbance, judge, latches, play
from somaforge.flow.pex import extract
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.pdk import load
from somaforge.pdk.models import OperatingPoint
from somaforge.pdk.sky130.process import SKY130

sys.path.insert(0, str(Path(__file__).parents[2] / "generator"))
from specs import free_design

pytestmark = [pytest.mark.nightly, pytest.mark.needs_ngspice, pytest.mark.needs_pdk]

SUPPLY = 1.8
MODELS = load("sky130").models
WORDS = np.array([[1, 0, 0, 1], [0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1]], dtype=np.int8)


@pytest.mark.parametrize(("corner", "temperature"), [("tt", 27.0), ("ss", -40.0), ("ff", 125.0)])
def test_corner_is_written_kept_and_read_back(corner: str, temperature: float, tmp_path: Path) -> None:
    drawn = draw(free_design((4, 1), port="scan"))
    memory, flat = drawn.plan.memory, drawn.library.flatten()
    assert (memory.rows, memory.width) == WORDS.shape
    drawn.write(tmp_path / "macro.gds")
    write_spice(drawn.library, tmp_path / "macro.spice")
    farad = extract(SKY130, tmp_path / "macro.gds", drawn.top, tmp_path / "macro.spice").total_capacitance()
    # By hand: 4 rows of 8.2 um of met3 at 0.2 fF/um, 10 um of channel, 20 um of slices: 12 fF, and two diffusions.
    assert farad["bl_0"] == pytest.approx(15e-15, rel=0.3)

    changed = WORDS.copy()
    changed[1] = 1 - WORDS[1]
    first = [*clocks([*write_all(memory), *read_all(memory)], WORDS)]
    rewrite = [Action(row_in=True, row_step=True), Action(row_step=True), Action(1, shift=True), Action(write=True)]
    rewrite += [Action(row_step=True)] * 3
    idle = [Action()] * 10
    second = [*clocks([*rewrite, *idle, *read_all(memory)], changed)]
    # The chain still holds what was read last; nothing looks at it.
    assert not any(step.expected is not None for step in first[: len(first) // 4])
    sequence = [*first, *second]

    nodes = latches(flat)
    assert len(nodes) == np.count_nonzero(WORDS != EMPTY)
    waves = play(
        flat, MODELS, OperatingPoint(corner, temperature, SUPPLY), farad, sequence, ["data_out", *nodes.values()]
    )
    wrong, compared = judge(waves, sequence, SUPPLY)
    assert wrong == []
    assert compared == 2 * WORDS.size
    for cell, net in nodes.items():
        row, index = memory.place(cell)
        assert waves.at(net, waves.starts[len(first)]) == pytest.approx(SUPPLY * WORDS[row, index], abs=0.02)
        assert waves.at(net, waves.starts[-1]) == pytest.approx(SUPPLY * changed[row, index], abs=0.02)
        if row != 1:
            # Reading lifts the low side by the divider of access and pull-down, 1 : 2 in width, about a tenth of the
            # supply at the beginning; rows that are not selected see nothing but coupling.
            lifted = disturbance(waves, net, float(waves.starts[len(first)]), float(waves.starts[-1]), SUPPLY)
            assert lifted < 0.25 * SUPPLY
