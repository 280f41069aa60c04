"""The winner-take-all as drawn: clean, the same as its schematic, and nothing in it is missed when it is gone."""

from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator.block import Block, write_block
from somaforge.generator.circuit import Library
from somaforge.generator.draw import Canvas
from somaforge.generator.names import cell_name
from somaforge.generator.netlist import write_spice
from somaforge.generator.readout.block import row_block
from somaforge.generator.readout.row import plan_row
from somaforge.generator.readout.winner import RACER, ROW, SHARED, winner_block, winner_take_all
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout
from somaforge.pdk.sky130.process import SKY130

PDK = load("sky130")


@pytest.mark.parametrize("count", [2, 3, 16])
def test_drawn_is_clean_and_the_schematic(count: int, tmp_path: Path) -> None:
    library = winner_take_all(PDK, "chip", count)
    gds, spice = tmp_path / "winner.gds", tmp_path / "winner.spice"
    write_block(winner_block(PDK, library, "chip"), gds)
    write_spice(library, spice)
    opened = open_layout(gds, library.top)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(SKY130, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(SKY130, opened) if v.count] == []
    assert drc.unchecked(SKY130, opened) == ()
    result = lvs.run(SKY130, gds, spice, library.top, None)
    assert result.mismatches == ()
    assert result.devices == library.transistor_count()
    racer = library.circuits[cell_name("chip", RACER)]
    assert library.transistor_count() == count * len(racer.mos) + 22 + 1


def _without(library: Library, circuit: str, name: str) -> Library:
    cell = library.circuits[circuit]
    mos = tuple(m for m in cell.mos if m.name != name)
    assert len(mos) == len(cell.mos) - 1
    return replace(library, circuits={**library.circuits, circuit: replace(cell, mos=mos)})


@pytest.mark.parametrize("name", ["m_high", "m_self", "m_empty", "m_stop"])
def test_a_missing_transistor_is_found_and_named(name: str, tmp_path: Path) -> None:
    library = winner_take_all(PDK, "chip", 3)
    gds, spice = tmp_path / "winner.gds", tmp_path / "winner.spice"
    write_block(winner_block(PDK, _without(library, cell_name("chip", RACER), name), "chip"), gds)
    write_spice(library, spice)
    result = lvs.run(SKY130, gds, spice, library.top, None)
    assert not result.matched
    assert any(name in line.lower() for line in result.mismatches), result.mismatches


def test_two_to_sixteen_currents() -> None:
    for count in (1, 17):
        with pytest.raises(InputError, match=f"winner-take-all: {count} currents; it compares 2 to 16"):
            winner_take_all(PDK, "chip", count)


def test_matched_gates_have_a_gate_on_both_sides() -> None:
    """Comparator, load and capacitor of a racer."""
    library = winner_take_all(PDK, "chip", 2)
    layout = kdb.Layout()
    layout.dbu = 0.001
    racer = library.circuits[cell_name("chip", RACER)]
    plan = plan_row(Canvas(layout, PDK, "plan"), racer, SHARED, ROW.ways[RACER])
    for strip, name in ((plan.n, "m_compare"), (plan.p, "m_load"), (plan.p, "m_capacitor")):
        at = [g.mos.name for g in strip.gates].index(name)
        island = next(i for i in strip.islands if i.left < strip.gates[at].left < i.right)
        for beside in (strip.gates[at - 1], strip.gates[at + 1]):
            assert island.left < beside.left < island.right, (name, beside.mos.name)


def surroundings(block: Block, count: int) -> list[kdb.Region]:
    """Diffusions, channels, wells and implants of every racer and NEAR_NM beside its matched half, moved."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    top = block.draw(layout)
    cells = [i for i in top.each_inst() if i.cell.name == cell_name("chip", RACER)]
    starts = sorted(i.trans.disp.x for i in cells)
    assert len(starts) == count
    height, found = block.outline[3], []
    for x in starts:
        seen = kdb.Box(x - NEAR_NM, 0, x + MATCHED_NM + NEAR_NM, height)
        shapes = kdb.Region()
        drawn = {
            role: kdb.Region(top.begin_shapes_rec_touching(layout.layer(*PDK.layers[role]), seen)) & kdb.Region(seen)
            for role in ("well", "active", "gate", "n_implant", "p_implant", "low_threshold")
        }
        drawn["gate"] &= drawn["active"]
        for k, here in enumerate(drawn.values()):
            shapes += here.merged().moved(-x, k * 2 * height)
        found.append(shapes)
    return found


NEAR_NM, MATCHED_NM = 3000, 18500
"""Wells and gates farther away do not matter; what stands beside the load ends 18.4 um from the racer's left edge."""
ALIKE_NM = 20
"""Shapes may differ by as much."""


def test_matched_devices_of_all_racers_see_the_same() -> None:
    library = winner_take_all(PDK, "chip", 3)
    first, *others = surroundings(winner_block(PDK, library, "chip"), 3)
    for other in others:
        assert (first ^ other).sized(-ALIKE_NM // 2).is_empty()


def test_a_row_without_its_margin_would_be_noticed() -> None:
    library = winner_take_all(PDK, "chip", 3)
    whole = library.circuits[library.top]
    bare = replace(whole, ports=tuple(p for p in whole.ports if p not in SHARED), calls=whole.calls[1:])
    without = replace(library, circuits={**library.circuits, whole.name: bare})
    first, *others = surroundings(row_block(PDK, without, "chip", ROW), 3)
    assert not (first ^ others[0]).sized(-ALIKE_NM // 2).is_empty()
