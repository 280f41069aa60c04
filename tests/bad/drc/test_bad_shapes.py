"""Shapes that tools read in different ways are found wherever they are placed; what only looks odd is not."""

from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow.checks import drc
from somaforge.pdk.layout_file import OpenLayout, open_layout
from somaforge.pdk.sky130.gds import DRAWN
from somaforge.pdk.sky130.process import SKY130

Place = kdb.CellInstArray | kdb.DCellInstArray
NAMES = {"x.acute", "x.path", "x.polygon"}


def points(*numbers: tuple[int, int]) -> list[kdb.Point]:
    return [kdb.Point(x, y) for x, y in numbers]


def found(shape: kdb.Shapes | object, layer: str = "met1", place: kdb.ICplxTrans | None = None) -> dict[str, int]:
    """What the three rules count for a shape in a cell placed 2 x 3 times."""
    layout = kdb.Layout()
    top, cell = layout.create_cell("top"), layout.create_cell("cell")
    cell.shapes(layout.layer(*DRAWN[layer])).insert(shape)  # type: ignore[call-overload]
    where = kdb.ICplxTrans() if place is None else place
    top.insert(kdb.CellInstArray(cell.cell_index(), where, kdb.Vector(50_000, 0), kdb.Vector(0, 50_000), 2, 3))
    return {
        v.rule.name: v.count for v in drc.check(SKY130, OpenLayout(layout, top)) if v.count and v.rule.name in NAMES
    }


@pytest.mark.parametrize("place", [kdb.ICplxTrans(), kdb.ICplxTrans(2, 90, True, 700, 0)], ids=["plain", "turned"])
def test_every_place_counts(place: kdb.ICplxTrans) -> None:
    assert found(kdb.Path(points((0, 0), (4000, 0), (1000, 0)), 400), place=place) == {"x.path": 6}
    bow = kdb.Polygon(points((0, 0), (3000, 3000), (3000, 0), (0, 3000)), True)
    assert found(bow, place=place)["x.polygon"] == 6


@pytest.mark.parametrize("layer", ["nwell", "hvi", "met5", "dnwell", "nsdm"])
def test_corners_of_45_degrees(layer: str) -> None:
    triangle = kdb.Polygon(points((0, 0), (0, 9000), (9000, 0)))
    assert found(triangle, layer) == {"x.acute": 12}
    diamond = kdb.Polygon(points((0, 5000), (5000, 10_000), (10_000, 5000), (5000, 0)))
    assert found(diamond, layer) == {}


@pytest.mark.parametrize(
    "path",
    [
        kdb.Path(points((0, 0), (4000, 0), (4000, 3000), (4000, 1000)), 400),
        kdb.Path(points((0, 0), (4000, 0), (3000, 1000)), 400),
        kdb.Path(points((0, 0), (4000, 4000), (4000, 0)), 400),
        kdb.Path(points((0, 0), (4000, 0)), 0),
        kdb.Path(points((0, 0), (4000, 0), (4000, 0), (0, 0)), 400),
    ],
)
def test_paths_that_turn_back(path: kdb.Path) -> None:
    assert found(path)["x.path"] == 6


@pytest.mark.parametrize(
    "shape",
    [
        kdb.Path(points((0, 0), (4000, 0), (4000, 4000), (0, 4000), (0, 0)), 400),  # a ring whose ends overlap
        kdb.Path(points((0, 0), (8000, 0), (8000, 4000), (4000, 4000), (4000, -4000)), 400),  # crosses itself at 90
        kdb.Path(points((0, 0), (4000, 0), (8000, 4000)), 400),
        kdb.Path(points((0, 0), (0, 0), (4000, 0)), 400),
        kdb.Box(0, 0, 4000, 4000),
        # A frame cut open along one line, as GDS writes it.
        kdb.Polygon(points((0, 0), (0, 9000), (9000, 9000), (9000, 0), (0, 0), (3000, 3000), (6000, 3000), (6000, 6000),
                           (3000, 6000), (3000, 3000)), True),
    ],
)  # fmt: skip
def test_what_is_a_drawing(shape: object) -> None:
    assert found(shape) == {}


def test_a_polygon_that_winds_twice() -> None:
    twice = points((0, 0), (0, 9000), (9000, 9000), (9000, 1000), (1000, 1000), (1000, 8000), (8000, 8000), (8000, 0))
    assert found(kdb.Polygon(twice, True))["x.polygon"] == 6


def _record(kind: int, data: bytes = b"") -> bytes:
    return (len(data) + 4).to_bytes(2, "big") + kind.to_bytes(2, "big") + data


def _gds_with(kind: int) -> bytes:
    """The bytes of a GDS with one BOX (0x2d00) or NODE (0x1500) record on met1, 100 nm wide."""
    layout = kdb.Layout()
    cell = layout.create_cell("case")
    cell.shapes(layout.layer(*DRAWN["met2"])).insert(kdb.Box(5000, 0, 9000, 4000))
    options = kdb.SaveLayoutOptions()
    options.format = "GDS2"
    content: bytes = layout.write_bytes(options)
    xy = b"".join(v.to_bytes(4, "big") for v in (0, 0, 0, 4000, 100, 4000, 100, 0, 0, 0))
    number, purpose = DRAWN["met1"]
    purposes = {0x2D00: 0x2E02, 0x1500: 0x2A02}
    element = _record(kind) + _record(0x0D02, number.to_bytes(2, "big"))
    element += _record(purposes[kind], purpose.to_bytes(2, "big")) + _record(0x1003, xy) + _record(0x1100)
    end = content.rindex(_record(0x0700))
    return content[:end] + element + content[end:]


def test_a_box_record_is_a_shape_and_a_node_is_none(tmp_path: Path) -> None:
    """GDS has two records with coordinates that are no BOUNDARY: tools draw the first and not the second."""
    for kind, broken in ((0x2D00, True), (0x1500, False)):
        path = tmp_path / f"{kind}.gds"
        path.write_bytes(_gds_with(kind))
        counts = {v.rule.name: v.count for v in drc.check(SKY130, open_layout(path, "case")) if v.count}
        assert ("m1.1" in counts) == broken, counts
