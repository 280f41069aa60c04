"""Speed and energy of patterns that ran in time: the fixed run time that is long enough, and what a pattern costs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from somaforge.pdk.arrays import Floats

DECIDED = 0.99
"""Share of the patterns that have their final winner, and keep it, after the fixed run time."""


def decided_time(time_s: Floats, settled: npt.NDArray[np.bool_]) -> float | None:
    """The time after which DECIDED of the patterns [patterns] have their winner and keep it; None if fewer ever do."""
    times = np.sort(np.where(settled, time_s, np.inf))
    found = float(times[math.ceil(DECIDED * len(times) - 1e-9) - 1])
    return found if math.isfinite(found) else None


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

        right = [np.equal(e["predictions"], e["labels"])[e["timed"]] for e in evaluations]
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

    def fixed_time(self, macs: int) -> dict[str, float]:
        """Metrics at the fixed run time that is long enough for DECIDED of the patterns; nothing if none is, or if no
        pattern changes its winner: a run time of 0 costs nothing and says nothing."""
        if not self.decided_s:
            return {}
        energy = self.energy_at(self.decided_s) / macs
        return {
            "fixed_time__run__s": self.decided_s,
            "fixed_time__mac__J": energy,
            "fixed_time__operation_of_two__J": energy / 2,
            "fixed_time__mac__per_J": 1 / energy,
        }

    @property
    def decided_s(self) -> float | None:
        """The fixed run time that is enough for DECIDED of the patterns; None: no time is long enough."""
        return decided_time(self.time_s, self.settled)


def speed_metrics(evaluations: Sequence[Mapping[str, Any]], macs: int) -> dict[str, float]:
    """Metrics of speed and energy over all timed patterns of one chip or of many (see Timed.of); `macs` are the
    multiply-accumulates of a pattern. Where no pattern changes its winner no time to output was measured, and none is
    given: 0 would meet every limit."""
    timed, period = Timed.of(evaluations), evaluations[0]["pattern_time_s"]
    energy = float(timed.energy_J.mean())
    return {
        "energy__mac__J": energy / macs,
        "energy__operation_of_two__J": energy / macs / 2,
        "efficiency__mac__per_J": macs / energy,
        "power__mean__W": energy / period,
        "power__memory_leakage__W": float(np.mean([e["leakage_W"] for e in evaluations])),
        "evaluate__timed_agreement__ratio": float(timed.settled.mean()),
        "evaluate__negative_energy__count": int(np.sum((timed.energy_J < 0) | (timed.energy_to_output_J < 0))),
        **_times(timed.time_s),
        **timed.fixed_time(macs),
    }


def _times(time_s: Floats) -> dict[str, float]:
    if not np.any(time_s > 0):
        return {}
    return {f"time_to_output__p{q}__s": float(np.percentile(time_s, q)) for q in (50, 99)}
