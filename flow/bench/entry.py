"""What one measurement of a chip leaves in its history: readings, calibration, weights, figures and report, whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from somaforge.flow.bench import history, report
from somaforge.flow.bench.chip import Known
from somaforge.flow.bench.expected import Doubt
from somaforge.flow.bench.journal import Journal
from somaforge.flow.machinery.records import as_json
from somaforge.flow.memory import bitfile
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class Measured:
    """A chip, as it was measured, beside what simulation says of such chips."""

    spec: Spec
    conditions: history.Conditions
    found: Known
    population: report.Population
    doubts: Sequence[Doubt] = ()
    compared: Sequence[report.Row] = ()
    """Figures beside those of a run."""

    def keep(self, chips: Path, tables: Sequence[Path] = (), journal: Journal | None = None) -> "Kept":
        """A new folder of the chip with all that is known; the journal, which is in it then, is gone.

        InputError if that time is there already; OSError, and nothing is kept nor gone, if the disk does not take it.
        """
        found, calibration = self.found, self.found.calibration
        if calibration is None:
            raise InputError(f"{chips / self.conditions.chip}: nothing is calibrated yet")
        now = history.Entry(chips / self.conditions.chip / self.conditions.time, self.conditions, calibration)
        drifts = history.drifts([*history.entries(chips, self.conditions.chip), now])
        metrics = found.metrics() | {"tester__doubtful__count": len(self.doubts)}
        if drifts:
            metrics["tester__drift__ratio"] = drifts[-1][1]
        files: dict[str, str | bytes] = {
            **{f"tables/round-{number}.csv": table.read_bytes() for number, table in enumerate(tables, 1)},
            "calibration.json": calibration.to_json(),
            "metrics.json": as_json(metrics),
            "doubts.json": as_json({"doubts": [vars(doubt) for doubt in self.doubts]}),
            "report.html": report.html(
                self.spec, self.conditions, found, self.population, self.doubts, drifts, self.compared
            ),
        }
        if found.weights is not None:
            files["weights.bit"] = bitfile.pack(found.weights.codes, build(self.spec))
        if journal is not None:
            files["readings.jsonl"] = journal.path.read_bytes()
        folder = history.keep(chips, self.conditions, files)
        if journal is not None:
            journal.path.unlink()
        return Kept(folder, metrics)


@dataclass(frozen=True)
class Kept:
    """Where it is, and its figures."""

    folder: Path
    metrics: dict[str, float]
