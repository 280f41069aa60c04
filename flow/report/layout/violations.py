"""Places of violated rules, from the report databases of step drc."""

from pathlib import Path
from typing import Any

import klayout.db as kdb
import klayout.rdb as rdb

from somaforge.flow.checks.registry import LAYOUT_CHECKS

MOST_PLACES = 100
"""Of one rule in the viewer; the database beside the report has more."""


def violations(folder: Path, dbu: float) -> list[dict[str, Any]]:
    """Every violated rule of every check with its places [x1, y1, x2, y2] in database units."""
    found = []
    for check in LAYOUT_CHECKS:
        path = folder / check.report
        if not path.is_file():
            continue
        database = rdb.ReportDatabase(check.name)
        database.load(str(path))
        for category in database.each_category():
            if category.num_items() == 0:
                continue
            places = [box for item in category.each_item() for box in _boxes(item, dbu)]
            found.append(
                {
                    "check": check.name,
                    "rule": category.name(),
                    "text": category.description,
                    "count": category.num_items(),
                    "places": places[:MOST_PLACES],
                }
            )
    return found


def _boxes(item: rdb.RdbItem, dbu: float) -> list[list[int]]:
    boxes = []
    for value in item.each_value():
        shape = next(
            (s for s in (value.polygon(), value.box(), value.edge(), value.edge_pair()) if s is not None), None
        )
        if shape is not None:
            box = shape if isinstance(shape, kdb.DBox) else shape.bbox()
            boxes.append([round(v / dbu) for v in (box.left, box.bottom, box.right, box.top)])
    return boxes
