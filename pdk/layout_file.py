"""Layout files of any origin: GDS or OASIS, plain or compressed; found, read and with a definite top cell."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import InputError
from somaforge.pdk.files import atomic_path

GRID_UM = 0.005
"""Rules are multiples of this."""
FINEST = 1000
"""Most parts into which a database unit is divided."""
LARGEST = 2**31 - 1
"""Coordinates are numbers of 32 bits."""


WIDEST_UM = 40_000.0
"""A reticle is 26 mm by 33 mm."""
MOST_SHAPES = 1_000_000_000
"""The macro of examples/mnist.yaml, the largest here, has 1.2 million transistors and less than a tenth of that."""


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
    _refuse_endless(layout, cell, path)
    _refine(layout, cell, path)
    return OpenLayout(layout, cell)


def _refuse_endless(layout: kdb.Layout, cell: kdb.Cell, path: Path) -> None:
    """InputError for what no mask holds: one flipped bit makes a wire of a metre or an array of a thousand million."""
    box = cell.bbox()
    across = max(box.width(), box.height()) * layout.dbu
    if across > WIDEST_UM:
        raise InputError(
            f"layout {path}: {across / 1000:.0f} mm across, {WIDEST_UM / 1000:g} mm at most; is the file damaged?"
        )
    times = {cell.cell_index(): 1}
    shapes = 0
    for index in layout.each_cell_top_down():
        here = times.get(index, 0)
        if here == 0:
            continue
        one = layout.cell(index)
        shapes += here * sum(one.shapes(layer).size() for layer in layout.layer_indexes())
        for instance in one.each_inst():
            count = max(instance.na, 1) * max(instance.nb, 1)
            times[instance.cell_index] = times.get(instance.cell_index, 0) + here * count
        if shapes > MOST_SHAPES or max(times.values()) > MOST_SHAPES:
            raise InputError(
                f"layout {path}: more than {MOST_SHAPES:.0e} shapes with every array counted; is the file damaged?"
            )


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


def write_layout(layout: kdb.Layout, path: Path) -> None:
    """Write GDS (.gds) or OASIS (.oas); whole or not at all, without time stamps so that the same layout gives the
    same file."""
    options = kdb.SaveLayoutOptions()
    options.gds2_write_timestamps = False
    options.write_context_info = False
    options.set_format_from_filename(str(path))
    with atomic_path(path) as beside:
        layout.write(str(beside), options)
