"""A matrix of synapses at device level: all inner nodes of all synapses of many patterns in one Newton step.

A synapse has the inner nodes p_source, n_source and one node per bit. With the rails and the column's voltage given,
only these are unknown; each bit's node touches the two sources alone, so it is eliminated by hand, the two sources by
Cramer's rule, and what remains is the output current and its slope at the column. Synapses with the code 0 are left
out: their switches, with the gate below the source, carry less than 1 fA.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from somaforge.flow.engines.array.device import FAR, NEAR, Branch, Device, moved
from somaforge.flow.engines.array.network import Ints, SynapseShifts
from somaforge.generator.address import Codes, WeightFormat
from somaforge.pdk.arrays import Floats

GMIN_S = 1e-15
"""At every inner node, as in ngspice (base options of the reference engine)."""
STEP_V = 0.25
"""Largest Newton step of an inner node."""


@dataclass(frozen=True, eq=False)
class Devices:
    """Transistors of a synapse; mirrors per bit (one and the same for mirrors of units)."""

    p_mirror: tuple[Device, ...]
    n_mirror: tuple[Device, ...]
    switch: Device
    p_sign: Device
    n_sign: Device


@dataclass(frozen=True, eq=False)
class Drive:
    """Gates of a batch of mirrors: [patterns, synapses, bits], pooled shifts applied, n-channel sign."""

    p_gate: Tensor
    n_gate: Tensor


@dataclass(frozen=True, eq=False)
class State:
    """Voltages of inner nodes: sources [patterns, synapses], nodes [patterns, synapses, bits]."""

    p_source: Tensor
    n_source: Tensor
    node: Tensor


@dataclass(frozen=True, eq=False)
class Linear:
    """Synapses around a state: what the inner nodes do when the column moves by dv."""

    current: Tensor
    """Output current in A at the solution of the linearised inner equations, for dv = 0."""
    slope: Tensor
    """dI/dv of the column, A/V."""
    supply: Tensor
    """Current of the p sign switch in A at the state."""
    error: Tensor
    """How far the inner equations move the output current, A."""
    constant: State
    by_column: State


class Synapses:
    """Synapses with a weight, in a flat list."""

    supply_V: float

    def __init__(
        self,
        devices: Devices,
        shifts: SynapseShifts,
        weak: SynapseShifts | None,
        codes: Codes,
        row: Ints,
        column: Ints,
        columns: int,
        supply_V: float,
        where: torch.device,
    ) -> None:
        """Copies what it needs: [synapses] codes that are not 0, the row and the column of each, and `columns`."""
        self._devices, self.supply_V = devices, supply_V
        bits = shifts.switch.shape[-1]
        self.columns = columns

        def copy(values: Floats) -> Tensor:
            return torch.tensor(values, dtype=torch.float64, device=where)

        self.row, self.column = (torch.tensor(i, device=where) for i in (row, column))
        self.code = torch.tensor(codes, device=where)
        word = torch.tensor(WeightFormat(bits).encode(codes), device=where)
        self._on, self._negative = word[:, :bits], word[:, bits]
        self._switch_gate = self._on * supply_V - copy(shifts.switch)
        # the p device counts down from the supply: on while the sign bit is low
        self._p_sign_gate = ~self._negative * supply_V - copy(shifts.p_sign)
        self._n_sign_gate = self._negative * supply_V - copy(shifts.n_sign)
        pairs = (
            zip(getattr(shifts, kind), getattr(weak or shifts, kind), strict=True) for kind in ("p_mirror", "n_mirror")
        )
        # switches work far above threshold, where a weak shift does nothing
        self._p_shift, self._n_shift = ([moved(s, w if weak else None, where) for s, w in pair] for pair in pairs)
        counts = [s.shape[-1] for s in shifts.p_mirror]
        self._count = torch.tensor(counts, dtype=torch.float64, device=where)

    def __len__(self) -> int:
        return len(self.row)

    def drive(self, p_rail: Tensor, n_rail: Tensor) -> Drive:
        """Gates for the rails [patterns, rows] in V."""
        p, n = (self.supply_V - p_rail)[:, self.row], n_rail[:, self.row]
        d = self._devices
        p_shift = [m.pooled(p, s, FAR) for m, s in zip(d.p_mirror, self._p_shift, strict=True)]
        n_shift = [m.pooled(n, s, NEAR) for m, s in zip(d.n_mirror, self._n_shift, strict=True)]
        return Drive(p.unsqueeze(-1) - torch.stack(p_shift, -1), n.unsqueeze(-1) - torch.stack(n_shift, -1))

    def start(self, drive: Drive, column: Tensor) -> State:
        """A first guess for a column's voltage [patterns, synapses].

        The live source is at its rail and the other floats: it follows the nodes that are on, unless its mirrors do
        not conduct there.
        """
        supply, negative = self.supply_V, self._negative
        p_floating = torch.maximum(column - 0.03, supply - drive.p_gate.mean(-1)).clamp(max=supply)
        n_floating = torch.minimum(column + 0.03, drive.n_gate.mean(-1)).clamp(min=0.0)
        p_source = torch.where(negative, p_floating, torch.full_like(column, supply - 0.005))
        n_source = torch.where(negative, torch.full_like(column, 0.005), n_floating)
        off = torch.where(negative, n_source, p_source).unsqueeze(-1)
        on = torch.where(negative, column - 0.01, column + 0.02).unsqueeze(-1)
        return State(p_source, n_source, torch.where(self._on, on, off))

    def _mirrors(self, devices: tuple[Device, ...], gate: Tensor, drain: Tensor, source: Tensor) -> Branch:
        source = source.unsqueeze(-1).expand_as(drain)
        if len(set(devices)) == 1:
            found = devices[0](gate, drain, source)
            parts = [found.current, found.gate, found.drain, found.source]
        else:
            each = [m(gate[..., k], drain[..., k], source[..., k]) for k, m in enumerate(devices)]
            parts = [
                torch.stack([getattr(b, name) for b in each], -1) for name in ("current", "gate", "drain", "source")
            ]
        return Branch(*(part * self._count for part in parts))

    def linearise(self, drive: Drive, column: Tensor, state: State) -> Linear:
        """One Newton step's equations at the column's voltage [patterns, synapses]."""
        supply, d = self.supply_V, self._devices
        v = column.unsqueeze(-1)
        zero = torch.zeros_like(column)
        p = self._mirrors(d.p_mirror, drive.p_gate, supply - state.node, supply - state.p_source)
        n = self._mirrors(d.n_mirror, drive.n_gate, state.node, state.n_source)
        w = d.switch(self._switch_gate.expand_as(state.node), state.node, v.expand_as(state.node))
        p_sign = d.p_sign(self._p_sign_gate.expand_as(column), supply - state.p_source, zero)
        n_sign = d.n_sign(self._n_sign_gate.expand_as(column), state.n_source, zero)
        # currents into each node, and the matrix; p branches count voltages down, so their derivatives change sign
        f_node = p.current - n.current - w.current
        f_p = p_sign.current - p.current.sum(-1) + GMIN_S * (supply - state.p_source)
        f_n = n.current.sum(-1) - n_sign.current - GMIN_S * state.n_source
        own = p.drain + n.drain + w.drain + GMIN_S
        # node = constant + by_p * dp + by_n * dn + by_v * dv
        const, by_p, by_n, by_v = f_node / own, -p.source / own, -n.source / own, -w.source / own
        pp = -p_sign.drain + p.source.sum(-1) - GMIN_S + (p.drain * by_p).sum(-1)
        pn, np_ = (p.drain * by_n).sum(-1), (n.drain * by_p).sum(-1)
        nn = n.source.sum(-1) - n_sign.drain - GMIN_S + (n.drain * by_n).sum(-1)
        determinant = pp * nn - pn * np_
        right_p = [-f_p - (p.drain * const).sum(-1), -(p.drain * by_v).sum(-1)]
        right_n = [-f_n - (n.drain * const).sum(-1), -(n.drain * by_v).sum(-1)]
        dp = [(rp * nn - pn * rn) / determinant for rp, rn in zip(right_p, right_n, strict=True)]
        dn = [(pp * rn - np_ * rp) / determinant for rp, rn in zip(right_p, right_n, strict=True)]
        node_const = const + by_p * dp[0].unsqueeze(-1) + by_n * dn[0].unsqueeze(-1)
        node_slope = by_v + by_p * dp[1].unsqueeze(-1) + by_n * dn[1].unsqueeze(-1)
        moved = (w.drain * node_const).sum(-1)
        return Linear(
            w.current.sum(-1) + moved,
            (w.source + w.drain * node_slope).sum(-1),
            p_sign.current,
            moved.abs(),
            State(dp[0], dn[0], node_const),
            State(dp[1], dn[1], node_slope),
        )

    def advance(self, state: State, linear: Linear, dv: Tensor, share: float) -> State:
        """The state after `share` of the step in which the column moves by `dv` [patterns, synapses]; it is bounded."""

        def move(now: Tensor, constant: Tensor, slope: Tensor, step: Tensor) -> Tensor:
            to = now + share * (constant + slope * step).clamp(-STEP_V, STEP_V)
            return to.clamp(-0.3, self.supply_V + 0.3)

        c, s = linear.constant, linear.by_column
        return State(
            move(state.p_source, c.p_source, s.p_source, dv),
            move(state.n_source, c.n_source, s.n_source, dv),
            move(state.node, c.node, s.node, dv.unsqueeze(-1)),
        )

    def per_column(self, values: Tensor) -> Tensor:
        """Sum over the synapses of each column: [patterns, synapses] -> [patterns, columns]."""
        total = torch.zeros(values.shape[0], self.columns, dtype=values.dtype, device=values.device)
        return total.index_add_(1, self.column, values)
