"""The table of a submission's checks: as JSON, as Markdown for people, as metrics."""

import json
from collections.abc import Sequence

from somaforge.flow.checks.shuttle.check import Outcome
from somaforge.pdk.templating import render

JSON = "shuttle.json"
MARKDOWN = "shuttle.md"


def to_json(found: Sequence[Outcome]) -> str:
    """All outcomes with their findings."""
    return json.dumps([outcome.to_json() for outcome in found], indent=1) + "\n"


def from_json(text: str) -> tuple[Outcome, ...]:
    """What to_json wrote."""
    return tuple(Outcome(**{**data, "findings": tuple(data["findings"])}) for data in json.loads(text))


def markdown(top: str, frame: str, found: Sequence[Outcome]) -> str:
    """What was checked, what failed and why, what was not run."""
    rows = [(o.title, o.status, "<br>".join(line.replace("|", "\\|") for line in o.findings)) for o in found]
    return render("shuttle.md.j2", top=top, frame=frame, rows=rows, failed=failures(found), checks=checks(found))


def checks(found: Sequence[Outcome]) -> int:
    """How many were run."""
    return sum(outcome.status != "not run" for outcome in found)


def failures(found: Sequence[Outcome]) -> int:
    """How many of them failed."""
    return sum(outcome.status == "fail" for outcome in found)


def metrics(found: Sequence[Outcome]) -> dict[str, float]:
    """Failures, checks, and what the shuttle checks beyond."""
    return {
        "shuttle__failures__count": failures(found),
        "shuttle__checks__count": checks(found),
        "shuttle__not_run__count": len(found) - checks(found),
    }
