"""What a measurement leaves is whole or not there, and the readings go only when it is."""

import json
import resource
from pathlib import Path

import numpy as np
import pytest
from tests.flow.bench.test_plan import LAYERS, spec
from tests.flow.learning.test_characterize import Model, truth

from somaforge.flow.bench import chip, entry, history, report
from somaforge.flow.bench.journal import Journal


def measured() -> entry.Measured:
    wanted, planted = spec(), truth(LAYERS, 2)
    mine = chip.simulated(wanted, Model(planted), chip.blank_chip(wanted), 1)
    others = report.Population(tuple(chip.Known(calibration=truth(LAYERS, 2, seed=s)) for s in range(1, 4)))
    said = history.Conditions("a-1", "2026-01-01T000000Z", 27.0, 1.8, "", simulated=True)
    return entry.Measured(wanted, said, mine, others)


def test_a_disk_that_fills_after_the_last_reading_loses_nothing(tmp_path: Path) -> None:
    wanted, path = measured(), tmp_path / "a-1/unfinished.jsonl"
    with_readings = Journal(path, {"array": "x"})
    with_readings.add("x", np.array([1e-9]))
    with_readings.close()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, limits[1]))  # the report is larger
    try:
        with pytest.raises(OSError, match=r"2026-01-01T000000Z/report\.html"):
            wanted.keep(tmp_path, journal=with_readings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [p.name for p in path.parent.iterdir()] == ["unfinished.jsonl"]
    readings = path.read_bytes()
    kept = wanted.keep(tmp_path, journal=with_readings)
    assert not path.exists()
    assert (kept.folder / "readings.jsonl").read_bytes() == readings
    assert json.loads((kept.folder / "metrics.json").read_text()) == kept.metrics
    assert kept.metrics["accuracy__measured__ratio"] == wanted.found.accuracy
    assert {p.name for p in kept.folder.iterdir()} == {
        "calibration.json",
        "conditions.json",
        "doubts.json",
        "metrics.json",
        "readings.jsonl",
        "report.html",
        "weights.bit",
    }
    (known,) = history.entries(tmp_path, "a-1")
    assert known.conditions == wanted.conditions
