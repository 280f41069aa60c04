"""Files stay small, and nothing is written twice."""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
MOST_LINES = 350
MEDIAN_LINES = 150
EQUAL_LINES = 12
"""As many equal lines, blank and import lines left out, are one piece of code in two places."""
IMPORT = re.compile(r"\s*(from\s+\S+\s+import\b|import\s)")


def files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file() and not name.startswith("src/")]


def counted(text: str) -> list[tuple[int, str]]:
    """Number and text of the lines that count, white space at the ends left out; a bracket alone is none."""
    found = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if IMPORT.match(line):
            inside = line.rstrip().endswith("(")
        elif inside:
            inside = ")" not in line
        elif re.search(r"\w", line):
            found.append((number, line.strip()))
    return found


def twice(texts: Mapping[str, str]) -> list[str]:
    """The first of every pair of runs of EQUAL_LINES equal lines, as "a.py:10 ~ b.py:40"."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, text in texts.items():
        lines = counted(text)
        for start in range(len(lines) - EQUAL_LINES + 1):
            run = tuple(line for _, line in lines[start : start + EQUAL_LINES])
            places[run].append((name, lines[start][0]))
    return sorted({" ~ ".join(f"{name}:{number}" for name, number in found[:2]) for found in _apart(places.values())})


def _apart(found: Iterable[list[tuple[str, int]]]) -> Iterable[list[tuple[str, int]]]:
    for places in found:
        if len(places) > 1:
            yield places


def test_no_file_is_long() -> None:
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in files()}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}
    assert median(lengths.values()) < MEDIAN_LINES


def test_no_code_stands_twice() -> None:
    assert twice({path.relative_to(ROOT).as_posix(): path.read_text() for path in files()}) == []


def test_the_check_finds_what_stands_twice() -> None:
    body = "\n".join(f"    value_{k} = {k}" for k in range(EQUAL_LINES))
    one = f"import os\n\n\ndef one():\n{body}\n"
    other = f"from somewhere import (\n    a,\n    b,\n)\n\n\ndef other():\n\n{body}\n    return 1\n"
    assert twice({"one.py": one, "other.py": other}) == ["one.py:5 ~ other.py:9"]
    assert twice({"one.py": one, "other.py": other.replace("value_3 = 3", "value_3 = 4")}) == []
    imports = "\n".join(f"from a{k} import b" for k in range(2 * EQUAL_LINES))
    assert twice({"one.py": imports, "other.py": imports}) == []
