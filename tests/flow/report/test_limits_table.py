"""The report's table of limits: values with SI prefixes, failures first, a link to where each comes from."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from somaforge.flow.report import build, limits
from somaforge.flow.report.data import RunData
from somaforge.flow.report.limits import PLACES, bound, shown
from somaforge.flow.report.tables import figures


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("power__ir_drop_max__V", 0.000116931, "117 uV"),
        ("time_to_output__p50__s", 4.93e-7, "493 ns"),
        ("energy__mac__J", 7.08e-13, "708 fJ"),
        ("efficiency__mac__per_J", 8.69e12, "8.69 T/J"),
        ("layout__die__um2", 12008.4, "12,008 um2"),
        ("drc__native__count", 0.0, "0"),
        ("design__transistors__count", 1204332, "1,204,332"),
        ("accuracy__spice__ratio", 0.98113, "0.9811"),
        ("accuracy__spice__ratio", None, "missing"),
    ],
)
def test_values_have_their_unit_and_a_prefix(metric: str, value: float | None, text: str) -> None:
    assert shown(metric, value) == text


def test_a_bound_is_in_the_same_unit() -> None:
    assert bound("power__ir_drop_max__V", None, 1e-3, "") == "<= 1 mV"
    assert bound("x__s", 1e-9, 2e-6, "ss, 85 C") == ">= 1 ns and <= 2 us at ss, 85 C"


@pytest.mark.usefixtures("drawn_once")
def test_failures_stand_first_and_every_link_has_its_place(run: RunData, tmp_path: Path) -> None:
    broken = tuple(
        replace(r, status="fail") if r.metric == "lvs__mismatches__count" else r for r in run.signoff.results
    )
    failing = replace(run, signoff=replace(run.signoff, results=broken))
    found = limits.lines(failing)
    assert found[0].status == "fail"
    build.write(failing, tmp_path)
    text = (tmp_path / "signoff.html").read_text()
    anchors = set(re.findall(r'id="([a-z]+)"', text))
    assert {"unchecked", "limits", "metrics"} <= anchors
    assert {line.place for line in found} <= anchors
    assert set(PLACES.values()) <= anchors
    assert text.index('id="limits"') < text.index('class="cards"') < text.index('id="unchecked"')
    assert re.search(r"\d+ things were <a href=\"#unchecked\">not checked", text)


def test_the_headline_is_at_the_fixed_time(run: RunData) -> None:
    names = [figure.name for figure in figures(run)]
    assert names.index("energy at 99 %") < names.index("power")
    (energy,) = (figure for figure in figures(run) if figure.name == "energy at 99 %")
    assert energy.value == "1 J / MAC"
    assert "over the whole time that a pattern is shown" in energy.note
    never = {name: value for name, value in run.metrics.items() if not name.startswith("fixed_time__")}
    (energy,) = (figure for figure in figures(replace(run, metrics=never)) if figure.name == "energy")
    assert energy.note.endswith("no time is enough for 99 %")


@pytest.mark.usefixtures("drawn_once")
def test_a_part_that_the_report_lacks_is_not_linked(run: RunData, tmp_path: Path) -> None:
    bare = replace(run, corners={"points": [], "drift": None}, operating={"points": []}, shuttle=())
    result = replace(run.signoff.results[0], metric="best_point__mac__per_J")
    bare = replace(bare, signoff=replace(run.signoff, results=(result, *run.signoff.results)))
    build.write(bare, tmp_path)
    anchors = set(re.findall(r'id="([a-z]+)"', (tmp_path / "signoff.html").read_text()))
    assert {line.place for line in limits.lines(bare)} <= anchors
