"""Results of a study on the disk: one whole JSON file per task, and none of an older study is taken for one of this."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from somaforge.pdk.files import atomic_write
from somaforge.pdk.json_file import read_json


@dataclass(frozen=True)
class Results:
    """A folder of records `<id>.json`; a record counts only if it carries its task's key."""

    folder: Path
    keys: Mapping[str, str]
    """Task -> hash of everything that its record depends on."""

    def write(self, name: str, record: Mapping[str, Any]) -> None:
        """Write one record, whole or not at all; ValueError for a number that is not finite."""
        text = json.dumps({"key": self.keys[name], "id": name, **record}, allow_nan=False)
        atomic_write(self.folder / f"{name}.json", text + "\n")

    def read(self, name: str) -> dict[str, Any] | None:
        """The record of a finished task; None if there is none of this study that can be read."""
        try:
            record: dict[str, Any] = read_json(self.folder / f"{name}.json")
            return record if record["key"] == self.keys[name] and record["id"] == name else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def finished(self) -> set[str]:
        """The tasks that need not be done again."""
        return {name for name in self.keys if self.read(name) is not None}
