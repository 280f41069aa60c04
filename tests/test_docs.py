"""Documents that are lists of facts agree with the code."""

import json
import re
import runpy
import tomllib
from pathlib import Path

import pytest

import somaforge
from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.flow.signoff.metrics import METRICS
from somaforge.generator.spec import load_spec
from somaforge.pdk.errors import InputError

ROOT = Path(__file__).parents[1]
METRIC = re.compile(r'"([a-z][a-z0-9_{}]*(?:__[A-Za-z0-9_{}]+)+)"')


def test_spec_document_is_the_spec() -> None:
    module = runpy.run_path(str(ROOT / "tools/spec_doc.py"))
    assert (ROOT / "docs/spec.md").read_text() == module["text"](), "run: python tools/spec_doc.py"


def _measured() -> set[str]:
    files = [*(ROOT / "flow/steps").glob("*.py"), ROOT / "flow/pex/output.py", ROOT / "flow/checks/shuttle/table.py"]
    files += [*(ROOT / "flow/report").glob("*.py"), *(ROOT / "flow/measure").glob("*.py")]
    files += [*(ROOT / "flow/montecarlo").glob("*.py"), *(ROOT / "generator").glob("*.py")]
    names = {name for file in files for name in METRIC.findall(file.read_text())}
    names |= {name for check in LAYOUT_CHECKS for name in (check.metric, check.rules_metric)}
    return {name for name in names if not name.startswith(("__", "sky130"))}


def test_metrics_document_is_the_table() -> None:
    module = runpy.run_path(str(ROOT / "tools/metrics_doc.py"))
    assert (ROOT / "docs/metrics.md").read_text() == module["text"](), "run: python tools/metrics_doc.py"


def test_every_metric_is_in_the_table() -> None:
    named = {metric.name for metric in METRICS if "<" not in metric.name}
    measured = {name: re.compile(re.sub(r"\{\w*\}", r"[A-Za-z0-9_]+", name)) for name in _measured()}
    unknown = {name for name, pattern in measured.items() if not any(pattern.fullmatch(n) for n in named)}
    assert unknown == set(), "measured and in no flow/signoff/metrics_*.py: add it, then python tools/metrics_doc.py"
    lost = {n for n in named if not any(pattern.fullmatch(n) for pattern in measured.values())}
    assert lost == set(), "in flow/signoff/metrics_*.py and not measured"


def test_metrics_have_one_line_and_a_unit() -> None:
    names = [metric.name for metric in METRICS]
    assert len(names) == len(set(names))
    assert [metric.name for metric in METRICS if not metric.unit] == []


@pytest.mark.parametrize("page", sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]), ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.fixture(autouse=True)
def _tools_find_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when they are started as programs."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))


def test_kept_runs_are_shown_with_their_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finished run's spec and metrics: what differs from the example stands in the command."""
    module = runpy.run_path(str(ROOT / "tools/results_doc.py"))
    monkeypatch.setitem(module["keep"].__globals__, "RESULTS", tmp_path / "results")
    spec = load_spec(ROOT / "examples/iris.yaml")
    chips = spec.chips.model_copy(update={"seeds": (1, 2, 3)})
    run = tmp_path / "iris-3"
    with pytest.raises(InputError, match="no finished step"):
        module["keep"](run)
    resolved = spec.model_copy(update={"chips": chips}).model_dump(mode="json")
    for step, metrics in (
        ("02-drc", '{"drc__native__count": 0}'),
        ("09-evaluate", '{"accuracy__spice__ratio": 0.9912}'),
    ):
        (run / step).mkdir(parents=True)
        (run / step / "config.json").write_text(json.dumps({"spec": resolved}))
        (run / step / "metrics.json").write_text(metrics)
    module["keep"](run)
    text = module["text"]()
    assert "somaforge run examples/iris.yaml --until evaluate    with chips.seeds: [1, 2, 3]\n" in text
    assert "| Iris, programmed chip, ngspice, mean | 100 % (one chip) | 98.0 % | 99.12 % | 3 | iris-3 |" in text
    assert "| `accuracy__spice__ratio` | 0.9912 |" in text
    assert "MNIST, model of the chip, mean | 97.6 % | 97.8 % | not run |" in text


def test_results_document_is_what_was_measured() -> None:
    module = runpy.run_path(str(ROOT / "tools/results_doc.py"))
    assert (ROOT / "docs/results.md").read_text() == module["text"](), "run: python tools/results_doc.py"


def test_readme_has_the_figures_of_the_kept_runs() -> None:
    module = runpy.run_path(str(ROOT / "tools/readme_figures.py"))
    before = (ROOT / "README.md").read_text()
    assert module["text"](before) == before, "run: python tools/readme_figures.py"
    assert module["text"](before.replace("| mean power", "| power")) == before, "what was written by hand is gone"
    with pytest.raises(
        InputError, match=r"^README.md: its blocks of figures are iris; it needs iris, mnist once each$"
    ):
        module["text"](before.replace("figures of mnist", "figures"))


def test_a_figure_that_was_not_measured_is_no_number() -> None:
    """Neither 0 nor blank: the reader sees that the kept run does not have it; an interval stands in brackets."""
    figures = runpy.run_path(str(ROOT / "tools/readme_figures.py"))["Figures"]
    ends = {"fixed_time__run_low__s": 1e-6, "fixed_time__run_high__s": 3e-6}
    run = figures({"spec": {"chips": {"seeds": [1, 2]}}, "metrics": {"fixed_time__run__s": 2e-6, **ends}})
    assert run.interval("fixed_time__run__s", "s") == "2 us (1 us to 3 us)"
    assert run.value("power__mean__W", "W") == run.percent("accuracy__folds__ratio") == "not measured by the kept run"
    assert (run.law, run.chips) == ("pelgrom", 2), "runs from before the key had the matching constants alone"


def test_the_version_is_the_last_release_or_on_the_way_to_the_next() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == somaforge.__version__
    releases = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert releases == sorted(releases, key=lambda r: tuple(map(int, r.split("."))), reverse=True)
    number, dev, _ = somaforge.__version__.partition(".dev")
    assert (number not in releases) if dev else (number == releases[0])


def test_tests_that_contributing_names_are_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(named) >= 20
    missing = [f"{f}::{n}" for f, n in named if f"def {n}(" not in (ROOT / f).read_text(encoding="utf-8")]
    assert missing == []
