"""Doing many independent tasks: in processes of this machine, or on the workers of a Dask scheduler.

Both give every task's result exactly once, as they come. A worker that is killed loses what it was doing; that is done
again. A task that takes three workers with it is a ToolError.
"""

import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from somaforge.flow.machinery.workers import prepare_worker
from somaforge.pdk.errors import ToolError

Task = TypeVar("Task")
Record = dict[str, Any]
Spread = Callable[[Callable[[Any], Record], Mapping[str, Any]], Iterator[tuple[str, Record]]]
"""Gives (name, result) for every named task."""
AHEAD = 3
"""Tasks handed to the pool for each worker: it never waits, and few are lost with a killed one."""
STRIKES = 3
"""Times that a task may take its worker with it."""
CONNECT_S = 30
LONELY_S = 600.0
"""How long a scheduler may be without a worker: a farm may need that to start one."""
LOOK_S = 0.2


def here(function: Callable[[Task], Record], tasks: Mapping[str, Task]) -> Iterator[tuple[str, Record]]:
    """One after the other in this process: the reference for the other two."""
    for name, task in tasks.items():
        yield name, function(task)


def processes(workers: int) -> Spread:
    """In that many processes of this machine."""

    def spread(function: Callable[[Task], Record], tasks: Mapping[str, Task]) -> Iterator[tuple[str, Record]]:
        left = dict(tasks)
        strikes: Counter[str] = Counter()
        while left:
            broken: set[str] = set()
            for name, record in _pool(function, left, min(workers, len(left)), broken):
                del left[name]
                yield name, record
            strikes.update(broken)
            hopeless = [name for name, count in strikes.items() if count >= STRIKES and name in left]
            if hopeless:
                raise ToolError(
                    f"montecarlo: {hopeless[0]} took its process with it {STRIKES} times (out of memory?); "
                    "run again with fewer --workers: finished points are kept"
                )

    return spread


def _pool(
    function: Callable[[Task], Record], tasks: Mapping[str, Task], workers: int, broken: set[str]
) -> Iterator[tuple[str, Record]]:
    """One pool until all is done or one of its processes dies; then `broken` has what was running."""
    waiting = list(tasks.items())[::-1]
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=prepare_worker, initargs=(os.getpid(), 1)
    )
    running: dict[Future[Record], str] = {}
    try:
        while waiting or running:
            while waiting and len(running) < AHEAD * workers:
                name, task = waiting.pop()
                running[pool.submit(function, task)] = name
            ready, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                record = future.result()
                yield running.pop(future), record
    except BrokenProcessPool:
        broken |= {name for future, name in running.items() if future.running() or future.done()}
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def dask(address: str, prefix: str) -> Spread:
    """On the workers of the scheduler at `address`; `prefix` tells this study's tasks from others'. ToolError if it
    cannot be reached or the package distributed is missing."""
    try:
        from distributed import Client
    except ImportError:
        raise ToolError("montecarlo --scheduler: needs the package distributed: pip install somaforge[farm]") from None

    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what goes wrong is said in one line

    def spread(function: Callable[[Task], Record], tasks: Mapping[str, Task]) -> Iterator[tuple[str, Record]]:
        try:
            client = Client(address, timeout=CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise ToolError(f"montecarlo: no Dask scheduler at {address}: {error}; start one, see docs") from None
        with client:
            futures = {
                client.submit(function, task, key=f"{prefix}-{name}", pure=False): name for name, task in tasks.items()
            }
            for future in _as_they_end(client, list(futures), address):
                record: Record = _result(future, futures[future], address)
                yield futures.pop(future), record
                future.release()

    return spread


def _result(future: Any, name: str, address: str) -> Any:
    """What a task gave; ToolError if the scheduler went away before it could be fetched, or the task killed workers."""
    from distributed.comm.core import CommClosedError
    from distributed.scheduler import KilledWorker

    try:
        return future.result()
    except (CancelledError, CommClosedError):
        raise _gone(address) from None
    except KilledWorker as error:
        raise ToolError(
            f"montecarlo: {name} was lost with its workers again and again ({error}); "
            "give them more memory: finished points are kept"
        ) from None


def _gone(address: str) -> ToolError:
    return ToolError(
        f"montecarlo: the Dask scheduler at {address} went away; start it and run again: finished points are kept"
    )


def _as_they_end(client: Any, futures: list[Any], address: str) -> Iterator[Any]:
    """Dask's futures in the order in which they end; ToolError without a scheduler, or a worker for LONELY_S."""
    from distributed import as_completed

    ended: Any = as_completed(futures, loop=client.loop)  # type: ignore[no-untyped-call]
    alone_since: float | None = None
    while ended.count():
        batch = ended.next_batch(block=False)
        yield from batch
        if batch:
            alone_since = None
            continue
        time.sleep(LOOK_S)
        if client.status != "running":  # its tasks are lost with it
            raise _gone(address)
        if client.scheduler_info(n_workers=-1)["workers"]:
            alone_since = None
        elif alone_since is None:
            alone_since = time.monotonic()
        elif time.monotonic() - alone_since > LONELY_S:
            raise ToolError(
                f"montecarlo: the Dask scheduler has had no worker for {LONELY_S:g} s; start some and run again: "
                "finished points are kept"
            )
