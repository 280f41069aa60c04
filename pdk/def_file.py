"""Templates of tiles in DEF: outline and pins, read with KLayout; directions from the text, which KLayout drops."""

import re
from collections.abc import Mapping
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import ToolError
from somaforge.pdk.frames import Box, Direction

_NAME = 1
"""Property under which KLayout keeps the name of a pin."""
_PIN = re.compile(r"^\s*- (\S+) \+ NET \S+ \+ DIRECTION (INPUT|OUTPUT|INOUT)\b", re.MULTILINE)
_DIRECTIONS: Mapping[str, Direction] = {"INPUT": "input", "OUTPUT": "output", "INOUT": "inout"}


def lefdef_options() -> kdb.LoadLayoutOptions:
    """How LEF and DEF are read: in nm, layers by their names, pins with theirs as a property."""
    options = kdb.LoadLayoutOptions()
    config = options.lefdef_config
    config.dbu = 0.001
    config.read_lef_with_def = False
    config.pin_property_name = _NAME
    options.lefdef_config = config
    return options


def pin_boxes(layout: kdb.Layout, cell: kdb.Cell) -> dict[str, list[tuple[str, Box]]]:
    """Rectangles of every pin of a macro or design read with those options: name -> (layer of the file, box in nm).

    ValueError if a pin has a shape that is no rectangle or has no name.
    """
    found: dict[str, list[tuple[str, Box]]] = {}
    for info in layout.layer_infos():
        layer, _, purpose = info.name.partition(".")
        if purpose != "PIN":
            continue
        for shape in cell.shapes(layout.layer(info)).each():
            name = shape.property(_NAME)
            if not isinstance(name, str) or not shape.polygon.is_box():
                raise ValueError(f"a pin on {layer} has no name or is no rectangle: {shape}")
            box = shape.bbox()
            found.setdefault(name, []).append((layer, (box.left, box.bottom, box.right, box.top)))
    return found


def outline(layout: kdb.Layout, cell: kdb.Cell) -> Box:
    """The outline of a macro or design in nm; ValueError if the file has none."""
    found = [info for info in layout.layer_infos() if info.name == "OUTLINE"]
    box = cell.bbox(layout.layer(found[0])) if found else kdb.Box()
    if box.empty():
        raise ValueError(f"{cell.name} has no outline")
    return box.left, box.bottom, box.right, box.top


def read_def(path: Path) -> tuple[Box, dict[str, tuple[Direction, list[tuple[str, Box]]]]]:
    """Outline, and by name of each pin its direction and its rectangles (layer of the file, box in nm).

    ToolError if the file is not there or not what a template is.
    """
    layout = kdb.Layout()
    try:
        layout.read(str(path), lefdef_options())
        cell = layout.top_cell()
        boxes, frame = pin_boxes(layout, cell), outline(layout, cell)
        text = path.read_text(encoding="ascii")
    except (RuntimeError, ValueError, OSError) as error:
        said = " ".join(str(error).split())
        raise ToolError(f"frame {path.name}: cannot be read ({said}); install somaforge again") from error
    directions = {name: _DIRECTIONS[found] for name, found in _PIN.findall(text)}
    if set(directions) != set(boxes):
        raise ToolError(f"frame {path.name}: {len(directions)} pins have a direction, {len(boxes)} a shape")
    return frame, {name: (directions[name], shapes) for name, shapes in boxes.items()}
