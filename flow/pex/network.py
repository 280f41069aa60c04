"""Resistance between places on one net, by KLayout's resistor extraction: wires, contacts and vias.

Exact where `wires` simplifies (stubs, corners, pads and the cuts between layers), and slower: for single nets, checks,
and the way from a wire to a transistor.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.kernel import DIFFUSION, GATE, Ints, Rectangles
from somaforge.flow.pex.polygons import boxes_region
from somaforge.pdk.arrays import Floats
from somaforge.pdk.interconnect import Interconnect

# KLayout's own stubs of this module are empty (0.30.12), so that a type checker knows nothing of it.
kpex: Any = importlib.import_module("klayout.pex")

_CUT_ID = 100
"""Cuts come after all conductors in KLayout's numbering."""


@dataclass(frozen=True)
class Port:
    """A place on a conductor of the net, nm. On diffusion: the whole piece, which is the transistor's."""

    layer: int
    x: int
    y: int


def resistances(shapes: Rectangles, cuts: Rectangles, ports: Sequence[Port], process: Interconnect) -> Floats:
    """[ports, ports] ohm between each two ports of one net; inf where nothing joins them."""
    geometry = {
        k: boxes_region(shapes.box[shapes.layer == k].tolist()) for k in range(DIFFUSION, GATE + len(process.wires))
    }
    for k in range(len(process.stack.cuts)):
        geometry[_CUT_ID + k] = boxes_region(cuts.box[cuts.layer == k].tolist())
    points: dict[int, list[kdb.Point]] = {}
    pieces: dict[int, list[kdb.Polygon]] = {}
    names: dict[tuple[bool, int, int], list[int]] = {}
    for number, port in enumerate(ports):
        at = kdb.Point(port.x, port.y)
        if port.layer != DIFFUSION:
            listed = points.setdefault(port.layer, [])
            names[False, port.layer, len(listed)] = [number]
            listed.append(at)
            continue
        piece = next((p for p in geometry[DIFFUSION].each() if p.inside(at)), None)
        known = pieces.setdefault(DIFFUSION, [])
        if piece is not None:
            if piece not in known:
                known.append(piece)
            names.setdefault((True, DIFFUSION, known.index(piece)), []).append(number)
    network = kpex.RNetExtractor(0.001).extract(_technology(process), geometry, points, pieces)
    return _between(network, names, len(ports))


def _technology(process: Interconnect) -> Any:
    technology = kpex.RExtractorTech()
    # Diffusion has its resistance in the transistor's model: nearly none here.
    sheets = {DIFFUSION: 1e-3} | {GATE + k: process.sheet_ohm[name] for k, name in enumerate(process.wires)}
    for layer, ohm in sheets.items():
        conductor = kpex.RExtractorTechConductor()
        conductor.layer, conductor.resistance = layer, ohm
        technology.add_conductor(conductor)
    for k, cut in enumerate(process.stack.cuts):
        via = kpex.RExtractorTechVia()
        lower, upper = (process.conductors.index(name) for name in (cut.lower, cut.upper))
        via.cut_layer, via.bottom_conductor, via.top_conductor = _CUT_ID + k, lower, upper
        via.resistance = process.cut_ohm[cut.name] * (cut.side_nm / 1000) ** 2
        technology.add_via(via)
    return technology


def _between(network: Any, names: dict[tuple[bool, int, int], list[int]], count: int) -> Floats:
    nodes = {node.object_id(): k for k, node in enumerate(network.each_node())}
    at = np.full(count, -1)
    for node in network.each_node():
        kinds = {kpex.RNodeType.VertexPort: False, kpex.RNodeType.PolygonPort: True}
        if node.type() in kinds:
            at[names[kinds[node.type()], node.layer(), node.port_index()]] = nodes[node.object_id()]
    matrix = np.zeros((len(nodes), len(nodes)))
    for element in network.each_element():
        a, b = nodes[element.a().object_id()], nodes[element.b().object_id()]
        # KLayout keeps joined places apart by elements without resistance.
        siemens = 1 / max(element.resistance(), 1e-6)
        matrix[[a, b], [b, a]] -= siemens
        matrix[[a, b], [a, b]] += siemens
    group = _groups(matrix)
    inverse = np.linalg.pinv(matrix, hermitian=True)
    found = np.full((count, count), np.inf)
    for i in range(count):
        for j in range(count):
            if at[i] >= 0 and at[j] >= 0 and group[at[i]] == group[at[j]]:
                a, b = at[i], at[j]
                found[i, j] = inverse[a, a] + inverse[b, b] - 2 * inverse[a, b]
    return found


def _groups(matrix: Floats) -> Ints:
    """Which nodes hang together."""
    group = np.arange(len(matrix))
    for a, b in zip(*np.nonzero(matrix < 0), strict=True):
        if group[a] != group[b]:
            group[group == group[b]] = group[a]
    return group
