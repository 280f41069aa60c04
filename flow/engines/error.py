"""The array engine against the reference simulator on the same chip and patterns: what every run reports."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from somaforge.flow.engines.array.engine import ArrayEngine
from somaforge.flow.engines.base import ProgrammedChip, Settled
from somaforge.flow.engines.columns import ColumnReference
from somaforge.flow.engines.layered import Reference
from somaforge.flow.engines.synapses import SynapseReference, takes
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import CheckError

ABOVE = 0.01
"""Currents below this share of the largest one of their layer are not compared."""
APART = 0.01
"""Winners are compared where the two largest outputs differ by more than this, relative to the larger one."""
BUDGET = 8e5
"""Transistors times patterns that ngspice solves by default: about 2 minutes of one core column by column (0.15 ms
each), less synapse by synapse."""
FULL_BUDGET, FULL_PATTERNS = 2e5, 5
"""The same for the foundry's whole models, body resistors included, and the patterns that run through them: both
references agree to 1e-5 (a test), so a sample is enough."""


@dataclass(frozen=True)
class CurrentError:
    """Relative errors of the settled currents into hidden and output somas and out of the chip."""

    p50: float
    max: float
    patterns: int
    winners_equal: bool
    """The same largest output on every pattern where it is clear."""
    winners: int
    """Patterns on which winners were compared."""
    currents: int
    """How many currents were compared."""
    solved: float
    """Share of the hidden somas that ngspice solved. Below 1, the rest follows the array engine: each column is then
    compared at the rails that the array engine gives it."""
    hidden_p50: float
    hidden_max: float
    output_p50: float
    output_max: float
    supply_max: float
    """Relative; nan unless everything was solved."""
    reference_s: float


def current_error(
    chip: ProgrammedChip,
    inputs: Floats,
    engine: ArrayEngine | None = None,
    *,
    surfaces: bool = False,
    budget: float = BUDGET,
    workers: int | None = None,
) -> CurrentError:
    """Compares on [patterns, inputs] in A; ngspice solves all outputs and as many hidden columns as `budget` allows.

    `surfaces` compares the method that many patterns use. CheckError if there is no current to compare.
    """
    found = (engine or ArrayEngine()).at_rest(chip, inputs, surfaces)
    sample = sample_of(chip, len(inputs), budget)
    return compared(found, reference_of(chip, workers).solve(inputs, found.layers, sample))


def full_model_error(chip: ProgrammedChip, inputs: Floats, found: Settled, workers: int | None = None) -> CurrentError:
    """Of `found` at [patterns, inputs] in A, on the first FULL_PATTERNS, against the foundry's whole models."""
    first = slice(0, FULL_PATTERNS)
    some = Settled(
        tuple(layer.first(FULL_PATTERNS) for layer in found.layers), found.outputs[first], found.supply[first]
    )
    whole = replace(chip, exact=True)
    sample = sample_of(chip, len(some.outputs), FULL_BUDGET)
    return compared(some, reference_of(whole, workers).solve(inputs[first], some.layers, sample))


def reference_of(chip: ProgrammedChip, workers: int | None = None) -> SynapseReference | ColumnReference:
    """ngspice synapse by synapse, or column by column where the netlist has wire resistance in columns."""
    kind = SynapseReference if takes(chip) else ColumnReference
    return kind(chip) if workers is None else kind(chip, workers=workers)


def sample_of(chip: ProgrammedChip, patterns: int, budget: float) -> Mapping[int, tuple[int, ...]]:
    """Columns of each hidden layer that fit into the budget, evenly spread; empty if all do."""
    layers, bits = chip.design.layers, chip.design.weights.bits
    each = 2 * (2**bits - 1) + bits + 4  # transistors of a synapse without latches, dummies included
    hidden = each * sum(a * b for a, b in pairwise(layers[:-1]))
    share = budget / patterns / max(hidden, 1)
    if share >= 1:
        return {}
    picks = {k: max(1, int(share * layers[k])) for k in range(1, len(layers) - 1)}
    return {k: tuple(np.linspace(0, layers[k] - 1, n).round().astype(int).tolist()) for k, n in picks.items()}


def compared(found: Settled, reference: Reference) -> CurrentError:
    """Errors of `found`; the inputs' somas are not counted, their current is given."""
    hidden: list[Floats] = []
    last = len(reference.layers) - 1
    for k in range(1, last):
        columns = list(reference.solved[k])
        hidden.append(_errors(found.layers[k].current[:, columns], reference.layers[k].current[:, columns]))
    outputs = [
        _errors(found.layers[last].current, reference.layers[last].current),
        _errors(found.outputs, reference.outputs),
    ]
    inside, out = np.concatenate([*hidden, np.zeros(0)]), np.concatenate(outputs)
    every = np.concatenate([inside, out])
    if len(every) == 0 or len(outputs[1]) == 0:
        raise CheckError("array engine: no output current above 1 % of the largest; nothing to compare")
    ranked = np.sort(reference.outputs, axis=1)
    clear = ranked[:, -1] - ranked[:, -2] > APART * ranked[:, -1] if ranked.shape[1] > 1 else ranked[:, -1] > 0
    equal = found.outputs.argmax(axis=1) == reference.outputs.argmax(axis=1)
    count = sum(len(reference.solved[k]) for k in range(1, last))
    total = sum(reference.layers[k].current.shape[1] for k in range(1, last))
    return CurrentError(
        p50=float(np.median(every)),
        max=float(every.max()),
        patterns=len(found.outputs),
        winners_equal=bool(equal[clear].all()),
        winners=int(clear.sum()),
        currents=len(every),
        solved=count / total if total else 1.0,
        hidden_p50=float(np.median(inside)) if len(inside) else 0.0,
        hidden_max=float(inside.max()) if len(inside) else 0.0,
        output_p50=float(np.median(out)),
        output_max=float(out.max()),
        supply_max=float(np.abs(found.supply / reference.supply - 1).max()) if count == total else float("nan"),
        reference_s=reference.seconds,
    )


def _errors(found: Floats, reference: Floats) -> Floats:
    """Of currents above ABOVE of the largest."""
    above = reference > ABOVE * reference.max()
    errors: Floats = np.abs(found[above] / reference[above] - 1)
    return errors
