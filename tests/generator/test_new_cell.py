"""A cell that is added here without a line in the package: a circuit, drawn by roles as a row of its own; on both
processes clean, and the same as its schematic."""

from pathlib import Path

import pytest
from tests.fake_process import FAKE

from somaforge.flow.checks import drc, lvs
from somaforge.generator.block import Block, Role, write_block
from somaforge.generator.circuit import Call, Circuit, Library
from somaforge.generator.names import cell_name
from somaforge.generator.netlist import write_spice
from somaforge.generator.readout.block import RowSpec, row_block, with_margin
from somaforge.generator.readout.parts import Parts
from somaforge.pdk import Pdk
from somaforge.pdk.layout_file import open_layout
from somaforge.pdk.sky130.process import SKY130

BOTH = pytest.mark.parametrize("pdk", [SKY130, FAKE], ids=lambda pdk: pdk.name)


CELL = "follower"
SPEC = RowSpec({}, {CELL: {"in": "down", "out": "up"}}, {"in": Role.ANALOG_INPUT, "out": Role.ANALOG_OUTPUT})


def follower(pdk: Pdk) -> Block:
    """A current into `in` comes out of `out` with the other sign: an n mirror and a p mirror."""
    parts = Parts(pdk)
    n, p = (parts.switch(kind, 4 * pdk.device(kind, "standard").min_w_nm) for kind in ("n", "p"))
    mos = (
        parts.n("m_in", "in", "in", "gnd", n),
        parts.n("m_copy", "fold", "in", "gnd", n),
        parts.p("m_fold", "fold", "fold", "vdd", p),
        parts.p("m_out", "out", "fold", "vdd", p),
    )
    cell = Circuit(cell_name("eye", CELL), ("in", "out", "gnd", "vdd"), mos)
    top = Circuit("eye", cell.ports, (), (Call("x_follower", cell.name, cell.ports),))
    return row_block(pdk, with_margin(pdk, Library({cell.name: cell, top.name: top}, top.name)), "eye", SPEC)


@BOTH
def test_it_is_clean_and_its_schematic(pdk: Pdk, tmp_path: Path) -> None:
    block, gds, spice = follower(pdk), tmp_path / "eye.gds", tmp_path / "eye.spice"
    write_block(block, gds)
    write_spice(block.library, spice)
    opened = open_layout(gds, "eye")
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(pdk, opened) if v.count] == []
    assert drc.unchecked(pdk, opened) == ()
    result = lvs.run(pdk, gds, spice, "eye", None)
    assert result.mismatches == ()
    assert result.devices == block.library.transistor_count() == 5


@BOTH
def test_another_circuit_is_not_it(pdk: Pdk, tmp_path: Path) -> None:
    """The copy has its gate on the fold in the netlist."""
    block, gds, spice = follower(pdk), tmp_path / "eye.gds", tmp_path / "eye.spice"
    write_block(block, gds)
    write_spice(block.library, spice)
    text = spice.read_text()
    assert "Xm_copy fold in gnd gnd" in text
    spice.write_text(text.replace("Xm_copy fold in gnd gnd", "Xm_copy fold fold gnd gnd"))
    assert not lvs.run(pdk, gds, spice, "eye", None).matched
