"""Plans, distributions, yields and the report of a study."""

import json
from datetime import date
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.flow.montecarlo.test_montecarlo_spread import small_spec

from somaforge.flow import cli
from somaforge.flow.commands.montecarlo import require_yield
from somaforge.flow.measure.point import Point
from somaforge.flow.montecarlo import report
from somaforge.flow.montecarlo.points import StudyPoints, grid
from somaforge.flow.montecarlo.results import Results
from somaforge.flow.montecarlo.summary import distribution, quantile, summarize
from somaforge.flow.signoff.population import population_yield
from somaforge.generator.spec import Limit
from somaforge.pdk.errors import CheckError, InputError
from somaforge.pdk.models import OperatingPoint

ACCURACY = Limit(metric="accuracy__array__ratio", min=0.9)


def records(chips: int = 20) -> list[dict[str, Any]]:
    rng = np.random.default_rng(7)
    found = []
    for corner, seed in product(("tt", "ss"), range(1, chips + 1)):
        accuracy = 0.5 if corner == "ss" and seed == 1 else 0.95
        metrics = {"accuracy__array__ratio": accuracy, "power__settled__W": float(rng.normal(1e-5, 1e-6))}
        found.append(
            {"point": {"seed": seed, "corner": corner, "temperature_C": 27.0, "supply_V": 1.8}, "metrics": metrics}
        )
    return found


