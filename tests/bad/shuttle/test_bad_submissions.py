"""Submissions with one fault each: the check that is there for it finds it and says where it is."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb
import pytest
from tests.flow.shuttle.tile import PDK, STRAP_ENDS, STRAPS, submission

from somaforge.flow.checks.shuttle.check import Outcome, ShuttleCheck, perform
from somaforge.flow.checks.shuttle.registry import SHUTTLE_CHECKS, applying
from somaforge.flow.checks.shuttle.submitted import load
from somaforge.pdk.layout_file import write_layout
from somaforge.pdk.sky130 import gds

GDS, LEF = "gds/tt_um_small.gds", "lef/tt_um_small.lef"
LIMIT_S = 600.0
CLK = kdb.Box(143_830, 224_760, 144_130, 225_760)
"""Pin clk of every tile, not used by this chip."""


@dataclass(frozen=True)
class Bad:
    """One fault."""

    name: str
    make: Callable[[Path], None]
    check: str
    says: str
    """What the first finding begins with."""


def drawn(change: Callable[[kdb.Layout, kdb.Cell], None]) -> Callable[[Path], None]:
    """Damages the GDS."""

    def make(folder: Path) -> None:
        layout = kdb.Layout()
        layout.read(str(folder / GDS))
        change(layout, layout.cell("tt_um_small"))
        write_layout(layout, folder / GDS)

    return make


def written(file: str, old: str, new: str) -> Callable[[Path], None]:
    """Changes a text."""

    def make(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, old
        path.write_text(text.replace(old, new), encoding="utf-8")

    return make


def pin_renamed(old: str, new: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for word in ("PIN", "END"):
            written(LEF, f"{word} {old}\n", f"{word} {new}\n")(folder)

    return make


def add(numbers: tuple[int, int], box: kdb.Box) -> Callable[[Path], None]:
    return drawn(lambda layout, cell: cell.shapes(layout.layer(*numbers)).insert(box))


def moved(layout: kdb.Layout, cell: kdb.Cell) -> None:
    """Pin clk, its wire and its name, one step of the grid to the right."""
    for numbers in (gds.DRAWN["met4"], gds.PINS["met4"], gds.LABELS["met4"]):
        for shape in cell.shapes(layout.layer(*numbers)).each():
            if shape.bbox().inside(CLK):
                shape.transform(kdb.Trans(5, 0))


def strapless(layout: kdb.Layout, cell: kdb.Cell) -> None:
    """VGND ends 10.005 um below the upper edge."""
    x1, x2 = STRAPS["VGND"]
    for numbers in (gds.DRAWN["met4"], gds.PINS["met4"]):
        for shape in cell.shapes(layout.layer(*numbers)).each():
            if shape.bbox() == kdb.Box(x1, STRAP_ENDS[0], x2, STRAP_ENDS[1]):
                shape.box = kdb.Box(x1, STRAP_ENDS[0], x2, 225_760 - 10_005)


def deep_pin(layout: kdb.Layout, cell: kdb.Cell) -> None:
    """The wire of clk lies in a cell below the top."""
    below = layout.create_cell("tt_um_small_pad")
    index = layout.layer(*gds.DRAWN["met4"])
    for shape in cell.shapes(index).each():
        if shape.bbox() == CLK:
            shape.delete()
    below.shapes(index).insert(CLK)
    cell.insert(kdb.CellInstArray(below.cell_index(), kdb.Trans()))


def renamed(name: str) -> Callable[[Path], None]:
    def change(layout: kdb.Layout, cell: kdb.Cell) -> None:
        child = next(iter(cell.each_inst())).cell
        layout.rename_cell(child.cell_index(), name)

    return drawn(change)


def second_top(layout: kdb.Layout, cell: kdb.Cell) -> None:
    other = layout.create_cell("left_over")
    other.shapes(layout.layer(*gds.DRAWN["met1"])).insert(kdb.Box(0, 0, 1000, 1000))


def shrunk(layout: kdb.Layout, cell: kdb.Cell) -> None:
    for shape in cell.shapes(layout.layer(*gds.DRAWN["boundary"])).each():
        shape.box = kdb.Box(0, 0, 160_000, 225_760)


def resistor_in_well(layout: kdb.Layout, cell: kdb.Cell) -> None:
    cell.shapes(layout.layer(*gds.DRAWN["nwell"])).insert(kdb.Box(120_000, 40_000, 125_000, 45_000))
    cell.shapes(layout.layer(*gds.DEVICE["urpm"])).insert(kdb.Box(125_695, 40_000, 130_000, 45_000))


def floating_wire(layout: kdb.Layout, cell: kdb.Cell) -> None:
    cell.shapes(layout.layer(*gds.DRAWN["met2"])).insert(kdb.Box(120_000, 60_000, 121_000, 61_000))


def long_wire(layout: kdb.Layout, cell: kdb.Cell) -> None:
    """On met3, from the trunk of a word line, which ends at gates alone: 24 mm of edges at 0.8 um, some 18,000 um2."""
    trunks = [s.bbox() for s in cell.shapes(layout.layer(*gds.DRAWN["met3"])).each() if s.bbox().width() == 300]
    first = min(trunks, key=lambda box: box.left)
    comb = cell.shapes(layout.layer(*gds.DRAWN["met3"]))
    comb.insert(kdb.Box(first.left, first.bottom, first.right, 200_000))
    for k in range(40):
        comb.insert(kdb.Box(first.left, 130_000 + 1000 * k, 155_000, 130_300 + 1000 * k))


def swapped_inputs(folder: Path) -> None:
    """In the netlist, two analog pins change places."""
    written("spice/tt_um_small.spice", "ua[0]", "ua[x]")(folder)
    written("spice/tt_um_small.spice", "ua[1]", "ua[0]")(folder)
    written("spice/tt_um_small.spice", "ua[x]", "ua[1]")(folder)


MET4, MET4_PIN = gds.DRAWN["met4"], gds.PINS["met4"]
MOVED = "RECT 143.835 224.760 144.135 225.760"
STRAP = "RECT 6.000 5.000 8.000 220.760"
BAD = (
    Bad("moved_pin", written(LEF, "RECT 143.830 224.760 144.130 225.760", MOVED), "pins", "LEF: pin clk is (143.835, "),
    Bad("moved_pin_drawn", drawn(moved), "xor", "pins on strap: 2 differences to the frame, first (143.83, "),
    Bad("moved_pin_wire", drawn(moved), "flat_pins", "pin clk: the top cell itself has no wire at (143.83, "),
    Bad("lef_is_not_gds", drawn(moved), "lef_gds", "pin clk of the LEF is (143.83, 224.76; 144.13, 225.76) um instead"),
    Bad("met5", add(gds.DRAWN["met5"], kdb.Box(0, 0, 5000, 5000)), "layers", "layer 72/20 (met5) is used"),
    Bad("unknown_layer", add((255, 255), kdb.Box(0, 0, 5000, 5000)), "layers", "layer 255/255 is none that"),
    Bad(
        "short_strap",
        drawn(strapless),
        "straps",
        "GDS: VGND has a strap that ends more than 10 um from the upper edge at (6, 5; 8, 215.755) um",
    ),
    Bad(
        "short_strap_in_lef",
        written(LEF, STRAP, "RECT 6.000 5.000 8.000 215.755"),
        "straps",
        "LEF: VGND has a strap that ends more than 10 um from the upper edge",
    ),
    Bad(
        "late_strap",
        written(LEF, STRAP, "RECT 6.000 10.005 8.000 220.760"),
        "straps",
        "LEF: VGND has a strap that ends more than 10 um from the lower edge",
    ),
    Bad("thin_strap", written(LEF, STRAP, "RECT 6.000 5.000 7.195 220.760"), "straps", "LEF: VGND has a strap less "),
    Bad(
        "strap_on_met3",
        written(LEF, f"LAYER met4 ;\n        {STRAP}", f"LAYER met3 ;\n        {STRAP}"),
        "straps",
        "LEF: VGND lies on the wrong layer",
    ),
    Bad("no_supply", written(LEF, "VDPWR", "VPOWER"), "straps", "LEF: supply VDPWR is missing"),
    Bad("silent_supply", written(LEF, "USE GROUND ;", "USE SIGNAL ;"), "supply_use", "LEF: VGND has no USE GROUND"),
    Bad("foreign_pin", pin_renamed("VGND", "VSS"), "pins", "LEF: VSS is no pin of the frame"),
    Bad("lost_pin", pin_renamed("ena", "ena_n"), "pins", "LEF: pin ena is missing"),
    Bad(
        "touching_pins",
        written(LEF, STRAP, "RECT 143.000 5.000 145.000 225.000"),
        "pins",
        "LEF: pins VGND and clk touch",
    ),
    Bad("pin_below", drawn(deep_pin), "flat_pins", "pin clk: the top cell itself has no wire"),
    Bad(
        "extra_pin",
        add(MET4_PIN, kdb.Box(100_000, 20_000, 100_300, 21_000)),
        "lef_gds",
        "GDS: the pin on met4 (100, 20; 100.3, 21) um has 0 names",
    ),
    Bad("no_boundary", drawn(lambda y, c: c.shapes(y.layer(235, 4)).clear()), "boundary", "no outline is drawn"),
    Bad("small_boundary", drawn(shrunk), "boundary", "the outline is (0, 0; 160, 225.76) um, the frame (0, 0; 161, "),
    Bad("beyond", add(MET4, kdb.Box(-1000, 0, 0, 1000)), "boundary", "shapes reach from (-1, 0; 161, 225.76) um"),
    Bad("two_tops", drawn(second_top), "top", "top cells of the GDS are left_over, tt_um_small, not tt_um_small alone"),
    Bad("hash", renamed("array#1"), "cell_names", "cell array#1: its name holds one of # /"),
    Bad("slash", renamed("array/1"), "cell_names", "cell array/1: its name holds one of # /"),
    Bad(
        "point", add(MET4, kdb.Box(9000, 9000, 9000, 9000)), "zero_area", "cell tt_um_small, layer 71/20: a shape with"
    ),
    Bad(
        "bare_pin",
        add(MET4_PIN, kdb.Box(100_000, 20_000, 100_300, 21_000)),
        "names_over_drawing",
        "layer 71/16: 1 shapes without met4 below, first (100, 20; 100.3, 21) um",
    ),
    Bad("urpm", drawn(resistor_in_well), "resistor_wells", "nwell and urpm: nearer than 0.7 um at 1 places"),
    Bad(
        "unused_analog",
        written("info.yaml", "analog_pins: 4", "analog_pins: 3"),
        "analog_pins",
        "pin ua[3]: a wire leads to it, but info.yaml says analog_pins: 3",
    ),
    Bad(
        "missing_analog",
        written("info.yaml", "analog_pins: 4", "analog_pins: 5"),
        "analog_pins",
        "pin ua[4]: no wire leads to it, but info.yaml says analog_pins: 5",
    ),
    Bad(
        "silent_analog",
        written("info.yaml", 'ua[2]: "out_0 of the array"', 'ua[2]: ""'),
        "analog_pins",
        "pin ua[2]: is used, but info.yaml does not say so",
    ),
    Bad("old_yaml", written("info.yaml", "yaml_version: 6", "yaml_version: 5"), "info", "info.yaml: yaml_version is 5"),
    Bad("no_author", written("info.yaml", '"somaforge"', '""'), "info", "info.yaml: project.author is empty"),
    Bad("wrong_tile", written("info.yaml", '"1x2"', '"2x2"'), "info", "info.yaml: project.tiles is '2x2', must be"),
    Bad("no_pinout", written("info.yaml", "  uio[7]:", "  uio[9]:"), "info", "info.yaml: pinout has no uio[7]"),
    Bad("no_source", written("info.yaml", "project.v", "other.v"), "info", "info.yaml: src/other.v is not in the"),
    Bad("empty_papers", written("docs/info.md", "## How to test", "## Tests"), "papers", "docs/info.md: says nothing"),
    Bad(
        "bad_verilog", written("src/project.v", "endmodule", "endmodul"), "verilog", "the check itself failed: project"
    ),
    Bad(
        "no_power",
        written("src/project.v", "    input  wire       VGND,\n", ""),
        "verilog",
        "Verilog: module tt_um_small has no port VGND",
    ),
    Bad(
        "third_supply",
        written("src/project.v", "    input  wire       VGND,\n", "    input wire VGND, input wire VAPWR,\n"),
        "verilog",
        "Verilog: module tt_um_small has a port VAPWR that the frame has not",
    ),
    Bad(
        "narrow_bus",
        written("src/project.v", "input  wire [7:0] ui_in", "input  wire [6:0] ui_in"),
        "verilog",
        "Verilog: port ui_in is an input of 7 bits, must be an input of 8 bits",
    ),
    Bad("netlist", swapped_inputs, "lvs", "net tt_um_small: layout label ua[0] vs schematic ua[1]"),
    Bad("native", add(gds.DRAWN["nwell"], kdb.Box(120_000, 40_000, 121_000, 45_000)), "native_drc", "nwell.4: 1"),
    Bad("antenna", drawn(long_wire), "antenna", "ar.met3.1: 1"),
    Bad("density", add(MET4, kdb.Box(10_000, 10_000, 150_000, 220_000)), "density", "met4.window: 1, first"),
)
IN_DECK = (
    Bad("floating", drawn(floating_wire), "floating_metal", "m2.x: 1, first at (120, 60; 121, 61) um"),
    Bad("feol", add(gds.DRAWN["nwell"], kdb.Box(120_000, 40_000, 120_500, 45_000)), "feol", "MR_nwell.WID.1: 1"),
    Bad("beol", add(gds.DRAWN["met1"], kdb.Box(120_000, 40_000, 120_100, 45_000)), "beol", "MR_met1.WID.1: 1"),
    Bad("offgrid", add(MET4, kdb.Box(120_001, 40_000, 121_000, 45_000)), "offgrid", "m4_OFFGRID"),
)
"""All in one layout: the shuttle's deck runs once."""


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return submission(tmp_path_factory.mktemp("submission") / "good")


