"""One deck through ngspice in batch mode: text in, numbers out."""

from pathlib import Path

from somaforge.flow.spice.process import last_error, parse_raw, run_ngspice
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError


def run_batch(text: str, evidence: Path | None, name: str, timeout_s: float) -> tuple[list[str], Floats]:
    """Lower-case vector names and values [points, vectors] of one batch run.

    `evidence` gets the deck and the log. ToolError if ngspice is missing, fails, or gives no numbers.
    """
    if evidence is not None:
        evidence.mkdir(parents=True, exist_ok=True)
        (evidence / f"{name}.sp").write_text(text, encoding="ascii")
    run = run_ngspice(text, timeout_s, what=name)
    if evidence is not None:
        (evidence / f"{name}.log").write_text(run.log, encoding="utf-8")
    hint = f"{last_error(run.log)})" + ("; see its deck and log" if evidence is not None else "")
    if run.code != 0:
        raise ToolError(f"ngspice: {name} ended with exit code {run.code} ({hint}")
    try:
        names, values = parse_raw(run.raw)
        if len(values) < 2:
            raise ValueError("one point")  # a run that stopped at once leaves the first point of its sweep
    except ValueError as error:
        raise ToolError(f"ngspice: {name} gave no data ({error}; {hint}") from None
    return [n.lower() for n in names], values
