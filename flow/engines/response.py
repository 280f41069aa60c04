"""How the current of single transistors follows the gate, for cards that differ a little: from ngspice, kept."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from somaforge.flow.engines.base import Floats
from somaforge.flow.engines.cache import kept
from somaforge.flow.engines.process import RunError, parse_raw, run_ngspice
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130.binding import SCALE_OPTION, BoundModel
from somaforge.pdk.templating import render

STEP_V = 0.01
FROM_V, TO_V = -0.3, 1.8
FLOOR_A = 1e-18
TIMEOUT_S = 120.0
GATES: Floats = np.linspace(FROM_V, TO_V, round((TO_V - FROM_V) / STEP_V) + 1)
"""Gate over source in V, of n-channel sign."""


def curves(
    models: Sequence[BoundModel],
    drain_V: float,
    temperature_C: float = 27.0,
    exact: bool = True,
    cache: Path | None = None,
) -> Floats:
    """ln of the channel's current in A, [GATES, models], source at the body; all models of one polarity.

    From the cache folder (default: the user's) or from ngspice; ToolError if that fails.
    """
    deck = _deck(models, drain_V, temperature_C, exact)
    return kept(deck, cache, ("log",), lambda: {"log": _simulated(deck, models)})["log"]


def _deck(models: Sequence[BoundModel], drain_V: float, temperature_C: float, exact: bool) -> str:
    sign = _sign(models[0])
    lines = [
        line
        for i, model in enumerate(models)
        for line in (f"v_s{i} s{i} 0 0", f"m{i} drain gate s{i} 0 card_{i}{model.instance()}")
    ]
    return render(
        "response.sp.j2",
        title=f"{models[0].device} {models[0].w_nm}/{models[0].l_nm} nm and {len(models) - 1} more",
        scale_option=SCALE_OPTION,
        temperature=f"{temperature_C:.6g}",
        cards=[model.card(f"card_{i}", exact=exact) for i, model in enumerate(models)],
        drain=f"{sign * drain_V:.9g}",
        lines=lines,
        saves=" ".join(f"i(v_s{i})" for i in range(len(models))),
        gate_from=f"{sign * FROM_V:g}",
        gate_to=f"{sign * (TO_V + STEP_V / 4):.6g}",
        gate_step=f"{sign * STEP_V:g}",
    )


def _simulated(deck: str, models: Sequence[BoundModel]) -> Floats:
    what = f"response of {models[0].device}"
    try:
        run = run_ngspice(deck, TIMEOUT_S, what=what)
        values = parse_raw(run.raw)[1]
    except (RunError, ValueError) as error:
        raise ToolError(f"ngspice: {what}: {error}") from None
    if values.shape != (len(GATES), len(models) + 1):
        raise ToolError(f"ngspice: {what}: {values.shape} numbers for {len(GATES)} gate voltages; run again")
    log: Floats = np.log(np.maximum(_sign(models[0]) * values[:, 1:], FLOOR_A))
    return log


def _sign(model: BoundModel) -> int:
    return -1 if model.kind == "pmos" else 1
