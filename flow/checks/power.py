"""The power grid: voltage drop and current density of the supply straps under given currents of the cells.

All current is put on the straps (met4): the rails below them, which share it, are left out, so that drop and density
are upper bounds. A strap is a resistor along its longer side with a node at each cell, label and junction; labels of
the net on the straps are ideal sources. Sheet resistances are the process's own (pdk.sky130.parasitics), limits the
foundry's (pdk.sky130.current).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import klayout.db as kdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from somaforge.generator.design import Design, mirror_parts
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.connectivity import Extraction
from somaforge.pdk.sky130.current import MAX_A_PER_UM
from somaforge.pdk.sky130.gds import LABELS
from somaforge.pdk.sky130.parasitics import INTERCONNECT

STRAPS = "met4"
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
    """Largest current per width, over the foundry's limit."""
    straps: int
    feeds: int


@dataclass
class _Strap:
    box: kdb.Box
    nodes: dict[int, int]
    """Position along the longer side -> node."""

    @property
    def horizontal(self) -> bool:
        return bool(self.box.width() >= self.box.height())

    @property
    def width(self) -> int:
        return int(min(self.box.width(), self.box.height()))

    def along(self, point: kdb.Point) -> int:
        """Where a point is, along the strap."""
        low, high = (self.box.left, self.box.right) if self.horizontal else (self.box.bottom, self.box.top)
        return int(min(max(point.x if self.horizontal else point.y, low), high))


def worst_loads(design: Design, neuron_A: float) -> dict[str, dict[str, float]]:
    """Currents of every cell by net if each soma gets `neuron_A` and each synapse has its highest code.

    By the geometry of the mirrors: a soma's p side carries its current twice (M2, M3), its n side three times (M0, M1,
    M4); a synapse passes the share that its mirrors are of the soma's, an output synapse that of one unit.
    """
    mirror = design.spec.array.mirror
    widths = sum(sum(mirror_parts(design.spec, bit)) for bit in range(design.spec.array.bits))
    per_width_A = neuron_A / (mirror.multiplier * round(mirror.w_um * 1000))
    synapses = {"synapse": widths * per_width_A, "output_synapse": sum(mirror_parts(design.spec, 0)) * per_width_A}
    return {"vdd": {"soma": 2 * neuron_A, **synapses}, "gnd": {"soma": 3 * neuron_A, **synapses}}


def grid(extraction: Extraction, net: str, loads: Loads) -> Grid:
    """Solve one net. InputError if it has no strap with a label of its name, or no cell of `loads` is there."""
    straps = [_Strap(box, {}) for box in _boxes(extraction, net)]
    feeds = _feeds(extraction, net)
    places = _places(extraction, loads)
    if not places:
        raise InputError(f"cell {extraction.opened.cell.name}: none of {', '.join(loads)} is in it")
    count = 0

    def node(strap: _Strap, position: int) -> int:
        nonlocal count
        if position not in strap.nodes:
            strap.nodes[position] = count
            count += 1
        return strap.nodes[position]

    sources = [node(s, s.along(at)) for at in feeds for s in straps if s.box.contains(at)]
    if not sources:
        raise InputError(f"net {net}: no label of this name lies on its {STRAPS}, so nothing feeds its straps")
    links = [
        (node(a, a.along(meet)), node(b, b.along(meet)), 1 / FEED_OHM)
        for i, a in enumerate(straps)
        for b in straps[:i]
        if a.box.touches(b.box)
        for meet in [(a.box & b.box).center()]
    ]
    fed = _reached(straps, links, sources)
    edges = np.array([(s.box.left, s.box.bottom, s.box.right, s.box.top) for s in fed], dtype=np.float64)
    sinks: dict[int, float] = {}
    for at, ampere in places:
        nearest = fed[int(np.argmin(_distances(edges, at)))]
        k = node(nearest, nearest.along(at))
        sinks[k] = sinks.get(k, 0.0) + ampere
    return _solved(fed, links, sources, sinks)


