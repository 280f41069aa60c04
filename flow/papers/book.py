"""Runs parts and keeps what they found: one JSON for each, and a journal while a part is on its way."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from somaforge.flow.machinery.records import as_json
from somaforge.flow.papers.journal import Journal
from somaforge.flow.papers.part import Part, Record, Setting
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_write
from somaforge.pdk.json_file import parse_json

Say = Callable[[str], None]


def command(part: Part, quick: bool) -> str:
    """What makes it again."""
    more = (" --run runs/mnist" if part.needs_run else "") + (" --quick" if quick else "")
    return f"somaforge papers --part {part.name}{more}"


def path_of(folder: Path, part: Part) -> Path:
    """Its JSON."""
    return folder / f"{part.name}.json"


def record(folder: Path, part: Part) -> Record | None:
    """What was found before; None if nothing. InputError if the file is damaged or of another part."""
    path = path_of(folder, part)
    if not path.is_file():
        return None
    try:
        found: Any = parse_json(path.read_text(encoding="utf-8"))
        read = Record(**found)
    except (ValueError, TypeError):
        raise InputError(f"{path}: damaged; remove it, and {command(part, False)} makes it again") from None
    if read.part != part.name:
        raise InputError(f"{path}: of part {read.part}; remove it, and {command(part, False)} makes it again")
    return read


def make(part: Part, folder: Path, kept: Path, run: Path | None, quick: bool, say: Say) -> str:
    """Make a part unless it is there; says how it went.

    InputError as the part's measure, and for a quick call in a folder of whole results or the other way round.
    """
    before = record(folder, part)
    if before is not None and before.quick != quick:
        kinds = ("quick", "whole") if before.quick else ("whole", "quick")
        raise InputError(f"--out {folder}: holds {kinds[0]} results, and a {kinds[1]} call would replace them")
    conditions = json.loads(as_json(part.conditions(quick)))
    if part.needs_run and run is None:
        return "there" if before is not None else "not made: it reads a finished run (--run)"
    if before is not None and before.conditions == conditions and not part.cheap and not part.needs_run:
        return "there"
    journal = Journal(folder / f"{part.name}.journal.json", conditions)
    found = part.measure(Setting(kept, run, quick, journal, say))
    if found is None:
        return "there" if before is not None else "not made: what it reads was not measured yet"
    made = Record(part.name, command(part, quick), quick, conditions, found, round(journal.seconds, 1))
    atomic_write(path_of(folder, part), json.dumps(json.loads(as_json(asdict(made))), indent=1) + "\n")
    journal.forget()
    return "made"