def outcome(folder: Path, name: str) -> Outcome:
    check = next(check for check in SHUTTLE_CHECKS if check.name == name)
    return perform(check, load(PDK, folder, LIMIT_S))


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad.name}-{bad.check}")
def test_a_fault_is_found_and_named(bad: Bad, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(good, folder)
    bad.make(folder)
    found = outcome(folder, bad.check)
    assert found.status == "fail"
    assert found.findings[0].startswith(bad.says), found.findings


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
def test_faults_in_the_parts_of_the_deck(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(good, folder)
    for bad in IN_DECK:
        bad.make(folder)
    submitted = load(PDK, folder, LIMIT_S)
    for bad in IN_DECK:
        found = perform(next(check for check in SHUTTLE_CHECKS if check.name == bad.check), submitted)
        assert found.status == "fail"
        assert any(line.startswith(bad.says) for line in found.findings), found.findings


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
def test_without_a_fault_nothing_is_found(good: Path) -> None:
    submitted = load(PDK, good, LIMIT_S)
    found = [perform(check, submitted) for check in applying("tiny-tapeout")]
    assert [(o.name, o.findings) for o in found if o.status != "pass"] == []


def test_every_check_of_the_shuttle_has_a_fault_that_it_finds() -> None:
    assert {check.name for check in applying("tiny-tapeout")} == {bad.check for bad in (*BAD, *IN_DECK)}


@pytest.mark.needs_pdk
def test_a_check_that_crashes_has_failed(good: Path) -> None:
    def crash(submitted: object) -> list[str]:
        raise ZeroDivisionError("division by zero")

    found = perform(ShuttleCheck("crash", "a crash", crash), load(PDK, good, LIMIT_S))
    assert (found.status, found.findings, found.count) == ("fail", ("the check itself failed: division by zero",), 1)
