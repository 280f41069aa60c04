"""How the drivers see a value from 0 to 1: its code, the latches that hold it, and the reference currents beside it.

A code of more bits than a weight has is shared by two reference rows: row 0 has the higher bits and 2^bits times the
current of row 1. A code is aligned at its upper end: with fewer bits than the rows have latches, the lowest ones stay
0, because the highest bit has the most units then, and spreads least.
"""

from dataclasses import dataclass

import numpy as np

from somaforge.generator.address import Codes
from somaforge.generator.spec import Spec
from somaforge.pdk.arrays import Floats


@dataclass(frozen=True)
class Scale:
    """Of the drivers of a spec."""

    bits: int
    """Of a code."""
    weight_bits: int
    """Of one row's latches."""
    input_units: int
    """Units in M0 of a reference soma: a code of 1 gives that part of the reference current."""

    @classmethod
    def of(cls, spec: Spec) -> "Scale | None":
        """None without drivers."""
        if spec.drivers is None:
            return None
        return cls(spec.drivers.bits, spec.array.bits, spec.array.mirror.input_units)

    @property
    def full(self) -> int:
        """The largest code."""
        return int(2**self.bits - 1)

    @property
    def rows(self) -> int:
        """Reference rows."""
        return 1 if self.bits <= self.weight_bits else 2

    @property
    def codes(self) -> Codes:
        """Every code."""
        return np.arange(self.full + 1)

    def quantised(self, values: Floats) -> Codes:
        """The nearest code of values from 0 to 1."""
        return np.rint(np.clip(values, 0.0, 1.0) * self.full).astype(np.int64)

    def latches(self, codes: Codes) -> Codes:
        """Weights of the driver matrix for codes [...]: [rows, ...], the row of the larger current first."""
        aligned = np.asarray(codes, dtype=np.int64) << (self.rows * self.weight_bits - self.bits)
        lower = 2**self.weight_bits - 1
        return np.stack([(aligned >> (self.weight_bits * (self.rows - 1 - r))) & lower for r in range(self.rows)])

    def references_A(self, full_scale_A: float | Floats) -> Floats:  # noqa: N802 (a unit)
        """Currents [..., rows] into the reference somas at which the largest code of nominal mirrors gives these."""
        apart = 2.0 ** (-self.weight_bits * np.arange(self.rows))
        units = float(self.latches(np.array(self.full)) @ apart) / self.input_units
        found: Floats = np.asarray(full_scale_A, dtype=float)[..., None] * apart / units
        return found


def of_codes(codes: Codes, table: Floats) -> Floats:
    """[patterns, inputs] picked from a table [inputs, codes]; the inputs of the patterns are the table's first."""
    found: Floats = table[np.arange(codes.shape[1]), codes]
    return found
