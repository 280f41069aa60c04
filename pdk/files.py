"""Whole files or none: everything is written beside its place and renamed into it. Scratch folders that do not stay."""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from somaforge.pdk.errors import InputError

SCRATCH = "somaforge-"
"""Beginning of the names of scratch folders in the system's temporary folder."""
NEW = ".somaforge-new-"
"""The same for folders that are not locked yet."""
HELD = ".held"
"""File in a scratch folder that is locked from before it has its name until it is gone."""
KERNELS = ("/dev", "/proc", "/sys")
MEMORY = "/dev/shm"
"""What lies in the first three is no file, but for what lies in the last."""
YOUNG_S = 60.0
"""A folder of this age that nobody holds is taken for left behind; a process that slept so long makes another."""


def permissions(wanted: int) -> int:
    """A mode without what the user's umask takes away (0o666 for files, 0o777 for folders)."""
    try:
        found = re.search(r"^Umask:\s*([0-7]+)$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    except OSError:
        found = None
    if found is not None:
        return wanted & ~int(found[1], 8)
    now = os.umask(0o077)  # where there is no /proc: the only way to read it is to set it
    os.umask(now)
    return wanted & ~now


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A path beside `target` (same suffix) that replaces `target` when the block ends without an error.

    InputError if `target` is there and no file, or in a folder of the kernel: /dev/null would be one file for all.
    """
    _require_file(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.stem}.", suffix=target.suffix)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(permissions(0o666))
        beside.replace(target)
    except OSError as error:
        if error.filename is None and error.errno is not None:  # a full disk does not say which file it did not take
            raise OSError(error.errno, error.strerror, str(target)) from None
        raise
    finally:
        beside.unlink(missing_ok=True)


def _require_file(target: Path) -> None:
    """A folder is refused by the system itself."""
    parent = target.parent.resolve()
    kernels = any(map(parent.is_relative_to, KERNELS)) and not parent.is_relative_to(MEMORY)
    if kernels or (target.exists() and not target.is_file() and not target.is_dir()):
        raise InputError(f"{target}: is no place for a file, or a device or pipe that it would replace; give another")


def read_whole(path: Path, largest: int) -> bytes:
    """The bytes of a file; OSError if it cannot be read, ValueError if it is no file or has more than `largest` bytes.

    A device or a pipe never ends, and a link in a folder of somebody else may lead to one.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("not a file")
        content = stream.read(largest + 1)
    if len(content) > largest:
        raise ValueError(f"more than {largest // 1024**2} MiB")
    return content


def atomic_write(target: Path, content: str | bytes) -> None:
    """Write `content` to `target` so that a reader sees the old file or the whole new one."""
    with atomic_path(target) as beside:
        if isinstance(content, bytes):
            beside.write_bytes(content)
        else:
            beside.write_text(content, encoding="utf-8")


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder that gets the name `target`, with what is in it, when the block ends without an error; else it is gone.

    FileExistsError if there is something by that name.
    """
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        yield beside
        beside.chmod(permissions(0o777))
        beside.rename(target)
    except OSError as error:
        if error.filename is None:
            raise
        named = str(error.filename).replace(str(beside), str(target))  # the name that it would have had
        raise OSError(error.errno, error.strerror, named) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def discard(path: Path) -> None:
    """Remove a file, a folder with everything in it, or a link (never what it leads to); nothing if it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder in the system's temporary folder for the block; first, those that killed processes left are removed."""
    where = Path(tempfile.gettempdir())
    sweep(where)
    folder, held = _held_folder(where, name)
    with held:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)  # as long as it is held; what stays is swept later


def _held_folder(where: Path, name: str) -> tuple[Path, IO[bytes]]:
    """A folder that gets its name, by which `sweep` finds it, only when its lock is held; the file that holds it."""
    while True:
        new = Path(tempfile.mkdtemp(prefix=NEW, dir=where))
        folder = where / f"{SCRATCH}{name}-{new.name.removeprefix(NEW)}"
        try:
            held = (new / HELD).open("wb")
        except FileNotFoundError:  # swept: this process slept for longer than YOUNG_S
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            new.rename(folder)
        except (BlockingIOError, FileNotFoundError):  # the same
            held.close()
            continue
        return folder, held


def sweep(where: Path) -> None:
    """Remove our own scratch folders whose process is gone; others' and what cannot be removed stay."""
    for folder in (*where.glob(f"{SCRATCH}*"), *where.glob(f"{NEW}*")):
        with contextlib.suppress(OSError):  # somebody else's, held, or gone meanwhile
            info = folder.lstat()
            if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or time.time() - info.st_mtime < YOUNG_S:
                continue
            if not (folder / HELD).exists():
                discard(folder)
                continue
            with (folder / HELD).open("rb") as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                discard(folder)
