"""Cells of the notebooks that need no simulation run as they stand; whole notebooks run nightly (tests/acceptance)."""

from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[3]


def test_every_cell_that_the_notebook_asks_for_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """On an array of two synapses: a gate too short for its contacts, or a layout that is gone before it is measured,
    is seen by nobody but who tries."""
    monkeypatch.chdir(ROOT / "examples/notebooks")
    notebook = nbformat.read("change_a_cell.ipynb", 4)
    first, second = [cell.source for cell in notebook.cells if cell.cell_type == "code"][:2]
    names: dict[str, Any] = {}
    exec(first, names)
    small = names["spec"].array.model_copy(update={"layers": (2, 1)})
    names["spec"] = names["spec"].model_copy(update={"array": small})
    exec(second, names)
    assert names["areas"] == sorted(names["areas"])
    assert names["areas"][2] / names["areas"][0] > 1.5, "gates are four times as large"
