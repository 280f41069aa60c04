"""Shapes that two tools may read as two masks: sharp corners, paths that turn back, polygons across themselves.

The foundry allows edges in steps of 45 degrees (x.3a) and says nothing of the corner between two of them; what a path
with a sharp turn, or a polygon that crosses itself, covers depends on who reads it. None of them is a drawing.
"""

from collections.abc import Callable
from itertools import pairwise

import klayout.db as kdb

from somaforge.pdk.sky130.drc.layers import Layers, Rule
from somaforge.pdk.sky130.drc.wells import MASKS, ORTHOGONAL

RIGHT, STRAIGHT = 90.0, 180.0


def _acute(layers: Layers) -> kdb.Region:
    """Corners of less than 90 degrees, of a shape or of the gap beside it; layers with right angles alone cannot."""
    found = kdb.Region()
    for name in MASKS.keys() - ORTHOGONAL:
        drawn = layers.drawn(name).merged()
        if not drawn.edges().with_angle(kdb.Edges.EdgeType.OrthoEdges, True).is_empty():
            found += drawn.corners(RIGHT, STRAIGHT, 1, False, True, False, True)
    return found


def turns_back(shape: kdb.Shape) -> bool:
    """Whether a path has a turn sharper than a right angle, or neither length nor width."""
    points = list(shape.path.each_point())
    steps = [b - a for a, b in pairwise(points) if a != b]
    if not steps or shape.path.width == 0:
        return True
    return any(a.sprod_sign(b) < 0 for a, b in pairwise(steps))


def crosses_itself(shape: kdb.Shape) -> bool:
    """Whether a polygon covers another area than its outline encloses once."""
    polygon = shape.polygon
    return not polygon.is_box() and abs(polygon.area()) != kdb.Region(polygon).merged().area()


def _as_drawn(layers: Layers, kind: int, is_wrong: Callable[[kdb.Shape], bool]) -> kdb.Region:
    """Frames around wrong shapes of any mask layer, wherever they are placed; merging would hide what they are."""
    layout, top = layers.opened.layout, layers.opened.cell
    cells = [top, *map(layout.cell, top.called_cells())]
    found = kdb.Region()
    found.merged_semantics = False
    for layer in (layout.layer(*numbers) for numbers in MASKS.values()):
        if not any(is_wrong(shape) for cell in cells for shape in cell.shapes(layer).each(kind)):
            continue
        places = top.begin_shapes_rec(layer)
        places.shape_flags = kind
        for place in places:
            if is_wrong(place.shape()):
                found.insert(place.shape().bbox().enlarged(1, 1).transformed(place.trans()))
    return found


SHAPES: tuple[Rule, ...] = (
    Rule("x.acute", "corners below 90 degrees", 0, _acute, general=True),
    Rule("x.path", "path that turns back, or without length or width", 0,
         lambda r: _as_drawn(r, kdb.Shapes.SPaths, turns_back), general=True),
    Rule("x.polygon", "polygon that crosses or overlaps itself", 0,
         lambda r: _as_drawn(r, kdb.Shapes.SPolygons, crosses_itself), general=True),
)  # fmt: skip
