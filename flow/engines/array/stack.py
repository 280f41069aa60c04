"""Many sets of weights on one chip, each with its own pattern: only what carries current, all of it at once.

Characterization drives a few paths through the chip, again and again. A soma matters if a current or a synapse with a
weight ends in it whose own soma matters; what the others draw and hand on is leakage (their inputs float at the current
of a diode that is off). The somas and synapses of all patterns stand side by side as one wide network with a single
pattern.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from somaforge.flow.engines.array.chip import CHUNK, Links, Parts, output_links
from somaforge.flow.engines.array.layers import columns, held, rails
from somaforge.flow.engines.array.network import Ints
from somaforge.flow.engines.base import Program
from somaforge.pdk.arrays import Floats

SOMAS = 4000
"""In one layer of a stack: what fits into a core's cache."""


@dataclass(frozen=True, eq=False)
class _Alive:
    """What carries current in one pattern: synapses of every matrix (row, column, code), somas of every layer."""

    synapses: list[tuple[Ints, Ints, Ints]]
    somas: list[Ints]


def settle_stacked(parts: Parts, programs: list[Program], inputs: Floats) -> tuple[Floats, Floats]:
    """Output currents [patterns, outputs] and supply currents [patterns] in A of program p with inputs[p]."""
    alive = list(_alive(programs, inputs))
    outputs = np.zeros((len(programs), parts.chip.design.layers[-1]))
    supply = np.zeros(len(programs))
    start = 0
    while start < len(programs):
        end, synapses, somas = start, 0, 0
        while end < len(programs) and (end == start or (synapses <= CHUNK and somas <= SOMAS)):
            synapses += max(len(codes) for _, _, codes in alive[end].synapses)
            somas += max(len(u) for u in alive[end].somas)
            end += 1
        outputs[start:end], supply[start:end] = _settle(parts, inputs[start:end], alive[start:end])
        start = end
    return outputs, supply


def _alive(programs: list[Program], inputs: Floats) -> Iterator[_Alive]:
    """Synapses with a weight whose soma a current or such a synapse reaches; these somas, and all of the last layer."""
    known: Program | None = None
    for program, x in zip(programs, inputs, strict=True):
        if program is not known:
            known, weights = program, [(*c.nonzero(), c[c.nonzero()]) for c in program]
        on = x > 0
        found = _Alive([], [np.flatnonzero(on)])
        for (rows, columns_, codes), matrix in zip(weights, program, strict=True):
            live = on[rows]
            found.synapses.append((rows[live], columns_[live], codes[live]))
            on = np.zeros(matrix.shape[1], dtype=bool)
            on[columns_[live]] = True
            found.somas.append(np.flatnonzero(on))
        found.somas[-1] = np.arange(len(on))
        yield found


def _settle(parts: Parts, inputs: Floats, alive: list[_Alive]) -> tuple[Floats, Floats]:
    count, layers = len(alive), parts.chip.design.layers
    stacked = [np.concatenate([a.somas[k] for a in alive]) for k in range(len(layers))]
    owner = [np.repeat(np.arange(count), [len(a.somas[k]) for a in alive]) for k in range(len(layers))]
    supply = inputs.sum(axis=1)
    somas = parts.somas(0, stacked[0])
    current = torch.tensor(inputs[owner[0], stacked[0]], dtype=torch.float64)
    now = rails(somas, somas.input_voltage(current.unsqueeze(0)))
    np.add.at(supply, owner[0], now.supply[0].numpy())
    for m in range(len(layers) - 1):
        synapses, somas = parts.synapses(m, _links(m, alive)), parts.somas(m + 1, stacked[m + 1])
        solved = columns(synapses, now, somas)
        now = rails(somas, solved.voltage)
        np.add.at(supply, owner[m + 1], (solved.supply + now.supply)[0].numpy())
    out = held(parts.synapses(len(layers) - 1, output_links(stacked[-1])), now, parts.chip.output_V)
    np.add.at(supply, owner[-1], out.supply[0].numpy())
    return out.current[0].numpy().reshape(count, -1), supply


def _links(matrix: int, alive: list[_Alive]) -> Links:
    """Synapses of all patterns between the stacked somas."""
    parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
    above, below = 0, 0
    for a in alive:
        (r, c, codes), before, after = a.synapses[matrix], a.somas[matrix], a.somas[matrix + 1]
        parts.append((r, c, codes, above + np.searchsorted(before, r), below + np.searchsorted(after, c)))
        above, below = above + len(before), below + len(after)
    rows, columns_, codes, row, column = (np.concatenate(x) for x in zip(*parts, strict=True))
    return Links(rows, columns_, codes, row, column, below)
