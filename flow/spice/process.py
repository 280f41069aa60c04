"""Runs ngspice once on a deck, as a subprocess with one thread, in a folder that is gone afterwards."""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import scratch
from somaforge.pdk.tool import run_again, run_tool

NO_SOLUTION = re.compile(
    r"time ?step too small|no convergence|(?:not|to) converge|singular matrix|iteration limit"
    r"|operating point could not be simulated|finding the operating point .*failed",
    re.IGNORECASE,
)
"""What ngspice says when a circuit is not solved (the messages of 39 and 46)."""


class RunError(Exception):
    """The circuit was not solved; another start or other options may help."""


class TimeLimitError(ToolError):
    """ngspice took longer than it may."""


@dataclass(frozen=True)
class Run:
    """What came out."""

    raw: bytes
    """Binary results; empty if there are none."""
    log: str
    code: int

    def problem(self, what: str) -> RunError | ToolError:
        """What to raise for a run without a whole result: RunError only if ngspice says that it found no solution.

        Anything else (a full disk, a crash, a deck that it does not read) is no reason to try other options.
        """
        if NO_SOLUTION.search(self.log):
            return RunError(what)
        return ToolError(f"ngspice: {what}; it does not say that the circuit has no solution: run again")


def run_ngspice(
    text: str, timeout_s: float, *, control: bool = False, command: str = "ngspice", what: str = "a deck"
) -> Run:
    """Run a deck; with `control` it writes out.raw itself.

    ToolError, which names `what` ran, without ngspice, on a time-out, and if signals end it twice.
    """
    return run_again(lambda: _run_once(text, timeout_s, control, command, what), f"ngspice: {what}")


def _run_once(text: str, timeout_s: float, control: bool, command: str, what: str) -> Run:
    program = shutil.which(command)
    if program is None:
        raise ToolError("ngspice: not installed; run make setup (Debian package ngspice from bookworm-backports)")
    # one thread: chips run in parallel, and OpenMP gains nothing on arrays of this size
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"}
    with scratch("ngspice") as folder:
        deck, raw = folder / "deck.sp", folder / "out.raw"
        deck.write_text(text, encoding="ascii")
        results = [] if control else ["-r", str(raw)]
        try:
            # -n: no .spiceinit of the user
            command_line = [program, "-n", "-b", *results, str(deck)]
            done = run_tool(command_line, timeout_s, folder=folder, environment=environment)
        except TimeoutError:
            raise TimeLimitError(f"ngspice: {what}: no result in {timeout_s:g} s; give it a free processor") from None
        found = raw.read_bytes() if raw.is_file() else b""
        return Run(found, done.text, done.code)


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


def saved(run: Run, names: Sequence[str], points: int) -> Floats:
    """Values [points, names] of a run whose control block wrote them.

    RunError where ngspice found no solution or a number is not finite; ToolError for any other gap.
    """
    try:
        found, values = parse_raw(run.raw)
    except ValueError as error:
        raise run.problem(f"{error}, {last_error(run.log)}") from None
    # the first vector is written twice, as the scale of a plot
    if found[1:] != list(names) or len(values) != points:
        raise run.problem(f"{len(values)} of {points} points, {last_error(run.log)}")
    if not np.all(np.isfinite(values)):
        raise RunError("a result is not a finite number")
    return values[:, 1:]
