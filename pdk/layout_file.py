"""Layout files of any origin: GDS or OASIS, plain or compressed; found, read and with a definite top cell."""

from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import InputError


@dataclass(frozen=True)
class OpenLayout:
    """A layout in memory and the cell that is looked at."""

    layout: kdb.Layout
    cell: kdb.Cell

    def dbu_from_nm(self, nm: float) -> int:
        """A length in nm as database units, rounded."""
        return round(nm * 1e-3 / self.layout.dbu)


def open_layout(path: Path, top: str | None) -> OpenLayout:
    """Read `path`; `top` None means its only top cell. InputError if file, cell or database unit cannot be used."""
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
    # Rules are multiples of 5 nm, so every length must be a whole number of database units.
    units = 0.005 / layout.dbu
    if abs(units - round(units)) > 1e-6 or round(units) < 1:
        raise InputError(
            f"layout {path}: database unit {layout.dbu} um does not divide the 5 nm grid; write it with 0.001"
        )
    if cell.bbox().empty():
        raise InputError(f"layout {path}: cell {top!r} is empty")
    return OpenLayout(layout, cell)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
