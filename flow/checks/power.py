"""The power grid: voltage drop and current density of a supply net as drawn, under given currents of the cells.

The net's wires and vias, from the lowest metal up, are resistors (flow.checks.resistors). A cell takes its current
where the net's lowest metal is nearest to its middle. The net's ports on straps are ideal sources. Resistances and
limits are the process's (Pdk.wires).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import klayout.db as kdb
import numpy as np

from somaforge.flow.checks.resistors import Metal, Terminal, resistors
from somaforge.generator.block import Port
from somaforge.generator.circuit import Circuit
from somaforge.generator.design import Design
from somaforge.generator.names import GROUND, IN, VN, VP
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

    By the mirrors in the circuits: a channel whose gate is a soma's input or a row's rail carries its width's share of
    M0's current, unless its switch is tied off.
    """
    mirror = design.spec.array.mirror
    per_nm_A = neuron_A / (mirror.input_units * round(mirror.w_um * 1000))
    loads: dict[str, dict[str, float]] = {}
    for circuit in design.library.circuits.values():
        for bulk, width in _mirror_widths(circuit).items():
            loads.setdefault(bulk, {})[circuit.name] = width * per_nm_A
    return loads


def _mirror_widths(circuit: Circuit) -> Counter[str]:
    """Supply or ground -> summed width in nm of the mirrors' channels on its side: their bulk is what feeds them."""
    off = {m.s for m in circuit.mos if m.b == m.g == GROUND}
    widths: Counter[str] = Counter()
    for m in circuit.mos:
        if m.g in (IN, VP, VN) and m.d not in off:
            widths[m.b] += m.w_nm
    return widths


def grid(wires: Wires, extraction: Extraction, net: str, ports: Iterable[Port], loads: Loads) -> Grid:
    """Solve one net, fed at those of `ports` that are its own and lie on straps.

    InputError if there is none, or no cell of `loads`; CheckError if a cell or port has no metal of the net, or some
    cell no way to a port.
    """
    places = _places(extraction, loads)
    if not places:
        raise InputError(f"cell {extraction.opened.cell.name}: none of {', '.join(loads)} is in it")
    metals = [Metal(_shapes(extraction, net, layer)) for layer in wires.metals]
    vias = {layer: _shapes(extraction, net, layer) for layer in wires.vias}
    straps = wires.metals.index(wires.roles[STRAPS])
    sources = [_source(metals[straps], straps, port) for port in ports if (port.net, port.layer) == (net, STRAPS)]
    if not sources:
        raise InputError(f"net {net}: no port of it lies on {wires.roles[STRAPS]}, so nothing feeds its straps")
    found = resistors(wires, metals, vias, [*sources, *_sinks(metals, net, places)]).without_stubs()
    ampere = np.array([a for _, a in places])
    fed, taken = found.terminals[: len(sources)], found.terminals[len(sources) :]
    drop = found.drops(fed, taken, ampere, FEED_OHM)
    cut_off = np.flatnonzero(np.isnan(drop[taken]))
    if len(cut_off):
        at = places[int(cut_off[0])][0].center()
        raise CheckError(f"net {net}: no metal leads from a port to {len(cut_off)} cells, one at {at} nm")
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


def _source(metal: Metal, straps: int, port: Port) -> Terminal:
    """The middle of a port; CheckError if the net has no metal there."""
    x1, y1, x2, y2 = port.box
    x, y = (x1 + x2) // 2, (y1 + y2) // 2
    on = metal.at(x, y)
    if on is None:
        raise CheckError(f"net {port.net}: no strap of it at its port at {x},{y} nm")
    return Terminal(straps, on, x, y)


def _shapes(extraction: Extraction, net: str, layer: str) -> kdb.Region:
    """Metal of all nets of that name: the substrate joins ground where metal does not."""
    region = kdb.Region()
    for found in extraction.top.each_net():
        if net.lower() in found.name.lower().split(","):
            region += extraction.shapes(found, layer)
    return region.merged()


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
