"""The prototype's chip in its frame, drawn, its analog blocks extracted with all wires of the chip.

The cells of the control and of the frame's pins are taken out of the finished layout first: they stand still while a
pattern is decided, and their gates take most of an extraction's time. Wires over their place stay.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import klayout.db as kdb

from somaforge.flow.control.gates import gates_of
from somaforge.flow.pex import annotate, extract, read_json, write_json
from somaforge.flow.readout.whole import short
from somaforge.generator.block import write_block
from somaforge.generator.chip.chip import CONTROL
from somaforge.generator.chip.framed import PINS, inner_nets
from somaforge.generator.circuit import Circuit, FlatNetlist, Library
from somaforge.generator.design import Design
from somaforge.generator.netlist import write_spice
from somaforge.generator.periphery.measures import PortMeasures
from somaforge.generator.submission import source
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import scratch
from somaforge.pdk.layout_file import open_layout, write_layout

DIGITAL = (f"x_{CONTROL}", f"x_{PINS}")
"""Instances that are taken out."""


def extracted(design: Design, path: Path | None) -> FlatNetlist:
    """With the capacitances of its wires; `path` keeps it, or has it."""
    if path is not None and path.is_file():
        return read_json(path)
    chip = source.framed_chip(design, partial(gates_of, cells=PortMeasures(design.pdk).cells))
    left, gone = without(chip.block.library, DIGITAL)
    with scratch("chip") as folder:
        write_block(chip.block, folder / "whole.gds")
        opened = open_layout(folder / "whole.gds", chip.block.name)
        _take_out(opened.layout, opened.cell, gone)
        write_layout(opened.layout, folder / "chip.gds")
        write_spice(left, folder / "chip.spice")
        wires = extract(design.pdk, folder / "chip.gds", left.top, folder / "chip.spice")
    flat = annotate(left.flatten(), wires, wires="none", smallest_F=2e-17)
    if path is not None:
        write_json(flat, path)
    return flat


def whole(design: Design, flat: FlatNetlist) -> FlatNetlist:
    """`flat`, which is from `extracted`, with the cells of control and pins in it again, without wires inside them; its
    transistors have the names of decisions, its supplies and analog pins those of the blocks."""
    chip = source.framed_chip(design, partial(gates_of, cells=PortMeasures(design.pdk).cells))
    digital = tuple(m for m in chip.block.library.flatten().mos if m.name.startswith(tuple(f"{i}." for i in DIGITAL)))
    inner = inner_nets(design.pdk.frames.load(str(design.spec.frame)))

    def net(name: str) -> str:
        return inner.get(name, name)

    mos = tuple(
        replace(m, name=short(m.name), d=net(m.d), g=net(m.g), s=net(m.s), b=net(m.b)) for m in (*flat.mos, *digital)
    )
    wires = tuple(replace(c, a=net(c.a), b=net(c.b)) for c in flat.capacitors)
    return replace(flat, mos=mos, capacitors=wires, ports=tuple(map(net, flat.ports)))


def without(library: Library, instances: tuple[str, ...]) -> tuple[Library, frozenset[str]]:
    """A library whose top circuit lacks these instances, and their circuits; ports that nothing else is on stay, as the
    wires at the frame's pins do."""
    top = library.circuits[library.top]
    calls = tuple(call for call in top.calls if call.name not in instances)
    left = {**library.circuits, top.name: replace(top, calls=calls)}
    reached: dict[str, Circuit] = {}
    _reach(left, top.name, reached)
    return Library(reached, top.name), frozenset(c.circuit for c in top.calls if c.name in instances)


def _reach(circuits: Mapping[str, Circuit], name: str, reached: dict[str, Circuit]) -> None:
    """`name` and all that it is made of, children first."""
    if name not in reached:
        for call in circuits[name].calls:
            _reach(circuits, call.circuit, reached)
        reached[name] = circuits[name]


def _take_out(layout: kdb.Layout, top: kdb.Cell, cells: frozenset[str]) -> None:
    """Instances of cells; a drawing may number a cell whose name was there before ("control$1"). ToolError unless there
    is one of each: with one left over, the layout is not the netlist, and LVS looks for hours for what differs."""
    found = [i for i in top.each_inst() if i.cell.name.partition("$")[0] in cells]
    if Counter(i.cell.name.partition("$")[0] for i in found) != Counter(cells):
        raise ToolError(f"chip: of the cells {', '.join(sorted(cells))} not one each was found in {top.name}")
    for instance in found:
        instance.delete()
    for other in layout.top_cells():
        if other.name != top.name:
            other.prune_cell()
