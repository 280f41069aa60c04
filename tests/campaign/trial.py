"""One trial: work in a process of its own, with a time limit, and what is wrong with how it ended."""

import contextlib
import faulthandler
import math
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from somaforge.flow import cli

FAULT = re.compile(r"Traceback|internal error|bad_alloc|Segmentation|core dumped|Assertion")
LIMIT_S = 120.0
"""Of a trial, processor time of each process; on a quiet machine few take 10 s."""
BUSY = 10
"""How much longer the clock may take: other work on the machine is no fault of a trial."""
LONGEST_LINE = 1000


@dataclass(frozen=True)
class Ended:
    """How the process ended."""

    code: int | None
    """Exit code; minus the signal that ended it; None if it did not end in time."""
    out: str
    err: str
    seconds: float

    def problem(self, allowed: tuple[int, ...]) -> str | None:
        """What is wrong: a crash, no end, a code that is not allowed, an internal error, a refusal of many lines."""
        if self.code is None:
            return f"did not end in {self.seconds:.0f} s"
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}"
        lines = [line for line in self.err.splitlines() if line.strip()]
        last = lines[-1][:300] if lines else "(nothing on standard error)"
        if FAULT.search(self.out + self.err):
            return f"internal error: {last}"
        if self.code not in allowed:
            return f"exit {self.code}: {last}"
        if self.code >= 2 and (len(lines) != 1 or len(lines[0]) > LONGEST_LINE):
            return f"exit {self.code} with {len(lines)} lines on standard error, the last: {last}"
        return None


def attempt(work: Callable[[], int], folder: Path, limit_s: float = LIMIT_S) -> Ended:
    """Do `work` in a process group of its own; `folder` gets what it prints. All of the group is gone afterwards.

    A process that needs more than `limit_s` of processor time is ended by SIGXCPU.
    """
    start = time.monotonic()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        _child(work, folder, math.ceil(limit_s))
    try:
        while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0 and time.monotonic() - start < BUSY * limit_s:
            time.sleep(0.005)
    finally:
        _end(pid)
    code = os.waitstatus_to_exitcode(ended[1]) if ended[0] else None
    if code is None:
        os.waitpid(pid, 0)
    out, err = ((folder / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
    return Ended(code, out, err, time.monotonic() - start)


def command(*arguments: str) -> Callable[[], int]:
    """The command line as work."""
    return lambda: cli.run(arguments)


def _child(work: Callable[[], int], folder: Path, limit_s: int) -> None:
    """Never returns."""
    code = 99
    try:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
        faulthandler.disable()  # pytest's, which would write into pytest's own output
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in ((0, "r"), (1, "w"), (2, "w")))
        code = work()
    except BaseException as error:  # noqa: BLE001  what comes out is what the trial is about
        print(f"Traceback: {error!r}", file=sys.stderr)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError):  # of a trial in which nothing can be written
                stream.flush()
        os._exit(code)


def _end(pid: int) -> None:
    """Kill what is left of the group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
