"""Many sets of weights on one chip, each with its own pattern: only what carries current, all of it at once.

Characterization programs a few paths through the chip, again and again. A soma matters if a current or a synapse with a
weight ends in it; what the others draw is leakage (their inputs float at the current of a diode that is off). The somas
and synapses of all programs stand side by side as one wide network with a single pattern.
"""

import numpy as np
import torch

from somaforge.flow.engines.array.chip import CHUNK, Links, Parts, output_links
from somaforge.flow.engines.array.layers import columns, held, rails
from somaforge.flow.engines.array.network import Ints
from somaforge.flow.engines.base import Floats, Program

SOMAS = 4000
"""In one layer of a stack: what fits into a core's cache."""


def settle_stacked(parts: Parts, programs: list[Program], inputs: Floats) -> tuple[Floats, Floats]:
    """Output currents [patterns, outputs] and supply currents [patterns] in A of program p with inputs[p]."""
    used = [_used(program, x) for program, x in zip(programs, inputs, strict=True)]
    outputs = np.zeros((len(programs), parts.chip.design.layers[-1]))
    supply = np.zeros(len(programs))
    start = 0
    while start < len(programs):
        end, synapses, somas = start, 0, 0
        while end < len(programs) and (end == start or (synapses <= CHUNK and somas <= SOMAS)):
            synapses += max(int(np.count_nonzero(c)) for c in programs[end])
            somas += max(len(u) for u in used[end])
            end += 1
        outputs[start:end], supply[start:end] = _settle(parts, programs[start:end], inputs[start:end], used[start:end])
        start = end
    return outputs, supply


def _used(program: Program, inputs: Floats) -> list[Ints]:
    """Somas of every layer that a current or a weight reaches, or that a weight leaves; all of the last layer."""
    first = (inputs > 0) | (program[0] != 0).any(axis=1)
    found = [np.flatnonzero(first)]
    for before, after in zip(program, [*program[1:], None], strict=True):
        reached = (before != 0).any(axis=0)
        if after is None:
            reached[:] = True
        else:
            reached |= (after != 0).any(axis=1)
        found.append(np.flatnonzero(reached))
    return found


def _settle(parts: Parts, programs: list[Program], inputs: Floats, used: list[list[Ints]]) -> tuple[Floats, Floats]:
    count, layers = len(programs), parts.chip.design.layers
    stacked = [np.concatenate([u[k] for u in used]) for k in range(len(layers))]
    owner = [np.repeat(np.arange(count), [len(u[k]) for u in used]) for k in range(len(layers))]
    supply = inputs.sum(axis=1)
    somas = parts.somas(0, stacked[0])
    current = torch.tensor(inputs[owner[0], stacked[0]], dtype=torch.float64, device=parts.where)
    now = rails(somas, somas.input_voltage(current.unsqueeze(0)))
    np.add.at(supply, owner[0], now.supply[0].cpu().numpy())
    for m in range(len(layers) - 1):
        synapses, somas = parts.synapses(m, _links(m, programs, used)), parts.somas(m + 1, stacked[m + 1])
        solved = columns(synapses, now, somas)
        now = rails(somas, solved.voltage)
        np.add.at(supply, owner[m + 1], (solved.supply + now.supply)[0].cpu().numpy())
    out = held(parts.synapses(len(layers) - 1, output_links(stacked[-1])), now, parts.chip.output_V)
    np.add.at(supply, owner[-1], out.supply[0].cpu().numpy())
    return out.current[0].cpu().numpy().reshape(count, -1), supply


def _links(matrix: int, programs: list[Program], used: list[list[Ints]]) -> Links:
    """Synapses of all programs between the stacked somas."""
    parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = []
    above, below = 0, 0
    for program, u in zip(programs, used, strict=True):
        r, c = program[matrix].nonzero()
        row, column = above + np.searchsorted(u[matrix], r), below + np.searchsorted(u[matrix + 1], c)
        parts.append((r, c, program[matrix][r, c], row, column))
        above, below = above + len(u[matrix]), below + len(u[matrix + 1])
    rows, columns_, codes, row, column = (np.concatenate(x) for x in zip(*parts, strict=True))
    return Links(rows, columns_, codes, row, column, below)
