"""Tables of readings that come back from a tester: CSV, checked line by line before anything is believed.

    # somaforge plan 0123456789abcdef
    pattern,output,current_nA
    0,0,12.31
    0,1,0.004

A column `repeat` (1, 2, ...) may stand beside them: the mean of a reading's repeats is taken, and how far they are
apart is looked at. The unit stands in the head; a tester's own table may name any of UNITS.
"""

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from somaforge.flow.bench.round import Round
from somaforge.pdk.arrays import Floats
from somaforge.pdk.errors import InputError
from somaforge.pdk.files import read_whole

if TYPE_CHECKING:
    import _csv

UNITS = {"current_A": 1.0, "current_mA": 1e-3, "current_uA": 1e-6, "current_nA": 1e-9, "current_pA": 1e-12}
LARGEST_FILE = 64_000_000
"""Bytes: 16,000 patterns of ten outputs with ten repeats have 30 MB."""
SATURATED = 3
"""Equal readings of different patterns at the very top of a table that no meter gives by chance."""
SPAN = 30.0
"""Times by which readings of the wrong sign are larger than all others."""
NEGATIVE_A = 1e-10
"""Beyond the zero of any meter that reads nanoamperes."""
LARGEST_A = 1.0
"""Ten million times what a chip's outputs give."""
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_PLAN = re.compile(r"#\s*somaforge plan ([0-9a-f]{16})[\s,;]*")
"""Spreadsheets fill every line with commas up to the widest."""


@dataclass(frozen=True, eq=False)
class Table:
    """Readings of one round."""

    where: str
    plan: str
    """Digest of the round."""
    currents: Floats
    """[patterns, outputs] in A: means over repeats."""
    apart: Floats
    """[patterns, outputs] in A: standard deviation of a single reading, 0 where there is one."""
    lines: np.ndarray
    """[patterns, outputs]: line of the first reading."""

    def require(self, asked: Round, number: int) -> None:
        """InputError unless the table is of that round, whole."""
        if self.plan != asked.digest:
            raise InputError(
                f"{self.where}: readings of plan {self.plan}, round {number} of this spec is {asked.digest}: another "
                "chip's, another spec's, or tables in another order; give the tables of this plan, first round first"
            )
        wanted = (asked.patterns, asked.outputs)
        have = self.currents.shape
        if have[0] > wanted[0] or have[1] > wanted[1]:
            surplus = np.concatenate([self.lines[wanted[0] :].reshape(-1), self.lines[:, wanted[1] :].reshape(-1)])
            line = int(surplus[surplus > 0].min())
            raise InputError(
                f"{self.where}, line {line}: a reading that nobody asked for: patterns are 0 to {wanted[0] - 1}, "
                f"outputs 0 to {wanted[1] - 1}; leave it out"
            )
        if have != wanted:
            raise InputError(
                f"{self.where}: readings for {have[0]} patterns of {have[1]} outputs, the plan has {wanted[0]} of "
                f"{wanted[1]}; measure all of them"
            )
        missing = np.argwhere(np.isnan(self.currents))
        if len(missing):
            pattern, output = missing[0]
            raise InputError(
                f"{self.where}: no reading of pattern {pattern}, output {output} ({len(missing)} missing); "
                "measure all of them"
            )
        self._refuse_reversed()
        self._refuse_saturated(asked)

    def _refuse_reversed(self) -> None:
        """InputError if what is large is negative: a chip gives such currents to nobody."""
        low, top = float(self.currents.min()), float(self.currents.max())
        if -low > max(SPAN * top, NEGATIVE_A):
            line = int(self.lines[np.unravel_index(self.currents.argmin(), self.currents.shape)])
            raise InputError(
                f"{self.where}, line {line}: {low:.3g} A, and no reading that is positive is a thirtieth of that: the "
                "meter's sign is turned round; currents out of outputs are positive"
            )

    def _refuse_saturated(self, asked: Round) -> None:
        """InputError if different patterns end at one and the same largest value: the meter's range, not a current."""
        top = float(self.currents.max())
        at = np.argwhere(self.currents == top)
        different = {asked.behind(p, o) for p, o in at.tolist()}
        if top > 0 and len(different) >= SATURATED:
            first = int(self.lines[tuple(at[0])])
            raise InputError(
                f"{self.where}, line {first}: {len(at)} readings are all {top:.6g} A, the largest in the table: the "
                "meter was at the end of its range; measure them again in a larger one"
            )


