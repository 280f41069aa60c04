"""The documentation: pages written from code are up to date, the site builds without a warning, commands are run."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from somaforge.flow import cli
from somaforge.flow.memory import bitfile
from somaforge.generator.design import build
from somaforge.generator.spec import load_spec

ROOT = Path(__file__).parents[1]
MKDOCS = [sys.executable, "-m", "mkdocs", "build", "--strict"]
QUIET = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
"""The theme's advertisement of its successor."""


def commands_doc() -> dict[str, object]:
    return runpy.run_path(str(ROOT / "tools/commands_doc.py"))


def test_the_page_of_commands_is_the_command_line() -> None:
    module = commands_doc()
    assert (ROOT / "docs/commands.md").read_text() == module["text"](), "run: python tools/commands_doc.py"  # type: ignore[operator]


def test_every_command_has_a_test_or_a_reason() -> None:
    module = commands_doc()
    names = {name for name, _ in module["commands"]()}  # type: ignore[operator]
    ran, reasons = module["executed"](), module["NOT_RUN"]  # type: ignore[operator]
    assert names - set(ran) == set(reasons), "a reason for a command that a test runs, or neither"
    for place in ran.values():
        file, _, function = place.partition("::")
        assert f"def {function}(" in (ROOT / file).read_text()


def test_commands_in_the_pages_are_known_with_their_options() -> None:
    """What a reader copies: the command is there, and so is every option that stands beside it."""
    options = {}
    for name, command in commands_doc()["commands"]():  # type: ignore[operator]
        options[name] = {text for p in command.params for text in p.opts if text.startswith("--")} | {"--help"}
    found = 0
    for page in sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")]):
        for line in page.read_text().splitlines():
            if not line.startswith("    ") or "somaforge " not in line:
                continue
            for part in re.split(r";|\|\|", line.split("#")[0]):
                words = re.findall(r"[\w-]+(?:[\w.-]*)", part.partition("somaforge ")[2])
                name = next((n for n in (" ".join(words[:2]), words[0] if words else "") if n in options), None)
                if name is None:
                    continue
                found += 1
                asked = set(re.findall(r"--[a-z][\w-]*", part.partition("somaforge ")[2]))
                assert asked <= options[name], f"{page.name}: {line.strip()}"
    assert found > 40


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [*MKDOCS, "--site-dir", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, env=QUIET, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if not line.startswith("INFO")]) == (0, [])
    text = (tmp_path / "site/index.html").read_text()
    assert "fonts.googleapis" not in text
    assert (tmp_path / "site/search/search_index.json").is_file()


def test_a_link_into_nothing_fails_the_site(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/index.md").write_text("[nothing](nowhere.md)\n")
    settings = (ROOT / "mkdocs.yml").read_text().partition("nav:")[0]
    (tmp_path / "mkdocs.yml").write_text(settings)
    done = subprocess.run(MKDOCS, cwd=tmp_path, env=QUIET, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr


def test_small_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that nothing else runs: what two bitfiles differ in, how far transistors differ."""
    design = build(load_spec(ROOT / "examples/iris.yaml"))
    codes = [np.zeros((7, 7), dtype=np.int64), np.eye(7, dtype=np.int64)]
    (tmp_path / "a.bit").write_bytes(bitfile.pack(codes, design))
    codes[0][2, 3] = -5
    (tmp_path / "b.bit").write_bytes(bitfile.pack(codes, design))
    assert cli.run(["bitfile", "dump", str(tmp_path / "b.bit")]) == 0
    assert "-5" in capsys.readouterr().out
    assert cli.run(["bitfile", "diff", str(tmp_path / "a.bit"), str(tmp_path / "b.bit")]) == 1
    assert "layer 0 row 2 column 3 bit 0: 0 -> 1" in capsys.readouterr().out
    assert cli.run(["pdk", "mismatch", "sky130", "--polarity", "n", "--w", "0.42", "--l", "0.36"]) == 0
    assert "sigma of the threshold" in capsys.readouterr().out
    assert (
        cli.run(["pex", "--layout", str(tmp_path / "none.gds"), "--top", "x", "--output", str(tmp_path / "x.spice")])
        == 2
    )
