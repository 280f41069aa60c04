"""Bit order and address map: the one owner. Layout, bitfile and programming bench read it from here.

A weight has `bits` magnitude bits and one sign bit. Bit k < bits has the value 2**k and drives switch k;
bit `bits` is the sign: 0 pushes current into the output, 1 pulls it out. A word line selects one row of one
matrix; every column has one bit-line pair per bit.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int64]
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class WeightFormat:
    """How a signed code is stored in the latches of a synapse."""

    bits: int

    @property
    def full_scale(self) -> int:
        """The largest magnitude of a code."""
        return int(2**self.bits - 1)

    @property
    def latches(self) -> int:
        """Latches per synapse."""
        return self.bits + 1

    def encode(self, codes: Codes) -> Bits:
        """Latch values of signed codes; shape [...] -> [..., bits+1], last is the sign. Zero is stored positive."""
        codes = np.asarray(codes, dtype=np.int64)
        if np.any(np.abs(codes) > self.full_scale):
            raise ValueError(f"a code lies outside -{self.full_scale}..{self.full_scale}")
        magnitude = (np.abs(codes)[..., None] >> np.arange(self.bits)) & 1
        return np.concatenate([magnitude.astype(bool), (codes < 0)[..., None]], axis=-1)

    def decode(self, bits: Bits) -> Codes:
        """Signed codes of latch values; shape [..., bits+1] -> [...]."""
        magnitude = (bits[..., : self.bits].astype(np.int64) << np.arange(self.bits)).sum(axis=-1)
        codes: Codes = np.where(bits[..., self.bits], -magnitude, magnitude)
        return codes


def word_line(matrix: int, row: int) -> str:
    """Net of the word line of one row of one matrix."""
    return f"wl_{matrix}_{row}"


def bit_line(matrix: int, column: int, bit: int) -> str:
    """Net of the true bit line of one bit of one column."""
    return f"bl_{matrix}_{column}_{bit}"


def bit_line_bar(matrix: int, column: int, bit: int) -> str:
    """Net of the complement bit line of one bit of one column."""
    return f"blb_{matrix}_{column}_{bit}"