def read(path: Path) -> Table:
    """The table in a file; InputError that names file, line and column."""
    try:
        data = read_whole(path, LARGEST_FILE)
    except OSError as error:
        raise InputError(
            f"{path}: cannot read the table: {error.strerror or error}; give the table.csv of each round"
        ) from None
    except ValueError as error:
        raise InputError(f"{path}: {error}, so no table of readings; give the right file") from None
    try:
        return parse(data.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file; save the table as CSV in UTF-8") from None


def parse(text: str, where: str) -> Table:
    """The table in a text; InputError that starts with `where`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # of old Macs, too
    said = re.fullmatch(r"sep=([,;\t])", lines[0].strip("\n "))  # what some spreadsheets write first
    begin, comma = (2, said[1]) if said is not None and len(lines) > 1 else (1, ",")
    plan = _PLAN.fullmatch(lines[begin - 1].strip())
    if plan is None:
        raise InputError(f"{where}, line {begin}: does not name its plan; keep the first line of the plan's table.csv")
    rows = csv.reader(io.StringIO("\n".join(lines[begin:]), newline=""), strict=True, delimiter=comma)
    head = [name.strip() for name in _next(rows, where, begin) or []]
    column, scale = _columns(head, f"{where}, line {begin + 1}")
    found: dict[tuple[int, int], dict[int, tuple[float, int]]] = {}
    while (row := _next(rows, where, begin)) is not None:
        line = rows.line_num + begin
        if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
            continue
        place, repeat, value = _row(row, column, f"{where}, line {line}")
        if repeat in found.setdefault(place, {}):
            again = found[place][repeat][1]
            raise InputError(
                f"{where}, line {line}: pattern {place[0]}, output {place[1]} stands in line {again} too; "
                "say repeat if it was measured twice"
            )
        if abs(value * scale) > LARGEST_A:
            raise InputError(f"{where}, line {line}: {value * scale:.3g} A is no current of a chip; is the unit right?")
        found[place][repeat] = value * scale, line
    if not found:
        raise InputError(f"{where}: no readings; fill in the table")
    return _table(where, plan[1], found)


def _next(rows: "_csv.Reader", where: str, begin: int) -> list[str] | None:
    """The next row; None after the last. `begin` lines are before the first."""
    line = rows.line_num + begin + 1  # a lone quote makes one row of all that follows
    try:
        return next(rows, None)
    except csv.Error as error:
        raise InputError(f"{where}, line {line}: not CSV ({error}); save the table as CSV") from None


def _columns(head: list[str], where: str) -> tuple[dict[str, int], float]:
    unit = [name for name in head if name in UNITS]
    missing = [name for name in ("pattern", "output") if name not in head]
    if missing or len(unit) != 1:
        raise InputError(
            f"{where}: columns {', '.join(head) or 'none'}; needs pattern, output and one of {', '.join(UNITS)}"
        )
    unknown = [name for name in head if name not in ("pattern", "output", "repeat", unit[0])]
    if unknown or len(set(head)) != len(head):
        raise InputError(f"{where}: unknown or double column {(unknown or head)[0]}; leave it out")
    return {"value": head.index(unit[0]), **{name: i for i, name in enumerate(head)}}, UNITS[unit[0]]


def _row(row: list[str], column: dict[str, int], where: str) -> tuple[tuple[int, int], int, float]:
    def number(name: str, lowest: int) -> int:
        text = row[column[name]].strip()
        if not re.fullmatch(r"[0-9]{1,6}", text) or int(text) < lowest:
            raise InputError(f"{where}, column {name}: {text[:20]!r} is no whole number from {lowest} on")
        return int(text)

    if len(row) != len(column) - 1:
        raise InputError(f"{where}: {len(row)} columns, the head has {len(column) - 1}; decimals have a point")
    place = number("pattern", 0), number("output", 0)
    repeat = number("repeat", 1) if "repeat" in column else 1
    text = row[column["value"]].strip()
    if not text:
        raise InputError(f"{where}: no current of pattern {place[0]}, output {place[1]}; measure it")
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise InputError(f"{where}: {text[:20]!r} is no current; a reading out of range is none: measure it again")
    return place, repeat, float(text)


def _table(where: str, plan: str, found: dict[tuple[int, int], dict[int, tuple[float, int]]]) -> Table:
    shape = 1 + max(p for p, _ in found), 1 + max(o for _, o in found)
    if shape[0] * shape[1] > 4 * len(found) + 1000:
        raise InputError(f"{where}: patterns up to {shape[0] - 1}, but {len(found)} readings; measure all of them")
    currents, apart, lines = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    for place, repeats in found.items():
        values = [value for value, _ in repeats.values()]
        currents[place], lines[place] = np.mean(values), min(line for _, line in repeats.values())
        apart[place] = np.std(values, ddof=1) if len(values) > 1 else 0.0
    return Table(where, plan, currents, apart, lines)


def blank(asked: Round) -> Iterator[list[str]]:
    """Rows of a table that is to be filled in."""
    yield ["pattern", "output", "current_nA"]
    for pattern in range(asked.patterns):
        for output in range(asked.outputs):
            yield [str(pattern), str(output), ""]
