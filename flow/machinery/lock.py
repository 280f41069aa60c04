"""One run at a time in a run folder, and no link under one of its names."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from somaforge.pdk.errors import InputError, ToolError

PARTS = ".parts"
OURS = re.compile(r"\.lock|\.parts|\d\d-\w+|final|points|weights")
"""What this program writes into a run folder or the folder of a study (temporary and failed folders are removed)."""


@contextmanager
def locked(out: Path) -> Iterator[None]:
    """Holds the run folder: two runs in one folder would destroy each other's work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        _refuse_links(out)
        lock = out / ".lock"
        if lock.is_dir():
            lock.rmdir()  # a stray; with something in it, it is somebody's and stays
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be made a run folder ({error.strerror}); choose another") from None
    with os.fdopen(descriptor, "r+b", buffering=0) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ToolError(f"{out}: another run is at work here; wait for it or choose another --out") from None
        yield


def _refuse_links(out: Path) -> None:
    """InputError for a link under one of our names: what we write or remove there would be somebody else's."""
    for path in (*out.iterdir(), *(out / PARTS).glob("*")):
        if path.is_symlink() and (path.parent != out or OURS.fullmatch(path.name)):
            raise InputError(f"{path}: is a link, and somaforge writes through none; remove it")
