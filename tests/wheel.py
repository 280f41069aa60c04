"""The wheel of what git tracks, and a clean environment with nothing of the repository in it."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("flow", "generator", "pdk", "templates", "src", "examples")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def tracked() -> list[str]:
    """Names of files that git knows and that are there."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).exists()]


def build(folder: Path) -> Path:
    """The wheel, made in `folder` from a copy of what git tracks."""
    for name in tracked():
        if name.split("/")[0] in ROOMS or "/" not in name:
            target = folder / "source" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_symlink():
                target.symlink_to((ROOT / name).readlink())
            elif (ROOT / name).is_file():
                target.write_bytes((ROOT / name).read_bytes())
    options = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder), str(folder / "source")]
    subprocess.run([*PIP, *options], check=True, capture_output=True, timeout=300)
    return next(folder.glob("somaforge-*.whl"))


@dataclass(frozen=True)
class Place:
    """A folder of a person who has the wheel and not the repository, and their environment."""

    folder: Path
    python: Path

    def run(self, *command: str, seconds: float = 600.0) -> subprocess.CompletedProcess[str]:
        """A program of the environment, in the folder; its output is kept."""
        kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
        kept["PATH"] = f"{self.python.parent}{os.pathsep}{kept['PATH']}"
        return subprocess.run(
            command, cwd=self.folder, env=kept, capture_output=True, text=True, timeout=seconds, check=False
        )

    def somaforge(self, *arguments: str, seconds: float = 600.0) -> subprocess.CompletedProcess[str]:
        """The installed command."""
        return self.run(str(self.python.with_name("somaforge")), *arguments, seconds=seconds)

    def script(self, text: str, seconds: float = 600.0) -> str:
        """What a script prints; AssertionError with its errors if it fails."""
        (self.folder / "script.py").write_text(text, encoding="utf-8")
        done = self.run(str(self.python), "script.py", seconds=seconds)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def clean(folder: Path, wheel: Path) -> Place:
    """An environment with the wheel alone. The libraries that it needs are those of the tests, linked by a .pth file,
    not copied: lines of .pth files in a linked folder count for nothing, so no editable installation comes along."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
    python = folder / "env/bin/python"
    specs = [importlib.util.find_spec(name) for name in ("numpy", "nbclient")]
    libraries = {str(Path(spec.origin).parents[1]) for spec in specs if spec is not None and spec.origin is not None}
    packages = next((folder / "env/lib").glob("python*/site-packages"))
    (packages / "libraries.pth").write_text("".join(f"{path}\n" for path in sorted(libraries)))
    command = [*PIP, "--python", str(python), "install", "--no-deps", "--no-index", "--ignore-installed", str(wheel)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    (folder / "work").mkdir()
    return Place(folder / "work", python)
