"""One deck through ngspice in batch mode: text in, numbers out."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.ngspice import read_raw
from somaforge.pdk.errors import ToolError

Floats = npt.NDArray[np.float64]


def run_batch(text: str, evidence: Path | None, name: str, timeout_s: float) -> tuple[list[str], Floats]:
    """Lower-case vector names and values [points, vectors] of one batch run.

    `evidence` gets the deck and the log. ToolError if ngspice is missing, fails, or gives no numbers.
    """
    command = shutil.which("ngspice")
    if command is None:
        raise ToolError("ngspice: not installed; run make setup (Debian package ngspice from bookworm-backports)")
    with tempfile.TemporaryDirectory(prefix="somaforge-program-") as folder:
        deck, raw = Path(folder) / "deck.sp", Path(folder) / "out.raw"
        deck.write_text(text, encoding="ascii")
        try:
            done = subprocess.run(
                [command, "-n", "-b", "-r", str(raw), str(deck)],
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout_s,
                check=False,
                cwd=folder,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired:
            raise ToolError(f"ngspice: {name} gave no result in {timeout_s:g} s; raise the time limit") from None
        log = done.stdout + done.stderr
        if evidence is not None:
            evidence.mkdir(parents=True, exist_ok=True)
            (evidence / f"{name}.sp").write_text(text, encoding="ascii")
            (evidence / f"{name}.log").write_text(log, encoding="utf-8")
        wrong = [x.strip() for x in log.splitlines() if re.search(r"error|too small|singular|fatal", x, re.I)]
        reason = wrong[-1][:200] if wrong else "no message"
        if done.returncode != 0:
            raise ToolError(f"ngspice: {name} ended with exit code {done.returncode} ({reason}); see its deck and log")
        try:
            names, values = read_raw(raw)
        except (OSError, ValueError) as error:
            raise ToolError(f"ngspice: {name} gave no data ({error}; {reason}); see its deck and log") from None
    return [n.lower() for n in names], values
