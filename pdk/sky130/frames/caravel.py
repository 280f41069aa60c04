"""Caravel's wrapper for analog projects, from the GDS that the shuttle's precheck brings (cf_precheck, Apache-2.0).

Its pins are shapes with their names on the pin layers of its top cell; what else it holds inside is an example of the
shuttle's. What lies outside the outline belongs to the frame and must be the same in every project.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import ToolError
from somaforge.pdk.frames import Box, Direction, Frame, FramePin, Kind, Shuttle
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.frames.common import APART, MAGIC, NAMES_OVER
from somaforge.pdk.sky130.gds import DRAWN, PINS
from somaforge.pdk.sky130.layers import ROLES

WRAPPER = "user_analog_project_wrapper"
_FILE = f"_default_content/gds/{WRAPPER}.gds"
_OUTPUTS = re.compile(r"(io_out|io_oeb|la_data_out|user_irq)\[|wbs_(ack|dat)_o\b")
_ANALOG = re.compile(r"(io_analog|gpio_analog|gpio_noesd|io_clamp_high|io_clamp_low)\[")
_POWER = re.compile(r"(vcc|vdd|vss)[ad]\d")

SHUTTLE = Shuttle(
    name="caravel",
    top=WRAPPER,
    allowed=None,
    forbidden={},
    bad_in_cell_names="#/",
    names_over=NAMES_OVER,
    apart=APART,
    analog="io_analog",
    bonded=11,
    not_run=(
        MAGIC,
        ("OEB and CVC", "need Magic's extraction and the program CVC, which no package registry has"),
        ("netgen LVS of the wrapper", "needs Magic's extraction; our own LVS compares the same two files"),
    ),
)


def _kind(name: str) -> tuple[Direction, Kind]:
    """Direction and kind, by the naming of the wrapper's Verilog."""
    if _POWER.match(name):
        return "inout", "ground" if name.startswith("vss") else "supply"
    if _ANALOG.match(name):
        return "inout", "analog"
    return ("output" if _OUTPUTS.match(name) else "input"), "digital"


def _wrapper() -> kdb.Layout:
    path = DATA.folder("frames") / _FILE
    layout = kdb.Layout()
    try:
        layout.read(str(path))
    except RuntimeError as error:
        raise ToolError(f"frame {path.name}: cannot be read ({error}); {DATA.remedy}") from error
    return layout


def _shapes(layout: kdb.Layout) -> dict[str, list[tuple[str, Box]]]:
    """Name of a pin -> its rectangles; ToolError if a name lies on no rectangle."""
    found: dict[str, list[tuple[str, Box]]] = {}
    top = layout.cell(WRAPPER)
    for name, numbers in PINS.items():
        shapes = top.shapes(layout.layer(*numbers))
        boxes = [p.bbox() for p in kdb.Region(shapes).merged().each() if p.is_box()]
        for text in (shape.text for shape in shapes.each(kdb.Shapes.STexts)):
            at = [box for box in boxes if box.contains(kdb.Point(text.x, text.y))]
            if len(at) != 1:
                raise ToolError(f"frame {WRAPPER}: the name {text.string} lies on {len(at)} pins; {DATA.remedy}")
            box = at[0]
            role = next(role for role, layer in ROLES.items() if layer == name)
            found.setdefault(text.string, []).append((role, (box.left, box.bottom, box.right, box.top)))
    return found


def _outside(layout: kdb.Layout, outline: kdb.Box) -> Iterator[tuple[str, Box]]:
    """Wires beyond the outline."""
    top = layout.cell(WRAPPER)
    for name in PINS:
        role = next(role for role, layer in ROLES.items() if layer == name)
        beyond = kdb.Region(top.begin_shapes_rec(layout.layer(*DRAWN[name]))).merged() - kdb.Region(outline)
        for box in (polygon.bbox() for polygon in beyond.decompose_trapezoids_to_region().each()):
            yield role, (box.left, box.bottom, box.right, box.top)


@cache
def wrapper() -> Frame:
    """The frame; ToolError if its file is not installed or not as it was."""
    layout = _wrapper()
    outline = layout.cell(WRAPPER).bbox(layout.layer(*DRAWN["boundary"]))
    return Frame(
        name="caravel-analog",
        shuttle=SHUTTLE,
        outline=(outline.left, outline.bottom, outline.right, outline.top),
        pins=tuple(FramePin(name, *_kind(name), tuple(shapes)) for name, shapes in sorted(_shapes(layout).items())),
        supplies=(),
        highest=next(role for role, layer in ROLES.items() if layer == "met5"),
        size="2920x3520",
        origin=f"cf_precheck 1.3.7, {Path(_FILE).name}",
        licence="Apache-2.0",
        outside=tuple(_outside(layout, outline)),
        contents=_wrapper,
    )


MAKERS = {"caravel-analog": wrapper}
