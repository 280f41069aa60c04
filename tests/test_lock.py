"""The lock: every package with hashes, the versions of pyproject.toml."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENTRY = re.compile(r"^([\w.-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", re.MULTILINE)


def plain(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, tuple[str, int]]:
    """Package -> version, number of hashes."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = {plain(name): (version, hashes.count("--hash")) for name, version, hashes in ENTRY.findall(text)}
    entries = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert len(entries) == len(found)
    return found


def test_every_package_has_a_hash() -> None:
    assert [name for name, (_, hashes) in pinned().items() if hashes == 0] == []


def test_the_lock_has_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["dev"], *extras["farm"], *extras["own"]]
    asked = dict(line.split("==") for line in lines)
    torch = asked.pop("torch")
    assert {plain(name): version for name, version in asked.items()}.items() <= {
        name: version for name, (version, _) in pinned().items()
    }.items()
    assert f"readonly TORCH={torch} " in (ROOT / "tools/setup.sh").read_text(encoding="utf-8")
