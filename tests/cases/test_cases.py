"""Layouts, netlists and specs with the right answer, each one of a kind: cases.tsv says what must come out, and why.

Columns: id; arguments (relative to this folder, {out} is a scratch folder); allowed exit codes; a regular expression
that the output (standard output and error together) must match; one that it must not match; a file that the command
writes; an expression that this file must match; one that it must not match; the reason. An empty cell asks for nothing.
The file is looked at if the exit code is 0. Names of files say nothing about what was noticed: they are FILE in what is
searched.
"""

import json
import re
import shlex
from pathlib import Path

import pytest

from somaforge.flow import cli

HERE = Path(__file__).resolve().parent
COLUMNS = ("id", "arguments", "exit", "output", "output_not", "file", "file_has", "file_has_not", "reason")
CRASH = r"Traceback|[Ii]nternal error|bad_alloc|Segmentation|core dumped|RuntimeError|Assertion"


def read_cases() -> dict[str, dict[str, str]]:
    lines = (HERE / "cases.tsv").read_text(encoding="utf-8").splitlines()
    rows = [dict(zip(COLUMNS, line.split("\t"), strict=True)) for line in lines[1:] if line.strip()]
    return {row["id"]: row for row in rows}


CASES = read_cases()


@pytest.mark.parametrize("name", list(CASES))
def test_case(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    case = CASES[name]
    monkeypatch.chdir(HERE)
    words = [word.replace("{out}", str(tmp_path)) for word in shlex.split(case["arguments"])]
    code = cli.run(words)
    stdout, stderr = capfd.readouterr()
    text = said = stdout + stderr
    for word in words:
        if "/" in word or word.endswith((".gds", ".gz", ".oas", ".spice", ".cdl")):
            said = said.replace(word, "FILE").replace(Path(word).name, "FILE")
    said = said.replace(str(tmp_path), "").replace(str(HERE), "")
    assert str(code) in case["exit"].split("|"), f"{case['reason']}\n{text}"
    assert not re.search(CRASH, text, re.MULTILINE), text
    assert not case["output"] or re.search(case["output"], said, re.MULTILINE), f"{case['reason']}\n{text}"
    assert not case["output_not"] or not re.search(case["output_not"], said, re.MULTILINE), f"{case['reason']}\n{text}"
    if "--json" in words and code in (0, 1):
        json.loads(stdout)
    if case["file"] and code == 0:
        content = Path(case["file"].replace("{out}", str(tmp_path))).read_text(encoding="utf-8")
        content = re.sub(r"\r?\n\+", " ", content)
        for column, wanted in (("file_has", True), ("file_has_not", False)):
            if case[column]:
                assert (re.search(case[column], content, re.MULTILINE) is not None) is wanted, content
