"""The power grid: voltage drop and current density of a supply net as drawn, under given currents of the cells.

The net's wires and vias, from the lowest metal up, are resistors (flow.checks.resistors). A cell takes its current
where the net's lowest metal is nearest to its middle. Labels of the net on the straps are ideal sources. Resistances
and limits are the process's (Pdk.wires).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import klayout.db as kdb
import numpy as np

from somaforge.flow.checks.resistors import Metal, Terminal, resistors
from somaforge.generator.design import Design, mirror_parts
from somaforge.generator.names import OUTPUT_SYNAPSE, SOMA, SYNAPSE
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.extraction import Extraction
from somaforge.pdk.wires import Wires

STRAPS = "strap"
"""Role of the conductor that is fed."""
FEED_OHM = 1e-6
"""Resistance of a source: nothing beside a square of metal (50 mohm), and it keeps the matrix regular."""

Loads = Mapping[str, float]
"""Cell name -> ampere of one instance."""


@dataclass(frozen=True)
class Grid:
    """What one supply net does under its loads."""

    current_A: float
    drop_V: float
    """Largest difference between a source and a cell."""
    density_ratio: float
    """Largest current of a wire or via, over the foundry's limit for its width or for one via."""
    densest: str
    """The layer of that wire or via."""
    feeds: int
    resistors: int
    """Without the ends of wires that carry no current."""


def worst_loads(design: Design, neuron_A: float) -> dict[str, dict[str, float]]:
    """Currents of every cell by net if each soma gets `neuron_A` and each synapse has its highest code.

    By the geometry of the mirrors: a soma's p side carries what M1 makes of its current twice (M2, M3), its n side the
    current itself (M0) and twice what M1 makes of it (M1, M4); a synapse passes the share that its mirrors are of M0,
    an output synapse that of one unit.
    """
    mirror = design.spec.array.mirror
    widths = sum(sum(mirror_parts(design.spec, bit)) for bit in range(design.spec.array.bits))
    rails_A = neuron_A * mirror.multiplier / mirror.input_units
    per_width_A = neuron_A / (mirror.input_units * round(mirror.w_um * 1000))
    soma, synapse, output = map(design.cell, (SOMA, SYNAPSE, OUTPUT_SYNAPSE))
    synapses = {synapse: widths * per_width_A, output: sum(mirror_parts(design.spec, 0)) * per_width_A}
    return {"vdd": {soma: 2 * rails_A, **synapses}, "gnd": {soma: neuron_A + 2 * rails_A, **synapses}}


def grid(wires: Wires, extraction: Extraction, net: str, loads: Loads) -> Grid:
    """Solve one net. InputError if no label of its name lies on its straps, or no cell of `loads` is there;
    CheckError if a cell has no metal of the net, or some that no source reaches."""
    places = _places(extraction, loads)
    if not places:
        raise InputError(f"cell {extraction.opened.cell.name}: none of {', '.join(loads)} is in it")
    metals = [Metal(_shapes(extraction, net, layer)) for layer in wires.metals]
    vias = {layer: _shapes(extraction, net, layer) for layer in wires.vias}
    strap = wires.roles[STRAPS]
    straps = wires.metals.index(strap)
    labels = [(at, metals[straps].at(at.x, at.y)) for at in _feeds(extraction, net, strap)]
    sources = [Terminal(straps, on, at.x, at.y) for at, on in labels if on is not None]
    if not sources:
        raise InputError(f"net {net}: no label of this name lies on its {strap}, so nothing feeds its straps")
    found = resistors(wires, metals, vias, [*sources, *_sinks(metals, net, places)]).without_stubs()
    ampere = np.array([a for _, a in places])
    fed, taken = found.terminals[: len(sources)], found.terminals[len(sources) :]
    drop = found.drops(fed, taken, ampere, FEED_OHM)
    cut_off = np.flatnonzero(np.isnan(drop[taken]))
    if len(cut_off):
        at = places[int(cut_off[0])][0].center()
        raise CheckError(f"net {net}: no metal leads from a label to {len(cut_off)} cells, one at {at} nm")
    across = drop[found.ends[:, 0]] - drop[found.ends[:, 1]]
    ratios = np.nan_to_num(np.abs(across) * found.siemens / found.limit_A)
    most = int(np.argmax(ratios)) if len(ratios) else None
    return Grid(
        current_A=float(ampere.sum()),
        drop_V=float(drop[taken].max()),
        density_ratio=0.0 if most is None else float(ratios[most]),
        densest="" if most is None else (wires.metals + wires.vias)[int(found.layer[most])],
        feeds=len(set(fed.tolist())),
        resistors=len(found.siemens),
    )


def _shapes(extraction: Extraction, net: str, layer: str) -> kdb.Region:
    """Metal of all nets of that name: the substrate joins ground where metal does not."""
    region = kdb.Region()
    for found in extraction.top.each_net():
        if net.lower() in found.name.lower().split(","):
            region += extraction.shapes(found, layer)
    return region.merged()


def _feeds(extraction: Extraction, net: str, strap: str) -> list[kdb.Point]:
    opened = extraction.opened
    shapes = opened.cell.shapes(opened.layout.layer(*extraction.by.labels[strap])).each(kdb.Shapes.STexts)
    return [kdb.Point() + s.text_trans.disp for s in shapes if s.text_string.lower() == net.lower()]


def _places(extraction: Extraction, loads: Loads) -> list[tuple[kdb.Box, float]]:
    layout = extraction.opened.layout
    places = []
    for name, ampere in loads.items():
        cell = layout.cell(name)
        if cell is None:
            continue
        found = kdb.RecursiveInstanceIterator(layout, extraction.opened.cell)
        found.targets = [cell.cell_index()]
        for each in found:
            places.append(((each.trans() * each.inst_trans()).trans(cell.bbox()), ampere))
    return places


def _sinks(metals: Sequence[Metal], net: str, places: Sequence[tuple[kdb.Box, float]]) -> list[Terminal]:
    """Where each cell takes its current; CheckError if the net's lowest metal is not in it."""
    lowest = next(k for k, metal in enumerate(metals) if len(metal.box))
    sinks = []
    for box, _ in places:
        at, rectangle = box.center(), metals[lowest].nearest(box)
        if rectangle is None:
            raise CheckError(f"net {net}: no metal of it in the cell at {at} nm")
        sinks.append(Terminal(lowest, rectangle, at.x, at.y))
    return sinks
