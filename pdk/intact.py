"""Whether files that were installed are still those that were pinned: by their hash, read again only if touched."""

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from somaforge.pdk.files import atomic_write
from somaforge.pdk.json_file import read_json


def digest(files: dict[str, str]) -> str:
    """SHA-256 over the lines "<SHA-256 of the file>  <path>", as sha256sum writes them, in the order of the paths."""
    lines = "".join(f"{sha}  {name}\n" for name, sha in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def measure(root: Path, start: str) -> str:
    """The digest of the files below `root` whose paths begin with `start`, as they are."""
    return digest({name: _sha256(root / name) for name in _seen(root, start)})


def problem(root: Path, start: str, pinned: str, *, fully: bool = False) -> str | None:
    """What is wrong with the files below `root` whose paths begin with `start`; None if their digest is the pinned one.

    Files whose size and times are those of the last time that all were read are not read again, unless `fully`. The
    record of that is in the user's cache folder; without it (or if it cannot be kept) every file is read.
    """
    where = f"{root.absolute()}\n{start}\n{pinned}"
    record = Path(platformdirs.user_cache_dir("somaforge")) / "intact" / hashlib.sha256(where.encode()).hexdigest()[:32]
    seen, known = _seen(root, start), _known(record)
    if not fully and known is not None and known["seen"] == seen:
        return None
    try:
        found = {name: _sha256(root / name) for name in seen}
    except OSError as error:
        return f"{error.filename}: cannot be read ({error.strerror})"
    if digest(found) == pinned:
        try:
            atomic_write(record, json.dumps({"seen": seen, "files": found}) + "\n")
        except OSError:  # a home that cannot be written: the files are read every time
            return None
        return None
    before = {} if known is None else known["files"]
    changed = sorted(name for name in {*before, *found} if before.get(name) != found.get(name)) if before else []
    return f"{root / changed[0] if changed else root / start}: not what was installed"


def _seen(root: Path, start: str) -> dict[str, list[int]]:
    """Size and times of each file."""
    base = root / start
    name = "" if base == root else base.relative_to(root).as_posix()
    stats = dict(_below(str(base), name)) if base.is_dir() else {name: base.stat()} if base.is_file() else {}
    return {name: [s.st_size, s.st_mtime_ns, s.st_ctime_ns] for name, s in stats.items()}


def _below(folder: str, name: str) -> Iterator[tuple[str, os.stat_result]]:
    """Every file below `folder`, whose path from the root is `name`. There are eight thousand: a `Path` for each took a
    quarter of a second of every process."""
    try:
        entries = list(os.scandir(folder))
    except PermissionError:
        return
    for entry in entries:
        path = f"{name}/{entry.name}" if name else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path, path)
        elif entry.is_file():
            yield path, entry.stat()


def _known(record: Path) -> dict[str, dict[str, object]] | None:
    """What was written when all files were right; None if there is none that can be read."""
    try:
        data = read_json(record)
        return {"seen": dict(data["seen"]), "files": dict(data["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
