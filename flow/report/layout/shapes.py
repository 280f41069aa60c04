"""Cells of a layout as numbers: every cell once, with its own shapes by layer and the cells that it places."""

from collections.abc import Iterable
from typing import Any

import klayout.db as kdb

from somaforge.generator.picture import STYLE
from somaforge.pdk.base import Pdk
from somaforge.pdk.layout_file import OpenLayout

OTHER = 0x9AA0A8
"""Colour of layers that pictures leave out (implants, markers); the viewer has them switched off."""

Drawn = dict[str, list[list[int]]]
"""Index of a layer -> its shapes in database units: a box is [x1, y1, x2, y2], any other its points."""


def numbers(shapes: Iterable[kdb.Polygon]) -> list[list[int]]:
    """Shapes as the viewer reads them; holes are cut open."""
    found = []
    for polygon in shapes:
        if polygon.is_box():
            box = polygon.bbox()
            found.append([box.left, box.bottom, box.right, box.top])
        else:
            hull = polygon.resolved_holes() if polygon.holes() else polygon
            found.append([value for p in hull.each_point_hull() for value in (p.x, p.y)])
    return found


def layers(pdk: Pdk, opened: OpenLayout) -> list[dict[str, Any]]:
    """Layers with polygons: those of pictures first and from below to above, then all others."""
    role = {number: name for name, number in pdk.layers.items()}
    order = {name: (place, colour) for place, (name, colour, _) in enumerate(STYLE)}
    found = []
    for index in opened.layout.layer_indexes():
        info = opened.layout.get_info(index)
        name = role.get((info.layer, info.datatype), "")
        if opened.cell.bbox(index).empty() or name.endswith("_label"):  # texts alone
            continue
        place, colour = order.get(name, (len(order) + info.layer, OTHER))
        found.append((place, info.datatype, index, name, colour))
    return [
        {
            "name": name or "other",
            "number": f"{(info := opened.layout.get_info(index)).layer}/{info.datatype}",
            "colour": f"#{colour:06x}",
            "shown": name in order,
            "index": index,
        }
        for place, _, index, name, colour in sorted(found)
    ]


def cells(opened: OpenLayout, indexes: list[int]) -> list[dict[str, Any]]:
    """The top cell first, then those below it: name, box, shapes on the layers `indexes`, instances as [cell, turn, x,
    y, columns, rows, and the steps of an array]; `turn` is KLayout's code of rotation and mirroring (0 to 7)."""
    called = [opened.cell.cell_index(), *opened.cell.called_cells()]
    number = {index: place for place, index in enumerate(called)}
    return [_cell(opened.layout.cell(index), indexes, number) for index in called]


def _cell(cell: kdb.Cell, indexes: list[int], number: dict[int, int]) -> dict[str, Any]:
    drawn: Drawn = {}
    for place, index in enumerate(indexes):
        found = numbers(s.polygon for s in cell.shapes(index).each(kdb.Shapes.SAll & ~kdb.Shapes.STexts))
        if found:
            drawn[str(place)] = found
    box = cell.bbox()
    return {
        "name": cell.name,
        "box": [box.left, box.bottom, box.right, box.top],
        "shapes": drawn,
        "places": [_instance(one, number) for one in cell.each_inst()],
    }


def _instance(one: kdb.Instance, number: dict[int, int]) -> list[int]:
    placed = [number[one.cell_index], one.trans.rot, one.trans.disp.x, one.trans.disp.y]
    if not one.is_regular_array():
        return placed
    return [*placed, one.na, one.nb, one.a.x, one.a.y, one.b.x, one.b.y]


def labels(opened: OpenLayout) -> list[list[Any]]:
    """Texts of the top cell, once each, as [text, x, y]: names of its pins."""
    found: dict[str, list[Any]] = {}
    for index in opened.layout.layer_indexes():
        for shape in opened.cell.shapes(index).each(kdb.Shapes.STexts):
            found.setdefault(shape.text_string, [shape.text_string, shape.text.x, shape.text.y])
    return sorted(found.values())
