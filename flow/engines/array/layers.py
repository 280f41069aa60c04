"""Settled voltages of one layer after the other: exact device equations for every pattern, column by column."""

from dataclasses import dataclass

import torch
from torch import Tensor

from somaforge.flow.engines.array.soma import Somas
from somaforge.flow.engines.array.synapse import Drive, Synapses
from somaforge.pdk.errors import NotSettledError

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
    v, total, supply, rounds = synapses.settle(drive, v, None if somas is None else somas.diode())
    bad = int((rounds == 0).sum())
    if bad:
        raise NotSettledError(
            f"array engine: {bad} of {rounds.numel()} columns did not settle; simulate this chip with ngspice"
        )
    return Solved(v, total, supply)
