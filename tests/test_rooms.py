"""Imports go one way, pdk <- generator <- flow and from floor to floor inside flow, and always by the full name."""

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
FLOORS = (
    {"machinery", "figures", "datasets", "spice", "synthesis"},
    {"engines"},
    {"chips"},
    {"checks", "memory", "readout", "control"},
    {"signoff", "drivers"},
    {"learning", "pex", "measure"},
    {"montecarlo", "report", "bench", "papers"},
    {"steps"},
    {"runner"},
    {"commands", "api"},
    {"cli"},
)
"""Rooms of flow from the ground up (docs/architecture.md): a room uses floors below its own, never a neighbour."""
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def imported(source: str) -> set[str]:
    """Full names of the modules that a source text imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
            if node.module in ("somaforge", "somaforge.flow"):
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
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


def room_of(name: str) -> str | None:
    """The room of flow that a module's full name lies in."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["somaforge", "flow"] and len(parts) > 2 else None


def upward(room: str, source: str) -> list[str]:
    """Imports of other rooms of flow that are not below the floor of `room`."""
    rooms = {found for name in imported(source) if (found := room_of(name)) not in (None, room)}
    return sorted(other for other in rooms if other is not None and FLOOR[other] >= FLOOR[room])


FLOW = sorted((ROOT / "flow").rglob("*.py"))


@pytest.mark.parametrize("path", FLOW, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_rooms_of_flow_use_the_floors_below(path: Path) -> None:
    inside = path.relative_to(ROOT / "flow").parts
    room = inside[0].removesuffix(".py")
    if room != "__init__":
        assert upward(room, path.read_text(encoding="utf-8")) == []


def test_the_check_of_floors_can_fail() -> None:
    assert upward("measure", "from somaforge.flow.montecarlo.points import StudyPoints") == ["montecarlo"]
    assert upward("report", "from somaforge.flow.steps.chip import Job") == ["steps"]
    assert upward("pex", "from somaforge.flow.measure.point import Point") == ["measure"]
    assert upward("measure", "from somaforge.flow.engines.base import Engine") == []
    assert upward("measure", "from somaforge.flow.measure.point import Point") == []
    assert upward("steps", "from somaforge.flow import pex, runner") == ["runner"]


def test_the_check_can_fail() -> None:
    assert wrong("pdk", "from somaforge.generator.spec import Spec") == ["somaforge.generator.spec"]
    assert wrong("generator", "from somaforge import flow") == ["somaforge.flow"]
    assert wrong("flow", "import pdk.base") == ["pdk.base"]
    assert wrong("flow", "from . import run") == ["."]
    assert wrong("flow", "from somaforge.generator.spec import Spec") == []
