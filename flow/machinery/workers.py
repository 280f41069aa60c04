"""Independent pieces of a long step (one per chip): done in parallel processes, and kept when the step is killed."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from somaforge.flow.machinery.store import commit, discard_temporaries, finished, new_temporary
from somaforge.pdk.errors import ToolError
from somaforge.pdk.files import discard

Argument = TypeVar("Argument")
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0))


def die_with(parent: int) -> None:
    """This process is killed when its parent is gone (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os.kill(os.getpid(), signal.SIGKILL)


def prepare_worker(parent: int, threads: int) -> None:
    """Runs first in a worker. It dies with its parent, so that a killed run leaves none behind (Linux only: elsewhere
    they end with their pipe). Workers share the processors: torch's own threads would wait for each other."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)
    die_with(parent)


def _run_part(worker: Callable[[Path, Argument], None], argument: Argument, target: Path, key: str) -> None:
    """Do one piece in a temporary folder and move it to its place."""
    temporary = new_temporary(target.parent, target.name)
    worker(temporary, argument)
    commit(temporary, target, key)


@dataclass(frozen=True)
class PartStore:
    """The finished pieces of one step with one key."""

    folder: Path
    key: str

    def open(self) -> None:
        """Keep finished pieces of this key, drop those of older keys and what a killed run left."""
        for other in self.folder.parent.glob(f"{self.folder.name.split('@')[0]}@*"):
            if other != self.folder:
                discard(other)
        if self.folder.is_symlink() or self.folder.is_file():
            discard(self.folder)
        if self.folder.exists():
            discard_temporaries(self.folder)

    def close(self) -> None:
        """Remove the pieces: the step's own folder has them now."""
        discard(self.folder)

    def each(
        self,
        worker: Callable[[Path, Argument], None],
        jobs: Mapping[str, Argument],
        log: Callable[[str], None],
    ) -> dict[str, Path]:
        """See Context.each."""
        targets = {name: self.folder / name for name in jobs}
        left = [name for name, target in targets.items() if not finished(target, self.key)]
        if len(left) < len(jobs):
            log(f"{len(jobs) - len(left)} of {len(jobs)} parts were finished by an earlier run")
        if not left:
            return targets
        workers = min(processors(), len(left))
        pool = ProcessPoolExecutor(
            workers,
            mp_context=get_context("spawn"),
            initializer=prepare_worker,
            initargs=(os.getpid(), processors() // workers),
        )
        try:
            running = {pool.submit(_run_part, worker, jobs[name], targets[name], self.key): name for name in left}
            done_count = len(jobs) - len(left)
            while running:
                ready, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ready:
                    name = running.pop(future)
                    future.result()
                    done_count += 1
                    log(f"{name} finished ({done_count} of {len(jobs)})")
        except BrokenProcessPool:
            raise ToolError(
                "a worker process was killed (out of memory?); run again: finished parts are kept"
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return targets
