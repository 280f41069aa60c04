"""What one check of a submission is, and what came of it."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from somaforge.flow.checks.shuttle.submitted import Submitted

Status = Literal["pass", "fail", "not run"]
MOST_FINDINGS = 20
"""That are kept of one check."""


@dataclass(frozen=True)
class ShuttleCheck:
    """One rule. It finds nothing where all is well; what it raises is a failure."""

    name: str
    """In results, for example "pins"."""
    title: str
    """What it looks at, for the table."""
    find: Callable[[Submitted], Iterable[str]]
    """What is wrong, a line each."""
    shuttles: tuple[str, ...] = ()
    """Which shuttles have it; empty: all."""


@dataclass(frozen=True)
class Outcome:
    """One line of the table."""

    name: str
    title: str
    status: Status
    findings: tuple[str, ...] = ()
    """Why it failed, at most MOST_FINDINGS, or why it was not run."""
    count: int = 0
    """Of all findings."""

    def to_json(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self)


def perform(check: ShuttleCheck, submitted: Submitted) -> Outcome:
    """Run one check: a crash is a failure that says so."""
    try:
        found = tuple(check.find(submitted))
    except Exception as error:  # noqa: BLE001  whatever a check dies of, the submission has not passed it
        said = " ".join(str(error).split()) or "no message"
        return Outcome(check.name, check.title, "fail", (f"the check itself failed: {said}",), 1)
    if found:
        return Outcome(check.name, check.title, "fail", found[:MOST_FINDINGS], len(found))
    return Outcome(check.name, check.title, "pass")
