"""Small drawings for single design rules: what breaks the rule, and the same 5 nm better."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.gds import LAYERS, PINS

Box = tuple[str, int, int, int, int]
"""Layer name (".pin" behind it for a pin shape), left, bottom, right, top in nm."""
Points = list[tuple[int, int]]
Shapes = list["Box | tuple[str, Points] | tuple[str, Points, int]"]
"""Boxes, polygons, and paths with their width."""


@dataclass(frozen=True)
class Case:
    """One rule with a drawing that breaks it and a neighbour that keeps it."""

    rule: str
    bad: Shapes
    good: Shapes


def write(path: Path, shapes: Shapes) -> Path:
    """Write the shapes as the only cell of a layout."""
    layout = kdb.Layout()
    cell = layout.create_cell("case")
    for shape in shapes:
        name = shape[0]
        numbers = PINS[name.removesuffix(".pin")] if name.endswith(".pin") else LAYERS[name]
        target = cell.shapes(layout.layer(*numbers))
        if isinstance(shape[1], list):
            points = [kdb.Point(x, y) for x, y in shape[1]]
            target.insert(kdb.Path(points, shape[2]) if len(shape) == 3 else kdb.Polygon(points, True))
        else:
            target.insert(kdb.Box(*shape[1:]))
    layout.write(str(path))
    return path


def opened(path: Path, shapes: Shapes) -> OpenLayout:
    """The shapes as a layout that has been written and read."""
    return open_layout(write(path, shapes), "case")


def width(rule: str, layer: str, nm: int) -> Case:
    """A line that is 5 nm too narrow."""
    return Case(rule, [(layer, 0, 0, nm - 5, 9000)], [(layer, 0, 0, nm, 9000)])


def space(rule: str, layer: str, nm: int, size: int = 2000) -> Case:
    """Two squares that are 5 nm too close."""

    def two(gap: int) -> Shapes:
        return [(layer, 0, 0, size, size), (layer, size + gap, 0, 2 * size + gap, size)]

    return Case(rule, two(nm - 5), two(nm))


def notch(rule: str, layer: str, nm: int) -> Case:
    """A U whose inner sides are 5 nm too close."""

    def u(gap: int) -> Shapes:
        side = 2000
        return [
            (layer, 0, 0, side, 3 * side),
            (layer, side + gap, 0, 2 * side + gap, 3 * side),
            (layer, 0, 0, 2 * side + gap, side),
        ]

    return Case(rule, u(nm - 5), u(nm))


def apart(rule: str, a: str, b: str, nm: int, extra: Callable[[int], Shapes] = lambda gap: []) -> Case:
    """Two layers that are 5 nm too close; `extra` draws what else the rule needs, given the gap."""

    def two(gap: int) -> Shapes:
        return [(a, 0, 0, 1000, 1000), (b, 1000 + gap, 0, 3000 + gap, 1000), *extra(gap)]

    return Case(rule, two(nm - 5), two(nm))


def around(rule: str, outer: str, inner: str, size: int, nm: int) -> Case:
    """A square whose frame is 5 nm too narrow on the left."""

    def frame(left: int) -> Shapes:
        return [(inner, 0, 0, size, size), (outer, -left, -500, size + 500, size + 500)]

    return Case(rule, frame(nm - 5), frame(nm))


def not_covered(rule: str, outer: str, inner: str, size: int) -> Case:
    """A square that its frame does not cover at all."""
    return Case(rule, [(inner, 0, 0, size, size)], [(inner, 0, 0, size, size), (outer, -500, -500, 900, 900)])


def opposite(rule: str, outer: str, inner: str, size: int, nm: int, more: Shapes | None = None) -> Case:
    """A square with the wide frame on one side and on none of its neighbours; good with two opposite sides."""

    def frame(right: int, left: int) -> Shapes:
        return [(inner, 0, 0, size, size), (outer, -left, -nm + 5, size + right, size + nm - 5), *(more or [])]

    return Case(rule, frame(nm, nm - 5), frame(nm, nm))


def area(rule: str, layer: str, nm2: int, width_nm: int) -> Case:
    """A rectangle that is 5 nm too short for its area."""
    length = -(-nm2 // width_nm // 5) * 5
    while length * width_nm < nm2:
        length += 5
    return Case(rule, [(layer, 0, 0, width_nm, length - 5)], [(layer, 0, 0, width_nm, length)])


def hole(rule: str, layer: str, nm2: int, width_nm: int) -> Case:
    """A frame around a hole that is 5 nm too short for its area."""
    length = -(-nm2 // width_nm // 5) * 5
    while length * width_nm < nm2:
        length += 5

    def ring(inner: int) -> Shapes:
        wide, high = 4000 + width_nm, 4000 + inner
        return [
            (layer, 0, 0, 2000, high),
            (layer, wide - 2000, 0, wide, high),
            (layer, 0, 0, wide, 2000),
            (layer, 0, high - 2000, wide, high),
        ]

    return Case(rule, ring(length - 5), ring(length))


def square(rule: str, layer: str, nm: int) -> Case:
    """A cut that is 5 nm too large."""
    return Case(rule, [(layer, 0, 0, nm + 5, nm)], [(layer, 0, 0, nm, nm)])


def off_grid(layer: str) -> Case:
    """A large square shifted by 1 nm."""
    return Case(f"{layer}.grid", [(layer, 1, 0, 6000, 6000)], [(layer, 0, 0, 6000, 6000)])


def angle(layer: str, orthogonal: bool) -> Case:
    """A corner cut in a direction that the layer may not have."""

    def cut(x: int, y: int) -> Shapes:
        return [(layer, [(0, 0), (0, 6000), (6000 - x, 6000), (6000, 6000 - y), (6000, 0)])]

    return Case(
        f"{layer}.angle",
        cut(1000, 1000) if orthogonal else cut(1000, 500),
        cut(0, 0) if orthogonal else cut(1000, 1000),
    )


def pin(layer: str) -> Case:
    """A pin shape beside its metal."""
    return Case(f"{layer}.pin", [(layer, 0, 0, 900, 900), (f"{layer}.pin", 500, 0, 905, 300)],
                [(layer, 0, 0, 900, 900), (f"{layer}.pin", 500, 0, 900, 300)])  # fmt: skip


def transistor(
    *,
    p: bool = False,
    w: int = 420,
    length: int = 150,
    side: int = 500,
    endcap: int = 130,
    more: Shapes | None = None,
) -> Shapes:
    """A transistor: gate from (0, 0) to (length, w), diffusion left and right."""
    implant: Box = ("psdm" if p else "nsdm", -side - 125, -125, length + side + 125, w + 125)
    well: Shapes = [("nwell", -side - 600, -600, length + side + 600, w + 600)] if p else []
    return [
        ("diff", -side, 0, length + side, w),
        ("poly", 0, -endcap, length, w + endcap),
        implant,
        *well,
        *(more or []),
    ]
