"""JSON from files that somebody else may have written or changed: nothing endless, nothing too deep."""

import json
import os
import stat
from pathlib import Path
from typing import Any

LARGEST = 64 * 1024 * 1024
"""Bytes of a file; the records of a study with the currents of 1,000 patterns have some MB."""


def parse_json(text: str) -> Any:
    """The value in `text`; ValueError if it is no JSON, or lists are so deep in each other that the reader gives up."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("lists or objects too deep in each other") from None


def read_json(path: Path) -> Any:
    """The value in a file; OSError if it cannot be read, ValueError if it is no JSON, no file, or too long.

    A device or a pipe never ends, and a link in a folder of somebody else may lead to one.
    """
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("not a file")
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"more than {LARGEST // 1024**2} MiB")
    return parse_json(content.decode("utf-8"))
