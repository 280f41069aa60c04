"""What strangers call their nets and cells does not write to the terminal."""

import os
from pathlib import Path

import klayout.db as kdb
import pytest

from somaforge.flow import cli
from somaforge.flow.machinery.printable import printable
from somaforge.pdk.layout_file import write_layout

CASES = Path(__file__).parents[2] / "cases"
HOSTILE = ("a\x1b[2J", "a\x1b]0;title\x07", "a\nlvs__mismatches__count  0", "\u202ea", "a\rb", "a\x9b2J", "a\x08")


def test_what_can_be_seen_stays() -> None:
    assert printable("net [3]: in+ ≠ Ausgang_ä, 中") == "net [3]: in+ ≠ Ausgang_ä, 中"
    assert printable("\x1b[2J\n\u202e\x9b") == "\\x1b[2J\\n\\u202e\\x9b"
    assert printable(os.fsdecode(b"a\xff")) == "a\\udcff"


@pytest.mark.needs_pdk
@pytest.mark.parametrize("label", HOSTILE)
def test_names_of_a_layout(label: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = kdb.Layout()
    layout.read(str(CASES / "inv.gds"))
    texts = layout.layer(69, 5)
    for shape in layout.cell("inv").shapes(texts).each():
        if shape.text.string == "a":
            shape.text = kdb.Text(label, shape.text.trans)
    write_layout(layout, tmp_path / "x.gds")
    arguments = ["--layout", str(tmp_path / "x.gds"), "--netlist", str(CASES / "inv.spice"), "--top", "inv"]
    assert cli.run(["lvs", *arguments, "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr()
    lines = (said.out + said.err).splitlines()
    kept = (tmp_path / "out/mismatches.txt").read_text().splitlines()
    assert all(line.isprintable() for line in lines + kept)
    assert len([line for line in lines if line.startswith("lvs__mismatches__count")]) == 1


@pytest.mark.parametrize("name", ["\x1b[2J.gds", "\u202e.gds", os.fsdecode(b"\xff.gds")])
def test_names_of_files(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drc", "--layout", name]) == 2
    said = capsys.readouterr().err
    assert said.rstrip("\n").isprintable()
    assert "no such file" in said
