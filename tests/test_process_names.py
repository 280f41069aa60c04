"""No file above pdk/ names what belongs to one process: its layers, rules, devices, cells or decks.

The names are those of sky130's own tables. A process itself may be named in docstrings and comments, as an example for
the reader; code and templates name none.
"""

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

from somaforge.pdk import PROCESSES
from somaforge.pdk.sky130 import gds
from somaforge.pdk.sky130.checks import CHECKS, PRECHECK, SHUTTLE_DENSITY
from somaforge.pdk.sky130.layers import ROLES
from somaforge.pdk.sky130.library import CELLS

ROOT = Path(__file__).parents[1]
ABOVE = ("generator", "flow", "templates")
WORDS = {"via", "diff"}
"""Names of layers that are words of the language as well (`somaforge bitfile diff`); roles are words of ours."""


@cache
def names() -> re.Pattern[str]:
    """Everything that the process has a name for."""
    layers = {*gds.LAYERS, *gds.LABELS, *gds.PINS} - set(ROLES) - WORDS
    rules = {rule.name for rule in CHECKS.native.rules} | {rule.name for rule in CHECKS.antenna.rules}
    devices = {n for d in CHECKS.connectivity.devices.devices for n in (d.name, d.full_name)}
    cells = {CELLS.name, CELLS.prefix, CELLS.tap, CELLS.filler, *(cell.name for cell in CELLS.functions.values())}
    decks = {Path(PRECHECK.file).name, Path(SHUTTLE_DENSITY.file).name}
    found = sorted(map(re.escape, layers | rules | devices | cells | decks), key=len, reverse=True)
    return re.compile(rf"(?<![\w.])(?:{'|'.join(found)})(?!\w)")


def foreign(text: str) -> list[str]:
    """Names of layers, rules, devices, cells and decks in a text."""
    return names().findall(text)


def named_in_code(source: str) -> list[int]:
    """Lines of code, docstrings and comments apart, that name a process."""
    documented = {
        (node.body[0].lineno, node.body[0].col_offset)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body
    }
    # A string that stands by itself documents the assignment before it.
    documented |= {
        (node.lineno, node.col_offset)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }
    return [
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type != tokenize.COMMENT
        and token.start not in documented
        and any(re.search(rf"\b{name}", token.string) for name in PROCESSES)
    ]


def files() -> list[Path]:
    found = (path for room in ABOVE for path in (ROOT / room).rglob("*") if path.suffix in (".py", ".j2"))
    return sorted(found)


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_process_is_named_above_its_folder(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert foreign(text) == []
    if path.suffix == ".py":
        assert named_in_code(text) == []
    else:
        assert not any(name in text for name in PROCESSES)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a wire on met1", ["met1"]),
        ("keeps m3.2 to it", ["m3.2"]),
        ('"sky130_fd_pr__nfet_01v8"', ["sky130_fd_pr__nfet_01v8"]),
        ("an inv_2", ["inv_2"]),
        ("sky130A_mr.drc", ["sky130A_mr.drc"]),
        ("a via on a tap", []),
        ("bitfile diff", []),
    ],
)
def test_the_look_for_names_can_fail(line: str, found: list[str]) -> None:
    assert foreign(line) == found


def test_the_look_for_processes_can_fail() -> None:
    assert named_in_code('"""On sky130."""\n# as sky130\nx = 1\n"""of sky130"""\n') == []
    assert named_in_code('x = "sky130"') == [1]
    assert named_in_code("from somaforge.pdk.sky130 import gds") == [1]
    assert named_in_code("def f():\n    return g('sky130')\n") == [2]
