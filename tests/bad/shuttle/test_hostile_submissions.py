"""Submissions of strangers: a record that would be a script or a way out of the folder, and what never ends."""

import json
from pathlib import Path

import pytest
from tests.flow.shuttle.tile import PDK

from somaforge.flow import cli
from somaforge.flow.checks.shuttle.submitted import load
from somaforge.generator.submission.write import RECORD
from somaforge.pdk.errors import InputError

FRAME = "tiny-tapeout-1x2"
TOPS = (
    "tt_um_small; tee -o /tmp/pwned ls", "tt_um_small\ntee -o pwned ls", "../../tt_um_small", "/etc/passwd", "", "a b",
    "5", "top; !touch pwned", "a" * 65, "top$", "\u202etop", "{top}",
)  # fmt: skip


@pytest.mark.parametrize("top", TOPS)
def test_a_top_cell_that_is_no_name_is_refused(top: str, tmp_path: Path) -> None:
    """It goes into paths and into a script of yosys, which can write files."""
    (tmp_path / RECORD).write_text(json.dumps({"frame": FRAME, "top": top}))
    with pytest.raises(InputError, match="is no name of a module"):
        load(PDK, tmp_path, 10.0)


@pytest.mark.parametrize(
    "record", ["[" * 100_000, "[]", "null", "5", "{}", '{"frame": 1}', '{"frame": "x", "top": "tt_um_small"}', ""]
)
def test_a_record_that_is_none_is_one_line(record: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / RECORD).write_text(record)
    assert cli.run(["tapeout", "--folder", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "internal error" not in said


def test_a_record_that_never_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / RECORD).symlink_to("/dev/zero")
    assert cli.run(["tapeout", "--folder", str(tmp_path)]) == 2
    assert "not a file" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["gds/tt_um_small.gds", "lef/tt_um_small.lef", "docs/info.md", "src/project.v"])
def test_a_file_that_never_ends(name: str, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(json.dumps({"frame": FRAME, "top": "tt_um_small"}))
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(InputError, match=f"{name}: is neither a file nor a folder"):
        load(PDK, tmp_path, 10.0)


def test_the_time_limit_holds_for_all_checks_together(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / RECORD).write_text(json.dumps({"frame": FRAME, "top": "tt_um_small"}))
    assert cli.run(["tapeout", "--folder", str(tmp_path), "--timeout", "1e-6"]) == 3
    assert "no end in 1e-06 s" in capsys.readouterr().err
