"""JSON of steps: what one writes and another reads."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from somaforge.flow.machinery.store import METRICS, vouched
from somaforge.pdk.files import atomic_write
from somaforge.pdk.json_file import parse_json


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def as_json(value: Mapping[str, Any]) -> str:
    """A JSON object as text; arrays become lists. ValueError for a number that is not finite."""
    return json.dumps(value, default=_plain, allow_nan=False) + "\n"


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """The same as a file."""
    atomic_write(path, as_json(value))


def read_json(path: Path) -> dict[str, Any]:
    """The object of a file that write_json wrote."""
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def read_metrics(folder: Path, name: str = METRICS) -> dict[str, float]:
    """The metrics of a finished step, as its record vouches for them."""
    data = parse_json(vouched(folder, name))
    return {key: float(value) if isinstance(value, float) else value for key, value in data.items()}
