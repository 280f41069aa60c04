"""Virtual chips: the shifts of every transistor from a seed and the foundry's mismatch numbers."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import ndtri

from somaforge.flow.engines.base import Memory, Program, ProgrammedChip
from somaforge.flow.engines.spread import spread
from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.design import Design
from somaforge.generator.spec.network import Chips
from somaforge.pdk import Pdk
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import Law, OperatingPoint, Size

DEVIATE = 0.1
"""Of a standard deviation: it adds 0.04 % to the spread."""


def standard_normal(seed: int, path: str) -> float:
    """One draw of N(0, 1) that depends on nothing but the seed and the transistor's instance path.

    SHA-256 gives 53 bits u, the draw is the normal quantile of (u + 1/2) / 2^53: the same on every machine and in
    every order, so a chip keeps its transistors when the netlist grows or is extracted.
    """
    return float(_normal(seed, (path,))[0])


def _normal(seed: int, paths: Iterable[str]) -> Floats:
    """standard_normal of every path."""
    digests = b"".join(hashlib.sha256(f"{seed}/{path}".encode()).digest()[:8] for path in paths)
    found: Floats = ndtri(((np.frombuffer(digests, dtype=">u8") >> np.uint64(11)).astype(float) + 0.5) / 2.0**53)
    return found


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
        shifts, weak = self._drawn(flat, design.pdk)
        weak_or_none = weak if weak.any() else None
        return ProgrammedChip(design, flat, codes, shifts, at or design.spec.at, memory=memory, weak=weak_or_none)

    def shifts(self, flat: FlatNetlist, pdk: Pdk) -> Floats:
        """Shift of |Vth| in V for every transistor of `flat`, in its canonical order; positive makes it weaker.

        InputError for a law that the process lacks or a size outside the foundry's models.
        """
        return self._drawn(flat, pdk)[0]

    def weak(self, flat: FlatNetlist, pdk: Pdk) -> Floats:
        """Shift of the gate in V that acts in weak inversion alone, as for shifts; 0 where the law has none.

        Its second deviate is a multiple of DEVIATE: transistors with the same shift share a card in a deck.
        """
        return self._drawn(flat, pdk)[1]

    def _drawn(self, flat: FlatNetlist, pdk: Pdk) -> tuple[Floats, Floats]:
        """Both shifts of every transistor."""
        shifts, weak = np.zeros((2, len(flat.mos)))
        if self.mismatch == 0:
            return shifts, weak
        places: dict[tuple[str, int, int], int] = {}
        kind = np.array([places.setdefault((m.device, m.w_nm, m.l_nm), len(places)) for m in flat.mos])
        law = self.law or pdk.models.laws[0]
        sigmas = [spread(pdk.models, Size(*size), law) for size in places]
        vth = _normal(self.seed, (m.name for m in flat.mos))
        shifts = self.mismatch * (np.array([s.vth_V for s in sigmas])[kind] * vth)
        sigma, share = (np.array([getattr(s, name) for s in sigmas])[kind] for name in ("weak_V", "correlation"))
        some = np.flatnonzero(sigma > 0)
        if len(some):
            other = _normal(self.seed, (f"{flat.mos[i].name}/weak" for i in some))
            both = share[some] * vth[some] + np.sqrt(1 - share[some] ** 2) * other
            weak[some] = self.mismatch * (sigma[some] * DEVIATE * np.rint(both / DEVIATE))
        return shifts, weak
