"""The LEF, read by KLayout's LEF reader, against the layout that it describes and the foundry's own numbers."""

import re
from functools import cache
from pathlib import Path

import klayout.db as kdb
import pytest
from specs import design

from somaforge.generator import lef
from somaforge.generator.circuit import Call, Circuit, Library, Mos
from somaforge.generator.design import Design
from somaforge.generator.layout import draw
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.process import SKY130

NFET = "sky130_fd_pr__nfet_01v8"


@cache
def drawn() -> tuple[Design, kdb.Layout, lef.Abstract]:
    target = design([4, 5, 3])
    found = draw(target)
    return target, found.layout, lef.abstract(found.layout, target.pdk, found.block)


@pytest.mark.needs_pdk
def test_klayout_reads_pins_where_the_layout_has_them(tmp_path: Path) -> None:
    """Every pin shape of the layout is in the LEF with its name, and nothing else is."""
    target, layout, macro = drawn()
    file = tmp_path / "macro.lef"
    file.write_text(lef.lef(macro, SKY130.rules))
    options = kdb.LoadLayoutOptions()
    config = options.lefdef_config
    config.lef_files = [str(next((DATA.folder("cells") / "tech").glob("*hd__nom.tlef")))]
    config.pins_suffix, config.obstructions_suffix, config.labels_suffix = ".PIN", ".OBS", ".LABEL"
    config.read_lef_with_def = False
    config.macro_resolution_mode = 1
    read = kdb.Layout()
    read.read(str(file), options)
    cell = read.cell(macro.name)
    x0, y0 = macro.outline[:2]
    for conductor in SKY130.rules.conductors:
        ours, theirs = conductor.role, conductor.lef_name
        texts = kdb.Texts(layout.cell(macro.name).shapes(layout.layer(*target.pdk.layers[f"{ours}_label"])))
        wanted = kdb.Region(layout.cell(macro.name).shapes(layout.layer(*target.pdk.layers[f"{ours}_pin"])))
        index = {i.name: n for n, i in zip(read.layer_indexes(), read.layer_infos(), strict=True)}
        found = kdb.Region(cell.begin_shapes_rec(index[f"{theirs}.PIN"])) if f"{theirs}.PIN" in index else kdb.Region()
        assert (found.moved(x0, y0) ^ wanted).is_empty(), ours
        if f"{theirs}.LABEL" not in index:
            assert texts.count() == 0
            continue
        named = {t.string for t in kdb.Texts(cell.begin_shapes_rec(index[f"{theirs}.LABEL"])).each()}
        assert named == {t.string for t in texts.each()}, ours
    assert cell.bbox().width() == macro.outline[2] - x0


def test_pins_are_those_of_the_schematic() -> None:
    target, _, macro = drawn()
    text = lef.lef(macro, SKY130.rules)
    assert re.findall(r"^  PIN (\S+)$", text, re.MULTILINE) == list(target.library.circuits[macro.name].ports)
    assert "  PIN vdd\n    DIRECTION INOUT ;\n    USE POWER ;\n    PORT" in text


def test_antenna_areas_by_hand() -> None:
    """in_0 drives the soma's first two transistors, four units each; out_0 drives no gate."""
    target, _, macro = drawn()
    areas = {p.name: p.areas for p in macro.pins}
    mirror = target.spec.array.mirror
    assert areas["in_0"].gate == pytest.approx(2 * mirror.multiplier * mirror.w_um * mirror.l_um)
    assert areas["out_0"].gate == 0
    assert areas["out_0"].diffusion > 0
    assert areas["in_0"].diffusion > 0
    word = areas["wl_0_0"]
    assert word.gate == pytest.approx(5 * 4 * 2 * 0.42 * 0.15)  # both access devices of 4 latches in 5 columns
    assert word.diffusion == 0


def test_areas_go_through_the_hierarchy() -> None:
    inner = Circuit("inner", ("a", "b"), (Mos("m", NFET, "b", "a", "x", "x", 1000, 150),))
    library = Library({"inner": inner}, "inner")
    two = Circuit("two", ("p",), (), tuple(Call(name, "inner", ("p", "p")) for name in ("x1", "x2")))
    assert lef.port_areas(library, 135)["a"] == lef.Areas(gate=0.15)
    found = lef.port_areas(Library({"inner": inner, "two": two}, "two"), 135)["p"]
    assert found.gate == pytest.approx(0.3)
    assert found.diffusion == pytest.approx(2 * 0.135)


def test_routers_are_kept_out() -> None:
    """Every metal of the macro is closed; a wire at a pin is the only thing that fits."""
    target, layout, macro = drawn()
    outline = kdb.Region(kdb.Box(*macro.outline))
    cell = layout.cell(macro.name)
    for layer, boxes in macro.obstructions.items():
        closed = kdb.Region([kdb.Box(*b) for b in boxes])
        pins = kdb.Region([kdb.Box(*b) for p in macro.pins for where, b in p.boxes if where == layer])
        spacing = target.pdk.rules.conductor(layer).space
        assert (outline - closed - pins.sized(spacing)).is_empty()
        assert (closed & pins).is_empty()
        shapes = kdb.Region(cell.begin_shapes_rec(layout.layer(*target.pdk.layers[layer])))
        assert not shapes.is_empty()
    assert {"local", "inner", "row", "column", "strap"} <= macro.obstructions.keys()


@pytest.mark.needs_pdk
def test_port_pins_have_the_areas_of_the_foundrys_lef() -> None:
    """Every input drives a buf_2, data_out is driven by a buf_4: antenna areas from the foundry's own LEF."""
    target = design([4, 2, 3], port="scan")
    found = draw(target)
    macro = lef.abstract(found.layout, target.pdk, found.block)
    pins = {p.name: p for p in macro.pins}
    folder = DATA.folder("cells") / "cells/buf"
    gate = re.search(r"ANTENNAGATEAREA\s+(\S+)", (folder / "sky130_fd_sc_hd__buf_2.lef").read_text())
    diffusion = re.search(r"ANTENNADIFFAREA\s+(\S+)", (folder / "sky130_fd_sc_hd__buf_4.lef").read_text())
    assert gate is not None
    assert diffusion is not None
    assert pins["clk"].areas.gate == pytest.approx(float(gate[1]))
    assert pins["data_out"].areas.diffusion == pytest.approx(float(diffusion[1]))
    assert (pins["clk"].direction, pins["clk"].use) == ("INPUT", "CLOCK")
    assert pins["data_out"].direction == "OUTPUT"
    assert not any(name.startswith(("wl_", "bl_", "blb_")) for name in pins)
