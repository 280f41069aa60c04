"""Tests that need a program or the foundry's data: skipped where it is missing, but failed in CI (CI=true)."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import browser

from somaforge.flow.machinery import tools
from somaforge.pdk.errors import ToolError

MICROPYTHON = Path(__file__).parents[1] / ".venv/node/node_modules/@micropython/micropython-webassembly-pyscript"


def _micropython() -> str:
    """Where it is, and node to run it."""
    if shutil.which("node") is None or not (MICROPYTHON / "micropython.mjs").exists():
        raise ToolError("node with MicroPython is missing; run make setup")
    return str(MICROPYTHON)


def _chromium() -> str:
    """Where it is."""
    found = browser.program()
    if found is None:
        raise ToolError("chromium is missing; run make setup")
    return found


def _xschem() -> str:
    """Where it is."""
    found = shutil.which("xschem")
    if found is None:
        raise ToolError("xschem is missing; run make setup")
    return found


NEEDS: dict[str, Callable[[], str]] = {
    "needs_pdk": lambda: tools.pdk_version("sky130"),
    "needs_ngspice": tools.ngspice_version,
    "needs_klayout_app": lambda: tools.program_version("klayout-application"),
    "needs_netgen": lambda: tools.program_version("netgen"),
    "needs_iverilog": lambda: tools.program_version("iverilog"),
    "needs_micropython": lambda: _micropython(),
    "needs_chromium": lambda: _chromium(),
    "needs_xschem": lambda: _xschem(),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A proof that did not run is no proof: only a developer's machine may leave it out."""
    for marker, check in NEEDS.items():
        if item.get_closest_marker(marker) is None:
            continue
        try:
            check()
        except ToolError as error:
            if os.environ.get("CI") == "true":
                pytest.fail(f"{marker}: {error}", pytrace=False)
            pytest.skip(str(error))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nightly tests run only when they are asked for: `pytest -m nightly`."""
    if "nightly" in (config.getoption("markexpr") or ""):
        return
    left = [item for item in items if item.get_closest_marker("nightly") is None]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(left)])
    items[:] = left