def _distances(edges: NDArray[np.float64], at: kdb.Point) -> NDArray[np.float64]:
    x = np.maximum(np.maximum(edges[:, 0] - at.x, at.x - edges[:, 2]), 0)
    y = np.maximum(np.maximum(edges[:, 1] - at.y, at.y - edges[:, 3]), 0)
    return np.hypot(x, y)


def _solved(
    straps: list[_Strap], links: list[tuple[int, int, float]], sources: list[int], sinks: Mapping[int, float]
) -> Grid:
    sheet = INTERCONNECT.sheet_ohm[STRAPS]
    pieces: list[tuple[int, int, float, int]] = []
    for strap in straps:
        ordered = sorted(strap.nodes)
        for low, high in pairwise(ordered):
            conductance = strap.width / (sheet * (high - low))
            pieces.append((strap.nodes[low], strap.nodes[high], conductance, strap.width))
    used = sorted({k for strap in straps for k in strap.nodes.values()})
    number = {k: i for i, k in enumerate(used)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for a, b, g in [*((a, b, g) for a, b, g, _ in pieces), *(link for link in links if link[0] in number)]:
        i, j = number[a], number[b]
        rows += [i, j, i, j]
        columns += [i, j, j, i]
        values += [g, g, -g, -g]
    for k in set(sources) & number.keys():
        rows.append(number[k])
        columns.append(number[k])
        values.append(1 / FEED_OHM)
    taken = np.zeros(len(used))
    for k, ampere in sinks.items():
        taken[number[k]] = ampere
    drop = np.atleast_1d(spsolve(coo_array((values, (rows, columns)), shape=(len(used),) * 2).tocsc(), taken))
    limit = MAX_A_PER_UM[STRAPS]
    density = [abs(drop[number[a]] - drop[number[b]]) * g / (width * 1e-3) / limit for a, b, g, width in pieces]
    return Grid(float(taken.sum()), float(drop.max()), float(max(density, default=0.0)), len(straps), len(set(sources)))


def _reached(straps: list[_Strap], links: list[tuple[int, int, float]], sources: list[int]) -> list[_Strap]:
    """Straps that a source feeds, directly or through others; the rest are pieces that only lie over cells."""
    nodes = set(sources)
    while True:
        fed = [s for s in straps if nodes & set(s.nodes.values())]
        more = {k for s in fed for k in s.nodes.values()}
        more |= {b for a, b, _ in links if a in more} | {a for a, b, _ in links if b in more}
        if more <= nodes:
            return fed
        nodes |= more


def _boxes(extraction: Extraction, net: str) -> list[kdb.Box]:
    boxes = []
    for found in extraction.top.each_net():
        if net.lower() in found.name.lower().split(","):
            for polygon in extraction.shapes(found, STRAPS).each():
                boxes += [part.bbox() for part in polygon.decompose_trapezoids(kdb.Polygon.TD_htrapezoids)]
    return boxes


def _feeds(extraction: Extraction, net: str) -> list[kdb.Point]:
    opened = extraction.opened
    shapes = opened.cell.shapes(opened.layout.layer(*LABELS[STRAPS])).each(kdb.Shapes.STexts)
    return [kdb.Point() + s.text_trans.disp for s in shapes if s.text_string.lower() == net.lower()]


def _places(extraction: Extraction, loads: Loads) -> list[tuple[kdb.Point, float]]:
    layout = extraction.opened.layout
    places = []
    for name, ampere in loads.items():
        cell = layout.cell(name)
        if cell is None:
            continue
        found = kdb.RecursiveInstanceIterator(layout, extraction.opened.cell)
        found.targets = [cell.cell_index()]
        middle = cell.bbox().center()
        for each in found:
            places.append(((each.trans() * each.inst_trans()).trans(middle), ampere))
    return places
