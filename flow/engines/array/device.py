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
    """One table on one torch device."""

    def __init__(self, table: Table, where: torch.device, cache: Path | None = None) -> None:
        """Copies the table. `cache` is the folder of what is measured later (default: the user's)."""
        self._source, self._cache = table, cache
        self.kind, self.p_channel = table.kind, table.p_channel
        self._gates, self._sources, self._roots = table.values.shape
        self._flat = torch.tensor(table.values, dtype=torch.float64, device=where).reshape(-1)
        self._bends = np.stack([table.excess, table.bend])
        self._span, self._thermal = table.kind.span_V, table.kind.thermal_V
        self._table = self._flat.numpy()
        self._sizes = (self._gates, self._sources, self._roots)
        self._scale = (
            GATE_FROM_V,
            1 / FINE_GATE_V,
            1 / FINE_SOURCE_V,
            float(FINE_ROOTS),
            self._span,
            self._thermal,
        )

    @property
    def compiled(self) -> tuple[Floats, kernels.Sizes, kernels.Scale]:
        """The table for the compiled loops."""
        return self._table, self._sizes, self._scale

    def _log(self, gate: Tensor, source: Tensor, root: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """G and its derivatives by gate, source and root; linear beyond the table's ends."""
        x, y, z = (gate - GATE_FROM_V) / FINE_GATE_V, source / FINE_SOURCE_V, root * FINE_ROOTS
        i = x.floor().clamp(0, self._gates - 2)
        j = y.floor().clamp(0, self._sources - 2)
        k = z.floor().clamp(0, self._roots - 2)
        x, y, z = x - i, y - j, z - k
        row, sheet = self._roots, self._roots * self._sources
        corner = (i * sheet + j * row + k).to(torch.int64)
        take = self._flat.take
        a, b, c, d = (take(corner + o) for o in (0, 1, row, row + 1))
        corner = corner + sheet
        e, f, g, h = (take(corner + o) for o in (0, 1, row, row + 1))
        a_x, b_x, c_x, d_x = e - a, f - b, g - c, h - d
        a, b, c, d = a + x * a_x, b + x * b_x, c + x * c_x, d + x * d_x
        low_x, high_x = a_x + z * (b_x - a_x), c_x + z * (d_x - c_x)
        low_z, high_z = b - a, d - c
        low, high = a + z * low_z, c + z * high_z
        by_source = high - low
        return (
            low + y * by_source,
            (low_x + y * (high_x - low_x)) / FINE_GATE_V,
            by_source / FINE_SOURCE_V,
            (low_z + y * (high_z - low_z)) * FINE_ROOTS,
        )

    def __call__(self, gate: Tensor, drain: Tensor, source: Tensor) -> Branch:
        """Current from `drain` to `source`; all voltages in V against the body, of n-channel sign."""
        shape = np.broadcast_shapes(gate.shape, drain.shape, source.shape)
        out = torch.empty((4, *shape), dtype=torch.float64)
        voltages = tuple(t.expand(shape).contiguous().view(-1).numpy() for t in (gate, drain, source))
        kernels.evaluate(*self.compiled, voltages, out.view(4, -1).numpy())
        return Branch(*out)

    def _curves(self, drains: Tensor) -> Tensor:
        """G over the gate, MARGIN steps longer than the table at both ends: [drains, gates], source at the body."""
        steps = torch.arange(-MARGIN, self._gates + MARGIN, dtype=torch.float64, device=drains.device)
        gates, root = GATE_FROM_V + steps * FINE_GATE_V, (drains / self._span).clamp(0, 1).sqrt()
        return self._log(gates, torch.zeros_like(gates), root.unsqueeze(-1))[0]

    def _stand_in(self, gate: Tensor, shifts: Moved, curves: Tensor) -> Tensor:
        """One shift in V that gives parallel transistors their mean current (kernels.stand_in): gate [rows, 1 or
        places], shifts [places, n], curves [1 or rows, gates] -> [rows, places]."""
        out = torch.empty(len(gate), len(shifts.vth), dtype=torch.float64)
        worth, weak = (np.zeros((0, 0)),) * 2 if shifts.weak is None else (self._weak, shifts.weak.numpy())
        numbers = (GATE_FROM_V, FINE_GATE_V, float(MARGIN), SHIFTS_V[-1], 1 / FINE_SHIFT_V)
        kernels.stand_in(
            curves.numpy(),
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
        points = torch.arange(0, self._gates + POOL_STEPS - 1, POOL_STEPS, device=self._flat.device)
        gate = GATE_FROM_V + points * FINE_GATE_V
        drains = gate.clamp(min=LOWEST_DRAIN_V) if drain is None else torch.full_like(gate, drain * self._span)
        return self._stand_in(gate.unsqueeze(-1), shifts, self._curves(drains)).T.contiguous()

    def pooled(self, gate: Tensor, shifts: Moved, drain: float) -> Tensor:
        """One shift in V that gives parallel transistors with `shifts` [places, n] their mean current: gate [patterns,
        places] over the source, which is near the body; `drain` as a share of the span."""
        return self._stand_in(gate, shifts, self._curves(torch.full((1,), drain * self._span, dtype=torch.float64)))

    def mirror(self, gate: Tensor, drain: Tensor, shifts: Tensor, units: int) -> tuple[Tensor, Tensor, Tensor]:
        """Parallel transistors, sources at the body: gate and drain [patterns, somas], shifts of `together`.

        Current, by gate, by drain: [patterns, somas].
        """
        out = torch.empty((3, *gate.shape), dtype=torch.float64)
        voltages = (gate.contiguous().numpy(), drain.contiguous().numpy())
        kernels.mirror(*self.compiled, shifts.numpy(), POOL_STEPS, units, *voltages, out.numpy())
        return out[0], out[1], out[2]
