"""Metal density of any sky130 layout: the native windows, and the shuttle's own density deck on the same layout."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb
import numpy as np
from numpy.typing import NDArray

from somaforge.flow.checks import precheck
from somaforge.flow.checks.drc import Violations, require_drawn, write_report
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import scratch
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.drc.density import DENSITY, STEP_UM, DensityRule
from somaforge.pdk.sky130.gds import DRAWN

DECK = "drc_scripts/met_min_ca_density.lydrc"
DECK_LINE = re.compile(r"(li1|m[1-5])_ca_density is ([-+0-9.eE]+)")
DECK_LAYERS = {"li1": "li", "m1": "met1", "m2": "met2", "m3": "met3", "m4": "met4", "m5": "met5"}
"""What the deck calls a conductor."""
Areas = NDArray[np.float64]
AGREEMENT = 1e-6
"""Difference of two shares that is rounding: both programs add up whole database units."""


@dataclass(frozen=True)
class Densities:
    """What was found on one layout."""

    violations: tuple[Violations, ...]
    covered: dict[str, float]
    """Conductor -> share of the whole area that it covers with its fill."""


def run(layout: Path, top: str | None, report: Path, timeout_s: float = 900.0) -> dict[str, int]:
    """Check `layout`, write the KLayout report database `report`; windows and areas per rule that are too full.

    The shuttle's deck measures the whole area too; ToolError if it fails or finds less.
    """
    opened = open_layout(layout, top)
    found = check(opened, run_deck(opened, timeout_s))
    write_report(report, opened.cell.name, "somaforge density", list(found.violations))
    return {v.rule.name: v.count for v in found.violations}


def check(opened: OpenLayout, theirs: Mapping[str, float] | None = None) -> Densities:
    """Every density rule; `theirs` (run_deck) counts too. InputError if no layer of the process is drawn in it.

    The deck takes every datatype of a metal: it may find more than the native table, and ToolError if it finds less.
    """
    require_drawn(opened)
    area, frame = _area(opened)
    tiles: dict[str, Areas] = {}
    covered: dict[str, float] = {}
    found = []
    for rule in DENSITY:
        if rule.conductor not in tiles:
            tiles[rule.conductor] = _tiles(opened, rule, frame)
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
            full = _full_windows(opened, rule.window_um, rule.limit, tiles[rule.conductor], frame)
        places = tuple(kdb.DPolygon(box.to_dtype(opened.layout.dbu)) for box in full)
        found.append(Violations(rule, len(full), places))
    return Densities(tuple(found), covered)


def run_deck(opened: OpenLayout, timeout_s: float) -> dict[str, float]:
    """The shuttle's deck in the KLayout application: conductor -> share of the whole area that it covers."""
    deck = DATA.folder("precheck") / DECK
    application = shutil.which("klayout")
    if application is None:
        raise ToolError("density: the KLayout application is not installed; run make setup (Debian package klayout)")
    if not deck.is_file():
        raise ToolError(f"density: no deck at {deck}; run somaforge pdk install sky130")
    with scratch("density") as folder:
        copy, report = folder / "layout.gds", folder / "density.lyrdb"
        precheck.write_copy(_with_boundary(opened), copy)
        command = [application, "-b", "-zz", "-r", str(deck)]
        for name, value in {"input": copy, "top_cell": opened.cell.name, "report": report}.items():
            command += ["-rd", f"{name}={value}"]
        log = precheck.run_application(command, folder, timeout_s)
    clear = {DECK_LAYERS[name]: float(value) for name, value in DECK_LINE.findall(log)}
    missing = set(DECK_LAYERS.values()) - set(clear)
    if missing:
        raise ToolError(f"density: the shuttle's deck said nothing about {', '.join(sorted(missing))}; run it again")
    return {name: 1 - value for name, value in clear.items()}


def _area(opened: OpenLayout) -> tuple[float, kdb.Box]:
    """The whole area (database units squared) and its frame: the boundary if it is drawn, else the bounding box."""
    drawn = kdb.Region(opened.cell.begin_shapes_rec(opened.layout.layer(*DRAWN["boundary"]))).merged()
    if drawn.is_empty():
        return float(opened.cell.bbox().area()), opened.cell.bbox()
    return float(drawn.area()), drawn.bbox() + opened.cell.bbox()


def _with_boundary(opened: OpenLayout) -> OpenLayout:
    """The deck divides by the area of the boundary: a layout that has none gets its bounding box in a copy."""
    index = opened.layout.layer(*DRAWN["boundary"])
    if not opened.cell.bbox(index).empty():
        return opened
    copy = opened.layout.dup()
    cell = copy.cell(opened.cell.name)
    cell.shapes(copy.layer(*DRAWN["boundary"])).insert(cell.bbox())
    return OpenLayout(copy, cell)


class _Receiver(kdb.TileOutputReceiver):
    def __init__(self, columns: int, rows: int) -> None:
        super().__init__()
        self.areas = np.zeros((columns, rows))

    def put(self, ix: int, iy: int, tile: kdb.Box, obj: float, dbu: float, clip: bool) -> None:
        self.areas[ix, iy] = obj


def _tiles(opened: OpenLayout, rule: DensityRule, frame: kdb.Box) -> Areas:
    """Covered area of each square of STEP_UM, in database units squared; the first is the lower left one."""
    dbu = opened.layout.dbu
    step = round(STEP_UM / dbu)
    # Without a second tile the processor does not cut at all.
    columns, rows = max(2, -(-frame.width() // step)), -(-frame.height() // step)
    receiver = _Receiver(columns, rows)
    processor = kdb.TilingProcessor()
    processor.dbu = dbu
    processor.tile_size(STEP_UM, STEP_UM)
    processor.tile_origin(frame.left * dbu, frame.bottom * dbu)
    processor.tiles(columns, rows)
    for name, numbers in (("metal", DRAWN[rule.conductor]), ("fill", rule.fill)):
        layer = opened.layout.layer(*numbers)
        processor.input(name, kdb.RecursiveShapeIterator(opened.layout, opened.cell, layer))
    processor.output("result", receiver)
    processor.queue("_output(result, (metal + fill).merged.area(_tile.bbox), false)")
    processor.execute("density")
    return receiver.areas


def _full_windows(opened: OpenLayout, window_um: float, limit: float, tiles: Areas, frame: kdb.Box) -> list[kdb.Box]:
    step, many = round(STEP_UM / opened.layout.dbu), round(window_um / STEP_UM)
    full = []
    for i in range(max(1, tiles.shape[0] - many + 1)):
        for j in range(max(1, tiles.shape[1] - many + 1)):
            corner = kdb.Point(frame.left + i * step, frame.bottom + j * step)
            # What is left of a window at the edge is a window too.
            window = kdb.Box(corner, corner + kdb.Vector(many * step, many * step)) & frame
            if tiles[i : i + many, j : j + many].sum() > limit * window.area():
                full.append(window)
    return full
