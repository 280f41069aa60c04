"""Net-labelled rectangles as boxes of conductor in the process's dielectrics, on a grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from somaforge.flow.pex.field.solver import FREE, Scene, planes
from somaforge.flow.pex.kernel import DIFFUSION, SUBSTRATE, Box, Ints, Rectangles
from somaforge.pdk.arrays import Floats
from somaforge.pdk.dielectrics import Coat, Dielectrics
from somaforge.pdk.interconnect import Interconnect

_SAMPLES = 4
"""Along each side of a cell, for the part of it that a coat fills."""
_MIDDLE_UM = 0.5
"""Largest cell upwards."""


@dataclass(frozen=True)
class Mesh:
    """How fine a grid is, um."""

    finest: float
    """Largest cell at the edge of a conductor."""
    coarsest: float
    """Largest cell anywhere, sideways."""
    snap: float = 0.0
    """Edges nearer to each other than this become one."""
    top: float = 8.0
    """Upper wall, above the substrate."""


@dataclass(frozen=True)
class Post:
    """A contact or via."""

    bottom: float
    """um above the substrate."""
    top: float
    box: Box
    """nm."""
    electrode: int


def paint(
    shapes: Rectangles, posts: Sequence[Post], window: Box, process: Interconnect, dielectrics: Dielectrics, mesh: Mesh
) -> Scene:
    """Everything in `window` (nm); its sides are mirrors.

    The net of a rectangle is its electrode; 0 is the substrate with its wells. What is on the substrate's layer is a
    channel: conductor as high as diffusion.
    """
    heights = {int(k): _span(process, process.conductors[k]) for k in np.unique(shapes.layer) if k > SUBSTRATE}
    coats = [(process.conductors.index(c.conductor), c) for c in dielectrics.coats]
    coats = [(layer, coat) for layer, coat in coats if layer in heights]
    drawn = shapes.box[shapes.layer > SUBSTRATE]
    x, y = (_sideways(drawn[:, [k, k + 2]], window[k], window[k + 2], mesh) for k in (0, 1))
    z = _upwards(heights, coats, dielectrics, mesh)
    level = (z[:-1] + z[1:]) / 2
    size = (len(x) - 1, len(y) - 1, len(level))
    permittivity = np.ones(size)
    for slab in dielectrics.slabs:
        permittivity[:, :, level > slab.bottom_nm / 1000] = slab.permittivity
    for layer, coat in coats:
        side = round(coat.beside_nm) * np.array([-1, -1, 1, 1])
        part = _coverage(x, y, shapes.box[shapes.layer == layer] + side)[:, :, None]
        where = (level > heights[layer][0]) & (level < heights[layer][1] + coat.over_nm / 1000)
        permittivity[:, :, where] += part * (coat.permittivity - permittivity[:, :, where])
    electrode = np.full(size, FREE, dtype=np.int32)
    electrode[:, :, level < 0] = SUBSTRATE
    rows = zip(shapes.layer.tolist(), shapes.box.tolist(), shapes.net.tolist(), strict=True)
    for layer, box, net in sorted(rows):
        bottom, top = _span(process, process.conductors[max(layer, DIFFUSION)])
        _fill(electrode, x, y, (level > (0 if layer <= DIFFUSION else bottom)) & (level < top), box, net)
    for post in posts:
        _fill(electrode, x, y, (level > post.bottom) & (level < post.top), post.box, post.electrode)
    return Scene(x, y, z, permittivity, electrode)


def _span(process: Interconnect, name: str) -> tuple[float, float]:
    """Bottom and top, um."""
    bottom, thickness = process.height_nm[name]
    return bottom / 1000, (bottom + thickness) / 1000


def _upwards(
    heights: dict[int, tuple[float, float]], coats: list[tuple[int, Coat]], dielectrics: Dielectrics, mesh: Mesh
) -> Floats:
    """Planes from just below the substrate's surface to the top."""
    levels = {s.bottom_nm / 1000 for s in dielectrics.slabs} | {v for span in heights.values() for v in span}
    levels |= {heights[layer][1] + coat.over_nm / 1000 for layer, coat in coats} | {0.0, mesh.top}
    above = planes((v for v in levels if 0 <= v <= mesh.top), mesh.finest, _MIDDLE_UM)
    return np.concatenate(([-mesh.finest], above))


def _sideways(edges: Ints, low: int, high: int, mesh: Mesh) -> Floats:
    """Planes through the edges between two walls, nm."""
    found, nearest = [low / 1000], max(mesh.snap, 1e-6)
    for edge in np.unique(edges / 1000).tolist():
        if edge - found[-1] >= nearest and high / 1000 - edge >= nearest:
            found.append(edge)
    return planes([*found, high / 1000], mesh.finest, mesh.coarsest)


def _fill(
    electrode: NDArray[np.int32], x: Floats, y: Floats, where: NDArray[np.bool_], box: Sequence[int], number: int
) -> None:
    """Give the cells of `box` (nm, to the nearest planes) to an electrode."""
    columns = (_nearest(x, box[0]), _nearest(x, box[2]))
    rows = (_nearest(y, box[1]), _nearest(y, box[3]))
    electrode[columns[0] : columns[1], rows[0] : rows[1], where] = number


def _nearest(lines: Floats, at_nm: int) -> int:
    at = at_nm / 1000
    k = min(max(int(np.searchsorted(lines, at)), 1), len(lines) - 1)
    return k if lines[k] - at < at - lines[k - 1] else k - 1


def _coverage(x: Floats, y: Floats, boxes: Ints) -> Floats:
    """[nx, ny]: part of each column of cells that the boxes (nm) fill."""
    inner = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    at = [(1000 * (p[:-1, None] + np.diff(p)[:, None] * inner)).ravel() for p in (x, y)]
    found = np.zeros((len(at[0]), len(at[1])), dtype=bool)
    for left, bottom, right, top in boxes.tolist():
        i, j = np.searchsorted(at[0], (left, right)), np.searchsorted(at[1], (bottom, top))
        found[i[0] : i[1], j[0] : j[1]] = True
    part: Floats = found.reshape(len(x) - 1, _SAMPLES, len(y) - 1, _SAMPLES).mean(axis=(1, 3))
    return part
