"""Functions that worker processes import: cheap, and deadly when a test asks for it."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Task:
    """Squares a number; `deadly` is a folder where the first try leaves a mark and kills its process."""

    number: int
    deadly: Path | None = None
    always: bool = False
    pause_s: float = 0.0


def square(task: Task) -> dict[str, Any]:
    time.sleep(task.pause_s)
    if task.deadly is not None:
        mark = task.deadly / f"died_{task.number}"
        if task.always or not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return {"metrics": {"square": task.number**2}, "pid": os.getpid()}
