"""A layout as it will be on the mask, for extraction: magnified instances resolved, black boxes without devices."""

import klayout.db as kdb

from somaforge.pdk.connectivity import Connectivity
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import OpenLayout

BULK = kdb.LayerInfo("somaforge: substrate of black boxes")
"""Shapes that tie a cell without transistors to the substrate all the same."""


def flattened(opened: OpenLayout, by: Connectivity) -> OpenLayout:
    """One cell with all shapes and the top cell's own labels."""
    copy = opened.layout.dup()
    cell = copy.cell(opened.cell.name)
    _flatten(copy, cell, by)
    return OpenLayout(copy, cell)


def _flatten(layout: kdb.Layout, cell: kdb.Cell, by: Connectivity) -> None:
    """Flatten one cell in place; labels of the cells below are not names in it."""
    own: list[tuple[int, list[kdb.Text]]] = []
    for numbers in by.texts:
        index = layout.find_layer(*numbers)
        if index is not None:
            own.append((index, [shape.text for shape in cell.shapes(index).each(kdb.Shapes.STexts)]))
    layout.flatten(cell.cell_index(), -1, True)
    for index, texts in own:
        shapes = cell.shapes(index)
        for text in list(shapes.each(kdb.Shapes.STexts)):
            shapes.erase(text)
        for label in texts:
            shapes.insert(label)


def without_magnified(opened: OpenLayout) -> OpenLayout:
    """The layout with every magnified instance dissolved: its shapes have the sizes of the mask.

    InputError for an instance that is turned by anything but multiples of 90 degrees.
    """
    cells = [opened.cell, *(opened.layout.cell(k) for k in opened.cell.called_cells())]
    if not any(inst.is_complex() for cell in cells for inst in cell.each_inst()):
        return opened
    for cell in cells:
        _check_angles(cell)
    copy = opened.layout.dup()
    top = copy.cell(opened.cell.name)
    wanted = {top.cell_index(), *top.called_cells()}
    for index in [index for index in copy.each_cell_top_down() if index in wanted]:
        cell = copy.cell(index)
        # One level at a time: what a magnified cell calls is then magnified too.
        while complex_ones := [inst for inst in cell.each_inst() if inst.is_complex()]:
            for inst in complex_ones:
                inst.flatten(1)
    return OpenLayout(copy, top)


def _check_angles(cell: kdb.Cell) -> None:
    for inst in cell.each_inst():
        trans = inst.dcplx_trans
        if abs(trans.angle / 90 - round(trans.angle / 90)) > 1e-6:
            raise InputError(
                f"cell {cell.name}: instance of {inst.cell.name} at ({trans.disp.x:.3f}, {trans.disp.y:.3f}) um "
                f"is turned by {trans.angle:g} degrees; only multiples of 90 degrees can be extracted"
            )


def without_devices(opened: OpenLayout, names: frozenset[str], by: Connectivity) -> OpenLayout:
    """The layout with wires and nothing else in the cells of `names` (small letters), each without hierarchy.

    InputError if one of them is not there.
    """
    copy = opened.layout.dup()
    top = copy.cell(opened.cell.name)
    there = {copy.cell(k).name.lower() for k in top.called_cells()}
    missing = sorted(names - there)
    if missing:
        raise InputError(f"cell {opened.cell.name}: no cell {missing[0]!r} below it that could be a black box")
    for name in sorted(names):
        cell = next((copy.cell(k) for k in top.called_cells() if copy.cell(k).name.lower() == name), None)
        if cell is None:  # it stood in another box
            continue
        _flatten(copy, cell, by)
        _cut(copy, cell, by)
    return OpenLayout(copy, top)


def _cut(layout: kdb.Layout, cell: kdb.Cell, by: Connectivity) -> None:
    """Leave wires; resistors and capacitors part them."""

    def region(numbers: tuple[int, int]) -> kdb.Region:
        return kdb.Region(cell.shapes(layout.layer(*numbers)))

    for numbers, mark in by.box_cuts:
        part = region(mark)
        if not part.is_empty():
            left = region(numbers) - part
            shapes = cell.shapes(layout.layer(*numbers))
            shapes.clear()
            shapes.insert(left)
    for index in layout.layer_indexes():
        info = layout.get_info(index)
        if (info.layer, info.datatype) not in by.box_layers:
            cell.shapes(index).clear()
    cell.shapes(layout.layer(BULK)).insert(kdb.Box(cell.bbox().center(), cell.bbox().center()).enlarged(1, 1))
