"""Examples in docstrings are true."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for room in ("pdk", "generator", "flow")
    for path in (ROOT / room).rglob("*.py")
    if "    >>> " in path.read_text(encoding="utf-8")
)


def test_there_are_examples() -> None:
    assert {"pdk.geometry", "flow.figures.units", "flow.checks.spice_values"} <= set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_examples_are_true(module: str) -> None:
    found = doctest.testmod(importlib.import_module(f"somaforge.{module}"))
    assert found.attempted > 0
    assert found.failed == 0
