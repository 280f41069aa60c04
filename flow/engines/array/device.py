"""Many transistors of one geometry at once: currents and derivatives from a table, for tensors of any shape."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array import kernels
from somaforge.flow.engines.array.tables import FINE_GATE_V, FINE_ROOTS, FINE_SOURCE_V, GATE_FROM_V, Table
from somaforge.flow.engines.array.weak import FINE_SHIFT_V, SHIFTS_V, worth
from somaforge.pdk.arrays import Floats

POOL_STEPS = 2
"""Of the gate between which the one shift of parallel transistors is a straight line."""
HALF, NEAR, FAR = 0.5, 0.25, 0.75
"""Where the drain of a mirror is, over the span: between two rails; at a column, n and p."""
LOWEST_DRAIN_V = 0.05
"""Of a diode's curve: below, it carries nothing."""
MARGIN = 40
"""Steps of the gate by which shifts can reach over the table's ends: 0.2 V."""


@dataclass(frozen=True, eq=False)
class Branch:
    """Current from drain to source in A (n-channel sense) and its derivatives in A/V."""

    current: Tensor
    gate: Tensor
    drain: Tensor
    source: Tensor


@dataclass(frozen=True, eq=False)
class Moved:
    """Shifts in V, tensors of one shape."""

    vth: Tensor
    weak: Tensor | None = None
    """Of the gate in weak inversion alone; None: there are none."""


def moved(vth: Floats, weak: Floats | None) -> Moved:
    """Of arrays; a chip without weak shifts, or with zeros, has none."""
    if weak is None or not weak.any():
        return Moved(torch.tensor(vth, dtype=torch.float64))
    return Moved(*(torch.tensor(v, dtype=torch.float64) for v in (vth, weak)))


class Device:
    """One table."""

    def __init__(self, table: Table, cache: Path | None = None) -> None:
        """`cache` is the folder of what is measured later (default: the user's)."""
        self._source, self._cache = table, cache
        self._table, self._sizes = table.values.reshape(-1), table.values.shape
        self._bends = np.stack([table.excess, table.bend])
        self._span = table.kind.span_V
        steps = 1 / FINE_GATE_V, 1 / FINE_SOURCE_V, float(FINE_ROOTS)
        self._scale = (GATE_FROM_V, *steps, self._span, table.kind.thermal_V)

    @property
    def compiled(self) -> tuple[Floats, kernels.Sizes, kernels.Scale]:
        """The table for the compiled loops."""
        return self._table, self._sizes, self._scale

    def __call__(self, gate: Tensor, drain: Tensor, source: Tensor) -> Branch:
        """Current from `drain` to `source`; all voltages in V against the body, of n-channel sign."""
        shape = np.broadcast_shapes(gate.shape, drain.shape, source.shape)
        out = torch.empty((4, *shape), dtype=torch.float64)
        voltages = tuple(t.expand(shape).contiguous().view(-1).numpy() for t in (gate, drain, source))
        kernels.evaluate(*self.compiled, voltages, out.view(4, -1).numpy())
        return Branch(*out)

    def _curves(self, drains: Floats) -> Floats:
        """G over the gate, MARGIN steps longer than the table at both ends, source at the body: [drains, gates]."""
        z = np.sqrt(np.clip(drains / self._span, 0.0, 1.0)) * FINE_ROOTS
        k = np.minimum(z.astype(int), self._sizes[2] - 2)
        here = self._source.values[:, 0]
        line = (here[:, k] + (z - k) * (here[:, k + 1] - here[:, k])).T
        ends = ((line[:, i, None], line[:, i, None] - line[:, j, None]) for i, j in ((0, 1), (-1, -2)))
        below, above = (end + np.arange(1, MARGIN + 1) * step for end, step in ends)
        return np.ascontiguousarray(np.hstack([below[:, ::-1], line, above]))

    def _stand_in(self, gate: Tensor, shifts: Moved, curves: Floats) -> Tensor:
        """One shift in V that gives parallel transistors their mean current (kernels.stand_in): gate [rows, 1 or
        places], shifts [places, n], curves [1 or rows, gates] -> [rows, places]."""
        out = torch.empty(len(gate), len(shifts.vth), dtype=torch.float64)
        worth, weak = (np.zeros((0, 0)),) * 2 if shifts.weak is None else (self._weak, shifts.weak.numpy())
        numbers = (GATE_FROM_V, FINE_GATE_V, float(MARGIN), SHIFTS_V[-1], 1 / FINE_SHIFT_V)
        kernels.stand_in(
            curves,
            self._bends,
            worth,
            numbers,
            gate.contiguous().numpy(),
            shifts.vth.numpy(),
            weak,
            out.numpy(),
        )
        return out

    @cached_property
    def _weak(self) -> Floats:
        return np.ascontiguousarray(worth(self._source, self._cache))

    def together(self, shifts: Moved, drain: float | None) -> Tensor:
        """One shift in V that stands for parallel transistors: shifts [somas, units] -> [somas, points], one at every
        POOL_STEPS-th gate voltage of the table. `drain` as a share of the span, or None: at the gate, a diode."""
        gate = GATE_FROM_V + np.arange(0, self._sizes[0] + POOL_STEPS - 1, POOL_STEPS) * FINE_GATE_V
        drains = np.maximum(gate, LOWEST_DRAIN_V) if drain is None else np.full_like(gate, drain * self._span)
        return self._stand_in(torch.from_numpy(gate).unsqueeze(-1), shifts, self._curves(drains)).T.contiguous()

    def pooled(self, gate: Tensor, shifts: Moved, drain: float) -> Tensor:
        """One shift in V that gives parallel transistors with `shifts` [places, n] their mean current: gate [patterns,
        places] over the source, which is near the body; `drain` as a share of the span."""
        return self._stand_in(gate, shifts, self._curves(np.array([drain * self._span])))

    def mirror(self, gate: Tensor, drain: Tensor, shifts: Tensor, units: int) -> tuple[Tensor, Tensor, Tensor]:
        """Parallel transistors, sources at the body: gate and drain [patterns, somas], shifts of `together`.

        Current, by gate, by drain: [patterns, somas].
        """
        out = torch.empty((3, *gate.shape), dtype=torch.float64)
        voltages = (gate.contiguous().numpy(), drain.contiguous().numpy())
        kernels.mirror(*self.compiled, shifts.numpy(), POOL_STEPS, units, *voltages, out.numpy())
        return out[0], out[1], out[2]
