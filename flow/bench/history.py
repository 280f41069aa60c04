"""A chip has a history: chips/<id>/<time>/ holds tables, calibration, weights and report of one measurement."""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from somaforge.flow.bench.chip import Known, drift
from somaforge.flow.learning.calibration import Calibration
from somaforge.flow.machinery.records import write_json
from somaforge.flow.memory import bitfile
from somaforge.generator.design import build
from somaforge.generator.spec import Spec
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write
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
    for path in sorted((chips / chip).glob("*/calibration.json")):
        try:
            conditions = Conditions(**read_json(path.parent / "conditions.json"))
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path.parent}: damaged ({error}); take the folder away") from None
        found.append(Entry(path.parent, conditions, Calibration.from_json(text, str(path))))
    return found


def require_alike(chips: Path, chip: str, layers: tuple[int, ...]) -> None:
    """InputError if what is known of the chip is damaged, or of an array of another size: before it is measured."""
    for entry in entries(chips, chip):
        known = tuple(len(s) for s in entry.calibration.slopes)
        if known != layers:
            raise InputError(f"{entry.folder}: is of a chip of {known} somas, the spec's has {layers}; another --chip")


def keep(chips: Path, spec: Spec, conditions: Conditions, found: Known, tables: tuple[Path, ...]) -> Path:
    """A new folder with everything; nothing that is there is touched. InputError if it is there already."""
    folder = chips / conditions.chip / conditions.time
    if folder.exists():
        raise InputError(f"{folder}: is there already; measurements are not overwritten")
    if found.calibration is None:
        raise InputError(f"{folder}: nothing is calibrated yet")
    for number, table in enumerate(tables, 1):
        atomic_write(folder / f"tables/round-{number}.csv", table.read_bytes())
    write_json(folder / "conditions.json", asdict(conditions))
    if found.weights is not None:
        atomic_write(folder / "weights.bit", bitfile.pack(found.weights.codes, build(spec)))
    atomic_write(folder / "calibration.json", found.calibration.to_json())  # last: with it the entry is whole
    return folder


def drifts(found: list[Entry]) -> list[tuple[Conditions, float]]:
    """Change of the slopes from measurement to measurement; the same readings once more are none."""
    new = [b for a, b in pairwise([None, *found]) if b is not None and (a is None or a.calibration != b.calibration)]
    return [(b.conditions, drift(a.calibration, b.calibration)) for a, b in pairwise(new)]
