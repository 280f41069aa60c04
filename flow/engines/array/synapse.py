"""A matrix of synapses at device level: their transistors, and what the rails put on their gates.

Compiled loops (flow.engines.array.inner) solve them. Synapses with the code 0 are left out: their switches, with the
gate below the source, carry less than 1 fA.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array import inner
from somaforge.flow.engines.array.device import FAR, NEAR, Device, moved
from somaforge.flow.engines.array.network import Ints, SynapseShifts
from somaforge.flow.engines.array.threads import in_parts
from somaforge.generator.address import Codes, WeightFormat
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import NotSettledError


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

    @property
    def arrays(self) -> tuple[Floats, Floats]:
        """For the compiled loops."""
        return self.p_gate.contiguous().numpy(), self.n_gate.contiguous().numpy()


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
    ) -> None:
        """Copies what it needs: [synapses] codes that are not 0, the row and the column of each, and `columns`."""
        self._devices, self.supply_V = devices, supply_V
        bits = shifts.switch.shape[-1]
        self.columns = columns
        self.row, self.column = (torch.tensor(i) for i in (row, column))
        self.code = torch.tensor(codes)
        word = WeightFormat(bits).encode(codes)
        on, negative = word[:, :bits], word[:, bits]
        # the p device counts down from the supply: on while the sign bit is low
        gates = on * supply_V - shifts.switch, ~negative * supply_V - shifts.p_sign, negative * supply_V - shifts.n_sign
        synapses = (*(np.ascontiguousarray(part) for part in (on, negative, *gates)),)
        d = devices
        every = [m.compiled for m in (*d.p_mirror, *d.n_mirror, d.switch, d.p_sign, d.n_sign)]
        units = np.array([s.shape[-1] for s in shifts.p_mirror], dtype=np.float64)
        self._made = ((*(flat for flat, _, _ in every),), *every[0][1:], supply_V), synapses, units
        order = np.argsort(column, kind="stable")
        self._groups = order, np.searchsorted(column[order], np.arange(columns + 1))
        pairs = (
            zip(getattr(shifts, kind), getattr(weak or shifts, kind), strict=True) for kind in ("p_mirror", "n_mirror")
        )
        # switches work far above threshold, where a weak shift does nothing
        self._p_shift, self._n_shift = ([moved(s, w if weak else None) for s, w in pair] for pair in pairs)

    def __len__(self) -> int:
        return len(self.row)

    def drive(self, p_rail: Tensor, n_rail: Tensor) -> Drive:
        """Gates for the rails [patterns, rows] in V."""
        p, n = (self.supply_V - p_rail)[:, self.row], n_rail[:, self.row]
        d = self._devices
        p_shift = [m.pooled(p, s, FAR) for m, s in zip(d.p_mirror, self._p_shift, strict=True)]
        n_shift = [m.pooled(n, s, NEAR) for m, s in zip(d.n_mirror, self._n_shift, strict=True)]
        return Drive(p.unsqueeze(-1) - torch.stack(p_shift, -1), n.unsqueeze(-1) - torch.stack(n_shift, -1))

    def settle(self, drive: Drive, guesses: Tensor, diode: inner.Diode | None) -> Tensor:
        """Columns at rest that begin at `guesses` [patterns, columns] in V, or are held there without a diode: [4,
        patterns, columns] as inner.settle."""
        (flat, sizes, scale, _), _, _ = self._made
        guess = guesses.contiguous().numpy()
        given = (*self._made, *drive.arrays, self._groups, diode or (flat[0], sizes, scale, np.zeros((1, 2)), 1, 0))
        out = np.empty((4, *guess.shape))
        in_parts(guess.size, lambda first, last: inner.settle(*given, guess, first, last, out))
        return torch.from_numpy(out)

    def swept(self, drive: Drive, voltages: Floats, scale: Floats, which: Ints) -> Floats:
        """Of the synapses `which`: [2, of which, points, voltages] as inner.sweep; NotSettledError."""
        out = np.empty((2, len(which), len(scale), len(voltages)))
        given = (*self._made, *drive.arrays, voltages, scale, which)
        if not all(in_parts(len(which), lambda first, last: inner.sweep(*given, first, last, out))):
            raise NotSettledError("array engine: a synapse did not settle; simulate this chip with ngspice")
        return out

    def per_column(self, values: Tensor) -> Tensor:
        """Sum over the synapses of each column: [patterns, synapses] -> [patterns, columns]."""
        total = torch.zeros(values.shape[0], self.columns, dtype=values.dtype)
        return total.index_add_(1, self.column, values)
