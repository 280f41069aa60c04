"""Two runs side by side: which metrics got better, which worse, by the directions of flow.signoff.metrics."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from somaforge.flow.machinery.stale import FINAL
from somaforge.flow.machinery.store import DONE, METRICS, vouched
from somaforge.flow.runner import manifest
from somaforge.flow.runner.verify import require_one_run
from somaforge.flow.signoff.metric import unit_of
from somaforge.flow.signoff.metrics import find, is_resource
from somaforge.pdk.errors import InputError
from somaforge.pdk.json_file import parse_json

TOLERANCE = 1e-3
"""Relative change below which two measurements count as the same; counts are compared exactly."""
Verdict = Literal["better", "worse", "same", "different", "new", "gone"]


@dataclass(frozen=True)
class Line:
    """One metric in both runs."""

    metric: str
    unit: str
    before: float | None
    """None: the first run does not have it."""
    after: float | None
    verdict: Verdict
    """different: changed, and neither direction is better."""

    @property
    def change(self) -> float | None:
        """Relative change; None where it has no meaning."""
        if self.before is None or self.after is None or self.before == 0:
            return None
        return self.after / self.before - 1

    @property
    def regression(self) -> bool:
        """Whether this alone fails a CI job: worse, or a metric that nobody measures any more."""
        return self.verdict in ("worse", "gone")


@dataclass(frozen=True)
class Comparison:
    """All metrics of two runs."""

    lines: tuple[Line, ...]

    @property
    def regressions(self) -> tuple[Line, ...]:
        """Lines that fail a CI job."""
        return tuple(line for line in self.lines if line.regression)

    def to_json(self) -> dict[str, Any]:
        """Counts per verdict and every line."""
        counts = {v: sum(line.verdict == v for line in self.lines) for v in ("better", "worse", "same", "different")}
        counts |= {v: sum(line.verdict == v for line in self.lines) for v in ("new", "gone")}
        return {**counts, "lines": [{**asdict(line), "change": line.change} for line in self.lines]}


def compare(
    before: Mapping[str, float], after: Mapping[str, float], tolerance: float = TOLERANCE, resources: bool = False
) -> Comparison:
    """Every metric of either run. `tolerance` is relative; noisy ones have their own in flow.signoff.metrics.

    Run times and memory depend on the machine and what else it does: they are left out without `resources`.
    """
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise InputError(f"--tolerance {tolerance}: must be 0 or more, for example 0.01 for one percent")
    names = sorted(name for name in {*before, *after} if resources or not is_resource(name))
    return Comparison(tuple(_line(name, before.get(name), after.get(name), tolerance) for name in names))


def _line(name: str, before: float | None, after: float | None, tolerance: float) -> Line:
    unit = unit_of(name)
    if before is None or after is None:
        return Line(name, unit, before, after, "new" if before is None else "gone")
    return Line(name, unit, before, after, _verdict(name, before, after, tolerance))


def _verdict(name: str, before: float, after: float, tolerance: float) -> Verdict:
    metric = find(name)
    slack = max(metric.noise if metric is not None else 0.0, 0.0 if name.endswith("__count") else tolerance)
    if math.isfinite(after) and math.isfinite(before) and abs(after - before) <= slack * abs(before):
        return "same"
    if not math.isfinite(after):
        return "worse"
    if metric is None or metric.better == "neither":
        return "different"
    if not math.isfinite(before):
        return "better"
    return "better" if (after > before) == (metric.better == "higher") else "worse"


def metrics_file(run: Path) -> Path:
    """Where the metrics stand of a run folder, a copy of its `final/`, or a metrics.json; InputError if nowhere."""
    path = next((p for p in (run / FINAL / METRICS, run / METRICS, run) if p.is_file()), None)
    if path is None:
        raise InputError(f"{run}: has no {FINAL}/{METRICS}; give a finished run folder or a metrics.json")
    return path


def metrics_of(run: Path) -> dict[str, float]:
    """The metrics of a run folder, of a copy of its `final/`, or of a metrics.json.

    InputError if there are none, if they are not what the run wrote, or if steps were made again after them.
    """
    path = metrics_file(run)
    try:
        data = parse_json(_text(run, path))
        if not data or any(isinstance(v, bool) or not isinstance(v, int | float) for v in data.values()):
            raise InputError(f"{path}: metrics are a JSON object of names and numbers; run somaforge run again")
        return {str(name): float(value) for name, value in data.items()}
    except (ValueError, AttributeError, OverflowError) as error:  # a whole number of 400 digits is no float
        raise InputError(f"{path}: not metrics ({error}); run somaforge run again") from None


def _text(run: Path, path: Path) -> str:
    """What the file holds; where the folder around it has a record or a manifest, only what these vouch for."""
    final = path.parent
    if path == run or not any((final / name).exists() for name in (DONE, manifest.NAME)):
        return path.read_text(encoding="utf-8")
    if (final / manifest.NAME).exists():  # a run's, not a study's
        require_one_run(final)
    return vouched(final, METRICS)
