"""Work that may take no longer than a given time, whatever it calls: in a process of its own.

A layout library that is deep in its own code neither ends nor hears a signal; only its process can be ended. The child
is a fork: it starts in milliseconds and has what its parent has read. What it prints, returns or raises comes back.
"""

import contextlib
import io
import os
import pickle
import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import IO, Any, TypeVar

from somaforge.flow.machinery.workers import die_with
from somaforge.pdk.errors import ToolError

Result = TypeVar("Result")
ASSERTION = re.compile(rb"ERROR: src/\S+,\d+,")
"""Begins the line that KLayout's own code prints for an assertion before it raises it; our line says the same."""
STEP_S = 0.05


def bounded(work: Callable[[], Result], limit_s: float, what: str) -> Result:
    """What `work` returns or raises; ToolError, which names `what`, after `limit_s` seconds or if it crashes."""
    sys.stdout.flush()
    sys.stderr.flush()
    ours, theirs = Pipe(duplex=False)
    with tempfile.TemporaryFile() as printed:
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            ours.close()
            _child(work, theirs, printed, parent)
        theirs.close()
        try:
            found = _wait(ours, limit_s)
        finally:
            code = _end(child)
            ours.close()
            _pass_on(printed)
    if found is None:
        raise ToolError(f"{what}: no end in {limit_s:g} s")
    if found == b"":
        ended = _signal(code)
        if ended == signal.SIGKILL.name:
            raise ToolError(f"{what}: killed by {ended} (out of memory?)")
        raise ToolError(f"{what}: crashed ({ended}); is the file damaged?")
    out, err, error, result = pickle.loads(found)
    sys.stdout.write(out)
    sys.stderr.write(err)
    if error is not None:
        raise error
    returned: Result = result
    return returned


def _wait(pipe: Connection, limit_s: float) -> bytes | None:
    """What the child sent; empty if it ended without; None if it took too long."""
    end = time.monotonic() + limit_s
    while (left := end - time.monotonic()) > 0:
        if pipe.poll(min(left, 1.0)):
            try:
                return pipe.recv_bytes()
            except EOFError:
                return b""
    return None


def _child(work: Callable[[], Any], pipe: Connection, printed: IO[bytes], parent: int) -> None:
    """Never returns."""
    out, err = io.StringIO(), io.StringIO()
    try:
        die_with(parent)
        os.dup2(printed.fileno(), 2)
        error: BaseException | None = None
        result = None
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001  it is raised again in the parent
                error = raised
        pipe.send_bytes(_packed(out.getvalue(), err.getvalue(), error, result))
        pipe.close()
    finally:
        os._exit(0)


def _packed(out: str, err: str, error: BaseException | None, result: Any) -> bytes:
    try:
        packed = pickle.dumps((out, err, error, result))
        pickle.loads(packed)  # some exceptions are written and cannot be read
    except Exception:  # noqa: BLE001  whatever a class does when it is pickled
        told = (
            RuntimeError(f"{type(error).__name__}: {error}") if error is not None else RuntimeError("no plain result")
        )
        return pickle.dumps((out, err, told, None))
    return packed


def _end(child: int) -> int:
    """End the child, whatever it does; its wait status."""
    with contextlib.suppress(ProcessLookupError):
        done, status = os.waitpid(child, os.WNOHANG)
        if done == 0:
            time.sleep(STEP_S)  # it has answered and is about to end
            done, status = os.waitpid(child, os.WNOHANG)
        if done == 0:
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
        return status
    return 0


def _signal(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def _pass_on(printed: IO[bytes]) -> None:
    """What the libraries printed on standard error themselves."""
    printed.seek(0)
    for line in printed:
        if not ASSERTION.match(line):
            sys.stderr.write(line.decode("utf-8", "replace"))
