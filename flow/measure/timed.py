"""Speed and energy of patterns that ran in time: the fixed run time that is long enough, and what a pattern costs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from somaforge.flow.engines.base import Floats

DECIDED = 0.99
"""Share of the patterns that have their final winner, and keep it, after the fixed run time."""


@dataclass(frozen=True, eq=False)
class Timed:
    """Every timed pattern of every chip."""

    time_s: Floats
    """[patterns] from the pattern change to the last change of the winning output."""
    energy_J: Floats
    energy_to_output_J: Floats
    right: npt.NDArray[np.bool_]
    """[patterns] whether the prediction is the label."""
    settled: npt.NDArray[np.bool_]
    """[patterns] whether the winner at the end of the pattern time is the one at rest."""
    run_times_s: Floats
    energy_by_J: Floats
    """[run times] mean over patterns and chips."""

    @staticmethod
    def of(evaluations: Sequence[Mapping[str, Any]]) -> "Timed":
        """From what Evaluation.to_json gave for each chip; all with the same pattern time."""

        def joined(key: str, kind: type = float) -> npt.NDArray[Any]:
            return np.concatenate([np.array(e[key], dtype=kind) for e in evaluations])

        counts = [len(e["time_to_output_s"]) for e in evaluations]
        right = [np.equal(e["predictions"], e["labels"])[:n] for e, n in zip(evaluations, counts, strict=True)]
        return Timed(
            joined("time_to_output_s"),
            joined("energy_J"),
            joined("energy_to_output_J"),
            np.concatenate(right),
            joined("settled", bool),
            np.array(evaluations[0]["run_times_s"], dtype=float),
            np.mean([e["energy_by_J"] for e in evaluations], axis=0),
        )

    def energy_at(self, run_time_s: float) -> float:
        """Mean energy of a pattern that is stopped at a fixed time, in J."""
        times = np.concatenate([[0.0], self.run_times_s])
        return float(np.interp(run_time_s, times, np.concatenate([[0.0], self.energy_by_J])))

    def decided(self, run_time_s: float) -> float:
        """Share of the patterns that have the winner at rest after a fixed time, and keep it."""
        return float(np.mean(self.settled & (self.time_s <= run_time_s)))

    @property
    def decided_s(self) -> float | None:
        """The fixed run time that is enough for DECIDED of the patterns; None: no time is long enough."""
        times = np.sort(np.where(self.settled, self.time_s, np.inf))
        found = float(times[math.ceil(DECIDED * len(times) - 1e-9) - 1])
        return found if math.isfinite(found) else None
