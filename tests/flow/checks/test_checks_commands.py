"""`python -m somaforge.flow.checks.drc|lvs`: what a designer calls while drawing a cell."""

import subprocess
import sys
from pathlib import Path

import klayout.db as kdb
import pytest

NETLIST = ".subckt bad a\n.ends\n"


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """One line of met1 that is too narrow."""
    made = kdb.Layout()
    made.create_cell("bad").shapes(made.layer(68, 20)).insert(kdb.Box(0, 0, 135, 2000))
    made.write(str(tmp_path / "bad.gds"))
    return tmp_path / "bad.gds"


def call(check: str, *arguments: object) -> tuple[int, list[str], str]:
    """Exit code, lines and errors of a check as a command."""
    done = subprocess.run(
        [sys.executable, "-m", f"somaforge.flow.checks.{check}", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.splitlines(), done.stderr


def test_drc_prints_rules_and_places(layout: Path) -> None:
    code, lines, _ = call("drc", layout)
    assert code == 1
    assert lines[0].split() == ["m1.1", "1", "met1", "width", "(140)"]
    assert lines[1].strip() == "(0,0;0.135,2)"
    assert lines[-1].startswith("bad: 1 violations of 1 of ")


def test_lvs_prints_mismatches(layout: Path) -> None:
    netlist = layout.with_suffix(".spice")
    netlist.write_text(NETLIST)
    code, lines, _ = call("lvs", layout, netlist, "bad")
    assert code == 1
    assert "pin a: no label 'a' on a conductor of layout cell bad" in lines
    assert lines[-1].startswith("bad: ")


@pytest.mark.parametrize("check", ["drc", "lvs"])
def test_wrong_input_is_one_line_and_exit_code_2(check: str, tmp_path: Path) -> None:
    missing = tmp_path / "none.gds"
    code, lines, errors = call(check, missing, *([missing, "top"] if check == "lvs" else []))
    assert (code, lines, errors) == (2, [], f"layout {missing}: no such file\n")
    assert call(check)[0] == 2
