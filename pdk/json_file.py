"""JSON from files that somebody else may have written or changed: nothing endless, nothing too deep."""

import json
from pathlib import Path
from typing import Any

from somaforge.pdk.files import read_whole

LARGEST = 64 * 1024 * 1024
"""Bytes of a file; the records of a study with the currents of 1,000 patterns have some MB."""


def parse_json(text: str) -> Any:
    """The value in `text`; ValueError if it is no JSON, or lists are so deep in each other that the reader gives up."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("lists or objects too deep in each other") from None


def read_json(path: Path) -> Any:
    """The value in a file; OSError if it cannot be read, ValueError if it is no JSON, no file, or too long."""
    return parse_json(read_whole(path, LARGEST).decode("utf-8"))
