"""How the current of single transistors follows the gate, for cards that differ a little: from ngspice, kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from somaforge.flow.engines.cache import kept
from somaforge.flow.spice.batch import run_batch
from somaforge.flow.spice.deck import Deck
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import Element, Models

STEP_V = 0.01
FROM_V = -0.3
"""To the nominal supply."""
FLOOR_A = 1e-18
TIMEOUT_S = 120.0


@dataclass(frozen=True, eq=False)
class Curves:
    """Source at the body."""

    gates: Floats
    """Gate over source in V, of n-channel sign."""
    log: Floats
    """[gates, elements]: ln of the channel's current in A."""


def gates_of(models: Models) -> Floats:
    """Gate voltages of every curve."""
    highest = models.nominal.supply_V
    return np.linspace(FROM_V, highest, round((highest - FROM_V) / STEP_V) + 1)


def curves(
    models: Models, elements: Sequence[Element], drain_V: float, temperature_C: float, cache: Path | None = None
) -> Curves:
    """Of elements of one polarity, from the cache folder (default: the user's) or from ngspice; ToolError if that
    fails."""
    deck, gates = _deck(models, elements, drain_V, temperature_C), gates_of(models)
    return Curves(gates, kept(deck, cache, ("log",), lambda: {"log": _simulated(deck, elements, len(gates))})["log"])


def _deck(models: Models, elements: Sequence[Element], drain_V: float, temperature_C: float) -> str:
    first = elements[0]
    device, w_nm, l_nm = first.size
    deck = Deck(
        f"{device} {w_nm}/{l_nm} nm and {len(elements) - 1} more",
        models,
        replace(models.nominal, temperature_C=temperature_C),
        "reltol=1e-7 abstol=1e-19 vntol=1e-9 gmin=1e-19",
    )
    deck.put(*(element.card(f"card_{i}") for i, element in enumerate(elements)))
    deck.put("v_gate gate 0 0", f"v_drain drain 0 {first.sign * drain_V:.9g}")
    for i, element in enumerate(elements):
        deck.put(f"v_s{i} s{i} 0 0", element.line(str(i), ("drain", "gate", f"s{i}", "0"), f"card_{i}"))
    sweep = [first.sign * v for v in (FROM_V, models.nominal.supply_V + STEP_V / 4, STEP_V)]
    saves = " ".join(f"i(v_s{i})" for i in range(len(elements)))
    return deck.text(f".save {saves}", f".dc v_gate {sweep[0]:g} {sweep[1]:.6g} {sweep[2]:g}")


def _simulated(deck: str, elements: Sequence[Element], gates: int) -> Floats:
    what = f"response of {elements[0].size.device}"
    _, values = run_batch(deck, None, what, TIMEOUT_S)
    if values.shape != (gates, len(elements) + 1):
        raise ToolError(f"ngspice: {what}: {values.shape} numbers for {gates} gate voltages; run again")
    log: Floats = np.log(np.maximum(elements[0].sign * values[:, 1:], FLOOR_A))
    return log
