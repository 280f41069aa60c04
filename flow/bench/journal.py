"""Readings of a measurement that is under way: what was read stays read when the cable is pulled.

One line of JSON for each pattern, written as it is read: {"asked": digest, "outputs_A": [...]}. Started again, the loop
asks the same in the same order; what stands here is not measured again. A last line that is cut is left out.
"""

import errno
import fcntl
import hashlib
import json
import math
import os
from collections import defaultdict, deque
from collections.abc import Mapping
from io import FileIO
from pathlib import Path

import numpy as np

from somaforge.flow.engines.base import Program
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.json_file import parse_json

LARGEST_FILE = 256_000_000
"""Bytes: a reading of ten outputs has 250, and a thousand epochs in the loop read 109,000 patterns."""


def digest(program: Program, codes: Codes, ratio: int) -> str:
    """16 hex digits of what is in the chip when a pattern is read."""
    found = hashlib.sha256(str(ratio).encode())
    for matrix in (*program, codes):
        found.update(b"|" + np.ascontiguousarray(matrix, dtype=np.int64).tobytes())
    return found.hexdigest()[:16]


class Journal:
    """In one file; to be closed. InputError if it holds readings of something else, or is damaged."""

    def __init__(self, path: Path, subject: Mapping[str, str]) -> None:
        """`subject` says what is measured: chip, spec, board. A file of another subject is refused, and kept."""
        self.path = path
        self._kept: dict[str, deque[list[float]]] = defaultdict(deque)
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: no file; take it away")
        # nothing waits in a buffer: what a full disk does not take is known at once
        self._file: FileIO = path.open("a+b", buffering=0)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InputError(f"{path}: another bench run measures this chip; wait for it") from None
        try:
            head = json.dumps({"subject": dict(subject)})
            whole = self._read(head)
            self._file.truncate(whole)
            if whole == 0:
                self._line(head)
        except BaseException:
            self._file.close()
            raise

    @property
    def waiting(self) -> int:
        """Readings that were taken before and not asked for again yet."""
        return sum(map(len, self._kept.values()))

    def _read(self, head: str) -> int:
        """Takes the lines that are whole; their length in bytes."""
        self._file.seek(0)
        data = self._file.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise InputError(f"{self.path}: more than {LARGEST_FILE // 1000**2} MB, no readings of ours; take it away")
        whole = data[: data.rfind(b"\n") + 1]
        lines = whole.decode("utf-8", "replace").splitlines()
        if len(lines) == 1 and lines[0] != head:
            return 0  # nothing was read yet
        if lines and lines[0] != head:
            raise InputError(
                f"{self.path}: {len(lines) - 1} unfinished readings of another {_other(lines[0], head)}; "
                "measure those to the end, or take the file away"
            )
        for number, line in enumerate(lines[1:], 2):
            try:
                entry = parse_json(line)
                outputs = [float(v) for v in entry["outputs_A"]]
                if not all(map(math.isfinite, outputs)):
                    raise ValueError("not finite")
                self._kept[str(entry["asked"])].append(outputs)
            except (ValueError, KeyError, TypeError):
                raise InputError(
                    f"{self.path}, line {number}: no reading; take the file away and start again"
                ) from None
        return len(whole)

    def take(self, asked: str, outputs: int) -> Floats | None:
        """The next reading of that, [outputs] in A, if there is one from before; InputError for another number."""
        kept = self._kept[asked]
        if not kept:
            return None
        found = np.array(kept.popleft())
        if found.shape != (outputs,):
            raise InputError(f"{self.path}: a reading of {len(found)} outputs, the chip has {outputs}; take it away")
        return found

    def add(self, asked: str, outputs: Floats) -> None:
        """Keeps a reading at once."""
        self._line(json.dumps({"asked": asked, "outputs_A": [float(v) for v in outputs]}))

    def _line(self, text: str) -> None:
        data = f"{text}\n".encode()
        try:
            written = self._file.write(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from None
        if written != len(data):  # the next run cuts off what is there of it
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    def close(self) -> None:
        """Lets go of the file; it stays."""
        self._file.close()


def _other(theirs: str, ours: str) -> str:
    """In what the subjects of two files differ, as far as the first line of the one says it."""
    try:
        kept, now = (dict(parse_json(line)["subject"]) for line in (theirs, ours))
    except (ValueError, KeyError, TypeError):
        return "chip, or of another version of somaforge"
    found = [key for key in now if kept.get(key) != now[key]]
    said = [f"{key} ({str(kept.get(key))[:60]}, now {now[key][:60]})" for key in found if key[:2] == "--"]
    return ", ".join([*(key for key in found if key[:2] != "--"), *said]) or "kind"
