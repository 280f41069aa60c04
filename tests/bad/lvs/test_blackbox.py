"""Black boxes are said, never assumed: their pins are compared, and nothing in them."""

import json
from pathlib import Path

import pytest

from somaforge.flow import cli
from somaforge.flow.checks import lvs
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.process import SKY130

PREFIX = "sky130_fd_sc_hd__"
TOP = f"{PREFIX}macro_sparecell"
BOX = f"{PREFIX}inv_2"
EMPTY = f".subckt {BOX} A VGND VNB VPB VPWR Y\n.ends\n"

pytestmark = pytest.mark.needs_pdk


def foundry(cell: str, suffix: str) -> Path:
    kind = cell.rpartition("_")[0] if cell[-1].isdecimal() else cell
    return DATA.folder("cells") / "cells" / kind / f"{PREFIX}{cell}.{suffix}"


def netlist(tmp_path: Path, box: str = EMPTY, old: str = "", new: str = "") -> Path:
    """The foundry's spare cells (inverters, gates, a tie cell) with the definition of the inverter in `box`."""
    text = foundry("macro_sparecell", "spice").read_text()
    assert old in text
    cells = "".join(foundry(c, "spice").read_text() for c in ("nand2_2", "nor2_2", "conb_1"))
    path = tmp_path / "spare.spice"
    path.write_text(text.replace(old, new) + cells + box)
    return path


def run(path: Path, *boxes: str) -> tuple[str, ...]:
    return lvs.run(SKY130, foundry("macro_sparecell", "gds"), path, TOP, None, blackboxes=frozenset(boxes)).mismatches


def test_block_with_a_tie_cell_matches(tmp_path: Path) -> None:
    assert run(netlist(tmp_path, foundry("inv_2", "spice").read_text())) == ()


def test_empty_circuit_is_no_black_box_until_it_is_named(tmp_path: Path) -> None:
    lines = run(netlist(tmp_path))
    expected = (
        f"circuit {BOX}: empty in the schematic, and the layout's cell holds 4 devices; --blackbox {BOX} compares"
    )
    assert any(line.startswith(expected) for line in lines), lines
    assert run(netlist(tmp_path), BOX.upper()) == ()
    assert run(netlist(tmp_path, foundry("inv_2", "spice").read_text()), BOX) == ()


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (EMPTY.replace(" A ", " IN "), "no wire carries the label IN"),
        (EMPTY.replace("A VGND", "Y VGND").replace("VPWR Y", "VPWR A"), f"({BOX})"),
    ],
)
def test_pins_of_a_black_box_are_compared(tmp_path: Path, box: str, expected: str) -> None:
    lines = run(netlist(tmp_path, box), BOX)
    assert any(expected in line for line in lines), lines


def test_black_boxes_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no cell 'other' below it that could be a black box"):
        run(netlist(tmp_path), "other")
    with pytest.raises(InputError, match=rf"{BOX} is a black box without ports; write .subckt {BOX}"):
        run(netlist(tmp_path, ""), BOX)
    with pytest.raises(InputError, match=rf"calls {BOX}, which nothing defines; --blackbox {BOX} compares"):
        run(netlist(tmp_path, ""))


def test_command_names_its_black_boxes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words = [
        "lvs",
        "--layout",
        str(foundry("macro_sparecell", "gds")),
        "--netlist",
        str(netlist(tmp_path)),
        "--top",
        TOP,
    ]
    assert cli.run([*words, "--blackbox", BOX, "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"lvs__mismatches__count": 0, "blackboxes": [BOX]}
    assert cli.run([*words, "--out", str(tmp_path / "out")]) == 1
    stdout, stderr = capfd.readouterr()
    lines = stdout.splitlines()
    assert len(lines) == 22
    assert lines[20].startswith("... and ")
    assert str(tmp_path / "out" / "mismatches.txt") in lines[20]
    written = (tmp_path / "out" / "mismatches.txt").read_text().splitlines()
    assert written[:20] == lines[:20]
    assert f"lvs__mismatches__count  {len(written)}  " in lines[21]
    assert len(stderr.splitlines()) == 1
