"""A chip of a small macro: clean, its schematic, and what is left out or swapped is found and named."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from specs import free_design

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.flow.control.gates import gates_of
from somaforge.generator import drivers
from somaforge.generator.block import Block, Part, Role, compose, write_block
from somaforge.generator.chip import assembly
from somaforge.generator.chip.assembly import Plan, assemble
from somaforge.generator.chip.chip import CONTROL, WINNER, Margins, chip_plan
from somaforge.generator.chip.route import Route
from somaforge.generator.chip.wires import draw_route
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import build
from somaforge.generator.draw import Canvas
from somaforge.generator.layout import draw
from somaforge.generator.names import cell_name
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.readout.winner import RACER
from somaforge.generator.spec.chip import Chip, Drivers
from somaforge.pdk import load
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout

pytestmark = pytest.mark.needs_pdk
PDK = load("sky130")
SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}


@pytest.fixture(scope="module")
def plan() -> Plan:
    macro = draw(free_design((2, 2, 2), bits=1, port="scan", **SMALL)).block
    return chip_plan(PDK, "chip", macro)


@pytest.fixture(scope="module")
def chip(plan: Plan) -> Block:
    return assemble(PDK, plan)


@pytest.fixture(scope="module")
def compare(tmp_path_factory: pytest.TempPathFactory, chip: Block) -> Callable[[Block, Block], tuple[str, ...]]:
    """Mismatches of the layout of one block with the schematic of another."""

    def mismatches(drawn: Block, meant: Block) -> tuple[str, ...]:
        folder = tmp_path_factory.mktemp("chip")
        gds, spice = folder / "chip.gds", folder / "chip.spice"
        write_block(drawn, gds)
        write_spice(meant.library, spice)
        return lvs.run(PDK, gds, spice, "chip", None).mismatches

    return mismatches


def test_it_is_clean_and_its_schematic(
    chip: Block, compare: Callable[[Block, Block], tuple[str, ...]], tmp_path: Path
) -> None:
    gds = tmp_path / "chip.gds"
    write_block(chip, gds)
    opened = open_layout(gds, "chip")
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []
    assert drc.unchecked(PDK, opened) == ()
    assert compare(chip, chip) == ()


def test_drivers_beside_the_macro(tmp_path: Path) -> None:
    """Two macros with library cells in one layout: joined, clean and its schematic."""
    spec = free_design((2, 2, 2), bits=1, port="scan", **SMALL).spec
    driven = spec.model_copy(update={"chip": Chip(drivers=Drivers(bits=1))})
    block = assemble(PDK, chip_plan(PDK, "chip", draw(build(spec)).block, draw(drivers.build(driven)).block))
    gds, spice = tmp_path / "chip.gds", tmp_path / "chip.spice"
    write_block(block, gds)
    write_spice(block.library, spice)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, open_layout(gds, "chip")) if v.count] == []
    assert lvs.run(PDK, gds, spice, "chip", None).mismatches == ()
    assert not {"in_0", "in_1", "reference"} & set(block.roles())
    assert {"w_shift", "p_shift", "clk"} <= set(block.roles())


def test_what_leaves_it(chip: Block, plan: Plan) -> None:
    """Currents in and a monitor, currents of bias, and digital nets; what joins blocks stays inside."""
    roles = chip.roles()
    assert {net for net, role in roles.items() if role is Role.MONITOR} == {"monitor"}
    assert {net for net, role in roles.items() if role is Role.BIAS} == {"iref", "reference"}
    assert {net for net, role in roles.items() if role is Role.ANALOG_INPUT} == {"in_0", "in_1"}
    assert not {"out_0", "out_1", "bus", "sink_0", "sink_1"} & set(roles)
    winner = next(part for part in plan.parts if part.role == WINNER)
    assert winner.nets == {"in_0": "out_0", "in_1": "out_1", "bias": "sink_0", "bus": "bus"}


def test_swapped_wires_are_found(plan: Plan, chip: Block, compare: Callable[[Block, Block], tuple[str, ...]]) -> None:
    """Two codes of the bias that are joined the other way round."""

    def swapped(part: Part) -> Part:
        nets = {**part.nets, "in_0": "out_1", "in_1": "out_0"}
        return replace(part, nets=nets) if part.role == WINNER else part

    other = assemble(PDK, replace(plan, parts=[swapped(part) for part in plan.parts]))
    found = compare(chip, other)
    assert any("out_0" in line or "out_1" in line for line in map(str.lower, found)), found


def test_a_wire_that_is_left_out_is_found(
    plan: Plan, chip: Block, compare: Callable[[Block, Block], tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_bus(canvas: Canvas, grid: assembly.Grid, route: Route) -> None:
        if route.net != "bus":
            draw_route(canvas, grid, route)

    monkeypatch.setattr(assembly, "draw_route", without_bus)
    found = compare(assemble(PDK, plan), chip)
    assert any("bus" in line.lower() for line in found), found


def test_a_winner_without_a_device_is_found(
    plan: Plan, chip: Block, compare: Callable[[Block, Block], tuple[str, ...]]
) -> None:
    library = chip.library
    racer = library.circuits[cell_name("chip", RACER)]
    more = replace(racer, mos=(*racer.mos, replace(racer.mos[-1], name="m_high_more")))
    meant = replace(chip, library=replace(library, circuits={**library.circuits, racer.name: more}))
    found = compare(chip, meant)
    assert any("m_high" in line.lower() for line in found), found


def test_an_input_that_nothing_drives_is_refused(plan: Plan) -> None:
    with pytest.raises(InputError, match="nothing is joined with the digital input on; give it a pin or a driver"):
        assemble(PDK, replace(plan, pins=[pin for pin in plan.pins if pin.net != "on"]))


def test_a_rail_without_a_strap_is_refused(plan: Plan) -> None:
    with pytest.raises(InputError, match="no strap of vdd over or beside the rail"):
        assemble(PDK, replace(plan, straps=[strap for strap in plan.straps if strap.net != "vdd"]))


def test_a_strap_over_what_a_block_has_on_its_conductor_is_refused(plan: Plan) -> None:
    """Over the macro's rails, which end on the straps' conductor: moved by half a chip."""
    macro = next(part for part in plan.parts if part.role == "macro")
    moved = replace(plan.straps[0], x=macro.x + macro.block.outline[2] // 2)
    with pytest.raises(InputError, match=f"the strap of {moved.net} at .* is not clear of what macro has on strap at"):
        assemble(PDK, replace(plan, straps=[moved, *plan.straps[1:]]))


def test_too_little_room_is_said(plan: Plan) -> None:
    macro = next(part.block for part in plan.parts if part.role == "macro")
    with pytest.raises(InputError, match=r"chip: .*; give its blocks more"):
        assemble(PDK, chip_plan(PDK, "chip", macro, margins=Margins(between=1)))


@pytest.fixture(scope="module")
def whole() -> tuple[Plan, Block]:
    """With drivers and control."""
    spec = free_design((2, 2, 2), bits=1, port="scan", **SMALL).spec
    driven = build(spec.model_copy(update={"chip": Chip(drivers=Drivers(bits=1))}))
    control = Control.of(driven)
    digital = control_block(PDK, control, gates_of(control, PortMeasures(PDK).cells)).block()
    bank = draw(drivers.build(driven.spec)).block
    plan = chip_plan(PDK, "chip", draw(driven).block, bank, Margins(between=24), digital)
    return plan, assemble(PDK, plan)


@pytest.mark.nightly  # in every run the same chip is checked in its frame (test_framed.py)
def test_with_its_control_it_is_digital_from_outside(
    whole: tuple[Plan, Block], compare: Callable[[Block, Block], tuple[str, ...]], tmp_path: Path
) -> None:
    """Clean, its schematic down to transistors, and what leaves it is the control's serial pins and bias alone."""
    _, block = whole
    write_block(block, tmp_path / "chip.gds")
    opened = open_layout(tmp_path / "chip.gds", "chip")
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(PDK, opened) if v.count] == []
    assert compare(block, block) == ()
    serial = {"clk", "rst_n", "cs_n", "sck", "mosi", *(f"nibble_{k}" for k in range(4))}
    told = {"miso", "class_out", "class_valid", "busy"}
    assert set(block.roles()) == serial | told | {"iref", "monitor", "vdd", "gnd"}


@pytest.mark.nightly
def test_control_with_swapped_ports_is_found(
    whole: tuple[Plan, Block], compare: Callable[[Block, Block], tuple[str, ...]]
) -> None:
    """Weights and pattern written through each other's port: the same pins, another chip.

    Both ports look alike: what is named is where the control tells them apart.
    """
    plan, block = whole

    def swapped(part: Part) -> Part:
        if part.role != CONTROL:
            return part
        return replace(part, nets={**part.nets, "w_write": "p_write", "p_write": "w_write"})

    other = replace(plan, parts=[swapped(part) for part in plan.parts])
    meant = compose(PDK, "chip", other.parts, other.outline, (*other.power, *other.pins))
    found = compare(block, meant)
    assert any("x_control" in line for line in found), found
