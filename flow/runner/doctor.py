"""What is installed, in which version, and how to get what is missing."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from somaforge.flow.machinery import tools
from somaforge.pdk import PROCESSES
from somaforge.pdk.errors import ToolError

SETUP = "run make setup"


@dataclass(frozen=True)
class Finding:
    """One thing that somaforge needs."""

    name: str
    version: str
    """Empty if it is missing."""
    problem: str
    """Empty if it is as it should be; else what is wrong and what to do."""


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
            findings.append(Finding(name, "", str(error)))
    return tuple(findings)
