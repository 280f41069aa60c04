"""Processor and clock seconds of a piece of work."""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """`cpu` of this process and of the simulators that it started and that ended, and `wall`, in s."""
    found: dict[str, float] = {}
    start = _used(), time.monotonic()
    yield found
    found["cpu"], found["wall"] = _used() - start[0], time.monotonic() - start[1]


def _used() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)
