"""What commands show: progress for a person at a terminal, nothing for CI, JSON on request."""

import json
import time
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.status import Status


class Progress:
    """A Watcher that shows steps on a terminal (stderr) and is silent elsewhere."""

    def __init__(self, quiet: bool = False, steps: int | None = None) -> None:
        """`steps`: how many there will be, if that is known."""
        self._console = Console(stderr=True, highlight=False)
        self._shown = self._console.is_terminal and not quiet
        self._status: Status | None = None
        self._step = ""
        self._steps, self._done, self._begun = steps, 0, time.monotonic()

    def started(self, step: str) -> None:
        """Show a spinner."""
        self._step = f"step {self._done + 1} of {self._steps}, {step}" if self._steps is not None else step
        if self._shown:
            self._status = self._console.status(f"{self._step} ...")
            self._status.start()

    def said(self, text: str) -> None:
        """Show what the step says beside the spinner."""
        if self._status is not None:
            self._status.update(f"{self._step}: {text}", spinner="dots")

    def ended(self, step: str, skipped: bool, seconds: float) -> None:
        """Replace the spinner by one line."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        self._done += 1
        if self._shown:
            note = "nothing to do" if skipped else f"{seconds:.1f} s"
            place = f"{self._done:>2}/{self._steps}  " if self._steps is not None else ""
            so_far = f"  ({time.monotonic() - self._begun:.0f} s so far)" if place and not skipped else ""
            self._console.print(f"{place}{step:<14}{note}{so_far}", markup=False)

    def close(self) -> None:
        """Stop the spinner when a step has failed."""
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
