"""The block of drivers: clean, matched, with the ports that a chip needs, and found out when two bits are swapped."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from specs import spec_data

from somaforge.flow.checks import antenna, drc, lvs, precheck
from somaforge.generator import drivers
from somaforge.generator.address import WeightBit
from somaforge.generator.block import Role
from somaforge.generator.design import Design
from somaforge.generator.floorplan import Floorplan
from somaforge.generator.layout import draw
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery import macro
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.periphery.netlist import PINS
from somaforge.generator.periphery.plan import PeripheryPlan, plan_periphery
from somaforge.generator.spec import parse_spec
from somaforge.pdk.sky130.process import SKY130

SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}


def design(layers: list[int], code_bits: int, **array: Any) -> Design:
    """Drivers before an array of that size."""
    return drivers.build(parse_spec({**spec_data(layers, **array), "chip": {"drivers": {"bits": code_bits}}}, "test"))


def check(made: Design, folder: Path) -> tuple[str, ...]:
    """Draw, native DRC and antenna ratios clean; the lines of LVS."""
    drawn = draw(made)
    gds, spice = folder / "drivers.gds", folder / "drivers.spice"
    drawn.write(gds)
    write_spice(drawn.library, spice)
    found = drc.run(SKY130, gds, drawn.top, folder / "drc.lyrdb") | antenna.run(
        SKY130, gds, drawn.top, folder / "antenna.lyrdb"
    )
    assert {rule: n for rule, n in found.items() if n} == {}
    result = lvs.run(SKY130, gds, spice, drawn.top, None)
    assert result.devices == drawn.library.transistor_count()
    return result.mismatches


def test_ports_are_bias_currents_port_and_supplies() -> None:
    drawn = draw(design([7, 7, 7], 6))
    assert drawn.top == "drawn_drivers"
    assert drawn.block.nets(Role.BIAS) == ("ref_0", "ref_1")
    assert drawn.block.nets(Role.ANALOG_OUTPUT) == tuple(f"drive_{i}" for i in range(7))
    assert set(drawn.block.circuit.ports) - {f"drive_{i}" for i in range(7)} == {*PINS, "ref_0", "ref_1", "vdd", "gnd"}
    top = drawn.die[3]
    assert all(p.box[3] == top and p.layer == "column" for p in drawn.block.ports if p.role is Role.ANALOG_OUTPUT)


def test_a_word_is_a_reference_row() -> None:
    made = design([7, 7, 7], 6)
    assert (made.memory.rows, made.memory.width) == (2, 28)
    assert made.memory.place(WeightBit(0, 1, 5, 2)) == (1, 22)
    assert made.memory.bit_at(0, 27) == WeightBit(0, 0, 6, 3)


@pytest.mark.needs_pdk
@pytest.mark.parametrize(
    ("layers", "code_bits", "array"),
    [
        ([7, 7, 7], 6, {}),
        pytest.param([7, 7, 7], 3, {}, marks=pytest.mark.nightly),  # every time with more bits, and with three of 40
        ([4, 3, 3], 4, SMALL),
        ([40, 3, 3], 3, SMALL),
        ([4, 3, 3], 8, {"bits": 4, **SMALL}),
    ],
)
def test_drivers_are_clean_and_match(layers: list[int], code_bits: int, array: dict[str, Any], tmp_path: Path) -> None:
    assert check(design(layers, code_bits, **array), tmp_path) == ()


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
def test_precheck_is_clean(tmp_path: Path) -> None:
    drawn = draw(design([7, 7, 7], 6))
    drawn.write(tmp_path / "drivers.gds")
    counts = precheck.run(SKY130, tmp_path / "drivers.gds", drawn.top, tmp_path / "report.lyrdb", 300)
    assert {rule: n for rule, n in counts.items() if n} == {}


@pytest.mark.needs_pdk
@pytest.mark.parametrize(
    ("layers", "code_bits", "array"), [([4, 3, 3], 3, SMALL), pytest.param([7, 7, 7], 6, {}, marks=pytest.mark.nightly)]
)
def test_a_swapped_bit_is_found(
    layers: list[int], code_bits: int, array: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The lines of two bits of one input end at each other's slice: no rule is broken, every wire is there."""

    def swapped(m: PortMeasures, floor: Floorplan, guarded: bool) -> PeripheryPlan:
        plan = plan_periphery(m, floor, guarded)
        other = {1: 2, 2: 1}
        lines = tuple(replace(n, index=other.get(n.index, n.index)) for n in plan.groups[0].lines)
        return replace(plan, groups=(replace(plan.groups[0], lines=lines), *plan.groups[1:]))

    monkeypatch.setattr(macro, "plan_periphery", swapped)
    lines = check(design(layers, code_bits, **array), tmp_path)
    assert any("bl_1" in line or "bl_2" in line for line in lines), lines
