"""Whether the weight memory works at an operating point: the margins that the array's worst latch is expected to have.

Few latches with mismatch are simulated. Their margins lie like a normal distribution, so that the worst of N has about
the mean less the standard deviation times the quantile of 1 - 1/N. Where that leaves no margin, a bit of the array
cannot be written, or is lost when it is read or held.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scipy.special import ndtri

from somaforge.flow.engines.cache import kept
from somaforge.flow.memory import latch_margins
from somaforge.flow.spice.deck import size_of
from somaforge.generator.design import Design
from somaforge.generator.names import LATCH
from somaforge.pdk.arrays import Floats
from somaforge.pdk.models import OperatingPoint

SAMPLES = 50
"""Latches with mismatch; their standard deviation is known to a tenth."""
FORMAT = 1
"""Of what the cache holds, and of how it is measured; a new number makes everything again."""


@dataclass(frozen=True)
class WorstLatch:
    """Expected margins in V of the worst of all latches of an array at one operating point."""

    latches: int
    hold_V: float
    read_V: float
    write_V: float

    def metrics(self) -> dict[str, float]:
        """The margins under their metrics' names."""
        return {
            "memory__worst_hold__V": self.hold_V,
            "memory__worst_read__V": self.read_V,
            "memory__worst_write__V": self.write_V,
        }

    @property
    def smallest_V(self) -> float:  # noqa: N802 (a unit)
        """Of the three."""
        return min(self.hold_V, self.read_V, self.write_V)

    @property
    def problem(self) -> str:
        """Why the memory does not work; "" where it does."""
        what = {"holds no bit": self.hold_V, "loses its bit when it is read": self.read_V}
        what["cannot be written"] = self.write_V
        failed = [f"{text} ({margin:.3f} V)" for text, margin in what.items() if margin <= 0]
        return f"memory: the worst of {self.latches} latches {', '.join(failed)}" if failed else ""


def at(design: Design, point: OperatingPoint, evidence: Path | None = None, cache: Path | None = None) -> WorstLatch:
    """At one operating point, from the cache folder (default: the user's) or from ngspice; ToolError if that fails."""
    samples = latch_margins.with_mismatch(design, point.corner, SAMPLES)
    count = design.synapse_count * design.weights.latches
    latch = design.library.flatten(design.cell(LATCH)).mos
    cards = [design.pdk.models.bind(size_of(m), point).card("latch") for m in latch]
    shifts = [[sample.shifts.tolist(), sample.weak.tolist()] for sample in samples]
    content = [FORMAT, [str(m) for m in latch], cards, shifts, point.temperature_C, point.supply_V]
    names = ("hold_V", "read_V", "write_V")

    def measured() -> Mapping[str, Floats]:
        margins = latch_margins.measure(design, samples, point.temperature_C, point.supply_V, evidence)
        return {name: getattr(margins, name) for name in names}

    found = kept(json.dumps(content), cache, names, measured)
    return _worst(count, *(found[name] for name in names))


def _worst(count: int, *margins: Floats) -> WorstLatch:
    """Of hold, read and write margins, [samples]; the smallest that was seen if that is less."""
    sigmas = float(ndtri(1 - 1 / max(count, 2)))
    return WorstLatch(count, *(float(min(m.min(), m.mean() - sigmas * m.std(ddof=1))) for m in margins))
