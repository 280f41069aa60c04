"""Pieces of a long part, kept as they come: an interrupted call goes on where it was."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from somaforge.flow.machinery.records import as_json
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write


class Journal:
    """A file of finished pieces under the conditions that they were made under. Other conditions: it starts again."""

    def __init__(self, path: Path, conditions: Mapping[str, Any]) -> None:
        """InputError if the file is there and no journal."""
        self._path = path
        self._conditions = json.loads(as_json(conditions))
        self._pieces: dict[str, Any] = {}
        self.seconds = 0.0
        """Of a processor, for all pieces, those of calls before as well."""
        if not path.is_file():
            return
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["conditions"] == self._conditions:
                self._pieces, self.seconds = dict(found["pieces"]), float(found["seconds"])
        except (ValueError, KeyError, TypeError):
            raise InputError(f"{path}: no journal of papers; remove it, and its part starts again") from None

    def piece(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gave under that name, now or in a call before; what it gives is JSON."""
        if name not in self._pieces:
            begun = time.process_time()
            self._pieces[name] = json.loads(as_json({"piece": make()}))["piece"]
            self.seconds += time.process_time() - begun
            kept = {"conditions": self._conditions, "pieces": self._pieces, "seconds": self.seconds}
            atomic_write(self._path, as_json(kept))
        return self._pieces[name]

    def forget(self) -> None:
        """The part is whole."""
        self._path.unlink(missing_ok=True)
