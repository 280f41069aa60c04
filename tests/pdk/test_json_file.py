"""JSON that somebody else may have written: nothing endless is read, nothing too deep ends the program."""

import os
from pathlib import Path

import pytest

from somaforge.pdk import json_file
from somaforge.pdk.json_file import parse_json, read_json


def test_a_value_comes_back(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": [1, 2.5, null]}')
    assert read_json(tmp_path / "a.json") == {"a": [1, 2.5, None]}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[", "", "nonsense", "9" * 5000])
def test_what_is_no_json_or_too_deep_is_one_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ValueError, match=r"\w"):
        parse_json(text)
    with pytest.raises(ValueError, match=r"\w"):
        read_json(tmp_path / "a.json")


def test_devices_and_pipes_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    for name in ("zero", "pipe"):
        with pytest.raises(ValueError, match="not a file"):
            read_json(tmp_path / name)
    with pytest.raises(OSError, match="No such file"):
        read_json(tmp_path / "nothing")


def test_a_long_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_file, "LARGEST", 1024 * 1024)
    with (tmp_path / "sparse.json").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(ValueError, match="more than 1 MiB"):
        read_json(tmp_path / "sparse.json")
