"""What a command is told to write never takes the place of what it reads, and a folder is no file."""

import shutil
from pathlib import Path

import pytest

from somaforge.flow import cli

ROOT = Path(__file__).resolve().parents[2]
REFUSED = {
    "drc --layout inv.gds --sarif inv.gds": "--sarif inv.gds: would replace inv.gds, which is read",
    "drc --layout inv.gds --sarif linked.gds": "--sarif linked.gds: would replace inv.gds, which is read",
    "lvs --layout inv.gds --netlist inv.spice --top inv --sarif inv.gds": "would replace inv.gds",
    "lvs --layout inv.gds --netlist inv.spice --top inv --sarif inv.spice": "would replace inv.spice",
    "drc iris.yaml --sarif iris.yaml": "would replace iris.yaml",
    "lvs iris.yaml --sarif iris.yaml": "would replace iris.yaml",
    "drc --layout inv.gds --sarif .": "--sarif .: is a folder",
    "drc --layout inv.gds --out inv.spice": "--out inv.spice: a file stands where its folder would",
    "drc --layout inv.gds --out inv.spice/x": "--out inv.spice/x: a file stands where its folder would",
    "pex --layout inv.gds --top inv --output inv.gds": "would replace inv.gds",
    "pex --layout inv.csv --top inv --output inv.x": "--output inv.csv: would replace inv.csv",
    "pex --layout inv.gds --top inv --output .": "--output .: is a folder",
    "pex --layout inv.gds --top inv --output inv.spice/x": "inv.spice",
    "bitfile pack . iris.yaml": "--output .: is a folder",
    "bitfile pack inv.csv iris.yaml --output inv.csv": "--output inv.csv: would replace inv.csv",
    "bitfile pack inv.csv iris.yaml --output iris.yaml": "--output iris.yaml: would replace iris.yaml",
    "compare metrics.json metrics.json --html metrics.json": "--html metrics.json: would replace metrics.json",
}


@pytest.mark.parametrize("line", REFUSED)
def test_refused(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("inv.gds", "inv.spice"):
        shutil.copy(ROOT / "tests" / "cases" / name, tmp_path)
    shutil.copy(ROOT / "examples" / "iris.yaml", tmp_path)
    shutil.copy(tmp_path / "inv.gds", tmp_path / "inv.csv")
    (tmp_path / "metrics.json").write_text('{"energy__mac__J": 1e-12}')
    (tmp_path / "linked.gds").symlink_to("inv.gds")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.chdir(tmp_path)
    assert cli.run(line.split()) == 2
    said = capfd.readouterr().err
    assert REFUSED[line] in said
    assert said.count("\n") == 1
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
