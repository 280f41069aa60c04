"""Verilog to silicon: a counter placed and wired is clean on the native rules and the shuttle's, and its netlist."""

from dataclasses import replace
from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.synthesis.counter import COUNTER

from somaforge.flow.checks import antenna, drc, lvs, precheck
from somaforge.flow.synthesis.yosys import require_equivalent, synthesise
from somaforge.generator.block import Role
from somaforge.generator.digital.block import Digital, place_and_route
from somaforge.generator.digital.frame import Frame
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import GateNetlist
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout, write_layout

PDK = load("sky130")
M = PortMeasures(PDK)
pytestmark = pytest.mark.needs_pdk


@pytest.fixture(scope="module")
def netlist() -> GateNetlist:
    return synthesise(COUNTER, "counter", M.cells)


def frame(netlist: GateNetlist, rows: int = 4, sites: int = 130) -> Frame:
    pins = (*netlist.inputs, *netlist.outputs)
    return Frame(M, rows, sites, {p: "lower" if k % 2 else "upper" for k, p in enumerate(pins)}, {"clk": Role.CLOCK})


@pytest.fixture(scope="module")
def drawn(netlist: GateNetlist) -> Digital:
    return place_and_route("counter", netlist, frame(netlist))


@pytest.fixture(scope="module")
def files(drawn: Digital, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, block, layout = tmp_path_factory.mktemp("counter"), drawn.block(), kdb.Layout()
    layout.dbu = 0.001
    block.draw(layout)
    write_layout(layout, folder / "counter.gds")
    write_spice(block.library, folder / "counter.spice")
    return folder


def test_it_is_clean(files: Path) -> None:
    opened = open_layout(files / "counter.gds", "counter")
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(PDK, opened) if v.count] == []


@pytest.mark.needs_klayout_app
def test_it_is_clean_for_the_shuttle(files: Path) -> None:
    found = precheck.run(PDK, files / "counter.gds", "counter", files / "precheck.lyrdb")
    assert {rule: count for rule, count in found.items() if count} == {}


def test_it_is_its_netlist(files: Path, drawn: Digital) -> None:
    result = lvs.run(PDK, files / "counter.gds", files / "counter.spice", "counter", None)
    assert result.mismatches == ()
    assert result.devices == drawn.block().library.transistor_count() + len(drawn.netlist.inputs)


def test_every_input_has_a_diode_and_one_that_is_missing_is_named(files: Path, drawn: Digital) -> None:
    """By hand: each diode of the library is 0.4347 um2, of the foundry's netlist; LVS compares it."""
    library = drawn.block().library
    diodes = library.flatten().elements
    assert sorted(d.nets for d in diodes) == sorted(("gnd", pin) for pin in drawn.netlist.inputs)
    assert {dict(d.sizes)["area"] for d in diodes} == {0.4347}
    whole = library.circuits["counter"]
    without = replace(whole, calls=tuple(call for call in whole.calls if call.name != "x_diode_clk"))
    write_spice(replace(library, circuits={**library.circuits, "counter": without}), files / "without.spice")
    found = lvs.run(PDK, files / "counter.gds", files / "without.spice", "counter", None).mismatches
    assert any("diode" in line.lower() for line in found), found


def test_what_is_laid_out_does_what_the_source_says(drawn: Digital) -> None:
    require_equivalent(COUNTER, "counter", drawn.netlist, M.cells)


def test_the_same_seed_gives_the_same_layout(drawn: Digital, netlist: GateNetlist) -> None:
    again = place_and_route("counter", netlist, frame(netlist))
    assert again.placement == drawn.placement
    assert [net.edges for net in again.routed] == [net.edges for net in drawn.routed]


def test_rows_that_are_too_short_are_refused(netlist: GateNetlist) -> None:
    with pytest.raises(InputError, match="do not fit"):
        place_and_route("counter", netlist, frame(netlist, rows=2))
