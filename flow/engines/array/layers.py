"""Settled voltages of one layer after the other: exact device equations for every pattern, column by column."""

from dataclasses import dataclass

import torch
from torch import Tensor

from somaforge.flow.engines.array.soma import Somas
from somaforge.flow.engines.array.synapse import Drive, State, Synapses
from somaforge.pdk.errors import NotSettledError

ROUNDS = 80
TOLERANCE = 1e-5
"""Of the sum of a column's branch currents: what is left after the last step is far less."""
FULL_ROUNDS = 10
"""Later steps are shortened: Newton's method can circle around a kink of the tables, where the slope jumps."""
SHORTER = 0.6
ABSOLUTE_A = 1e-15
COLUMN_STEP_V = 0.1
GUESS_GAIN = 0.3
"""Unit current of a synapse per current into its soma, for the first guess only."""


@dataclass(frozen=True, eq=False)
class Rails:
    """What a layer of somas gives to its synapses, [patterns, somas]."""

    p: Tensor
    n: Tensor
    current: Tensor
    """Into the somas in A."""
    supply: Tensor
    """Of each soma in A."""


@dataclass(frozen=True, eq=False)
class Solved:
    """Columns at rest."""

    voltage: Tensor
    """[patterns, columns]."""
    current: Tensor
    """[patterns, columns] sum of the synapses' currents in A."""
    supply: Tensor
    """[patterns, columns] of the synapses of each column in A."""
    rounds: int


def rails(somas: Somas, voltage: Tensor) -> Rails:
    """At the somas' input voltages."""
    p, n, supply = somas.rails(voltage)
    return Rails(p, n, somas.input_current(voltage)[0], supply)


def columns(synapses: Synapses, before: Rails, somas: Somas) -> Solved:
    """Voltages of columns that end in somas; NotSettledError if Newton's method does not end."""
    rough = torch.zeros_like(before.current[:, :1]).expand(-1, synapses.columns)
    weight = GUESS_GAIN * synapses.code.to(before.current.dtype)
    rough = rough + synapses.per_column(weight * before.current[:, synapses.row])
    return _newton(synapses, synapses.drive(before.p, before.n), somas.input_voltage(rough), somas)


def held(synapses: Synapses, before: Rails, voltage: float) -> Solved:
    """Currents into columns that are held at a voltage."""
    v = torch.full_like(before.current[:, :1], voltage).expand(-1, synapses.columns)
    return _newton(synapses, synapses.drive(before.p, before.n), v, None)


def _newton(synapses: Synapses, drive: Drive, v: Tensor, somas: Somas | None) -> Solved:
    state: State | None = None
    for round_ in range(ROUNDS):
        at = v[:, synapses.column]
        if state is None:
            state = synapses.start(drive, at)
        linear = synapses.linearise(drive, at, state)
        total, scale = synapses.per_column(linear.current), synapses.per_column(linear.current.abs())
        wrong = synapses.per_column(linear.error)
        dv = torch.zeros_like(v)
        if somas is not None:
            taken, slope = somas.input_current(v)
            gap = total - taken
            dv = (gap / (slope - synapses.per_column(linear.slope))).clamp(-COLUMN_STEP_V, COLUMN_STEP_V)
            wrong = wrong + gap.abs()
        if bool((wrong <= TOLERANCE * scale + ABSOLUTE_A).all()):
            return Solved(v, total, synapses.per_column(linear.supply), round_ + 1)
        share = 1.0 if round_ < FULL_ROUNDS else SHORTER
        v = v + share * dv
        state = synapses.advance(state, linear, dv[:, synapses.column], share)
    bad = int((wrong > TOLERANCE * scale + ABSOLUTE_A).sum())
    raise NotSettledError(
        f"array engine: {bad} of {wrong.numel()} columns did not settle; simulate this chip with ngspice"
    )
