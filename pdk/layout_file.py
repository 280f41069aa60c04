"""Layout files of any origin: GDS or OASIS, plain or compressed; found, read and with a definite top cell."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import InputError

GRID_UM = 0.005
"""Rules are multiples of this."""
FINEST = 1000
"""Most parts into which a database unit is divided."""
LARGEST = 2**31 - 1
"""Coordinates are numbers of 32 bits."""


@dataclass(frozen=True)
class OpenLayout:
    """A layout in memory and the cell that is looked at."""

    layout: kdb.Layout
    cell: kdb.Cell

    def dbu_from_nm(self, nm: float) -> int:
        """A length in nm as database units, rounded."""
        return round(nm * 1e-3 / self.layout.dbu)


def open_layout(path: Path, top: str | None) -> OpenLayout:
    """Read `path`; `top` None means its only top cell. InputError if file, cell or database unit cannot be used.

    A database unit that does not divide 5 nm becomes a finer one: drawn places stay where they are.
    """
    if not path.is_file():
        raise InputError(f"layout {path}: no such file")
    layout = kdb.Layout()
    try:
        layout.read(str(path))
    except RuntimeError as error:
        raise InputError(f"layout {path}: not a layout that can be read ({_one_line(error)})") from error
    tops = sorted(c.name for c in layout.top_cells())
    if top is None:
        if len(tops) != 1:
            raise InputError(f"layout {path}: {len(tops)} top cells ({', '.join(tops[:5])}); name one with --top")
        top = tops[0]
    cell = layout.cell(top)
    if cell is None:
        raise InputError(f"layout {path}: no cell {top!r}; its top cells: {', '.join(tops[:5])}")
    if cell.bbox().empty():
        raise InputError(f"layout {path}: cell {top!r} is empty")
    _refine(layout, cell, path)
    return OpenLayout(layout, cell)


def _refine(layout: kdb.Layout, cell: kdb.Cell, path: Path) -> None:
    """Make the database unit a divisor of 5 nm, without moving anything: every rule is a multiple of that."""
    units = Fraction(GRID_UM / layout.dbu).limit_denominator(FINEST)
    if units <= 0 or abs(float(units) * layout.dbu / GRID_UM - 1) > 1e-9:
        raise InputError(
            f"layout {path}: no part of the database unit {layout.dbu} um divides the 5 nm grid; write it with 0.001"
        )
    box, factor = cell.bbox(), units.denominator
    if max(map(abs, (box.left, box.bottom, box.right, box.top))) * factor > LARGEST:
        raise InputError(
            f"layout {path}: coordinates do not fit a database unit that divides the 5 nm grid; write it with 0.001"
        )
    if factor > 1:
        layout.transform(kdb.ICplxTrans(float(factor)))
        layout.dbu /= factor


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
