"""The winner-take-all as drawn: clean, the same as its schematic, and nothing in it is missed when it is gone."""

from dataclasses import replace
from pathlib import Path

import pytest

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator.circuit import Library
from somaforge.generator.names import cell_name
from somaforge.generator.netlist import write_spice
from somaforge.generator.readout.winner import RACER, draw_winner, winner_take_all
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout
from somaforge.pdk.sky130.process import SKY130

PDK = load("sky130")


@pytest.mark.parametrize("count", [2, 3, 16])
def test_drawn_is_clean_and_the_schematic(count: int, tmp_path: Path) -> None:
    library = winner_take_all(PDK, "chip", count)
    drawn = draw_winner(PDK, library, "chip")
    gds, spice = tmp_path / "winner.gds", tmp_path / "winner.spice"
    drawn.write(gds)
    write_spice(library, spice)
    opened = open_layout(gds, library.top)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(SKY130, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(SKY130, opened) if v.count] == []
    assert drc.unchecked(SKY130, opened) == ()
    result = lvs.run(SKY130, gds, spice, library.top, None)
    assert result.mismatches == ()
    assert result.devices == library.transistor_count()
    racer = library.circuits[cell_name("chip", RACER)]
    assert library.transistor_count() == count * len(racer.mos) + 22


def _without(library: Library, circuit: str, name: str) -> Library:
    cell = library.circuits[circuit]
    mos = tuple(m for m in cell.mos if m.name != name)
    assert len(mos) == len(cell.mos) - 1
    return replace(library, circuits={**library.circuits, circuit: replace(cell, mos=mos)})


@pytest.mark.parametrize("name", ["m_high", "m_empty", "m_stop"])
def test_a_missing_transistor_is_found_and_named(name: str, tmp_path: Path) -> None:
    library = winner_take_all(PDK, "chip", 3)
    gds, spice = tmp_path / "winner.gds", tmp_path / "winner.spice"
    draw_winner(PDK, _without(library, cell_name("chip", RACER), name), "chip").write(gds)
    write_spice(library, spice)
    result = lvs.run(SKY130, gds, spice, library.top, None)
    assert not result.matched
    assert any(name in line.lower() for line in result.mismatches), result.mismatches


def test_two_to_sixteen_currents() -> None:
    for count in (1, 17):
        with pytest.raises(InputError, match=f"winner-take-all: {count} currents; it compares 2 to 16"):
            winner_take_all(PDK, "chip", count)


def test_matched_gates_have_a_gate_on_both_sides() -> None:
    """Comparator and load of every racer, at the same distance as planned."""
    drawn = draw_winner(PDK, winner_take_all(PDK, "chip", 2), "chip")
    plan = drawn.plans[cell_name("chip", RACER)]
    for strip, name in ((plan.n, "m_compare"), (plan.p, "m_load"), (plan.p, "m_capacitor")):
        at = [g.mos.name for g in strip.gates].index(name)
        island = next(i for i in strip.islands if i.left < strip.gates[at].left < i.right)
        for beside in (strip.gates[at - 1], strip.gates[at + 1]):
            assert island.left < beside.left < island.right, (name, beside.mos.name)
