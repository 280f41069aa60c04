"""What commands show: progress for a person at a terminal, nothing for CI, JSON on request."""

import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import click
from rich.console import Console
from rich.status import Status


class Progress:
    """A Watcher that shows steps on a terminal (stderr); elsewhere it is silent, or says one line per step."""

    def __init__(
        self,
        quiet: bool = False,
        steps: int | None = None,
        verbose: bool = False,
        before_s: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """`steps`: how many there will be, if that is known; `before_s`: how long each took the last time, for those
        that are to come."""
        self._console = Console(stderr=True, highlight=False)
        self._terminal = self._console.is_terminal and not quiet
        self._lines = self._terminal or verbose
        self._status: Status | None = None
        self._step = ""
        self._steps, self._done, self._begun = steps, 0, time.monotonic()
        self._before_s = dict(before_s)

    def started(self, step: str) -> None:
        """Show a spinner."""
        self._step = f"step {self._done + 1} of {self._steps}, {step}" if self._steps is not None else step
        if self._terminal:
            self._status = self._console.status(f"{self._step} ...")
            self._status.start()

    def said(self, text: str) -> None:
        """Show what the step says beside the spinner."""
        if self._status is not None:
            self._status.update(f"{self._step}: {text}", spinner="dots")

    def ended(self, step: str, skipped: bool, seconds: float) -> None:
        """Replace the spinner by one line."""
        self.close()
        self._done += 1
        self._before_s.pop(step, None)
        if self._lines:
            note = "nothing to do" if skipped else f"{seconds:.1f} s"
            place = f"{self._done:>2}/{self._steps}  " if self._steps is not None else ""
            times = f"  ({self._times()})" if place and not skipped else ""
            self._console.print(f"{place}{step:<14}{note}{times}", markup=False, soft_wrap=True)

    def _times(self) -> str:
        so_far = f"{time.monotonic() - self._begun:.0f} s so far"
        to_go = sum(self._before_s.values())
        return f"{so_far}, about {to_go:.0f} s to go" if to_go >= 1 else so_far

    def close(self) -> None:
        """Stop the spinner when a step has ended or failed."""
        if self._status is not None:
            self._status.stop()
            self._status = None


def show_json(value: Mapping[str, Any]) -> None:
    """A JSON object on stdout."""
    click.echo(json.dumps(value, indent=1, allow_nan=False))


def show_metrics(metrics: Mapping[str, float], as_json: bool) -> None:
    """Metrics as JSON or as aligned lines."""
    if as_json:
        show_json(metrics)
        return
    width = max((len(name) for name in metrics), default=0)
    for name, value in metrics.items():
        click.echo(f"{name:<{width}}  {value:.6g}" if isinstance(value, float) else f"{name:<{width}}  {value}")
