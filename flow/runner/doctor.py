"""What is installed, in which version, and how to get what is missing."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata

from somaforge.flow.machinery import tools
from somaforge.flow.spice.library import loaded
from somaforge.pdk import PROCESSES
from somaforge.pdk.errors import ToolError

SETUP = "run make setup"
REMEDIES = {
    "python": "install Python 3.11",
    "ngspice": "apt install -t bookworm-backports ngspice",
    "libngspice": "apt install -t bookworm-backports libngspice0",
    **{name: f"apt install {program.package}" for name, program in tools.PROGRAMS.items() if name != "ngspice"},
    **{f"{tools.PDK}-{name}": f"somaforge pdk install {name}" for name in PROCESSES},
}
"""Debian 12's packages; elsewhere those of the same name."""


@dataclass(frozen=True)
class Finding:
    """One thing that somaforge needs."""

    name: str
    version: str
    """Empty if it is missing."""
    problem: str
    """Empty if it is as it should be; else what is wrong and what to do."""
    remedy: str = ""
    """The command that gets it where there is no repository with `make setup`; empty if nothing is missing."""


def _python() -> str:
    if sys.version_info[:2] != (3, 11):
        raise ToolError(f"Python {tools.version('python')}: somaforge is tested with 3.11 only; {SETUP}")
    return tools.version("python")


def _ngspice() -> str:
    return f"{tools.ngspice_version()} (KLU)"


def _pdk(name: str) -> str:
    data = PROCESSES[name].data
    data.require_intact()
    lost = ", ".join(what for what, folder in data.folders.items() if folder.wheel in data.absent())
    return tools.pdk_version(name) + (f" (not in open_pdks: {lost}; {data.remedy} for them)" if lost else "")


def examine() -> tuple[Finding, ...]:
    """Every need, present or not."""
    checks: dict[str, Callable[[], str]] = {
        "python": _python,
        "ngspice": _ngspice,
        "libngspice": _libngspice,
        "klayout-application": lambda: tools.program_version("klayout-application"),
        "netgen": lambda: tools.program_version("netgen"),
        "iverilog": lambda: tools.program_version("iverilog"),
        **{f"{tools.PDK}-{name}": partial(_pdk, name) for name in PROCESSES},
    }
    checks |= {name: (lambda n=name: tools.package_version(n)) for name in tools.PACKAGES}  # type: ignore[misc]
    findings = []
    for name, check in checks.items():
        try:
            findings.append(Finding(name, check(), ""))
        except ToolError as error:
            findings.append(Finding(name, "", str(error), REMEDIES.get(name) or f"pip install '{_pinned(name)}'"))
    return tuple(findings)


def _libngspice() -> str:
    loaded()
    return "loads"


def _pinned(name: str) -> str:
    """A Python package with the version that somaforge asks for."""
    try:
        wanted = metadata.requires("somaforge") or []
    except metadata.PackageNotFoundError:
        wanted = []
    return next((text for text in wanted if text.startswith(f"{name}==")), name)
