"""The shuttle's checks in the report: what passed, what failed and why, what was not run."""

from somaforge.flow.checks.shuttle import table
from somaforge.flow.checks.shuttle.check import Outcome
from somaforge.flow.report.data import RunData

STEP = "tapeout"


def rows(run: RunData) -> tuple[Outcome, ...]:
    """Nothing for a chip without a frame."""
    return table.from_json((run.folders[STEP] / table.JSON).read_text(encoding="utf-8"))
