"""Readings of a measurement that is under way: what was read stays read when the cable is pulled.

One line of JSON for each pattern, written as it is read: {"asked": digest, "outputs_A": [...]}. Started again, the loop
asks the same in the same order; what stands here is not measured again. A last line that is cut is left out.
"""

import hashlib
import json
from collections import defaultdict, deque
from pathlib import Path
from typing import IO

import numpy as np

from somaforge.flow.engines.base import Program
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError


def digest(program: Program, codes: Codes, ratio: int) -> str:
    """16 hex digits of what is in the chip when a pattern is read."""
    found = hashlib.sha256(str(ratio).encode())
    for matrix in (*program, codes):
        found.update(b"|" + np.ascontiguousarray(matrix, dtype=np.int64).tobytes())
    return found.hexdigest()[:16]


class Journal:
    """In one file; to be closed. InputError if it holds readings of something else, or is damaged."""

    def __init__(self, path: Path, subject: str) -> None:
        """`subject` says what is measured: chip, spec, board. A file of another subject is refused, and kept."""
        self.path = path
        self._kept: dict[str, deque[list[float]]] = defaultdict(deque)
        head, whole = json.dumps({"subject": subject}), 0
        if path.exists():
            whole = self._read(head)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: IO[bytes] = path.open("ab")
        self._file.truncate(whole)
        if whole == 0:
            self._line(head)

    @property
    def waiting(self) -> int:
        """Readings that were taken before and not asked for again yet."""
        return sum(map(len, self._kept.values()))

    def _read(self, head: str) -> int:
        """Takes the lines that are whole; their length in bytes."""
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.decode("utf-8", "replace").splitlines()
        if lines and lines[0] != head:
            raise InputError(
                f"{self.path}: unfinished readings of another spec or board; measure those to the end, or take it away"
            )
        for number, line in enumerate(lines[1:], 2):
            try:
                entry = json.loads(line)
                self._kept[str(entry["asked"])].append([float(v) for v in entry["outputs_A"]])
            except (ValueError, KeyError, TypeError):
                raise InputError(
                    f"{self.path}, line {number}: no reading; take the file away and start again"
                ) from None
        return len(whole)

    def take(self, asked: str) -> Floats | None:
        """The next reading of that, [outputs] in A, if there is one from before."""
        kept = self._kept[asked]
        return np.array(kept.popleft()) if kept else None

    def add(self, asked: str, outputs: Floats) -> None:
        """Keeps a reading at once."""
        self._line(json.dumps({"asked": asked, "outputs_A": [float(v) for v in outputs]}))

    def _line(self, text: str) -> None:
        self._file.write(f"{text}\n".encode())
        self._file.flush()

    def close(self) -> None:
        """Lets go of the file; it stays."""
        self._file.close()
