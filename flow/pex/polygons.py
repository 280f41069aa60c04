"""Between KLayout's polygons and tables of boxes in nm."""

from collections.abc import Iterable, Iterator, Sequence

import klayout.db as kdb
import numpy as np

from somaforge.flow.pex.kernel import Ints

_SLICE_NM = 50
"""Slanted shapes become stairs of this height."""


def boxes_region(boxes: Iterable[Sequence[int]]) -> kdb.Region:
    """Boxes (left, bottom, right, top) as a merged region."""
    region = kdb.Region()
    for box in boxes:
        region.insert(kdb.Box(*box))
    return region.merged()


def rectangles(region: kdb.Region, scale: float) -> list[tuple[int, int, int, int]]:
    """A merged region as boxes in nm; slanted parts become stairs of the same area."""
    boxes: list[tuple[int, int, int, int]] = []
    for polygon in region.each():
        for part in polygon.decompose_trapezoids():
            boxes.extend(_stairs(part, scale))
    return boxes


def _stairs(part: kdb.SimplePolygon, scale: float) -> Iterator[tuple[int, int, int, int]]:
    box = part.bbox()
    left, bottom, right, top = (round(v * scale) for v in (box.left, box.bottom, box.right, box.top))
    if part.is_box():
        yield left, bottom, right, top
        return
    points = [(p.x * scale, p.y * scale) for p in part.each_point()]
    low = sorted(x for x, y in points if round(y) == bottom)
    high = sorted(x for x, y in points if round(y) == top)
    steps = max(1, (top - bottom) // _SLICE_NM)
    for k in range(steps):
        t = (k + 0.5) / steps
        x0, x1 = (round(a + (b - a) * t) for a, b in ((low[0], high[0]), (low[-1], high[-1])))
        y0, y1 = (bottom + (top - bottom) * n // steps for n in (k, k + 1))
        if x1 > x0 and y1 > y0:
            yield x0, y0, x1, y1


def move(boxes: Ints, trans: kdb.DCplxTrans) -> Ints:
    """Boxes in nm through a placement (multiples of 90 degrees, mirrored or not)."""
    angle, sign = round(trans.angle) % 360, -1 if trans.is_mirror() else 1
    moved = np.empty_like(boxes)
    turned = angle in (90, 270)
    x_factor = {0: 1, 90: 1, 180: -1, 270: -1}[angle]
    y_factor = sign * {0: 1, 90: -1, 180: -1, 270: 1}[angle]
    for axis, factor in ((0, x_factor), (1, y_factor)):
        to = 1 - axis if turned else axis
        shift = round((trans.disp.y if to else trans.disp.x) * 1000)
        low, high = (axis, axis + 2) if factor > 0 else (axis + 2, axis)
        moved[:, to], moved[:, to + 2] = factor * boxes[:, low] + shift, factor * boxes[:, high] + shift
    return moved
