"""The hard macro: clean and its schematic, its pins across their edge, all of them in reach by what its LEF says."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import klayout.db as kdb
import pytest
from specs import free_design

from somaforge.flow.checks import antenna, drc, lvs
from somaforge.generator import lef
from somaforge.generator.block import Block, Part, Port, Role, compose, write_block
from somaforge.generator.chip.assembly import Plan, assemble
from somaforge.generator.chip.grid import Tracks
from somaforge.generator.circuit import Circuit, Library
from somaforge.generator.design import Design, build
from somaforge.generator.draw import Canvas
from somaforge.generator.hard_macro import hard_macro, plan
from somaforge.generator.layout import top_block
from somaforge.generator.netlist import write_spice
from somaforge.generator.spec import parse_spec
from somaforge.generator.spec.chip import Chip
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.process import SKY130

pytestmark = pytest.mark.needs_pdk
SMALL = {"mirror": {"w_um": 0.42, "l_um": 0.35, "multiplier": 2}, "switch": {"w_um": 0.42, "l_um": 0.15}}
SHAPES = {"one": ((4, 3, 3), 2), "two": ((2, 5, 2), 1), "three": ((3, 2, 2), 3)}
"""Layers and bits of three macros."""


def made(name: str) -> Design:
    layers, bits = SHAPES[name]
    spec = free_design(layers, bits=bits, port="scan", **SMALL).spec
    return build(spec.model_copy(update={"name": name, "chip": Chip(hard_macro=True)}))


@cache
def block(name: str) -> Block:
    return hard_macro(made(name))


def drawn(which: Block) -> kdb.Layout:
    layout = kdb.Layout()
    layout.dbu = 0.001
    which.draw(layout)
    return layout


def require_clean(which: Block, folder: Path) -> None:
    """No violation, and its own schematic."""
    gds, spice = folder / "x.gds", folder / "x.spice"
    write_block(which, gds)
    write_spice(which.library, spice)
    opened = open_layout(gds, which.name)
    assert [(v.rule.name, v.markers[:3]) for v in drc.check(SKY130, opened) if v.count] == []
    assert lvs.run(SKY130, gds, spice, which.name, None).mismatches == ()


@pytest.mark.parametrize("name", SHAPES)
def test_it_is_clean_and_its_schematic(name: str, tmp_path: Path) -> None:
    require_clean(block(name), tmp_path)
    assert [
        v.rule.name for v in antenna.check(SKY130, open_layout(tmp_path / "x.gds", f"{name}_macro")) if v.count
    ] == []


def test_pins_run_across_their_edge_and_straps_over_the_height() -> None:
    found = block("one")
    x1, y1, x2, y2 = found.outline
    pitch = Tracks(SKY130, found.outline).pitch
    edges: dict[int, list[int]] = {}
    for port in found.ports:
        left, low, right, high = port.box
        if port.role.is_power:
            assert (low, high) == (y1, y2)
            via = SKY130.rules.strap_via
            assert right - left >= via.size + 2 * max(via.below), "a cut from the highest conductor has room"
            assert SKY130.rules.conductor(port.layer).runs == "vertical"
        else:
            assert left == x1 or right == x2
            assert SKY130.rules.conductor(port.layer).runs == "horizontal"
            edges.setdefault(left if left == x1 else right, []).append(low)
    for heights in edges.values():
        apart = [b - a for a, b in zip(sorted(heights), sorted(heights)[1:], strict=False)]
        assert min(apart) >= 2 * pitch, "a router has a track between any two"


def test_the_highest_conductor_is_free_for_the_power_grid() -> None:
    layout = drawn(block("one"))
    cell = layout.cell("one_macro")
    for role, free in (("top", True), ("strap", False)):
        assert kdb.Region(cell.begin_shapes_rec(layout.layer(*SKY130.layers[role]))).is_empty() is free
    macro = lef.abstract(layout, SKY130, block("one"))
    assert "top" not in macro.obstructions


def test_directions_are_those_of_the_technology_lef() -> None:
    text = next((DATA.folder("cells") / "tech").glob("*hd__nom.tlef")).read_text()
    for conductor in SKY130.rules.conductors:
        layer = text.split(f"\nLAYER {conductor.lef_name}\n", 1)[1].split("END", 1)[0]
        assert f"DIRECTION {conductor.runs.upper()} ;" in layer


@pytest.mark.nightly  # a comparison that fails is made flat, too: minutes
def test_a_wire_that_is_cut_is_found(tmp_path: Path) -> None:
    """Known bad: in the right margin all wires to the output pins are cut."""
    good = block("one")
    pitch = Tracks(SKY130, good.outline).pitch
    right, height = good.outline[2], good.outline[3]
    gap = kdb.Region(kdb.Box(right - 4 * pitch, 0, right - 3 * pitch, height))

    def cut(layout: kdb.Layout) -> kdb.Cell:
        cell = good.draw(layout)
        for role in ("row", "column"):
            shapes = cell.shapes(layout.layer(*SKY130.layers[role]))
            left = kdb.Region(shapes) - gap
            shapes.clear()
            shapes.insert(left)
        return cell

    gds, spice = tmp_path / "x.gds", tmp_path / "x.spice"
    write_block(replace(good, draw=cut), gds)
    write_spice(good.library, spice)
    found = " ".join(lvs.run(SKY130, gds, spice, good.name, None).mismatches)
    assert all(f"out_{j}" in found for j in range(3))


def test_a_macro_without_a_port_is_refused() -> None:
    with pytest.raises(InputError, match="leaves at the macro's lower or upper edge; it needs a port"):
        plan(SKY130, "x", top_block(free_design((2, 2, 2), bits=1, **SMALL)))
    data = made("one").spec.model_dump(mode="json")
    data["array"]["port"] = "none"
    data["array"]["layers"] = [4, 3, 3]
    with pytest.raises(InputError, match=r"chip\.hard_macro: needs array\.port: scan"):
        parse_spec(data, "x")


def _abstract(which: Block) -> Block:
    """What its LEF says: pins and what a router must keep out of, nothing else; supplies come from above."""
    layout = drawn(which)
    view = lef.abstract(layout, SKY130, which)
    ports = tuple(port for port in which.ports if not port.role.is_power)
    circuit = Circuit(which.name, tuple(dict.fromkeys(port.net for port in ports)), ())

    def draw(target: kdb.Layout) -> kdb.Cell:
        canvas = Canvas(target, SKY130, which.name)
        for pin in view.pins:
            for layer, box in pin.boxes:
                canvas.box(layer, *box)
        for layer, boxes in view.obstructions.items():
            for box in boxes:
                canvas.box(layer, *box)
        return canvas.cell

    return Block(which.name, which.outline, ports, Library({circuit.name: circuit}, circuit.name), draw)


@pytest.mark.nightly
def test_every_pin_of_three_macros_is_in_reach(tmp_path: Path) -> None:
    """Our router sees the LEF alone and joins every pin: port pins as a chain on common buses, currents with pins of
    the frame. A power grid crosses the straps on the highest conductor. With the real macros all of it is clean and
    what was asked for. (Antenna ratios of the frame's wires are not asked: they hang on pins, without the drivers and
    diodes of a flow.)"""
    pitch = Tracks(SKY130, (0, 0, 0, 0)).pitch
    margin, parts, real, x = 40 * pitch, [], [], 0
    for k, name in enumerate(SHAPES):
        which, x = block(name), x + margin
        own = {net: f"{name}_{net}" for net, role in which.roles().items() if not role.is_digital and not role.is_power}
        chain = {"data_in": f"data_{k}", "data_out": f"data_{k + 1}"}
        parts.append(Part(name, _abstract(which), x, margin, {**own, **chain}))
        real.append(Part(name, which, x, margin, {**own, **chain}))
        x += which.outline[2]
    outline = (0, 0, x + margin, 2 * margin + max(block(name).outline[3] for name in SHAPES) // pitch * pitch)
    nets = [part.nets.get(net, net) for part in parts for net in part.block.circuit.ports]
    open_nets = [net for net in dict.fromkeys(nets) if nets.count(net) == 1 or net in ("clk", "shift", "read", "write")]
    open_nets += [net for net in ("row_in", "row_step") if net not in open_nets]
    tracks = Tracks(SKY130, outline)
    pins = []
    for k, net in enumerate(open_nets):
        px, _ = tracks.at((0, 6 + 3 * k, 0))
        half = tracks.half("strap")
        pins.append(Port(net, Role.MONITOR, "strap", (px - half, 0, px + half, 2 * pitch)))
    routed = assemble(SKY130, Plan("frame", outline, parts, tuple(pins), ()))
    scratch = kdb.Layout()
    scratch.dbu = 0.001
    top = routed.draw(scratch)
    power = []
    rules = SKY130.rules
    for k, net in enumerate(("vdd", "gnd")):
        y = margin + (15 + 10 * k) * 1000
        power.append(Port(net, Role.SUPPLY if net == "vdd" else Role.GROUND, "top", (0, y - 800, outline[2], y + 800)))

    def wires(canvas: Canvas) -> None:
        for layer in ("row", "row_via", "column", "column_via", "strap"):
            canvas.cell.shapes(canvas.layer(layer)).insert(kdb.Region(top.shapes(scratch.layer(*SKY130.layers[layer]))))
        for port in power:
            canvas.box("top", *port.box)
            y = (port.box[1] + port.box[3]) // 2
            for part in real:
                strap = next(p for p in part.block.ports if p.net == port.net)
                at, half = part.x + (strap.box[0] + strap.box[2]) // 2, rules.strap_via.size // 2
                canvas.box("strap_via", at - half, y - half, at + half, y + half)

    whole = compose(SKY130, "frame", real, outline, (*power, *pins), wires)
    joined = {net for part in real for net in (part.nets.get(n, n) for n in part.block.circuit.ports)}
    assert joined == set(whole.circuit.ports) | {"data_1", "data_2"}, "no pin is left alone"
    require_clean(whole, tmp_path)
