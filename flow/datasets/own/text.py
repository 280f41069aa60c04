"""CSV and TSV: a line of names, then a line for each pattern."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from somaforge.flow.datasets.own.table import MOST_VALUES, Table, bounded, chosen, regular
from somaforge.generator.spec import OwnData
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError

SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read(path: Path, data: OwnData) -> Table:
    """The patterns of a file; InputError with line and column of what is wrong."""
    try:
        with regular(path).open(encoding="utf-8-sig", newline="") as stream:
            return _read(path, data, csv.reader(stream, delimiter=SEPARATORS[path.suffix.lower()], strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as text with separated columns ({error}); save it again") from None


def _read(path: Path, data: OwnData, reader: Iterator[list[str]]) -> Table:
    names = [name.strip() for name in next(reader, [])]
    if names and all(_number(name) is not None for name in names):
        raise InputError(f"{path}: line 1 holds numbers; the first line has to name the columns")
    label, features = chosen(path, names, data.label, data.features)
    lines: list[int] = []
    labels: list[str] = []
    rows: list[Floats] = []
    for cells in reader:
        line: int = reader.line_num  # type: ignore[attr-defined]
        if not cells:  # an empty line
            continue
        if len(cells) != len(names):
            raise InputError(f"{path}: line {line}: has {len(cells)} columns, line 1 has {len(names)}; correct it")
        if (len(rows) + 1) * len(features) > MOST_VALUES:
            bounded(path, len(rows) + 1, len(features))
        try:
            rows.append(np.array([cells[k] for k in features], dtype=np.float64))
        except ValueError:
            wrong = next(k for k in features if _number(cells[k]) is None)
            raise InputError(
                f"{path}: line {line}, column {names[wrong]}: {cells[wrong][:40]!r} is no number; correct it or leave "
                "the line out"
            ) from None
        lines.append(line)
        labels.append(cells[label].strip())

    def place(row: int, column: int | None) -> str:
        return f"line {lines[row]}, column {names[label if column is None else features[column]]}"

    values = np.array(rows) if rows else np.zeros((0, len(features)))
    return Table(path, tuple(names[k] for k in features), values, tuple(labels), place).checked()


def _number(text: str) -> float | None:
    try:
        return float(np.float64(text))
    except ValueError:
        return None
