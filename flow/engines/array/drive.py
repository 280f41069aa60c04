"""What every code of every driver gives: all columns of a driver matrix with all codes at once.

A driver's column and the input soma that it ends in do not feel the other columns (gates draw no current): one column
for each code and soma is the whole truth at rest, and every pattern picks from it.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
import torch

from somaforge.flow.engines.array.chip import Links, Parts, Source
from somaforge.flow.engines.array.layers import columns, rails
from somaforge.flow.engines.base import ProgrammedChip, check_inputs
from somaforge.generator.address import Codes
from somaforge.pdk.arrays import Floats


def driven(source: Source, chip: ProgrammedChip, references: Floats, latches: Codes) -> Floats:
    """Currents [levels, inputs, codes] in A into the somas behind the first matrix of `chip`.

    `references` [levels, rows] in A go into the somas before it; `latches` [rows, codes] are its weights, the same in
    all columns. NotSettledError as for the engine.
    """
    check_inputs(chip.design, references)
    parts = Parts.of(source, chip)
    inputs, count = chip.design.layers[1], latches.shape[1]
    first = parts.somas(0, np.arange(len(latches)))
    last = parts.somas(1, np.repeat(np.arange(inputs), count))
    before = rails(first, first.input_voltage(torch.tensor(references, dtype=torch.float64)))
    solved = columns(parts.synapses(0, _links(latches, inputs)), before, last)
    current = torch.where(_on(latches, inputs), last.input_current(solved.voltage)[0], 0.0)
    found: Floats = current.numpy().reshape(len(references), inputs, count)
    return found


def references_supply_A(source: Source, chip: ProgrammedChip, references: Floats) -> Floats:  # noqa: N802 (a unit)
    """[levels] out of the supply for reference somas and the currents into them; what synapses give is the inputs'."""
    check_inputs(chip.design, references)
    parts = Parts.of(source, chip)
    first = parts.somas(0, np.arange(references.shape[1]))
    current = torch.tensor(references, dtype=torch.float64)
    before = rails(first, first.input_voltage(current))
    found: Floats = (current.sum(-1) + before.supply.sum(-1)).numpy()
    return found


def _links(latches: Codes, inputs: int) -> Links:
    count = latches.shape[1]
    places: Sequence[tuple[int, int, int]] = [
        (r, i, k) for r, i, k in product(range(len(latches)), range(inputs), range(count)) if latches[r, k]
    ]
    row, soma, code = (np.array(each) for each in zip(*places, strict=True))
    return Links(row, soma, latches[row, code], row, soma * count + code, inputs * count)


def _on(latches: Codes, inputs: int) -> torch.Tensor:
    """[inputs * codes] where any current flows: what is left in a diode at rest is no current."""
    return torch.tensor(np.tile(latches.any(axis=0), inputs))
