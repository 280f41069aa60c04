"""The report: one file that needs nothing beside it, escapes what strangers wrote, and keeps its numbers as JSON."""

import base64
import hashlib
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tests.flow.report.example import made_chip

import somaforge
from somaforge.flow.figures.svg import colours
from somaforge.flow.figures.units import engineering
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.learning.curves import soma_curves
from somaforge.flow.machinery.origin import origin
from somaforge.flow.report import behaviour, build, fig4, measured, unchecked
from somaforge.flow.report.data import RunData
from somaforge.flow.report.tables import figures
from somaforge.generator.design import build as build_design
from somaforge.generator.spec import Study


class Reader(HTMLParser):
    """Collects tags and what they load."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [
            v or "" for name, v in attrs if name in ("src", "href", "xlink:href") and not (v or "").startswith("#")
        ]


@pytest.mark.usefixtures("drawn_once")
def test_report_is_one_whole_file(run: RunData, tmp_path: Path) -> None:
    build.write(run, tmp_path / "report")
    text = (tmp_path / "report/signoff.html").read_text()
    assert "mean of 12 patterns" in text
    assert "<td>test patterns, chip 1</td><td>gmin-stepping: 2, direct: 1</td>" in text
    assert "<td>characterization, chip 2</td><td>not recorded</td>" in text
    assert "<td>time to output</td><td>100 ns</td><td>100 ns</td><td>+100.00 %</td>" in text
    reader = Reader()
    reader.feed(text)
    assert reader.tags.count("script") == 2, "the viewer and its data"
    script = text.rpartition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text
    assert "link" not in reader.tags
    assert all(load.startswith("data:image/png;base64,") for load in reader.loads)
    assert text.count("&lt;script&gt;") >= 3, "waiver and rule name are shown, escaped"
    assert "<td>fail</td><td>layer 72/20 is used</td>" in text
    assert '<div class="verdict fail">FAILED</div>' in text
    assert "90.00 %" in text
    assert "accuracy over five splits" in text
    assert "were chosen with test figures in view" in text
    assert "99th percentile 1 s (95 %: 1 s to 1 s)" in text
    assert "1 W of leakage of latches and port" in text
    plots = sorted(p.stem for p in (tmp_path / "report/plots").glob("*.json"))
    assert len(plots) == reader.tags.count("svg") == 15
    assert "1 of 2 (50.0 %" in text
    assert "99.0 % of the patterns" in text
    assert "the best point, 1.4 V and 15 nA: 8 TMAC/J at a fixed run time of 7.5 us; it costs 0.50" in text
    assert "<td>1 V, 15 nA</td><td>20.00 %</td><td>500 uW</td><td>1 uW</td><td>does not work</td>" in text
    assert "<td>ss 27 C 1.8 V: memory: cannot be written</td>" in text
    for name in plots:
        assert json.loads((tmp_path / f"report/plots/{name}.json").read_text())["data"]


@pytest.mark.usefixtures("drawn_once")
def test_what_was_not_checked_stands_in_the_report(run: RunData, tmp_path: Path) -> None:
    configs = {
        "generate": {"tools": {"klayout": "0"}, "key": "key_of_generate"},
        "corners": {"tools": {"torch": "tool_of_corners"}, "key": "key_of_corners", "idle": "no `study` in the spec"},
    }
    alone = replace(run, corners={"points": [], "drift": None}, configs=configs)
    build.write(alone, tmp_path / "report")
    text = (tmp_path / "report/signoff.html").read_text()
    assert "What this run did not check" in text
    for line in (
        "process corners ss, ff, sf, fs",
        "temperatures other than 27 C",
        "supplies other than 1, 1.2, 1.4, 1.6, 1.8 V",
        "other chips than 2 of one corner",
        "24 of 30 test patterns",
        "mismatch of wires, contacts and capacitances",
        "step corners",
    ):
        assert f"<td>{line}" in text, line
    assert f'<td>somaforge</td><td class="mono">{somaforge.__version__}</td>' in text
    assert origin()["commit"] in text
    assert "key_of_generate" in text
    assert "key_of_corners" not in text
    assert "tool_of_corners" not in text


def test_what_was_checked_is_not_named_as_missing(run: RunData) -> None:
    def names(data: RunData) -> list[str]:
        return [what for what, _ in unchecked.rows(data)]

    point = {"temperature_C": 27.0, "supply_V": 1.8, "calibration": "nominal", "chips": {"1": {}, "2": {}}}
    points = [{**point, "corner": corner, "metrics": {}} for corner in ("tt", "ss", "ff", "sf", "fs")]
    points += [{**point, "corner": "tt", "temperature_C": t, "metrics": {}} for t in (-40.0, 85.0)]
    studied = replace(
        run,
        corners={"points": points, "drift": None},
        spec=run.spec.model_copy(update={"study": Study(grid="cross"), "operating": None}),
    )
    found = names(studied)
    assert not [name for name in found if name.startswith(("process corners", "chips beyond", "mismatch of trans"))]
    assert "temperatures other than -40, 27, 85 C" in found
    assert "supplies other than 1.8 V" in found
    assert "other corners at other temperatures" in found
    some = names(replace(studied, corners={"points": points[:2], "drift": None}))
    assert "process corners ff, sf, fs" in some
    still = run.spec.chips.model_copy(update={"mismatch": 0.0})
    assert "mismatch of transistors" in names(replace(run, spec=run.spec.model_copy(update={"chips": still})))


def test_array_engine_in_time_says_what_it_was_checked_against(run: RunData) -> None:
    for engine, said in (("array", True), ("ngspice", False)):
        spec = run.spec.model_copy(update={"engine": engine})
        caption = fig4.time_and_power(replace(run, spec=spec)).caption
        assert ("Against ngspice, on other chips" in caption) == said


@pytest.mark.usefixtures("drawn_once")
def test_report_without_other_points(run: RunData, tmp_path: Path) -> None:
    build.write(replace(run, corners={"points": [], "drift": None}, operating={"points": []}, shuttle=()), tmp_path)
    text = (tmp_path / "signoff.html").read_text()
    assert "Corners, temperatures" not in text
    assert "Input current and supply" not in text
    assert "The shuttle's checks" not in text
    assert not (tmp_path / "plots/corners.json").exists()


def test_same_data_same_report(run: RunData, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        build.write(run, tmp_path / folder)
    assert (tmp_path / "a/signoff.html").read_bytes() == (tmp_path / "b/signoff.html").read_bytes()


def test_soma_curves_give_back_the_model() -> None:
    """Where the paths follow the calibration exactly, every soma's curve is its slope times the chip's law."""
    one = made_chip(3, 3)
    law = 1e-7 * (np.array([1e-8, 1e-7]) / 1e-7) ** 0.9
    sweep = (np.array(one.measured[name]) for name in ("nodes", "inputs_A", "outputs_A"))
    for curve, slopes in zip(soma_curves(one.calibration, *sweep), one.calibration.slopes, strict=True):
        np.testing.assert_allclose(curve, np.outer(slopes, law), rtol=1e-9)


@pytest.mark.parametrize(
    ("value", "text"), [(6.741e-13, "674 fJ"), (0.0, "0 J"), (1.48e12, "1.48 TJ"), (-2e-6, "-2 uJ"), (1e-20, "0.01 aJ")]
)
def test_engineering(value: float, text: str) -> None:
    assert engineering(value, "J") == text


def test_energy_at_a_fixed_time(run: RunData) -> None:
    """Half of the first run time costs half of its energy; of few patterns the latest sets the run time."""
    timed = fig4.of(run.chips)
    assert timed.energy_at(0.5e-6) == pytest.approx(5e-12)
    assert timed.energy_at(1.5e-6) == pytest.approx(1.5e-11)
    assert timed.decided_s == timed.time_s.max()
    found = timed.fixed_time(49)
    assert found["fixed_time__mac__per_J"] == pytest.approx(1 / found["fixed_time__mac__J"])
    assert found["fixed_time__mac__J"] == pytest.approx(2 * found["fixed_time__operation_of_two__J"])


def test_fig4_takes_every_timed_pattern_of_every_chip(run: RunData) -> None:
    """And says which it cannot draw; the numbers have them all."""
    drawn = fig4.time_and_power(run)
    count = sum(len(chip.evaluation["time_to_output_s"]) for chip in run.chips)
    assert f"{count} of {count} timed patterns of 2 chips" in drawn.caption
    for name in ("time_to_output_s", "energy_to_output_J", "power_to_output_W", "chips"):
        assert len(drawn.data[name]) == count
    assert drawn.data["chips"] == [1] * (count // 2) + [2] * (count // 2)
    stopped = fig4.fixed_and_stopped(run).data["stopped_energy_mac_J"]
    assert len(stopped) == 10, "one pattern of each chip ends wrong"
    run.chips[1].evaluation["energy_to_output_J"][0] = -1e-12
    broken = fig4.time_and_power(run)
    assert broken.caption.startswith("1 without positive supply energy left out")
    assert len(broken.data["energy_to_output_J"]) == count


def test_large_arrays_are_drawn_in_pictures_of_their_own(run: RunData) -> None:
    """Ten chips have ten colours; layers that are too wide for lines become pictures of codes and histograms."""
    assert len(set(colours(10))) == 10
    assert len(set(colours(200))) > 190
    small = behaviour.network(run)
    array = run.spec.array.model_copy(update={"layers": (30, 30, 30)})
    wide = build_design(run.spec.model_copy(update={"array": array}))
    rng = np.random.default_rng(1)
    chips = []
    for one in run.chips:
        slopes = tuple(tuple(rng.uniform(0.2, 0.3, 30)) for _ in range(3))
        calibration = replace(Calibration.ideal((30, 30, 30), 3), slopes=slopes)
        codes = tuple(rng.integers(-7, 8, (30, 30)) for _ in range(2))
        chips.append(replace(one, calibration=calibration, codes=codes))
    spec = run.spec.model_copy(update={"network": run.spec.network.model_copy(update={"layers": (4, 30, 3)})})
    large = replace(run, spec=spec, design=wide, chips=tuple(chips))
    assert "the width of a line" in small.caption
    assert "rows down, columns across" in behaviour.network(large).caption
    assert "bars" in measured.slopes(run).caption
    assert "2 chips" in measured.slopes(large).caption


def test_a_speed_that_nobody_measured_is_not_zero(run: RunData) -> None:
    (shown,) = (figure for figure in figures(run) if figure.name == "time to output")
    assert shown.value == "1 s"
    less = {name: value for name, value in run.metrics.items() if not name.startswith("time_to_output__")}
    (missing,) = (figure for figure in figures(replace(run, metrics=less)) if figure.name == "time to output")
    assert missing.value == "not measured"


def test_fig4_without_a_pattern_that_moves(run: RunData) -> None:
    """A logarithmic axis needs something to show: this ended a whole flow with an internal error."""
    for chip in run.chips:
        count = len(chip.evaluation["timed"])
        chip.evaluation.update(time_to_output_s=[0.0] * count, energy_to_output_J=[0.0] * count)
    plot = fig4.time_and_power(run)
    assert "0 of 12 timed patterns" in plot.caption
    assert plot.svg.startswith("<svg")
