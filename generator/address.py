"""Bit order and address map: the one owner. Layout, bitfile and programming bench read it from here.

A weight has `bits` magnitude bits and one sign bit. Bit k < bits has the value 2**k and drives switch k;
bit `bits` is the sign: 0 pushes current into the output, 1 pulls it out. A word line selects one row of one
matrix; every column has one bit-line pair per bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from somaforge.generator.names import bit_line, bit_line_bar, port_word, word_line
from somaforge.generator.stacking import Stack, stack

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


@dataclass(frozen=True)
class WeightBit:
    """One latch: a bit of a synapse."""

    matrix: int
    row: int
    column: int
    bit: int


@dataclass(frozen=True)
class MemoryMap:
    """Where each latch lies in the memory that the port writes: `rows` words of `width` bits.

    Matrices stacked in one bank share its bit lines. A word is one physical row of all banks; its bits go bank by bank,
    column by column, bit by bit (sign last). Not every bank has a word line in every physical row: matrices of one bank
    may lie apart, and banks differ in height.
    """

    layers: tuple[int, ...]
    bits: int
    banks: tuple[tuple[int, ...], ...]
    """Matrices of each bank; together 0, 1, ... in order."""
    bases: tuple[int, ...]
    """Physical row of each matrix's first row."""

    def base(self, matrix: int) -> int:
        """Physical row of a matrix's first row."""
        return self.bases[matrix]

    def bank(self, matrix: int) -> int:
        """The bank that holds a matrix."""
        return next(b for b, matrices in enumerate(self.banks) if matrix in matrices)

    def word_rows(self, bank: int) -> tuple[int, ...]:
        """The physical rows in which a bank has a word line, from the bottom."""
        return tuple(sorted(self.base(m) + r for m in self.banks[bank] for r in range(self.layers[m])))

    def bank_columns(self, bank: int) -> int:
        """Columns of a bank's widest matrix."""
        return max(self.layers[m + 1] for m in self.banks[bank])

    @property
    def rows(self) -> int:
        """Words."""
        return max(base + self.layers[m] for m, base in enumerate(self.bases))

    @property
    def width(self) -> int:
        """Bits of a word."""
        return sum(self.bank_columns(b) for b in range(len(self.banks))) * (self.bits + 1)

    def index(self, bank: int, column: int, bit: int) -> int:
        """Place in the word of a pair of bit lines."""
        before = sum(self.bank_columns(b) for b in range(bank))
        return (before + column) * (self.bits + 1) + bit

    def pairs(self) -> Iterator[tuple[int, int, int]]:
        """(bank, column, bit) of every pair of bit lines, in the order of the word."""
        for bank in range(len(self.banks)):
            yield from product((bank,), range(self.bank_columns(bank)), range(self.bits + 1))

    def port_nets(self) -> dict[str, str]:
        """Word and bit lines of the array to the nets of a port: a word line of it serves a row of every bank."""
        nets = {word_line(b, r): port_word(r) for b in range(len(self.banks)) for r in self.word_rows(b)}
        for pair in self.pairs():
            nets[bit_line(*pair)] = bit_line(self.index(*pair))
            nets[bit_line_bar(*pair)] = bit_line_bar(self.index(*pair))
        return nets

    def place(self, which: WeightBit) -> tuple[int, int]:
        """Physical row, and place in the word."""
        return self.base(which.matrix) + which.row, self.index(self.bank(which.matrix), which.column, which.bit)

    def bit_at(self, row: int, index: int) -> WeightBit | None:
        """What lies at a place of a word; None where there is no latch."""
        column, bit = divmod(index, self.bits + 1)
        for bank, matrices in enumerate(self.banks):
            if column < self.bank_columns(bank):
                for m in matrices:
                    if 0 <= row - self.base(m) < self.layers[m] and column < self.layers[m + 1]:
                        return WeightBit(m, row - self.base(m), column, bit)
                return None
            column -= self.bank_columns(bank)
        return None


def memory_map(layers: tuple[int, ...], bits: int, placed: Stack | None = None) -> MemoryMap:
    """The map of an array; its matrices lie as generator.stacking says if they are not `placed`."""
    placed, matrices = placed or stack(layers), len(layers) - 1
    banks = (tuple(m for m in blocks if m < matrices) for blocks in placed.banks)
    return MemoryMap(layers, bits, tuple(b for b in banks if b), placed.bases[:matrices])
