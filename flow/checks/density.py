"""Metal density of any layout: the native windows, and the shuttle's own density deck on the same layout."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb
import numpy as np
from numpy.typing import NDArray

from somaforge.flow.checks import precheck
from somaforge.flow.checks.drc import Violations, require_drawn, write_report
from somaforge.flow.checks.layout_check import LayoutCheck
from somaforge.pdk.base import Pdk
from somaforge.pdk.decks import DensityDeck
from somaforge.pdk.drawn import Numbers
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import scratch
from somaforge.pdk.layout_file import OpenLayout, open_layout

Areas = NDArray[np.float64]
AGREEMENT = 1e-6
"""Difference of two shares that is rounding: both programs add up whole database units."""


@dataclass(frozen=True)
class Densities:
    """What was found on one layout."""

    violations: tuple[Violations, ...]
    covered: dict[str, float]
    """Conductor -> share of the whole area that it covers with its fill."""


def run(pdk: Pdk, layout: Path, top: str | None, report: Path, timeout_s: float = 900.0) -> dict[str, int]:
    """Check `layout`, write the KLayout report database `report`; windows and areas per rule that are too full.

    The shuttle's deck, where the process has one, measures the whole area too; ToolError if it fails or finds less.
    """
    opened = open_layout(layout, top)
    deck = pdk.checks.density.deck
    found = check(pdk, opened, None if deck is None else run_deck(pdk, deck, opened, timeout_s))
    write_report(report, opened.cell.name, "somaforge density", list(found.violations))
    return {v.rule.name: v.count for v in found.violations}


CHECK = LayoutCheck(
    "density",
    "metal density",
    "windows and areas with too much metal, native and by the shuttle's deck",
    run,
    everywhere=False,  # a cell by itself may be full of metal
)


def check(pdk: Pdk, opened: OpenLayout, theirs: Mapping[str, float] | None = None) -> Densities:
    """Every density rule; `theirs` (run_deck) counts too. InputError if no layer of the process is drawn in it.

    The deck takes every datatype of a metal: it may find more than the native table, and ToolError if it finds less.
    """
    require_drawn(pdk, opened)
    density, layers = pdk.checks.density, pdk.checks.native.layers
    area, frame = _area(opened, layers[density.boundary])
    tiles: dict[str, Areas] = {}
    covered: dict[str, float] = {}
    found = []
    for rule in density.rules:
        if rule.conductor not in tiles:
            tiles[rule.conductor] = _tiles(opened, (layers[rule.conductor], rule.fill), density.step_um, frame)
            share = float(tiles[rule.conductor].sum()) / area
            covered[rule.conductor] = share if theirs is None else max(share, theirs[rule.conductor])
            if theirs is not None and theirs[rule.conductor] < share - AGREEMENT:
                raise ToolError(
                    f"density: {rule.conductor} covers {share:.6f} of {opened.cell.name}, "
                    f"but the shuttle's deck says {theirs[rule.conductor]:.6f}; one of the two is wrong"
                )
        if rule.window_um is None:
            full = [frame] if covered[rule.conductor] > rule.limit else []
        else:
            edges = (rule.window_um, density.step_um)
            full = _full_windows(opened, edges, rule.limit, tiles[rule.conductor], frame)
        places = tuple(kdb.DPolygon(box.to_dtype(opened.layout.dbu)) for box in full)
        found.append(Violations(rule, len(full), places))
    return Densities(tuple(found), covered)


def run_deck(pdk: Pdk, deck: DensityDeck, opened: OpenLayout, timeout_s: float) -> dict[str, float]:
    """The shuttle's deck in the KLayout application: conductor -> share of the whole area that it covers."""
    application = precheck.application("density")
    boundary = pdk.checks.native.layers[pdk.checks.density.boundary]
    with scratch("density") as folder:
        copy, report = folder / "layout.gds", folder / "density.lyrdb"
        precheck.write_copy(_with_boundary(opened, boundary), copy)
        variables = {"input": copy, "top_cell": opened.cell.name, "report": report}
        log = precheck.run_application("density", deck.command(application, pdk.data, variables), report, timeout_s)
    clear = {deck.layers[name]: float(value) for name, value in re.findall(deck.line, log)}
    missing = set(deck.layers.values()) - set(clear)
    if missing:
        raise ToolError(f"density: the shuttle's deck said nothing about {', '.join(sorted(missing))}; run it again")
    return {name: 1 - value for name, value in clear.items()}


def _area(opened: OpenLayout, boundary: Numbers) -> tuple[float, kdb.Box]:
    """The whole area (database units squared) and its frame: the boundary if it is drawn, else the bounding box."""
    drawn = kdb.Region(opened.cell.begin_shapes_rec(opened.layout.layer(*boundary))).merged()
    if drawn.is_empty():
        return float(opened.cell.bbox().area()), opened.cell.bbox()
    return float(drawn.area()), drawn.bbox() + opened.cell.bbox()


def _with_boundary(opened: OpenLayout, boundary: Numbers) -> OpenLayout:
    """The deck divides by the area of the boundary: a layout that has none gets its bounding box in a copy."""
    index = opened.layout.layer(*boundary)
    if not opened.cell.bbox(index).empty():
        return opened
    copy = opened.layout.dup()
    cell = copy.cell(opened.cell.name)
    cell.shapes(copy.layer(*boundary)).insert(cell.bbox())
    return OpenLayout(copy, cell)


class _Receiver(kdb.TileOutputReceiver):
    def __init__(self, columns: int, rows: int) -> None:
        super().__init__()
        self.areas = np.zeros((columns, rows))

    def put(self, ix: int, iy: int, tile: kdb.Box, obj: float, dbu: float, clip: bool) -> None:
        self.areas[ix, iy] = obj


def _tiles(opened: OpenLayout, layers: tuple[Numbers, Numbers], step_um: float, frame: kdb.Box) -> Areas:
    """Area that a metal and its fill cover, of each square of `step_um`, in database units squared.

    The first is the lower left one.
    """
    dbu = opened.layout.dbu
    step = round(step_um / dbu)
    # Without a second tile the processor does not cut at all.
    columns, rows = max(2, -(-frame.width() // step)), -(-frame.height() // step)
    receiver = _Receiver(columns, rows)
    processor = kdb.TilingProcessor()
    processor.dbu = dbu
    processor.tile_size(step_um, step_um)
    processor.tile_origin(frame.left * dbu, frame.bottom * dbu)
    processor.tiles(columns, rows)
    for name, numbers in zip(("metal", "fill"), layers, strict=True):
        layer = opened.layout.layer(*numbers)
        processor.input(name, kdb.RecursiveShapeIterator(opened.layout, opened.cell, layer))
    processor.output("result", receiver)
    processor.queue("_output(result, (metal + fill).merged.area(_tile.bbox), false)")
    processor.execute("density")
    return receiver.areas


def _full_windows(
    opened: OpenLayout, edges_um: tuple[float, float], limit: float, tiles: Areas, frame: kdb.Box
) -> list[kdb.Box]:
    """Windows (edge, step) that are too full."""
    window_um, step_um = edges_um
    step, many = round(step_um / opened.layout.dbu), round(window_um / step_um)
    full = []
    for i in range(max(1, tiles.shape[0] - many + 1)):
        for j in range(max(1, tiles.shape[1] - many + 1)):
            corner = kdb.Point(frame.left + i * step, frame.bottom + j * step)
            # What is left of a window at the edge is a window too.
            window = kdb.Box(corner, corner + kdb.Vector(many * step, many * step)) & frame
            if tiles[i : i + many, j : j + many].sum() > limit * window.area():
                full.append(window)
    return full
