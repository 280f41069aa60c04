"""Many transistors of one geometry at once: currents and derivatives from a table, for tensors of any shape."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array import kernels
from somaforge.flow.engines.array.tables import FINE_GATE_V, FINE_ROOTS, FINE_SOURCE_V, GATE_FROM_V, Table

POOL_STEPS = 8
"""Of the gate between which the one shift of parallel transistors is a straight line."""
MARGIN = 40
"""Steps of the gate by which shifts can reach over the table's ends: 0.2 V."""


@dataclass(frozen=True, eq=False)
class Branch:
    """Current from drain to source in A (n-channel sense) and its derivatives in A/V."""

    current: Tensor
    gate: Tensor
    drain: Tensor
    source: Tensor


class Device:
    """One table on one torch device."""

    def __init__(self, table: Table, where: torch.device) -> None:
        """Copies the table."""
        self.kind, self.p_channel = table.kind, table.p_channel
        self._gates, self._sources, self._roots = table.values.shape
        self._flat = torch.tensor(table.values, dtype=torch.float64, device=where).reshape(-1)
        self._excess = torch.tensor(table.excess, dtype=torch.float64, device=where)
        self._span, self._thermal = table.kind.span_V, table.kind.thermal_V
        self._local = where.type == "cpu"
        # for the compiled loops: views of the same memory
        self._table = self._flat.numpy() if self._local else None
        self._sizes = (self._gates, self._sources, self._roots)
        self._scale = (
            GATE_FROM_V,
            1 / FINE_GATE_V,
            1 / FINE_SOURCE_V,
            float(FINE_ROOTS),
            self._span,
            self._thermal,
        )

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
        if self._local:
            shape = np.broadcast_shapes(gate.shape, drain.shape, source.shape)
            out = torch.empty((4, *shape), dtype=torch.float64)
            voltages = tuple(t.expand(shape).contiguous().view(-1).numpy() for t in (gate, drain, source))
            kernels.evaluate(self._table, self._sizes, self._scale, voltages, out.view(4, -1).numpy())
            return Branch(*out)
        v = drain - source
        reverse = v < 0
        v = v.abs()
        low = torch.minimum(drain, source)
        root = (v / self._span).sqrt()
        log, by_gate, by_source, by_root = self._log(gate - low, low, root)
        full = log.exp()
        rest = (-v / self._thermal).exp()
        current = full * (1 - rest)
        by_gate, by_source = current * by_gate, current * by_source
        by_drain = current * by_root / (2 * self._span * root.clamp(min=1e-9)) + full * rest / self._thermal
        other = by_source - by_gate - by_drain
        return Branch(
            torch.where(reverse, -current, current),
            torch.where(reverse, -by_gate, by_gate),
            torch.where(reverse, -other, by_drain),
            torch.where(reverse, -by_drain, other),
        )

    def together(self, shifts: Tensor) -> Tensor:
        """One shift in V that stands for parallel transistors: shifts [somas, units] -> [somas, points].

        At every POOL_STEPS-th gate voltage of the table it gives them their mean current, with the source at the body
        and the drain in saturation. A threshold shift is stretched by what it does beyond moving the gate
        (Sweep.slope_excess).
        """
        log = self._flat.view(self._gates, self._sources, self._roots)[:, 0, FINE_ROOTS * 7 // 10]
        # linear beyond the table's ends, as everywhere
        steps = torch.arange(1, MARGIN + 1, dtype=log.dtype, device=log.device)
        log = torch.cat([log[0] - steps.flip(0) * (log[1] - log[0]), log, log[-1] + steps * (log[-1] - log[-2])])
        points = torch.arange(0, self._gates + POOL_STEPS - 1, POOL_STEPS, device=log.device)
        stretch = 1 + self._excess[points.clamp(max=self._gates - 1)]
        here = (points + MARGIN).to(log.dtype)
        moved = here - shifts.unsqueeze(-1) * stretch / FINE_GATE_V
        i = moved.floor().clamp(0, len(log) - 2).to(torch.int64)
        mean = (log[i] + (moved - i) * (log[i + 1] - log[i])).exp().mean(1).log()
        j = torch.searchsorted(log, mean.contiguous()).clamp(1, len(log) - 1) - 1
        found: Tensor = (here - j - (mean - log[j]) / (log[j + 1] - log[j])) * FINE_GATE_V
        return found

    def mirror(self, gate: Tensor, drain: Tensor, shifts: Tensor, units: int) -> tuple[Tensor, Tensor, Tensor]:
        """Parallel transistors, sources at the body: gate and drain [patterns, somas], shifts of `together`.

        Current, by gate, by drain: [patterns, somas].
        """
        if self._local:
            out = torch.empty((3, *gate.shape), dtype=torch.float64)
            voltages = (gate.contiguous().numpy(), drain.contiguous().numpy())
            kernels.mirror(
                self._table, self._sizes, self._scale, shifts.numpy(), POOL_STEPS, units, *voltages, out.numpy()
            )
            return out[0], out[1], out[2]
        x = (gate - GATE_FROM_V) / (FINE_GATE_V * POOL_STEPS)
        i = x.floor().clamp(0, shifts.shape[1] - 2)
        at = i.to(torch.int64).T.contiguous()
        low, high = shifts.gather(1, at).T, shifts.gather(1, at + 1).T
        found = self(gate - low - (x - i) * (high - low), drain, torch.zeros_like(gate))
        by_gate = found.gate * (1 - (high - low) / (FINE_GATE_V * POOL_STEPS))
        return units * found.current, units * by_gate, units * found.drain

    def pooled(self, gate: Tensor, shifts: Tensor) -> Tensor:
        """One shift in V that gives parallel transistors with `shifts` [..., n] their mean current at that gate.

        The gate is over the source, which is near the body. ln I is taken to second order around the gate voltage, and
        the shifts are stretched by what a threshold does beyond moving the gate (Sweep.slope_excess).
        """
        x = (gate - GATE_FROM_V) / FINE_GATE_V
        i = x.floor().clamp(4, self._gates - 6).to(torch.int64)
        middle = self._sources * self._roots
        at = FINE_ROOTS * 7 // 10
        # a parabola through points 20 mV apart: as far as the shifts reach
        before, here, after = (self._flat.take((i + o) * middle + at) for o in (-4, 0, 4))
        h = 4 * FINE_GATE_V
        slope, bend = (after - before) / (2 * h), (after - 2 * here + before) / (h * h)
        slope = slope + bend * (gate - GATE_FROM_V - i * FINE_GATE_V)
        moved = shifts * (1 + self._excess.take(i)).unsqueeze(-1)
        s, c = slope.unsqueeze(-1), bend.unsqueeze(-1)
        mean = (-s * moved + 0.5 * c * moved**2).exp().mean(-1).log()
        # invert -s d + c d^2 / 2 = mean with two Newton steps from the linear answer
        d = -mean / slope
        for _ in range(2):
            d = d - (-slope * d + 0.5 * bend * d * d - mean) / (bend * d - slope)
        return d
