"""Runs another program so that nothing of it is left: not after its time, not after a kill of our process group or of
our process alone.
"""

import contextlib
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import psutil

from somaforge.pdk.errors import ToolError

RUNS = 2
"""Of one program if a signal ends the first: the same call again gives the same result, other options would not."""


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    """Its exit code; minus the signal that ended it."""
    text: str
    """What it printed: standard output, then standard error."""


def run_tool(
    command: Sequence[str], timeout_s: float, *, folder: Path, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a program in `folder` without input, in our process group; `environment` replaces ours.

    TimeoutError after `timeout_s`: the program and what it started have been killed by then.
    """
    process = subprocess.Popen(
        [*dying_with_us(), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        cwd=folder,
        env=environment,
    )
    with process:
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{command[0]}: no end in {timeout_s:g} s") from None
        finally:
            if process.returncode is None:
                _kill(process)
    return Ended(process.returncode, out + err)


class _HasCode(Protocol):
    @property
    def code(self) -> int: ...


Run = TypeVar("Run", bound=_HasCode)


def run_again(once: Callable[[], Run], what: str) -> Run:
    """What `once` comes to, which runs a program; once more, the same, if a signal ended it.

    ToolError, which names `what` ran and the signals, if they end it every time.
    """
    signals = []
    for _ in range(RUNS):
        ended = once()
        killed = _signal(ended.code)
        if killed is None:
            return ended
        signals.append(killed)
    reason = "out of memory?" if "SIGKILL" in signals else "a fault of that program"
    raise ToolError(f"{what}: killed by {' and '.join(signals)} ({reason}); run again")


def _signal(code: int) -> str | None:
    """The signal that ended a process, or the process that a shell script started for us; None if it ended itself."""
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return None


def dying_with_us() -> list[str]:
    """A prefix (util-linux) with which the kernel kills the program when we are killed alone, as for want of memory."""
    program = shutil.which("setpriv")
    return [] if program is None else [program, "--pdeathsig", "KILL"]


def _kill(process: subprocess.Popen[str]) -> None:
    """The program and everything that it started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    process.kill()
