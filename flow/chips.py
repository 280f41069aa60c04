"""Virtual chips: the shifts of every transistor from a seed and the foundry's mismatch numbers."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import ndtri

from somaforge.flow.engines.base import Memory, Program, ProgrammedChip
from somaforge.flow.engines.spread import spread
from somaforge.flow.spice.deck import size_of
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design
from somaforge.generator.spec.network import Chips
from somaforge.pdk import Pdk
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import Law, OperatingPoint, Spread

DEVIATE = 0.1
"""Of a standard deviation: it adds 0.04 % to the spread."""


def standard_normal(seed: int, path: str) -> float:
    """One draw of N(0, 1) that depends on nothing but the seed and the transistor's instance path.

    SHA-256 gives 53 bits u, the draw is the normal quantile of (u + 1/2) / 2^53: the same on every machine and in
    every order, so a chip keeps its transistors when the netlist grows or is extracted.
    """
    digest = hashlib.sha256(f"{seed}/{path}".encode()).digest()
    uniform = ((int.from_bytes(digest[:8], "big") >> 11) + 0.5) / 2.0**53
    return float(ndtri(uniform))


@dataclass(frozen=True)
class VirtualChip:
    """One fabricated device."""

    seed: int
    mismatch: float = 1.0
    """Multiplies the foundry's standard deviation; 0 makes the chip without mismatch."""
    law: Law | None = None
    """Which of the foundry's statistics; None: the process's first."""

    @classmethod
    def of(cls, chips: Chips, seed: int) -> "VirtualChip":
        """One chip of a spec's population."""
        return cls(seed, chips.mismatch, chips.law)

    def programmed(
        self,
        design: Design,
        flat: FlatNetlist,
        codes: Program | None = None,
        at: OperatingPoint | None = None,
        memory: Memory = "ideal",
    ) -> ProgrammedChip:
        """Its transistors with both shifts, at the spec's operating point and with weights of 0 if none are given.

        InputError as for shifts.
        """
        if codes is None:
            codes = tuple(np.zeros(shape, dtype=np.int64) for shape in pairwise(design.layers))
        weak = self.weak(flat, design.pdk)
        shifts = self.shifts(flat, design.pdk)
        weak_or_none = weak if weak.any() else None
        return ProgrammedChip(design, flat, codes, shifts, at or design.spec.at, memory=memory, weak=weak_or_none)

    def shifts(self, flat: FlatNetlist, pdk: Pdk) -> Floats:
        """Shift of |Vth| in V for every transistor of `flat`, in its canonical order; positive makes it weaker.

        InputError for a law that the process lacks or a size outside the foundry's models.
        """
        return self._drawn(flat, pdk, lambda sigma, vth, _: sigma.vth_V * vth)

    def weak(self, flat: FlatNetlist, pdk: Pdk) -> Floats:
        """Shift of the gate in V that acts in weak inversion alone, as for shifts; 0 where the law has none.

        Its second deviate is a multiple of DEVIATE: transistors with the same shift share a card in a deck.
        """

        def one(sigma: Spread, vth: float, other: float) -> float:
            both = sigma.correlation * vth + np.sqrt(1 - sigma.correlation**2) * other
            return float(sigma.weak_V * DEVIATE * np.rint(both / DEVIATE))

        return self._drawn(flat, pdk, one)

    def _drawn(self, flat: FlatNetlist, pdk: Pdk, one: Callable[[Spread, float, float], float]) -> Floats:
        """`one` of the standard deviations and two independent deviates of each transistor."""
        if self.mismatch == 0:
            return np.zeros(len(flat.mos))
        sigma = {
            size: spread(pdk.models, size, self.law or pdk.models.laws[0]) for size in {size_of(m) for m in flat.mos}
        }
        found = np.zeros(len(flat.mos))
        for i, m in enumerate(flat.mos):
            its = sigma[size_of(m)]
            second = standard_normal(self.seed, f"{m.name}/weak") if its.weak_V > 0 else 0.0
            found[i] = self.mismatch * one(its, standard_normal(self.seed, m.name), second)
        return found
