"""The current-to-frequency converter by its measured figures: from a current to the period of its pulses, and back."""

from dataclasses import dataclass

LEAST_S = 1e-9
"""No pulse is shorter, whatever noise says of a period."""


@dataclass(frozen=True)
class Converter:
    """A pulse takes the time in which the current brings a charge, and that of comparator and reset beside it.

    The charge's common error (it grows by a fifth up to 100 nA) is that of all currents, and no network sees it.
    """

    charge_C: float = 153e-15
    """Of a pulse of small currents (docs/readout.md)."""
    dead_s: float = 100e-9
    """Comparator and reset (docs/readout.md)."""

    def period_s(self, current_A: float) -> float:
        """Of the pulses of a current above 0."""
        return self.charge_C / current_A + self.dead_s

    def current_A(self, period_s: float) -> float:  # noqa: N802 (a unit)
        """Of pulses with that period."""
        return self.charge_C / max(period_s - self.dead_s, LEAST_S)
