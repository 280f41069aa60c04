"""Layouts that nobody can have meant are refused before anything works on them."""

from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow import cli
from somaforge.pdk.errors import InputError
from somaforge.pdk.layout_file import open_layout


def written(path: Path, box: kdb.Box, array: int = 1, depth: int = 1) -> Path:
    """A box in an array of `array` x `array`, that again in one, `depth` times."""
    layout = kdb.Layout()
    cell = layout.create_cell("c0")
    cell.shapes(layout.layer(68, 20)).insert(box)
    for level in range(1, depth + 1):
        above = layout.create_cell(f"c{level}")
        step = kdb.Vector(400, 0), kdb.Vector(0, 400)
        above.insert(kdb.CellInstArray(cell.cell_index(), kdb.Trans(), *step, array, array))
        cell = above
    layout.write(str(path))
    return path


@pytest.mark.parametrize(
    ("box", "array", "depth", "message"),
    [
        (kdb.Box(0, 0, 2_000_000_000, 300), 1, 1, "2000 mm across, 40 mm at most; is the file damaged?"),
        (kdb.Box(0, 0, 300, 300), 32_000, 1, "more than 1e+09 shapes with every array counted; is the file damaged?"),
        (kdb.Box(0, 0, 300, 300), 300, 8, "more than 1e+09 shapes"),
    ],
)
def test_endless_layouts_are_refused(tmp_path: Path, box: kdb.Box, array: int, depth: int, message: str) -> None:
    with pytest.raises(InputError) as refused:
        open_layout(written(tmp_path / "x.gds", box, array, depth), None)
    assert message in str(refused.value)


def test_large_layouts_are_read(tmp_path: Path) -> None:
    """A reticle, a chip far from the origin, ten million shapes."""
    for number, (box, array) in enumerate(
        (
            (kdb.Box(0, 0, 26_000_000, 33_000_000), 1),
            (kdb.Box(2_000_000_000, 0, 2_000_000_300, 300), 1),
            (kdb.Box(0, 0, 300, 300), 3_000),
        )
    ):
        assert open_layout(written(tmp_path / f"{number}.gds", box, array), None).cell.name == "c1"


def test_what_klayout_gives_up_on_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its assertions come as RuntimeError; one flipped bit in a layout made one in Region.merged."""

    def gives_up(*_: object) -> None:
        raise RuntimeError("Internal error: dbPolygonGenerators.cc:493 c.back () == e.p1 () was not true")

    monkeypatch.setattr("somaforge.flow.checks.drc.run", gives_up)
    path = written(tmp_path / "x.gds", kdb.Box(0, 0, 300, 300))
    assert cli.run(["drc", "--layout", str(path)]) == 2
    said = capsys.readouterr().err
    assert "KLayout cannot work on it (dbPolygonGenerators.cc:493" in said
    assert said.count("\n") == 1
