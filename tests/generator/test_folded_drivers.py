"""Drivers folded into banks: the same inputs in several blocks, clean, their schematic, and one register a lane."""

from pathlib import Path

import pytest
from specs import spec_data

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator import drivers
from somaforge.generator.block import Block, Role, write_block
from somaforge.generator.drivers import Bank, Folded, folded
from somaforge.generator.netlist import write_spice
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.process import SKY130

SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}


def spec(inputs: int, bank: int | None, lanes: int = 1) -> Spec:
    wanted = {"bits": 4, "bank": bank, "lanes": lanes}
    return parse_spec({**spec_data([inputs, 3, 3], **SMALL), "chip": {"drivers": wanted}}, "test")


def parts(inputs: int, bank: int, lanes: int = 1) -> Folded:
    found = folded(spec(inputs, bank, lanes))
    assert found is not None
    return found


def test_banks_and_lanes_of_196_inputs() -> None:
    """25 banks, three in a lane, the last with four inputs: 8 lanes of 24 inputs and one of 4."""
    found = parts(196, 8, 9)
    assert (len(found.banks), found.lanes) == (25, 9)
    assert found.banks[0] == Bank(0, 8, 0)
    assert found.banks[-1] == Bank(192, 4, 8)
    assert found.bits == (*(96,) * 8, 16)
    assert sum(found.bits) == drivers.build(found.spec).memory.width


def test_without_a_bank_they_are_one_block() -> None:
    assert folded(spec(4, None)) is None
    with pytest.raises(ValueError, match="the drivers of drawn are not folded"):
        _ = Folded(spec(4, None)).banks


def test_lanes_without_banks_are_refused() -> None:
    with pytest.raises(InputError, match=r"chip.drivers.lanes: a lane is a register of some banks; chip.drivers.bank"):
        spec(4, None, 2)


def test_ports_of_bank_and_references() -> None:
    found = parts(5, 3)
    assert set(found.blocks()) == {3, 2}
    bank = found.blocks()[3]
    rails = ("vp_0_0", "vn_0_0", "vp_0_1", "vn_0_1")
    assert bank.nets(Role.BIAS) == rails
    assert bank.nets(Role.ANALOG_OUTPUT) == ("drive_0", "drive_1", "drive_2")
    inputs = [port for port in bank.ports if port.role in (Role.DIGITAL_INPUT, Role.CLOCK)]
    assert len(inputs) == 7
    assert all(port.guarded for port in inputs), "wires to a bank are as long as the chip"
    assert set(found.references().nets(Role.BIAS)) == {"ref_0", "ref_1", *rails}


def check(block: Block, meant: Block, folder: Path) -> tuple[str, ...]:
    """Native DRC and antenna ratios clean; the lines of LVS."""
    gds, spice = folder / f"{block.name}.gds", folder / f"{block.name}.spice"
    write_block(block, gds)
    write_spice(meant.library, spice)
    found = drc.run(SKY130, gds, block.name, folder / "drc.lyrdb")
    found |= antenna.run(SKY130, gds, block.name, folder / "antenna.lyrdb")
    assert {rule: n for rule, n in found.items() if n} == {}
    return lvs.run(SKY130, gds, spice, block.name, None).mismatches


@pytest.mark.needs_pdk
def test_they_are_clean_and_match(tmp_path: Path) -> None:
    found = parts(5, 3)
    for block in (*found.blocks().values(), found.references()):
        assert check(block, block, tmp_path) == ()


@pytest.mark.needs_pdk
@pytest.mark.nightly
def test_a_swapped_rail_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rail of p mirrors leads to the pin of the n mirrors' rail."""
    meant = parts(4, 4).blocks()[4]
    monkeypatch.setattr("somaforge.generator.currents.vn_net", lambda layer, i: f"vp_{layer}_{1 - i}")
    monkeypatch.setattr("somaforge.generator.currents.vp_net", lambda layer, i: f"vn_{layer}_{1 - i}")
    assert check(parts(4, 4).blocks()[4], meant, tmp_path) != ()
