"""A chip with folded drivers: joined, clean and its schematic; a wire that is left out or crossed is found."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from specs import free_design

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.flow.control.gates import gates_of
from somaforge.generator import drivers
from somaforge.generator.block import Block, Part, Role, compose, write_block
from somaforge.generator.chip.assembly import Plan, assemble, outline_of
from somaforge.generator.chip.folded import folded_plan
from somaforge.generator.control import Control
from somaforge.generator.control_block import control_block
from somaforge.generator.design import build
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.spec.chip import Chip, Drivers
from somaforge.pdk import load
from somaforge.pdk.layout_file import open_layout

pytestmark = pytest.mark.needs_pdk
PDK = load("sky130")
SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}


def plan_of(with_control: bool) -> Plan:
    """Four inputs in two banks, two lanes."""
    spec = free_design((4, 2, 2), bits=1, port="scan", **SMALL).spec
    design = build(spec.model_copy(update={"chip": Chip(drivers=Drivers(bits=1, bank=2, lanes=2))}))
    folded = drivers.folded(design.spec)
    assert folded is not None
    control = Control.of(design)
    cells = PortMeasures(PDK).cells
    digital = control_block(PDK, control, gates_of(control, cells)).block() if with_control else None
    macro = draw(design)
    return folded_plan(design, macro.block, macro.plan, folded, digital)


@pytest.fixture(scope="module")
def chip() -> tuple[Plan, Block]:
    """Without its control: what that drives are pins."""
    plan = plan_of(with_control=False)
    return plan, assemble(PDK, plan)


def mismatches(drawn: Block, meant: Block, folder: Path) -> tuple[str, ...]:
    gds, spice = folder / "chip.gds", folder / "chip.spice"
    write_block(drawn, gds)
    write_spice(meant.library, spice)
    return lvs.run(PDK, gds, spice, drawn.name, None).mismatches


@pytest.mark.nightly
def test_it_is_clean_and_its_schematic(chip: tuple[Plan, Block], tmp_path: Path) -> None:
    _, block = chip
    assert mismatches(block, block, tmp_path) == ()
    opened = open_layout(tmp_path / "chip.gds", block.name)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(PDK, opened) if v.count] == []


@pytest.mark.nightly
def test_with_its_control_it_is_digital_from_outside(tmp_path: Path) -> None:
    """Clean and its schematic down to transistors; antenna ratios are not looked at (docs/mnist-chip.md)."""
    block = assemble(PDK, plan_of(with_control=True))
    serial = {"clk", "rst_n", "cs_n", "sck", "mosi", "lane_0", "lane_1", "miso", "class_out", "class_valid", "busy"}
    assert set(block.roles()) == serial | {"iref", "monitor", "vdd", "gnd"}
    assert mismatches(block, block, tmp_path) == ()
    opened = open_layout(tmp_path / "chip.gds", block.name)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []


def test_a_lane_is_one_register(chip: tuple[Plan, Block]) -> None:
    """Each of the two banks is a lane of its own here, with its data at pins."""
    _, block = chip
    assert {"p_data_in_0", "p_data_in_1", "p_data_out_0", "p_data_out_1", "p_shift", "clk"} <= set(block.roles())
    assert not {"in_0", "in_3", "reference", "p_chain_0", "p_vp_0_0"} & set(block.roles())


def test_banks_lie_on_top_of_each_other(chip: tuple[Plan, Block]) -> None:
    plan, _ = chip
    boxes = {part.role: outline_of(part) for part in plan.parts}
    banks = [boxes[f"bank_{k}"] for k in range(2)]
    assert all(low[3] < high[1] for low, high in zip(banks, [*banks[1:], boxes["references"]], strict=True))
    assert all(box[2] < boxes["macro"][0] for box in banks)


def test_banks_of_one_size_are_one_cell(chip: tuple[Plan, Block], tmp_path: Path) -> None:
    _, block = chip
    write_block(block, tmp_path / "chip.gds")
    opened = open_layout(tmp_path / "chip.gds", block.name)
    assert [cell.name for cell in opened.layout.each_cell() if "drivers" in cell.name and "$" in cell.name] == []


@pytest.mark.nightly  # a netlist that does not match is compared flat
def test_swapped_inputs_are_found(chip: tuple[Plan, Block], tmp_path: Path) -> None:
    """Two drivers that feed each other's input."""
    plan, block = chip

    def swapped(part: Part) -> Part:
        outputs = part.block.nets(Role.ANALOG_OUTPUT)
        if part.role != "bank_1":
            return part
        one, other = outputs[:2]
        return replace(part, nets={**part.nets, one: part.nets[other], other: part.nets[one]})

    meant = replace(plan, parts=[swapped(part) for part in plan.parts])
    other = compose(PDK, plan.name, meant.parts, plan.outline, (*meant.power, *meant.pins))
    assert mismatches(block, other, tmp_path) != ()
