"""A plan that somebody else works through, reading nothing but its files, gives the calibration that we measure."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.flow.learning.test_characterize import Model, truth

from somaforge.flow import cli
from somaforge.flow.bench import chip, history, report, table
from somaforge.flow.bench.expected import Expected, expected
from somaforge.flow.bench.folder import write
from somaforge.flow.bench.round import Round
from somaforge.flow.commands import tester
from somaforge.flow.learning.calibration import Calibration
from somaforge.generator.spec import Spec, parse_spec
from somaforge.pdk.errors import InputError

ROOT = Path(__file__).parents[3]
LAYERS = (4, 4, 3)


def spec(synapses: bool = False, layers: tuple[int, ...] = LAYERS, bits: int = 2) -> Spec:
    return parse_spec(
        {
            "name": "small",
            "array": {"layers": list(layers), "bits": bits},
            "network": {"layers": list(LAYERS)},
            "input": {"full_scale_A": 100e-9},
            "chips": {"seeds": [1]},
            "training": {"epochs": 40, "restarts": 2},
            "characterization": {"synapses": synapses, "tester": {"perfect": True}},
        },
        "test",
    )


def worked_through(place: Path, truth: Calibration) -> Path:
    """All that a tester does, by a script of its own from the CSV files of the plan alone."""
    chip_file = place / "chip.json"
    chip_file.write_text(truth.to_json())
    subprocess.run(
        [sys.executable, str(Path(__file__).parent / "work_through.py"), str(place), str(chip_file)], check=True
    )
    return place / "table.csv"


@pytest.mark.parametrize(
    ("layers", "bits", "synapses"), [(LAYERS, 2, False), (LAYERS, 2, True), ((7, 7, 7), 3, False), ((7, 7, 7), 3, True)]
)
def test_the_plan_gives_the_same_calibration(
    layers: tuple[int, ...], bits: int, synapses: bool, tmp_path: Path
) -> None:
    wanted, planted = spec(synapses, layers, bits), truth(layers, bits, 0.95)
    engine = Model(planted)
    direct = chip.simulated(wanted, engine, chip.blank_chip(wanted), 1)
    tables: list[Path] = []
    found = chip.known(wanted, [])
    while found.following is not None:
        number = len(tables) + 1
        ranges = expected(wanted, found.following, engine, 2)
        place = write(tmp_path, wanted, found.following, ranges, number)
        tables.append(worked_through(place, planted))
        found = chip.known(wanted, [table.read(t) for t in tables])
    assert (len(tables) > 2) is synapses
    assert direct.calibration is not None
    assert found.calibration is not None
    for mine, theirs in zip(found.calibration.slopes, direct.calibration.slopes, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)
    both = zip(found.calibration.positive, direct.calibration.positive, strict=True)
    for mine_all, theirs_all in both:
        assert np.array(mine_all) == pytest.approx(np.array(theirs_all), abs=2e-4)
    assert bool(found.calibration.positive) is synapses
    assert found.accuracy == direct.accuracy
    assert found.metrics()["accuracy__measured__ratio"] == direct.accuracy


def test_tables_in_another_order_or_too_many_are_refused(tmp_path: Path) -> None:
    wanted, planted = spec(), truth(LAYERS, 2)
    first = chip.first_round(wanted)
    ranges = expected(wanted, first, Model(planted), 2)
    one = table.read(worked_through(write(tmp_path, wanted, first, ranges, 1), planted))
    second = chip.known(wanted, [one]).following
    assert second is not None
    two = table.read(worked_through(write(tmp_path, wanted, second, ranges_of(wanted, second), 2), planted))
    with pytest.raises(InputError, match="tables in another order"):
        chip.known(wanted, [two, one])
    with pytest.raises(InputError, match="one table too many"):
        chip.known(wanted, [one, two, two])
    with pytest.raises(InputError, match="holds another plan"):
        write(tmp_path, wanted, second, ranges_of(wanted, second), 1)


def test_nothing_is_kept_where_the_next_round_of_another_chip_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, planted, plans = spec(), truth(LAYERS, 2), tmp_path / "plans"
    first = chip.first_round(wanted)
    done = worked_through(write(plans, wanted, first, ranges_of(wanted, first), 1), planted)
    other = write(plans, wanted, first, ranges_of(wanted, first), 2) / "stimulus.csv"
    monkeypatch.setattr("somaforge.flow.bench.expected.expected", ranges_of)
    conditions: dict[str, str | float | None] = {"chip": "a", "temperature_C": 27.0, "supply_V": 1.8, "board": ""}
    before = other.read_bytes()
    with pytest.raises(InputError, match=r"round-2: holds another plan; give another folder .*--plans"):
        tester.measured(wanted, (done,), None, tmp_path / "chips", conditions, 2, True)
    assert other.read_bytes() == before
    assert not (tmp_path / "chips").exists()


def ranges_of(wanted: Spec, asked: Round) -> Expected:
    return expected(wanted, asked, Model(truth(LAYERS, 2)), 2)


def test_a_table_that_is_being_filled_in_is_not_lost(tmp_path: Path) -> None:
    wanted = spec()
    first = chip.first_round(wanted)
    ranges = expected(wanted, first, Model(truth(LAYERS, 2)), 2)
    place = write(tmp_path, wanted, first, ranges, 1)
    (place / "table.csv").write_text("half a day's work")
    write(tmp_path, wanted, first, ranges, 1)
    assert (place / "table.csv").read_text() == "half a day's work"


def test_history_keeps_all_and_shows_drift(tmp_path: Path) -> None:
    before, after = truth(LAYERS, 2), truth(LAYERS, 2, seed=1)
    times = ("2026-01-01T000000Z", "2026-01-02T000000Z", "2026-01-03T000000Z")
    for time, calibration in zip(times, (before, before, after), strict=True):
        said = history.Conditions("a-1", time, 27.0, 1.8, "")
        history.keep(tmp_path, said, {"calibration.json": calibration.to_json()})
    found = history.entries(tmp_path, "a-1")
    assert [e.conditions.time for e in found] == list(times)
    ((when, change),) = history.drifts(found)  # the same readings again are no drift
    assert when.time == times[2]
    assert change == pytest.approx(0.2, rel=0.5)  # two draws of 0.15 each
    with pytest.raises(InputError, match="not overwritten"):
        history.keep(tmp_path, when, {"calibration.json": after.to_json()})
    history.require_alike(tmp_path, "a-1", LAYERS)
    history.require_alike(tmp_path, "new", LAYERS)
    with pytest.raises(
        InputError, match=r"is of a chip of \(4, 4, 3\) somas, the spec's has \(7, 7, 7\); another --chip"
    ):
        history.require_alike(tmp_path, "a-1", (7, 7, 7))
    said_of = tmp_path / "a-1" / times[0] / "conditions.json"
    whole = said_of.read_text()
    for text, words in (
        ("{", "damaged, a file of it cannot be read; take the folder away"),
        ("3", "does not say how a chip was measured"),
        ("{}", "does not say how a chip was measured"),
        (whole.replace('"chip"', '"who"'), "does not say how a chip was measured"),
        (whole.replace("27.0", '"warm"'), "a name that is none, or a temperature or supply"),
    ):
        said_of.write_text(text)
        with pytest.raises(InputError, match=words):
            history.entries(tmp_path, "a-1")
    said_of.write_text(whole)
    for text in ("{}", '{"slopes": "x"}', "["):
        (said_of.parent / "calibration.json").write_text(text)
        with pytest.raises(
            InputError, match=r"calibration\.json: damaged, no calibration of ours; take the folder away"
        ):
            history.entries(tmp_path, "a-1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--measured", "t.csv"], "needs --chip NAME too"),
        (["--measured", "t.csv", "--chip", "a", "--out", "x"], "--out is for virtual chips"),
        (["--chip", "a"], "--chip is for --measured"),
        (["--measured", "t.csv", "--chip", "../a"], "--chip '../a'"),
        (["--measured", "no.csv", "--chip", "a"], "no.csv: cannot read the table"),
    ],
)
def test_the_command_refuses_in_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["characterize", str(ROOT / "examples/iris.yaml"), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", "a b", "x" * 65])
def test_names_of_chips(name: str) -> None:
    with pytest.raises(InputError, match="--chip"):
        history.require_chip(name)


def test_the_report_says_what_was_measured_and_escapes(tmp_path: Path) -> None:
    wanted, planted = spec(), truth(LAYERS, 2)
    mine = chip.simulated(wanted, Model(planted), chip.blank_chip(wanted), 1)
    others = [truth(LAYERS, 2, seed=s) for s in range(1, 5)]
    population = report.Population(tuple(chip.Known(calibration=c) for c in others))
    said = history.Conditions("a-1", "2026-01-01T000000Z", None, None, "<script>")
    text = report.html(wanted, said, mine, population, [], [])
    assert "<script>" not in text
    assert '<td class="measured">measured</td>' in text
    assert "This chip is simulated" not in text
    behind = report.html(wanted, replace(said, simulated=True), mine, population, [], [])
    assert "This chip is simulated" in behind
    assert '<td class="measured">measured on a virtual chip</td>' in behind
    assert "Every soma lies within" in text
    slopes = list(planted.slopes)
    slopes[1] = (slopes[1][0] * 4, *slopes[1][1:])
    far = report.far_somas(
        Calibration(tuple(slopes), planted.residuals, planted.negative_strength, planted.code_gain), population
    )
    assert [(layer, soma) for layer, soma, _ in far] == [(1, 0)]
