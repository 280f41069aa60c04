"""Parts that read a finished run, on a folder with the least that they read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from somaforge.flow import cli
from somaforge.flow.papers import book
from somaforge.flow.papers.example import mnist_spec
from somaforge.flow.papers.parts.brainscales import BRAINSCALES_2
from somaforge.flow.papers.parts.fig3 import FIG_3
from somaforge.flow.papers.parts.fig4 import FIG_4, moved
from somaforge.flow.papers.parts.fig5 import FIG_5
from somaforge.flow.papers.parts.table1 import TABLE_1

METRICS = [
    "accuracy__array__patterns__count",
    "accuracy__columns__ratio",
    *(f"engine__{what}" for what in ("compared_columns__ratio", "compared_patterns__count", "winners_differ__count")),
    *(f"fixed_time__{what}" for what in ("run__s", "mac__per_J", "mac_low__per_J", "mac_high__per_J")),
    "time_to_output__p50__s",
    "time_to_output__p99__s",
    "power__mean__W",
    "design__macs__count",
    "fixed_time__mac__J",
]
LAYERS = (196, 100, 50, 10)


def plots() -> dict[str, dict[str, Any]]:
    """Figures of a report with two chips."""
    timed = {"patterns": 1, "power_W": 2e-4, "time_to_output_p50_s": 6e-6, "time_to_output_p99_s": 1e-5}
    timed |= {"run_s": 1.2e-5, "mac_J": 1e-13, "efficiency_per_J": 1e13}
    point = {"place": {"supply_V": 1.8, "input_A": 1.5e-8}, "accuracy": 0.98, "works": True, "timed": timed}
    off = {"place": {"supply_V": 0.8, "input_A": 1.5e-8}, "accuracy": 0.5, "works": False, "timed": None}
    chip = {"slopes": [[0.1 + 0.001 * k for k in range(n)] for n in LAYERS]}
    curves = [[[1e-9, 2e-9]] * n for n in LAYERS]
    return {
        "training": {"ideal": {"test_accuracy": 0.98}}
        | {s: {"blind_accuracy": 0.95, "test_accuracy": a} for s, a in (("1", 0.97), ("2", 0.99))},
        "outputs": {s: {"predictions": [1, 2, 3, 4], "labels": [1, 2, 3, int(s)]} for s in ("1", "2")},
        "time_power": {"macs": 25100, "time_to_output_s": [0.0, 5e-6, 2e-5], "energy_to_output_J": [0.0, 1e-9, 3e-9]},
        "fixed_time": {
            "run_times_s": [1e-6, 2e-6],
            "energy_mac_J": [1e-14, 2e-14],
            "decided": [0.5, 1.0],
            "decided_run_time_s": 1.5e-6,
            "stopped_energy_mac_J": [0.0, 1e-14, 3e-14],
        },
        "operating": {"points": [point, off]},
        "pattern_change": {
            "chip": 1,
            "pattern": 3,
            "time_s": [0.0, 1e-6, 2e-6],
            "outputs_A": [[2e-9, 1e-9], [2e-9, 1e-9], [1e-9, 3e-9]],
            "supply_A": [1e-4, 1e-4, 1e-4],
        },
        "noise": {
            "codes": [-1, 0, 1],
            "inputs_A": [1e-7],
            "reading_s": 1e-6,
            "repeats": 30,
            "seeds": [1, 2],
            "reading_mean_A": [[-2e-8, 0.0, 2e-8]],
            "reading_deviation_A": [[1e-10, 0.0, 1e-10]],
            "chip_deviation_A": [[1e-9, 0.0, 3e-9]],
        },
        "transfer_curves": {"inputs_A": [1e-8, 2e-8], "unit_current_A": curves},
        "slopes": {"1": chip, "2": chip},
    }


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run, as far as it is published."""
    folder = tmp_path / "run/final/report/plots"
    folder.mkdir(parents=True)
    (tmp_path / "run/18-signoff").mkdir()
    config = {"spec": mnist_spec().model_dump(mode="json")}
    (tmp_path / "run/18-signoff/config.json").write_text(json.dumps(config))
    (tmp_path / "run/final/metrics.json").write_text(json.dumps(dict.fromkeys(METRICS, 1.0)))
    for name, data in plots().items():
        (folder / f"{name}.json").write_text(json.dumps({"title": "", "caption": "", "data": data}))
    return tmp_path / "run"


def test_table_and_figures_of_a_run(run: Path, tmp_path: Path) -> None:
    texts = {}
    for part in (TABLE_1, FIG_3, FIG_4, FIG_5, BRAINSCALES_2):
        assert book.make(part, tmp_path / "out", tmp_path, None, True, lambda said: None).startswith("not made")
        assert book.make(part, tmp_path / "out", tmp_path, run, True, lambda said: None) == "made"
        made = book.record(tmp_path / "out", part)
        assert made is not None
        texts[part.name] = "".join(part.section(made.figures))
        assert all("<svg" in plot.svg for plot in part.plots(made.figures))
    # by hand: 97 and 99 % are 98 % with a deviation of sqrt(2) points
    assert "| 98.00 +- 1.41 % | 2 models of chips, trained for each | better by 0.4 points |" in texts["binas-table-1"]
    # three of four labels are both chips' winners, the last one is 4
    assert "75.00 +- 0.00 %" in texts["binas-table-1"]
    # 25,100 / 1 nJ and / 3 nJ
    assert "16.7 TMAC/J" in texts["binas-fig-4"], "the median of 25.1 and 8.4"
    assert "for the last time after 2.0 us" in texts["binas-fig-3"]
    # medians over the two codes that are not 0: 0.1 nA, and 1 and 3 nA, of 20 nA
    assert "| 100 nA | 0.50 % | 10.00 % |" in texts["brainscales-mnist"]
    assert "**worse** by 23.0 points" in texts["brainscales-mnist"], "75 % against 98.0 %"
    assert "does not work" in texts["binas-fig-4"]
    assert "after 1.5 us 99 % of the patterns have their winner and keep it, at 15 fJ" in texts["binas-fig-4"]


def test_patterns_that_keep_their_winner_have_no_place_in_fig_4() -> None:
    found = {"time_s": [0.0, 1.0, 2.0], "energy_J": [0.0, -1.0, 1.0]}
    assert np.array_equal(moved(found), [False, False, True])


def test_other_folders_are_no_finished_runs(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["papers", "--part", "binas-fig-4", "--out", str(tmp_path / "out"), "--run"]
    assert cli.run([*line, str(tmp_path)]) == 2
    assert "not a finished run" in capsys.readouterr().err
    config = run / "18-signoff/config.json"
    config.write_text(config.read_text().replace('"dataset": "mnist"', '"dataset": "fsdd"'))
    assert cli.run([*line, str(run)]) == 2
    assert "a run of fsdd; give one of mnist" in capsys.readouterr().err
