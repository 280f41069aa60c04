"""The bias block as drawn."""

from pathlib import Path

import pytest

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator.block import write_block
from somaforge.generator.netlist import write_spice
from somaforge.generator.readout.bias import bias, bias_block
from somaforge.pdk import load
from somaforge.pdk.layout_file import open_layout

PDK = load("sky130")


@pytest.mark.parametrize(("split", "transistors"), [(0, 67), (1, 96), (3, 102)])
def test_drawn_is_clean_and_the_schematic(split: int, transistors: int, tmp_path: Path) -> None:
    """By hand, for a second output of 1/8: the ratio's 15 units and 4 switches once more, 2 and 2 p units, 8 n
    units and one, three dummies."""
    library = bias(PDK, "chip", split=split)
    gds, spice = tmp_path / "bias.gds", tmp_path / "bias.spice"
    write_block(bias_block(PDK, library, "chip"), gds)
    write_spice(library, spice)
    opened = open_layout(gds, library.top)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(PDK, opened) if v.count] == []
    assert [(v.rule.name, v.markers[:3]) for v in antenna.check(PDK, opened) if v.count] == []
    result = lvs.run(PDK, gds, spice, library.top, None)
    assert result.mismatches == ()
    assert result.devices == library.transistor_count() == transistors
