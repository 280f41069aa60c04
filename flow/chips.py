"""Virtual chips: the threshold shift of every transistor from a seed and the foundry's mismatch numbers."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from somaforge.generator.circuit import FlatNetlist
from somaforge.generator.spec.network import Chips
from somaforge.pdk import Pdk
from somaforge.pdk.base import Law
from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130 import mismatch

Floats = npt.NDArray[np.float64]


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
    law: Law = "continuous"
    """Which of the foundry's statistics."""

    @classmethod
    def of(cls, chips: Chips, seed: int) -> "VirtualChip":
        """One chip of a spec's population."""
        return cls(seed, chips.mismatch, chips.law)

    def shifts(self, flat: FlatNetlist, pdk: Pdk) -> Floats:
        """Shift of |Vth| in V for every transistor of `flat`, in its canonical order; positive makes it weaker.

        InputError for a process without mismatch numbers or a size outside the foundry's models.
        """
        if pdk.name != "sky130":
            raise InputError(f"chips: no mismatch numbers for {pdk.name}; use sky130")
        sigma = {
            key: mismatch.sigma_vth_V(*key, self.law) if self.mismatch > 0 else 0.0
            for key in {(m.device, m.w_nm, m.l_nm) for m in flat.mos}
        }
        return np.array(
            [self.mismatch * sigma[m.device, m.w_nm, m.l_nm] * standard_normal(self.seed, m.name) for m in flat.mos],
            dtype=float,
        )
