"""The port of a chip in a frame that keeps the highest conductor to itself: rails below the bus, clean, its netlist."""

from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.small import small_design

from somaforge.flow.checks import drc, lvs
from somaforge.generator import drivers
from somaforge.generator.design import Design, build
from somaforge.generator.layout import draw, require_drawable
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.spec import Chip, Spec, load_spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout

PROTOTYPE = Path(__file__).parents[3] / "examples/prototype.yaml"


def in_frame(spec: Spec, frame: str) -> Spec:
    return spec.model_copy(update={"chip": Chip(frame=frame)})


def on_top(layout: kdb.Layout, design: Design) -> int:
    index = layout.layer(*design.pdk.layers["top"])
    return kdb.Region(layout.top_cell().begin_shapes_rec(index)).count()


@pytest.mark.needs_pdk
@pytest.mark.parametrize("block", ["macro", "drivers"])
def test_nothing_is_on_top_and_all_is_clean(block: str, tmp_path: Path) -> None:
    spec = load_spec(PROTOTYPE)
    design = build(spec) if block == "macro" else drivers.build(spec)
    drawn = draw(design)
    assert on_top(drawn.layout, design) == 0
    drawn.write(tmp_path / "layout.gds")
    write_spice(drawn.library, tmp_path / "netlist.spice")
    found = drc.check(design.pdk, open_layout(tmp_path / "layout.gds", drawn.top))
    assert [(v.rule.name, v.count) for v in found if v.count] == []
    result = lvs.run(design.pdk, tmp_path / "layout.gds", tmp_path / "netlist.spice", drawn.top, None)
    assert result.mismatches == ()


@pytest.mark.needs_pdk
def test_without_a_frame_the_rails_are_on_top() -> None:
    design = build(in_frame(load_spec(PROTOTYPE), "none"))
    assert on_top(draw(design).layout, design) > 0


def test_the_rails_lie_below_the_bus() -> None:
    m = PortMeasures(small_design().pdk, "strap")
    lowest = min(m.bus_y)
    ground, supply = m.rails_y["gnd"], m.rails_y["vdd"]
    r = m.pdk.rules
    assert ground + m.rail_half + r.column.space <= lowest - r.column.width // 2
    assert supply + m.rail_half + r.strap.space <= ground - m.core.lone_pad_half
    assert m.bottom <= supply - m.rail_half
    assert m.rails_on == {"gnd": "column", "vdd": "strap"}


def test_sums_that_would_climb_are_refused() -> None:
    array = small_design((8, 3, 3, 3)).spec
    free, tile = (build(in_frame(array, frame)) for frame in ("none", "tiny-tapeout-2x2"))
    require_drawable(free)
    with pytest.raises(InputError, match="sums of matrix 1 cross the next one on the highest conductor"):
        require_drawable(tile)
