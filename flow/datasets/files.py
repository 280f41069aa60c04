"""Where data files lie: the folder that `--data-dir` or SOMAFORGE_DATA names."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from somaforge.pdk.errors import InputError

VARIABLE = "SOMAFORGE_DATA"
BLOCK = 1 << 20


def folder(explicit: Path | None = None) -> Path | None:
    """`explicit`, else the folder in SOMAFORGE_DATA, else None. InputError if there is no such folder."""
    named = explicit if explicit is not None else (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is not None and not named.is_dir():
        raise InputError(f"--data-dir {named}: there is no such folder; give the one that holds the data files")
    return named


def find(root: Path | None, names: Sequence[str]) -> Path | None:
    """The first of `names` (relative paths) that exists below `root`."""
    if root is None:
        return None
    return next((root / name for name in names if (root / name).exists()), None)


def sha256(path: Path) -> str:
    """Of a file; of a folder: of the names and contents of all files in it."""
    digest = hashlib.sha256()
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    for file in files:
        if file != path:
            digest.update(os.fsencode(file.relative_to(path).as_posix()) + b"\0")  # names need not be UTF-8
        with file.open("rb") as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
    return digest.hexdigest()
