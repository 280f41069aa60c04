"""Caravel's wrapper with nothing in it: what its own checks find when one thing is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.shuttle.tile import PDK, submission

from somaforge.flow.checks.shuttle.check import perform
from somaforge.flow.checks.shuttle.registry import SHUTTLE_CHECKS
from somaforge.flow.checks.shuttle.submitted import load
from somaforge.generator.block import compose
from somaforge.generator.draw import Canvas
from somaforge.generator.submission.chip import FramedChip, Manual, frame_ports
from somaforge.pdk.layout_file import write_layout
from somaforge.pdk.sky130 import gds

pytestmark = pytest.mark.needs_pdk
TOP = "user_analog_project_wrapper"
QUICK = ("zero_area", "names_over_drawing", "resistor_wells", "top", "cell_names", "layers", "boundary", "pins")
QUICK += ("lef_gds", "flat_pins", "straps", "supply_use", "xor", "papers", "verilog", "pads", "lvs_config")


def empty() -> FramedChip:
    frame = PDK.frames.load("caravel-analog")

    def pins(canvas: Canvas) -> None:
        for pin in frame.pins:
            for layer, box in pin.shapes:
                canvas.box(layer, *box)
        for layer, box in frame.outside:
            canvas.box(layer, *box)

    block = compose(PDK, TOP, [], frame.outline, frame_ports(frame), pins)
    manual = Manual("Nothing.", (("nothing", "0 s"),), "It cannot be programmed.", "Look at it.")
    return FramedChip(frame, block, {"io_in[5]": "an input"}, 0, manual)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submission(tmp_path_factory.mktemp("wrapper") / "good", chip=empty())


def found(folder: Path, name: str) -> tuple[str, ...]:
    check = next(check for check in SHUTTLE_CHECKS if check.name == name)
    return perform(check, load(PDK, folder, 600.0)).findings


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")

    return make


def outside(folder: Path) -> None:
    """A wire of one's own beyond the outline."""
    path = folder / f"gds/{TOP}.gds"
    layout = kdb.Layout()
    layout.read(str(path))
    layout.cell(TOP).shapes(layout.layer(*gds.DRAWN["met3"])).insert(kdb.Box(-2000, 100, 0, 400))
    write_layout(layout, path)


def test_the_wrapper_passes(good: Path) -> None:
    assert {name: found(good, name) for name in QUICK} == dict.fromkeys(QUICK, ())
    config = json.loads((good / f"lvs/{TOP}/lvs_config.json").read_text(encoding="utf-8"))
    assert config["LAYOUT_FILE"] == f"$UPRJ_ROOT/gds/{TOP}.gds"
    text = (good / "verilog/rtl/user_defines.v").read_text(encoding="utf-8")
    assert "`define USER_CONFIG_GPIO_5_INIT `GPIO_MODE_USER_STD_INPUT_NOPULL\n" in text


@pytest.mark.parametrize(
    ("make", "check", "says"),
    [
        (
            replaced("verilog/rtl/user_defines.v", "GPIO_30_INIT", "GPIO_3_INIT"),
            "pads",
            "user_defines.v: pad 30",
        ),
        (
            replaced("verilog/rtl/user_defines.v", "USER_STD_INPUT_NOPULL", "INVALID"),
            "pads",
            "user_defines.v: pad 5 has the mode `GPIO_MODE_INVALID, which is none",
        ),
        (
            replaced(f"lvs/{TOP}/lvs_config.json", f"xschem/{TOP}", "xschem/other"),
            "lvs_config",
            "lvs_config.json: $UPRJ_ROOT/xschem/other.spice is not in the folder",
        ),
        (
            replaced(f"lvs/{TOP}/lvs_config.json", f'"TOP_SOURCE": "{TOP}"', '"TOP_SOURCE": "chip"'),
            "lvs_config",
            "lvs_config.json: TOP_SOURCE is 'chip', must be",
        ),
        (outside, "xor", "layer 70/20: 1 differences to the frame outside, first (-2, 0.1; 0, 0.4) um"),
        (
            replaced(f"lef/{TOP}.lef", "RECT 2.620 -4.000 3.180 2.400", "RECT 2.625 -4.000 3.185 2.400"),
            "pins",
            "LEF: pin wb_clk_i is (2.625, -4; 3.185, 2.4) um instead of (2.62, -4; 3.18, 2.4) um",
        ),
    ],
)
def test_a_fault_of_a_wrapper_is_found(
    make: Callable[[Path], None], check: str, says: str, good: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(good, folder)
    make(folder)
    assert found(folder, check)[0].startswith(says)
