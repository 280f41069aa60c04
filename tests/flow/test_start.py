"""What the command line does before it does anything, and that it works without the repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import pytest
from tests import wheel

from somaforge.flow.cli import COMMANDS, cli
from somaforge.flow.machinery import tools
from somaforge.flow.runner import doctor
from somaforge.pdk.errors import ToolError

HEAVY = ("numpy", "scipy", "klayout", "torch", "sklearn", "matplotlib", "numba", "pydantic", "rich", "somaforge.pdk")
PROBE = (
    "import sys; from somaforge.flow.cli import run; code = run(sys.argv[1:]); "
    "print(*sys.modules, sep='\\n'); sys.exit(code)"
)


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_waits_for_no_heavy_module(argument: str) -> None:
    """Modules, not seconds: these took 3 s on a busy machine."""
    done = subprocess.run([sys.executable, "-c", PROBE, argument], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines())
    assert "click" in loaded
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_they_say(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.get_short_help_str(limit=200) == COMMANDS[name][1]


def test_every_command_of_the_modules_is_listed() -> None:
    import importlib

    modules = {module for module, _ in COMMANDS.values()}
    there = {c.name for m in modules for c in importlib.import_module(f"somaforge.flow.commands.{m}").COMMANDS}
    assert there == set(COMMANDS)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as an installer does it."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(wheel.build(folder)) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def call(site: Path, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line of the wheel, somewhere else."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "somaforge.flow.cli", *arguments]
    return subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, timeout=300, check=False)


def test_the_wheel_has_every_file_of_the_rooms(installed: Path) -> None:
    rooms = ("flow", "generator", "pdk", "templates")
    wanted = {name for name in wheel.tracked() if name.split("/")[0] in rooms and not name.endswith(".md")}
    package = installed / "somaforge"
    there = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    assert wanted - there == set(), "package-data in pyproject.toml lacks its ending"


def test_the_wheel_works_outside_the_repository(installed: Path, tmp_path: Path) -> None:
    """A spec with its data from the wheel, a design from the spec; the modules are the wheel's."""
    where = subprocess.run(
        [sys.executable, "-c", "import somaforge.flow.cli as c; print(c.__file__)"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(installed)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    done = call(installed, tmp_path, "init", "own", "--out", "mine")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine/own.yaml\n", "")
    done = call(installed, tmp_path, "generate", "mine/own.yaml", "--out", "r", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "r/01-generate/layout.gds").is_file()


def test_the_doctor_has_a_command_for_everything_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str = "ngspice") -> str:
        raise ToolError(f"{name}: not there; run make setup")

    for name in ("program_version", "package_version", "pdk_version", "ngspice_version"):
        monkeypatch.setattr(tools, name, missing)
    found = {finding.name: finding for finding in doctor.examine()}
    assert found["netgen"].remedy == "apt install netgen-lvs"
    assert found["ngspice"].remedy == "apt install -t bookworm-backports ngspice"
    assert found["pdk-sky130"].remedy == "somaforge pdk install sky130"
    assert found["torch"].remedy.startswith("pip install 'torch")
    assert [finding.name for finding in found.values() if finding.problem and not finding.remedy] == []
