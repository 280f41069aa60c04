"""The datasheet: extremes and the typical value of what was measured, with what they vary over."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from somaforge.flow.report import build, datasheet
from somaforge.flow.report.data import RunData
from somaforge.flow.report.datasheet import Row


def point(corner: str, temperature_C: float, watt: float, **other: Any) -> dict[str, Any]:
    metrics = {"power__settled__W": watt, **other.pop("metrics", {})}
    found = {"corner": corner, "temperature_C": temperature_C, "supply_V": 1.8, "calibration": "nominal", "problem": ""}
    return {**found, "metrics": metrics, **other}


def studied(run: RunData, *points: dict[str, Any]) -> list[Row]:
    return datasheet.rows(replace(run, corners={"points": list(points), "drift": None}))


def test_extremes_over_the_points_of_a_study(run: RunData) -> None:
    """The own point is typical; points where the chip does not work, or calibrated anew, are other things."""
    found = studied(
        run,
        point("tt", 27.0, 2e-5, metrics={"energy__mac__J": 1e-13}),
        point("ss", -40.0, 1e-5),
        point("ff", 85.0, 4e-5),
        point("sf", 85.0, 9e-5, problem="memory: cannot be written"),
        point("ff", 85.0, 8e-5, calibration="recalibrated"),
    )
    over = "3 points: ff, ss, tt; -40 to 85 C; 1.8 to 1.8 V"
    assert [row for row in found if row.over == over] == [Row("supply power at rest", "10 uW", "20 uW", "40 uW", over)]


def test_extremes_over_chips_and_margins_without_a_study(run: RunData) -> None:
    found = studied(run)
    (accuracy,) = [row for row in found if row.parameter.startswith("accuracy")]
    assert (accuracy.low, accuracy.typical, accuracy.high) == ("0.8333", "0.8333", "0.8333")
    assert accuracy.over.startswith("2 chips at tt, 27 C, 1.8 V, ")
    (hold,) = [row for row in found if row.parameter == "latch: static noise margin, hold"]
    assert (hold.low, hold.typical, hold.high) == ("1 V", "1 V", "")
    few = {name: value for name, value in run.metrics.items() if not name.startswith("memory__")}
    assert not [row for row in studied(replace(run, metrics=few)) if row.parameter.startswith("latch")]


@pytest.mark.usefixtures("drawn_once")
def test_it_stands_in_the_report_beside_the_schematics(run: RunData, tmp_path: Path) -> None:
    (run.folders["generate"] / "schematic").mkdir()
    (run.folders["generate"] / "schematic/soma.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    build.write(run, tmp_path / "report")
    text = (tmp_path / "report/signoff.html").read_text()
    assert '<h2 id="datasheet">' in text
    assert '<img src="data:image/svg+xml;base64,' in text
    assert 'alt="Schematic of soma"' in text
    assert 'alt="Schematic of latch"' not in text
