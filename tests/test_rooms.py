"""Imports go one way, pdk <- generator <- flow, and always by the full name."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("pdk", "generator", "flow", "templates")
MAY_USE = {
    "pdk": {"pdk", "templates"},
    "generator": {"generator", "pdk", "templates"},
    "flow": {"flow", "generator", "pdk", "templates"},
    "templates": set[str](),
}
EVERYWHERE = ("tests", "bench", "tools")


def imported(source: str) -> set[str]:
    """Full names of the modules that a source text imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
            if node.module == "somaforge":
                names.update(f"somaforge.{alias.name}" for alias in node.names)
    return names


def wrong(room: str, source: str) -> list[str]:
    """Imports that a file of that room may not have."""
    found = []
    for name in sorted(imported(source)):
        head, _, rest = name.partition(".")
        bare = head in ROOMS or name.startswith(".")
        upward = head == "somaforge" and rest != "" and room in ROOMS and rest.split(".")[0] not in MAY_USE[room]
        if bare or upward:
            found.append(name)
    return found


def files() -> list[Path]:
    return sorted(p for folder in (*ROOMS, *EVERYWHERE) for p in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_imports_go_one_way(path: Path) -> None:
    assert wrong(path.relative_to(ROOT).parts[0], path.read_text(encoding="utf-8")) == []


def test_the_check_can_fail() -> None:
    assert wrong("pdk", "from somaforge.generator.spec import Spec") == ["somaforge.generator.spec"]
    assert wrong("generator", "from somaforge import flow") == ["somaforge.flow"]
    assert wrong("flow", "import pdk.base") == ["pdk.base"]
    assert wrong("flow", "from . import run") == ["."]
    assert wrong("flow", "from somaforge.generator.spec import Spec") == []
