"""Run time and peak memory of a piece of work, child processes included."""

import threading
import time
from types import TracebackType
from typing import Self

import psutil

PERIOD_S = 0.2


def _resident_bytes() -> int:
    """Resident memory of this process and everything it started; processes that end meanwhile count as 0."""
    total = 0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


class Meter:
    """Context manager: `seconds` and `peak_bytes` (sampled every 0.2 s) of the block."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.peak_bytes = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, _resident_bytes())
            if self._stop.wait(PERIOD_S):
                return

    def __enter__(self) -> Self:
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.monotonic() - self._start
        self._stop.set()
        self._thread.join()
