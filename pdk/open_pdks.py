"""A process installed in the open_pdks form (<root>/<variant>/libs.tech, libs.ref, as ciel lays it), taken as our data.

Files are copied into the folders of the pinned packages that they stand for, with a stamp that says where they come
from and what they are; from then on they are looked after like those. Results name the commit of the installation.
"""

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from somaforge.pdk import packages
from somaforge.pdk.errors import InputError
from somaforge.pdk.json_file import read_json
from somaforge.pdk.packages import Wheel

Making = Callable[[Path, Path], None]
"""Makes the files of a package (second: its folder) from an installation (first: the variant's folder); OSError if
something is not there."""


@dataclass(frozen=True)
class OpenPdks:
    """What a process takes from an installation."""

    variant: str
    """Name of its folder."""
    parts: Mapping[Wheel, Making]
    """The other packages of the process have nothing in it."""


def variant_folder(given: Path, variant: str) -> Path:
    """The variant's folder, or the one above it was given; InputError if it is neither."""
    for folder in (given, given / variant):
        if folder.name == variant and (folder / "libs.tech").is_dir():
            return folder
    raise InputError(f"--from {given}: no installation in the open_pdks form: {variant}/libs.tech is not in it")


def commit(folder: Path) -> str:
    """The commit of open_pdks that made an installation, from its .config/nodeinfo.json; "unknown" without it."""
    try:
        made = read_json(folder / ".config/nodeinfo.json")["commit"]
        found = str(made if isinstance(made, str) else made["open_pdks"])
    except (OSError, ValueError, KeyError, TypeError):
        return "unknown"
    return found[:12] if re.fullmatch(r"[0-9a-f]{7,40}", found) else "unknown"


def take(tree: OpenPdks, given: Path, progress: Callable[[str], None]) -> Path:
    """Put what an installation has in the place of the pinned packages; the data root.

    InputError if a file that we need is not in it; nothing is changed then.
    """
    source = variant_folder(given, tree.variant)
    root = packages.install_root()
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".install.") as scratch:
        made = {wheel: Path(scratch) / wheel.folder for wheel in tree.parts}
        for wheel, make in tree.parts.items():
            progress(f"{wheel.folder}: from {source}")
            made[wheel].mkdir()
            try:
                make(source, made[wheel])
            except OSError as error:
                raise InputError(f"--from {given}: {error.filename}: {error.strerror}; nothing was taken") from None
            packages.stamp_taken(wheel, made[wheel], commit(source))
        for wheel, folder in made.items():
            packages.put(wheel, folder, root / wheel.folder)
    return root


def copied(*pairs: tuple[str, str]) -> Making:
    """Files and folders of an installation, each with its place in a package."""

    def make(source: Path, target: Path) -> None:
        for there, here in pairs:
            (target / here).parent.mkdir(parents=True, exist_ok=True)
            if (source / there).is_dir():
                shutil.copytree(source / there, target / here, dirs_exist_ok=True)
            else:
                shutil.copyfile(source / there, target / here)

    return make
