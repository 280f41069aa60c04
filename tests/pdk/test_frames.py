"""Frames of sky130's shuttles: what their files say, and which tile is the smallest that fits."""

from pathlib import Path

import pytest
import yaml

from somaforge.pdk import load
from somaforge.pdk.def_file import read_def
from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.frames import NO_FRAMES

SKY130 = load("sky130")
TILES = {"1x2": 161_000, "2x2": 334_880, "3x2": 508_760, "4x2": 682_640, "6x2": 1_030_400}
"""Widths in nm by tt-support-tools, tech/sky130A/tile_sizes.yaml; all are 225.76 um high."""
PITCH = 2760
"""In nm between signal pins of the upper edge; analog pins are seven of these apart."""


@pytest.mark.parametrize(("size", "width"), TILES.items())
def test_a_tile_is_as_its_template_says(size: str, width: int) -> None:
    frame = SKY130.frames.load(f"tiny-tapeout-{size}")
    assert frame.outline == (0, 0, width, 225_760)
    # clk, ena and rst_n; five buses of eight; eight analog pins
    assert len(frame.pins) == 3 + 5 * 8 + 8
    assert {pin.direction for pin in frame.pins if pin.kind == "analog"} == {"inout"}
    directions = {pin.name.split("[")[0]: pin.direction for pin in frame.pins if pin.kind == "digital"}
    assert [name for name, way in directions.items() if way == "output"] == ["uio_oe", "uio_out", "uo_out"]
    assert frame.pin("clk").shapes == (("strap", (143_830, 224_760, 144_130, 225_760)),)
    assert frame.pin("ua[0]").shapes == (("strap", (151_810, 0, 152_710, 1000)),)
    assert frame.pin("ua[0]").shapes[0][1][0] - frame.pin("ua[1]").shapes[0][1][0] == 7 * PITCH
    assert frame.highest == "strap"


def test_the_sizes_are_those_that_the_shuttle_lists() -> None:
    listed = yaml.safe_load('1x2: "0 0 161.00 225.76"\n6x2: "0 0 1030.40 225.76"\n')  # tile_sizes.yaml
    for size, text in listed.items():
        assert (
            tuple(round(1000 * float(um)) for um in text.split()) == SKY130.frames.load(f"tiny-tapeout-{size}").outline
        )


@pytest.mark.needs_pdk
def test_the_wrapper_is_read_from_its_layout() -> None:
    frame = SKY130.frames.load("caravel-analog")
    assert frame.outline == (0, 0, 2_920_000, 3_520_000)
    # By user_analog_project_wrapper.v: 8 supplies, 6 lines and 4 buses of a wishbone, 3 x 128 lines of the logic
    # analyzer, 4 x 27 of the digital pads, 2 x 18 analog pads, 11 of io_analog, 2 x 3 clamps, user_clock2, 3 irq.
    supplies, wishbone = 8, 6 + 4 + 32 + 32 + 32
    assert len(frame.pins) == supplies + wishbone + 3 * 128 + 4 * 27 + 2 * 18 + 11 + 6 + 1 + 3
    analog = [pin for pin in frame.pins if pin.name.startswith("io_analog[")]
    assert len(analog) == 11
    assert all(pin.kind == "analog" for pin in analog)
    assert {pin.kind for pin in frame.pins if pin.name in ("vccd1", "vdda2")} == {"supply"}
    assert len(frame.pin("vdda1").shapes) == 4
    assert {layer for layer, _ in frame.pin("io_analog[4]").shapes} == {"column", "strap", "top"}
    assert all(box[0] < 0 or box[1] < 0 or box[2] > 2_920_000 or box[3] > 3_520_000 for _, box in frame.outside)
    assert ("column", (-4000, 814_440, 0, 838_440)) in frame.outside
    assert frame.pin("io_out[3]").direction == frame.pin("wbs_ack_o").direction == "output"
    assert frame.pin("la_oenb[127]").direction == frame.pin("io_in_3v3[0]").direction == "input"


def test_the_smallest_tile_that_fits() -> None:
    # 7-7-7 with its port and a bank of drivers: 298 x 87 um.
    assert SKY130.frames.smallest("tiny-tapeout", 298_000, 87_000).size == "2x2"
    assert SKY130.frames.smallest("tiny-tapeout", 161_000, 225_760).size == "1x2"
    assert SKY130.frames.smallest("tiny-tapeout", 161_005, 1000).size == "2x2"


def test_what_fits_no_tile_says_by_how_much() -> None:
    with pytest.raises(InputError) as said:
        SKY130.frames.smallest("tiny-tapeout", 1_200_000, 230_000)
    assert str(said.value) == (
        "frame: 1200 x 230 um fits no frame of tiny-tapeout: 169.6 um too wide and 4.24 um too high for "
        "tiny-tapeout-6x2 (1030.4 x 225.76 um)"
    )
    with pytest.raises(InputError, match="no family of frames 'tiny'"):
        SKY130.frames.smallest("tiny", 1, 1)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(InputError, match="unknown frame 'tiny-tapeout-2x3'; nearest: tiny-tapeout-2x2"):
        SKY130.frames.load("tiny-tapeout-2x3")
    with pytest.raises(InputError, match=r"no pin 'ui_in\[8\]'; nearest: ui_in"):
        SKY130.frames.load("tiny-tapeout-1x2").pin("ui_in[8]")
    with pytest.raises(InputError, match="'none': no shuttle is known that takes this process"):
        NO_FRAMES.load("none")


def test_a_damaged_template_is_refused(tmp_path: Path) -> None:
    template = (Path(__file__).parents[2] / "pdk/sky130/frames/tt_analog_1x2.def").read_text(encoding="ascii")
    bad = tmp_path / "tile.def"
    bad.write_text(template.replace("- clk + NET clk + DIRECTION INPUT", "- clk + NET clk", 1), encoding="ascii")
    with pytest.raises(ToolError, match=r"tile\.def: 50 pins have a direction, 51 a shape"):
        read_def(bad)
    bad.write_text(template[:400], encoding="ascii")
    with pytest.raises(ToolError, match=r"tile\.def: cannot be read"):
        read_def(bad)
    with pytest.raises(ToolError, match=r"none\.def: cannot be read"):
        read_def(tmp_path / "none.def")