def test_grid_is_every_combination_once() -> None:
    spec = small_spec()
    points = grid(spec, [1, 2], ["tt", "ss"], [-40, 85], [1.62, 1.8])
    assert len({p.id for p in points}) == len(points) == 16
    assert points[0].id == "chip_1_tt_-40C_1.62V"
    assert points[0].spec(spec).corners == ("tt",)
    assert points[0].spec(spec).supply_V == 1.62


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (([1], ["xx"], [27], [1.8]), "xx"),
        (([1], ["tt"], [400], [1.8]), "chip_1_tt_400C"),
        (([1], ["tt"], [float("nan")], [1.8]), "nanC"),
        (([1], ["tt"], [27], [5.0]), "5V"),
        (([1, 1], ["tt"], [27], [1.8]), "each one once"),
        (([], ["tt"], [27], [1.8]), "at least one value"),
        ((range(200_001), ["tt"], [-40, 0, 27, 85, 125], [1.8]), "more than 1000000"),
    ],
)
def test_grid_refuses(arguments: tuple[Any, Any, Any, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        grid(small_spec(), *arguments)


def test_records_of_other_studies_do_not_count(tmp_path: Path) -> None:
    results = Results(tmp_path, {"a": "k1", "b": "k2"})
    results.write("a", {"x": 1})
    assert results.finished() == {"a"}
    assert Results(tmp_path, {"a": "other"}).finished() == set()
    (tmp_path / "b.json").write_text((tmp_path / "a.json").read_text())
    assert results.read("b") is None
    with pytest.raises(ValueError, match="not JSON compliant"):
        results.write("b", {"x": float("nan")})


def test_quantile_intervals_cover_the_truth() -> None:
    """200 samples of a known distribution: the 95 % interval of the median misses it in about 5 % of them."""
    rng = np.random.default_rng(11)
    missed = 0
    for _ in range(400):
        found = quantile(rng.normal(size=60).tolist(), 0.5)
        assert found.low is not None
        assert found.high is not None
        missed += not found.low <= 0 <= found.high
    assert 2 <= missed <= 28, "5 % of 400 is 20; order statistics cover at least as much as they say"


def test_quantiles_without_an_end() -> None:
    """Five chips cannot bound a first percentile from below."""
    found = quantile([1.0, 2.0, 3.0, 4.0, 5.0], 0.01)
    assert (found.low, found.value) == (None, pytest.approx(1.04))
    assert distribution([3.0]).deviation == 0


def test_yield_everywhere_counts_a_chip_once() -> None:
    summary = summarize(records(), [ACCURACY, Limit(metric="drc__native__count", max=0)])
    assert summary.overall is not None
    assert (summary.overall.share.good, summary.overall.share.total) == (19, 20)
    assert [c.name for c in summary.conditions] == ["ss 27 C 1.8 V", "tt 27 C 1.8 V"]
    good = [c.population.share.good for c in summary.conditions if c.population is not None]
    assert good == [19, 20]
    assert summary.unjudged == ("drc__native__count",)
    again = summarize(reversed(records()), [ACCURACY, Limit(metric="drc__native__count", max=0)])
    assert again.to_json() == summary.to_json(), "the order of results does not matter"


def test_limit_with_two_ends_everywhere() -> None:
    limit = Limit(metric="power__settled__W", min=0.5e-5, max=1.5e-5)
    rows = records(2)
    rows[0]["metrics"]["power__settled__W"] = 1.6e-5
    overall = summarize(rows, [limit]).overall
    assert overall is not None
    assert overall.share.good == 1
    assert overall.limits[0].worst == 1.6e-5


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def test_report_is_one_file_with_its_numbers(tmp_path: Path) -> None:
    spec = small_spec().model_copy(update={"limits": (ACCURACY,)})
    wanted = StudyPoints(spec, grid(spec, range(1, 21), ["tt", "ss"], [27.0], [1.8]), "nominal", 4)
    path = report.write(wanted, summarize(records(), spec.limits), records(), tmp_path)
    text, reader = path.read_text(), Reader()
    reader.feed(text)
    assert "script" not in reader.tags
    assert "link" not in reader.tags
    assert reader.tags.count("svg") == 3
    assert "19 of 20 (95.0 %" in text
    for name in ("accuracy", "yield", "distributions"):
        assert json.loads((tmp_path / f"plots/{name}.json").read_text())["data"]
        assert (tmp_path / f"plots/{name}.svg").read_text().startswith("<svg")
    assert date.today().isoformat() not in text, "the same study gives the same report"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--temperatures", "27,,85"], "--temperatures 27,,85: an entry is empty; give values like -40,27,85"),
        (["--temperatures", "warm"], "--temperatures warm: not numbers; give values like -40,27,85"),
        (["--workers", "2", "--scheduler", "tcp://x:1"], "--workers is for this machine and --scheduler for others"),
        (["--weights", "run"], "has no final/manifest.json; give a run folder that somaforge run has finished"),
        (["--timed", "3"], "has no extracted capacitances; run somaforge pex SPEC first"),
    ],
)
def test_wrong_input(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("somaforge.flow.montecarlo.study.tools.versions", lambda names: {})
    spec = Path(__file__).parents[3] / "examples/iris.yaml"
    assert cli.run(["montecarlo", str(spec), "--out", str(tmp_path / "m"), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_names_of_points_are_safe_files() -> None:
    assert Point(1, OperatingPoint("tt", -40.0, 1.8)).id == "chip_1_tt_-40C_1.8V"


def test_a_yield_that_is_too_low_is_an_exit_code() -> None:
    """19 of 20 chips: 0.95 is met, 0.96 is not; without a judged limit nothing may pass."""
    found = population_yield([ACCURACY], {k: {ACCURACY.metric: 0.95 if k else 0.5} for k in range(20)}, {})
    assert found.share.ratio == 0.95
    require_yield(found, None)
    require_yield(found, 0.95)
    with pytest.raises(CheckError, match=r"^montecarlo: yield .*, must be at least 0.96; first to fail"):
        require_yield(found, 0.96)
    with pytest.raises(CheckError, match=r"--min-yield: the study judges no limit of the spec"):
        require_yield(None, 0.5)
    with pytest.raises(CheckError, match=r"--min-yield: the study judges no limit of the spec"):
        require_yield(population_yield([], {1: {}}, {}), 0.5)
