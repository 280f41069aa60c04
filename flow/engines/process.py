"""Runs ngspice once on a deck, as a subprocess with one thread, in a folder that is gone afterwards."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from somaforge.flow.engines.base import Floats
from somaforge.pdk.errors import ToolError


class RunError(Exception):
    """A run that gave no result; another start or other options may help."""


@dataclass(frozen=True)
class Run:
    """What came out."""

    raw: bytes
    """Binary results; empty if there are none."""
    log: str
    code: int


def run_ngspice(text: str, timeout_s: float, *, control: bool = False, command: str = "ngspice") -> Run:
    """Run a deck; with `control` it writes out.raw itself. RunError on a time-out, ToolError without ngspice."""
    program = shutil.which(command)
    if program is None:
        raise ToolError("ngspice: not installed; run make setup (Debian package ngspice from bookworm-backports)")
    # one thread: chips run in parallel, and OpenMP gains nothing on arrays of this size
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    with tempfile.TemporaryDirectory(prefix="somaforge-ngspice-") as folder:
        deck, raw = Path(folder) / "deck.sp", Path(folder) / "out.raw"
        deck.write_text(text, encoding="ascii")
        results = [] if control else ["-r", str(raw)]
        try:
            done = subprocess.run(
                [program, "-n", "-b", *results, str(deck)],  # -n: no .spiceinit of the user
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise RunError(f"no result in {timeout_s:g} s") from None
        found = raw.read_bytes() if raw.is_file() else b""
        return Run(found, done.stdout + done.stderr, done.returncode)


def last_error(log: str) -> str:
    """The last line of an ngspice log that tells what went wrong."""
    wrong = [x.strip() for x in log.splitlines() if re.search(r"error|too small|singular|abort|fatal|failed", x, re.I)]
    return wrong[-1][:200] if wrong else "no message"


def parse_raw(raw: bytes) -> tuple[list[str], Floats]:
    """Vector names and values [points, vectors] of binary real results; several plots of the same vectors are joined.

    ValueError if it is anything else.
    """
    names: list[str] | None = None
    parts: list[Floats] = []
    while raw:
        head, mark, raw = raw.partition(b"Binary:\n")
        text = head.decode("ascii", "replace")
        counts = {key: re.search(rf"No\. {key}: *(\d+)", text) for key in ("Variables", "Points")}
        if not mark or "real" not in text or counts["Variables"] is None or counts["Points"] is None:
            raise ValueError("not a binary raw file of real numbers")
        width, points = int(counts["Variables"][1]), int(counts["Points"][1])
        own = [line.split()[1] for line in text.partition("Variables:\n")[2].splitlines() if line.strip()]
        values = np.frombuffer(raw[: 8 * width * points], dtype=np.float64)
        raw = raw[8 * width * points :]
        if len(own) != width or len(values) != width * points or own != (names or own):
            raise ValueError(f"{len(values)} numbers for {points} points of {width} vectors")
        names = own
        parts.append(values.reshape(points, width))
    if names is None:
        raise ValueError("no results")
    return names, np.concatenate(parts)
