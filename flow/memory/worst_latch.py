"""Whether the weight memory works at an operating point: the margins that the array's worst latch is expected to have.

Few latches with mismatch are simulated. Their margins lie like a normal distribution, so that the worst of N has about
the mean less the standard deviation times the quantile of 1 - 1/N. Where that leaves no margin, a bit of the array
cannot be written, or is lost when it is read or held.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import platformdirs
from scipy.special import ndtri

from somaforge.flow.memory import latch_margins
from somaforge.generator.design import LATCH, Design
from somaforge.pdk.files import atomic_write
from somaforge.pdk.sky130.binding import bind

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


def at(
    design: Design,
    corner: str,
    temperature_C: float,
    supply_V: float,
    evidence: Path | None = None,
    cache: Path | None = None,
) -> WorstLatch:
    """At one operating point, from the cache folder (default: the user's) or from ngspice; ToolError if that fails."""
    samples = latch_margins.with_mismatch(design, corner, SAMPLES)
    count = design.synapse_count * design.weights.latches
    latch = design.library.flatten(LATCH).mos
    cards = [bind(m.device, m.w_nm, m.l_nm, corner).card("latch") for m in latch]
    shifts = [sample.shifts.tolist() for sample in samples]
    content = [FORMAT, [str(m) for m in latch], cards, shifts, temperature_C, supply_V]
    folder = cache or Path(platformdirs.user_cache_dir("somaforge")) / "margins"
    path = folder / f"{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]}.json"
    try:
        found = {name: np.array(v, dtype=float) for name, v in json.loads(path.read_text(encoding="utf-8")).items()}
        return _worst(count, found["hold_V"], found["read_V"], found["write_V"])
    except (OSError, ValueError, TypeError, AttributeError, KeyError):  # none yet, or damaged: made again
        pass
    margins = latch_margins.measure(design, samples, temperature_C, evidence, supply_V)
    atomic_write(path, json.dumps({name: v.tolist() for name, v in vars(margins).items()}) + "\n")
    return _worst(count, margins.hold_V, margins.read_V, margins.write_V)


def _worst(count: int, *margins: latch_margins.Floats) -> WorstLatch:
    """Of hold, read and write margins, [samples]; the smallest that was seen if that is less."""
    sigmas = float(ndtri(1 - 1 / max(count, 2)))
    return WorstLatch(count, *(float(min(m.min(), m.mean() - sigmas * m.std(ddof=1))) for m in margins))
