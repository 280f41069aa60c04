"""A layer of somas: input voltage, input current and the two rails, for any number of patterns at once."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from somaforge.flow.engines.array.device import POOL_STEPS, Device, Moved
from somaforge.flow.engines.array.inner import Diode
from somaforge.flow.engines.array.kernels import Scale
from somaforge.flow.engines.array.steps import Singles
from somaforge.pdk.errors import NotSettledError

SMALLEST_A = 1e-14
"""Below, a soma is off: its own leakage is of this order."""
TOLERANCE = 3e-6
"""Of ln(current)."""
STEP_V = 0.15
"""Largest Newton step."""
ROUNDS = 60
FULL_ROUNDS = 15
SHORTER = 0.6
"""Later steps are shortened: Newton's method can circle around a kink of the tables."""
LOWEST_V = 1e-7
"""Across a diode: where it is hot, its leakage reaches SMALLEST_A at some 1e-5 V."""
SATURATED_V = 0.1
"""A mirror needs that much over its drain, 4 U_T, to copy a current."""
FIRST_GUESS_V = 0.6
"""Gate over source of a diode at some 100 nA."""

Feed = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]
"""Current of a mirror, by gate, by drain, over the voltage of the diode that it feeds."""


class Somas:
    """One layer. Tensors are [patterns, somas]."""

    def __init__(self, n: Device, p: Device, shifts: Sequence[Tensor], units: Sequence[int], supply_V: float) -> None:
        """For each role (M0 to M4): shifts of Device.together and how many transistors are in parallel."""
        self._n, self._p, self._supply = n, p, supply_V
        self._shift, self._units = shifts, units
        self.count = len(shifts[0])

    def nominal(self) -> "Somas":
        """One soma without mismatch."""
        like = self._shift[0]
        shifts = [
            device.together(Moved(torch.zeros(1, units, dtype=like.dtype)), None)
            for device, units in zip((self._n, self._n, self._p, self._p, self._n), self._units, strict=True)
        ]
        return Somas(self._n, self._p, shifts, self._units, self._supply)

    def tables(self) -> tuple[float, tuple[int, int], Scale, Singles, Singles, Singles, int]:
        """What flow.engines.array.nodes.Nodes has of the transistors."""
        shifts = torch.stack(list(self._shift)).to(torch.float32).numpy()
        (n, sizes, scale), (p, _, _) = self._n.compiled, self._p.compiled
        first, second = (flat.reshape(sizes)[:, :2].astype(np.float32) for flat in (n, p))
        return self._supply, (self._units[0], self._units[1]), scale, first, second, shifts, POOL_STEPS

    def _mirror(self, device: Device, role: int, gate: Tensor, drain: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Current of the parallel transistors of a role, source at the body: current, by gate, by drain."""
        return device.mirror(gate, drain, self._shift[role], self._units[role])

    def highest(self) -> float:
        """Largest current in A that every soma copies: its diodes leave SATURATED_V of the supply to the mirrors."""
        u = torch.full((1, self.count), self._supply - SATURATED_V, dtype=self._shift[0].dtype)
        carried = min(float(self._mirror(device, role, u, u)[0].min()) for device, role in ((self._p, 2), (self._n, 4)))
        return carried * self._units[0] / self._units[1]

    def diode(self) -> Diode:
        """M0 for the compiled loops: its table, shifts [somas, points] one in so many gate steps, units."""
        return *self._n.compiled, self._shift[0].contiguous().numpy(), POOL_STEPS, self._units[0]

    def input_current(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Current into the diode M0 at its voltage, and the derivative."""
        current, by_gate, by_drain = self._mirror(self._n, 0, v, v)
        return current, by_gate + by_drain

    def input_voltage(self, current: Tensor) -> Tensor:
        """Voltage at which M0 takes that current (at least SMALLEST_A)."""
        wanted = current.clamp(min=SMALLEST_A).log()
        v = torch.full_like(current, FIRST_GUESS_V)
        for round_ in range(ROUNDS):
            now, slope = self.input_current(v)
            error = now.log() - wanted
            step = (error * now / slope).clamp(-STEP_V, STEP_V)
            v = (v - (step if round_ < FULL_ROUNDS else SHORTER * step)).clamp(min=LOWEST_V)
            if float(error.abs().max()) < TOLERANCE:
                return v
        raise NotSettledError("array engine: an input diode did not converge; check the input currents")

    def rails(self, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Voltages of the p and n rail in V and the supply current of M2 and M3 in A, at the voltage of M0."""
        supply = self._supply
        # both diodes by the voltage across them: the p rail lies `down` below the supply
        down = self._diode(self._p, 2, lambda u: self._mirror(self._n, 1, v, supply - u), v)
        up = self._diode(self._n, 4, lambda u: self._mirror(self._p, 3, down, supply - u), v)
        first = self._mirror(self._p, 2, down, down)[0]
        second = self._mirror(self._p, 3, down, supply - up)[0]
        return supply - down, up, first + second

    def _diode(self, device: Device, role: int, feed: Feed, like: Tensor) -> Tensor:
        """Voltage across a diode that takes the current of a mirror whose drain it is."""
        u = torch.full_like(like, FIRST_GUESS_V)
        for round_ in range(ROUNDS):
            taken, by_gate, by_drain = self._mirror(device, role, u, u)
            fed, _, by_feed = feed(u)
            fed = fed.clamp(min=1e-18)
            error = taken.log() - fed.log()
            slope = (by_gate + by_drain) / taken + by_feed / fed
            step = (error / slope).clamp(-STEP_V, STEP_V)
            u = (u - (step if round_ < FULL_ROUNDS else SHORTER * step)).clamp(min=LOWEST_V)
            if bool(((error.abs() < TOLERANCE) | ((taken - fed).abs() < SMALLEST_A)).all()):
                return u
        raise NotSettledError(
            f"array engine: diode m{role} of a soma did not converge; check supply and input currents"
        )
