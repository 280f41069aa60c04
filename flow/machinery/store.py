"""How results lie on the disk: a folder is whole or it does not count.

Work happens in a temporary folder. When it is finished, `done.json` is written into it (the key of the work and the
SHA-256 of every file) and the folder is renamed to its place. A process that is killed leaves a temporary folder and
nothing else; the next run throws it away.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somaforge.pdk.errors import InputError, ToolError
from somaforge.pdk.files import atomic_write, discard, permissions
from somaforge.pdk.json_file import read_json

DONE = "done.json"
METRICS = "metrics.json"
CONFIG = "config.json"
RESOURCES = "resources.json"
TEMPORARY = ".tmp-"
BLOCK = 1 << 20


def sha256_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def sha256_json(value: Any) -> str:
    """SHA-256 of a value's canonical JSON text, hexadecimal."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class FileMark:
    """What a finished file looked like."""

    sha256: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0
    """Time of the last change of the file or of its other times: no program can set it back."""

    @staticmethod
    def of(path: Path) -> "FileMark":
        """The mark of the file as it is now."""
        info = path.stat()
        return FileMark(sha256_file(path), info.st_size, info.st_mtime_ns, info.st_ctime_ns)

    def matches(self, path: Path) -> bool:
        """Whether the file is still the marked one; it is read only if its size agrees and a time of it does not."""
        try:
            info = path.stat()
        except OSError:
            return False
        if info.st_size != self.size:
            return False
        untouched = (info.st_mtime_ns, info.st_ctime_ns) == (self.mtime_ns, self.ctime_ns)
        return untouched or sha256_file(path) == self.sha256


@dataclass(frozen=True)
class Done:
    """The record of a finished folder."""

    key: str
    files: Mapping[str, FileMark]
    """By path relative to the folder."""

    def whole(self, folder: Path) -> bool:
        """Whether every file of the record is still there, unchanged."""
        return all(mark.matches(folder / name) for name, mark in self.files.items())


def read_done(folder: Path) -> Done | None:
    """The record of a finished folder; None if there is none that can be read."""
    try:
        data = read_json(folder / DONE)
        return Done(data["key"], {name: FileMark(**mark) for name, mark in data["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def finished(folder: Path, key: str, files: Iterable[str] = ()) -> bool:
    """Whether `folder` holds the whole result of the work with that key, `files` in it."""
    done = read_done(folder)
    return done is not None and done.key == key and set(files) <= done.files.keys() and done.whole(folder)


def added(folder: Path, names: Iterable[str]) -> list[str]:
    """What lies in a finished folder beside `names` and its record: files, and anything that is no folder either."""
    found = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_symlink() or not p.is_dir())
    return [name for name in found if name not in {DONE, *names}]


def vouched(folder: Path, name: str) -> str:
    """The text of a file whose bytes are those that the folder's record names; InputError otherwise."""
    done, path = read_done(folder), folder / name
    if done is None or name not in done.files:
        raise InputError(f"{path}: not a file of a finished folder; run somaforge run again")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); run somaforge run again") from None
    if hashlib.sha256(content).hexdigest() != done.files[name].sha256:
        raise InputError(f"{path}: has changed since it was written; run somaforge run again")
    return content.decode("utf-8")


def new_temporary(parent: Path, name: str) -> Path:
    """A fresh folder to work in, beside its later place."""
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{name}-", dir=parent))


def discard_temporaries(parent: Path) -> None:
    """Remove what killed runs left behind. The caller holds the run folder's lock."""
    for leftover in parent.glob(f"{TEMPORARY}*"):
        discard(leftover)


def commit(temporary: Path, target: Path, key: str) -> Done:
    """Mark the temporary folder as finished and move it to its place; an older result there is replaced."""
    names = sorted(p.relative_to(temporary).as_posix() for p in temporary.rglob("*") if p.is_file())
    done = Done(key, {name: FileMark.of(temporary / name) for name in names})
    record = {"key": key, "files": {name: vars(mark) for name, mark in done.files.items()}}
    atomic_write(temporary / DONE, json.dumps(record, indent=1, sort_keys=True) + "\n")
    _sync(temporary / DONE)
    temporary.chmod(permissions(0o777))
    replace_folder(temporary, target)
    return done


def replace_folder(temporary: Path, target: Path) -> None:
    """Put a folder in the place of another (both in one file system)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    old = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}old-", dir=target.parent))
    if target.exists() or target.is_symlink():
        target.rename(old / "old")
    temporary.rename(target)
    discard(old)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise ToolError(f"{path}: cannot be written to the disk: {error.strerror}; free space and run again") from None
    finally:
        os.close(descriptor)
