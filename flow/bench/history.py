"""A chip has a history: chips/<id>/<time>/ holds tables, calibration, weights and report of one measurement."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from somaforge.flow.bench.chip import drift
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.machinery.records import write_json
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write, new_folder
from somaforge.pdk.json_file import read_json

CHIP_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
TIME = "%Y-%m-%dT%H%M%SZ"


@dataclass(frozen=True)
class Conditions:
    """Where and how a chip was measured; said by who measured it."""

    chip: str
    time: str
    temperature_C: float | None
    supply_V: float | None
    board: str
    simulated: bool = False
    """A virtual chip behind a simulated board: nothing of it was measured on silicon."""

    @classmethod
    def read(cls, path: Path) -> "Conditions":
        """Those in a file; InputError if there are none in it. OSError if it cannot be read."""
        said, names = read_json(path), {field.name for field in fields(cls)}
        if not isinstance(said, dict) or not names - {"simulated"} <= set(said) <= names:
            raise InputError(f"{path}: does not say how a chip was measured; take the folder away")
        numbers = (said["temperature_C"], said["supply_V"])
        if not all(isinstance(said[name], str) for name in ("chip", "time", "board")) or not all(
            value is None or isinstance(value, int | float) for value in numbers
        ):
            raise InputError(f"{path}: a name that is none, or a temperature or supply; take the folder away")
        return cls(**said)


@dataclass(frozen=True)
class Entry:
    """One time that a chip was measured."""

    folder: Path
    conditions: Conditions
    calibration: Calibration


def require_chip(name: str) -> str:
    """The name; InputError if it cannot be one of a folder."""
    if not CHIP_NAME.fullmatch(name):
        raise InputError(f"--chip {name[:40]!r}: 1 to 64 of letters, digits, . _ -, a letter or digit first")
    return name


def now() -> str:
    """The time in UTC, as folders have it."""
    return datetime.now(UTC).strftime(TIME)


def entries(chips: Path, chip: str) -> list[Entry]:
    """What is known of a chip, oldest first; InputError if a file in it is damaged."""
    found = []
    for path in sorted((chips / chip).glob("[!.]*/calibration.json")):  # those with a dot are not whole
        try:
            conditions, text = Conditions.read(path.parent / "conditions.json"), path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            raise InputError(f"{path.parent}: damaged, a file of it cannot be read; take the folder away") from None
        try:
            found.append(Entry(path.parent, conditions, Calibration.from_json(text, str(path))))
        except InputError:
            raise InputError(f"{path}: damaged, no calibration of ours; take the folder away") from None
    return found


def require_alike(chips: Path, chip: str, layers: tuple[int, ...]) -> None:
    """InputError if what is known of the chip is damaged, or of an array of another size: before it is measured."""
    for entry in entries(chips, chip):
        known = tuple(len(s) for s in entry.calibration.slopes)
        if known != layers:
            raise InputError(f"{entry.folder}: is of a chip of {known} somas, the spec's has {layers}; another --chip")


def keep(chips: Path, conditions: Conditions, files: Mapping[str, str | bytes]) -> Path:
    """A new folder with all of that, or none; nothing that is there is touched. InputError if it is there already."""
    folder = chips / conditions.chip / conditions.time
    if folder.exists():
        raise InputError(f"{folder}: is there already; measurements are not overwritten")
    with new_folder(folder) as beside:
        for name, content in files.items():
            atomic_write(beside / name, content)
        write_json(beside / "conditions.json", asdict(conditions))
    return folder


def drifts(found: list[Entry]) -> list[tuple[Conditions, float]]:
    """Change of the slopes from measurement to measurement; the same readings once more are none."""
    new = [b for a, b in pairwise([None, *found]) if b is not None and (a is None or a.calibration != b.calibration)]
    return [(b.conditions, drift(a.calibration, b.calibration)) for a, b in pairwise(new)]
