"""ngspice in process (libngspice): no files, no start-up; for a few devices."""

import logging
import threading
from collections.abc import Sequence
from functools import cache

import numpy as np
from PySpice.Spice.NgSpice.Shared import NgSpiceCommandError, NgSpiceShared

from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError

_IN_USE = threading.Lock()
"""libngspice has one circuit at a time."""


def run_in_process(text: str, saves: Sequence[str], what: str) -> dict[str, Floats]:
    """The saved vectors of a deck with one analysis, by the name in `saves`; ToolError, which names `what` ran, if one
    is missing or has no numbers."""
    with _IN_USE:
        shared = loaded()
        try:
            shared.load_circuit(text)
            shared.run()
            plot = shared.plot(None, shared.last_plot)
            found = {s: np.array(plot[_vector(s)].to_waveform().as_ndarray(), dtype=float) for s in saves}
        except (NgSpiceCommandError, KeyError) as error:
            raise ToolError(f"libngspice: {what}: {' '.join(str(error).split())[:200]}") from None
    if any(len(v) < 2 or not np.all(np.isfinite(v)) for v in found.values()):
        raise ToolError(f"libngspice: {what}: the sweep did not finish; simulate it with ngspice by hand")
    return found


def _vector(save: str) -> str:
    """libngspice's name of what was saved: v(a) is `a`, i(v_b) is `v_b#branch`."""
    inner = save[2:-1]
    return inner if save.startswith("v(") else f"{inner}#branch"


@cache
def loaded() -> NgSpiceShared:
    """The one instance of the process; ToolError if the library is missing."""
    # PySpice 1.5 warns that it does not know ngspice versions after its own; what is used here is stable.
    logging.getLogger("PySpice").setLevel(logging.ERROR)
    NgSpiceShared.LIBRARY_PATH = "libngspice.so.0"
    try:
        return NgSpiceShared.new_instance()
    except OSError as error:
        raise ToolError(
            f"libngspice: cannot be loaded ({error}); run make setup (Debian package libngspice0)"
        ) from None
