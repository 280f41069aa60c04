"""Design rule check with the native rule table, on any layout of a process."""

import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import klayout.db as kdb
import klayout.rdb as rdb

from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.pdk import default, load
from somaforge.pdk.base import Pdk
from somaforge.pdk.drawn import AnyTable, Found, Numbers
from somaforge.pdk.errors import InputError, SomaforgeError
from somaforge.pdk.files import atomic_path
from somaforge.pdk.layout_file import OpenLayout, open_layout

MARKERS_PER_RULE = 1000
"""Markers kept in the report for one rule; the count is of all."""
FRAME = 5
"""Database units around a marker that has no area."""


class Named(Protocol):
    """What a report needs to know of a rule, whichever deck it is of."""

    @property
    def name(self) -> str:
        """The foundry's name."""

    @property
    def description(self) -> str:
        """For people."""


@dataclass(frozen=True)
class Violations:
    """What one rule found."""

    rule: Named
    count: int
    markers: tuple[kdb.DPolygon, ...]
    """Places in um, at most MARKERS_PER_RULE."""


def run(pdk: Pdk, layout: Path, top: str | None, report: Path) -> dict[str, int]:
    """Check `layout`, write the KLayout report database `report`; violations per rule, every rule present."""
    opened = open_layout(layout, top)
    found = check(pdk, opened)
    write_report(report, opened.cell.name, "somaforge native DRC", found)
    return {v.rule.name: v.count for v in found}


CHECK = LayoutCheck(
    "native",
    "native rule table",
    "design rule violations; 0 to pass",
    lambda pdk, layout, top, report, limit_s: run(pdk, layout, top, report),
)


def check(pdk: Pdk, opened: OpenLayout) -> list[Violations]:
    """Every rule of the table on an open layout. InputError if no layer of the process is drawn in it."""
    require_drawn(pdk, opened)
    table = pdk.checks.native
    layers = table.open(opened)
    return [violations(rule, rule.find(layers), opened.layout.dbu) for rule in table.rules]


@lru_cache
def looked_at(table: AnyTable) -> frozenset[Numbers]:
    """GDS numbers of the layers that rules are about: what they ask for on a layout that has every layer.

    Rules of grid, angles and pins hold for any layer and do not count.
    """
    layout = kdb.Layout()
    cell = layout.create_cell("every_layer")
    for numbers in table.layers.values():
        cell.shapes(layout.layer(*numbers)).insert(kdb.Box(0, 0, 10_000, 10_000))
    layers = table.open(OpenLayout(layout, cell))
    for rule in table.rules:
        if not rule.general:
            rule.find(layers)
    return frozenset(table.layers[name] for name in layers.asked)


def unchecked(pdk: Pdk, opened: OpenLayout) -> tuple[str, ...]:
    """Layers with shapes (texts are none) that may be masks and that no rule looks at, in order of their numbers."""
    known = looked_at(pdk.checks.native) | pdk.checks.no_mask.keys()
    cells = [opened.cell, *map(opened.layout.cell, opened.cell.called_cells())]
    found = set[Numbers]()
    for index in opened.layout.layer_indexes():
        info = opened.layout.get_info(index)
        if (info.layer, info.datatype) not in known and any(_has_shapes(cell.shapes(index)) for cell in cells):
            found.add((info.layer, info.datatype))
    return tuple(pdk.checks.named(numbers) for numbers in sorted(found))


def _has_shapes(shapes: kdb.Shapes) -> bool:
    return next(shapes.each(kdb.Shapes.SAll & ~kdb.Shapes.STexts), None) is not None


def require_drawn(pdk: Pdk, opened: OpenLayout) -> None:
    """InputError if there is nothing that any rule is about."""
    layers = pdk.checks.native.layers.values()
    if all(opened.cell.bbox(opened.layout.layer(*numbers)).empty() for numbers in layers):
        raise InputError(
            f"cell {opened.cell.name}: nothing is drawn on any {pdk.name} layer, so nothing can be checked"
        )


def violations(rule: Named, found: Found, dbu: float) -> Violations:
    """Count and places of what a rule found."""
    markers: list[kdb.DPolygon] = []
    for shape in found.each():
        if len(markers) == MARKERS_PER_RULE:
            break
        markers.append(_polygon(shape).to_dtype(dbu))
    return Violations(rule, found.count(), tuple(markers))


def _polygon(shape: kdb.Polygon | kdb.PolygonWithProperties | kdb.EdgePair | kdb.Edge) -> kdb.Polygon:
    if isinstance(shape, kdb.Polygon):
        return shape
    if isinstance(shape, kdb.EdgePair) and shape.area() > 0:
        return shape.polygon(0)
    # Points and edges get a frame that can be seen.
    return kdb.Polygon(shape.bbox().enlarged(FRAME, FRAME))


def write_report(path: Path, cell: str, title: str, found: list[Violations]) -> None:
    """Write a KLayout report database, whole or not at all."""
    database = rdb.ReportDatabase(title)
    database.top_cell_name = cell
    cell_id = database.create_cell(cell).rdb_id()
    for violations in found:
        category = database.create_category(violations.rule.name)
        category.description = violations.rule.description
        for marker in violations.markers:
            item = database.create_item(cell_id, category.rdb_id())
            item.add_value(marker)
    with atomic_path(path) as beside:
        database.save(str(beside))


def _main(arguments: list[str]) -> int:
    """Print rules that are broken with the boxes (um) of their first five places."""
    if not 1 <= len(arguments) <= 2:
        print("usage: python -m somaforge.flow.checks.drc FILE [TOP]", file=sys.stderr)
        return 2
    try:
        opened = open_layout(Path(arguments[0]), arguments[1] if len(arguments) == 2 else None)
        pdk = load(default())
        found = check(pdk, opened)
    except SomaforgeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    broken = [v for v in found if v.count]
    values = {rule.name: rule.value_nm for rule in pdk.checks.native.rules}
    for v in broken:
        print(f"{v.rule.name:<10} {v.count:>6}  {v.rule.description} ({values[v.rule.name]})")
        for marker in v.markers[:5]:
            print(f"{'':<19}{marker.bbox().to_s()}")
    silent = unchecked(pdk, opened)
    for layer in silent:
        print(f"no rule looks at layer {layer}")
    print(f"{opened.cell.name}: {sum(v.count for v in broken)} violations of {len(broken)} of {len(found)} rules")
    return 1 if broken or silent else 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
