"""The checks of a submission, in the order of the table."""

from collections.abc import Callable
from pathlib import Path

from somaforge.flow.checks.shuttle import cells, decks, frame, pins, shapes, texts
from somaforge.flow.checks.shuttle.check import Outcome, ShuttleCheck, perform
from somaforge.flow.checks.shuttle.submitted import Submitted, load
from somaforge.pdk import Pdk

SHUTTLE_CHECKS: tuple[ShuttleCheck, ...] = (
    *decks.CHECKS,
    *shapes.CHECKS,
    *cells.CHECKS,
    *pins.CHECKS,
    *frame.CHECKS,
    *texts.CHECKS,
    # a new check: its module above, its line here
)


def applying(shuttle: str) -> tuple[ShuttleCheck, ...]:
    """Those of one shuttle."""
    return tuple(check for check in SHUTTLE_CHECKS if not check.shuttles or shuttle in check.shuttles)


def run(pdk: Pdk, folder: Path, limit_s: float, say: Callable[[str], None] = lambda text: None) -> tuple[Outcome, ...]:
    """Every check of the submission in `folder`, and a line for each of the shuttle's that does not run here.

    `limit_s` is for every program that is called. InputError if the folder is no submission.
    """
    submitted: Submitted = load(pdk, folder, limit_s)
    found = []
    for check in applying(submitted.frame.shuttle.name):
        say(check.title)
        found.append(perform(check, submitted))
    missing = [Outcome("not_run", name, "not run", (why,)) for name, why in submitted.frame.shuttle.not_run]
    return (*found, *missing)
