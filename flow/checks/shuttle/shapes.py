"""Shapes: none without area, pins and labels over drawing, wells away from precision resistors."""

from collections.abc import Iterator

import klayout.db as kdb

from somaforge.flow.checks.shuttle.check import ShuttleCheck
from somaforge.flow.checks.shuttle.submitted import Submitted


def zero_area(submitted: Submitted) -> Iterator[str]:
    """Boxes, polygons and paths without area, paths without length, in any cell."""
    layout = submitted.opened.layout
    for cell in layout.each_cell():
        for index in layout.layer_indexes():
            for shape in cell.shapes(index).each(kdb.Shapes.SAll & ~kdb.Shapes.STexts):
                still = shape.is_path() and len(set(shape.path.each_point())) < 2
                if still or shape.area() == 0:
                    info = layout.get_info(index)
                    at = submitted.place(shape.bbox())
                    yield f"cell {cell.name}, layer {info.layer}/{info.datatype}: a shape without area at {at}"


def names_over_drawing(submitted: Submitted) -> Iterator[str]:
    """Shapes of pins and labels lie over the drawing that they name."""
    for name, drawing, purposes in submitted.frame.shuttle.names_over:
        drawn = submitted.drawn(drawing)
        for purpose in purposes:
            if purpose not in submitted.present:
                continue
            bare = submitted.drawn(purpose) - drawn
            if not bare.is_empty():
                first = submitted.place(next(iter(bare.each())).bbox())
                yield f"layer {purpose[0]}/{purpose[1]}: {bare.count()} shapes without {name} below, first {first}"


def apart(submitted: Submitted) -> Iterator[str]:
    """Layers that must keep a distance do, and do not overlap."""
    for what, one, other, nm in submitted.frame.shuttle.apart:
        if one not in submitted.present or other not in submitted.present:
            continue
        first, second = submitted.drawn(one), submitted.drawn(other)
        close = first.separation_check(second, submitted.opened.dbu_from_nm(nm))
        over = first & second
        places = [*(pair.bbox() for pair in close.each()), *(polygon.bbox() for polygon in over.each())]
        if places:
            yield f"{what}: nearer than {nm / 1000:g} um at {len(places)} places, first {submitted.place(places[0])}"


CHECKS = (
    ShuttleCheck("zero_area", "shapes without area", zero_area),
    ShuttleCheck("names_over_drawing", "pins and labels over drawing", names_over_drawing),
    ShuttleCheck("resistor_wells", "distance of wells to precision resistors", apart),
)
