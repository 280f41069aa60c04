"""What sky130 takes from sky130A/ in the open_pdks form: continuous models, the library's cells, the shuttle's decks.

There the library is one file of each kind; here every cell has its own, as the foundry's package has them.
"""

import re
from pathlib import Path

import klayout.db as kdb

from somaforge.pdk.errors import InputError
from somaforge.pdk.open_pdks import OpenPdks, copied
from somaforge.pdk.sky130.data import FOUNDRY, SHUTTLE

_LIBRARY = "sky130_fd_sc_hd"
_CELLS = f"sky130/src/{_LIBRARY}"
_MODELS = "sky130/src/sky130_fd_pr/combined_models/continuous"
_SUBCKT = re.compile(r"^\.subckt\s+(\S+)\s.*?^\.ends\b.*?$", re.MULTILINE | re.DOTALL | re.IGNORECASE)
_VERILOG = ("primitives.v", f"{_LIBRARY}.v")
_GUARD = f"SOMAFORGE_{_LIBRARY.upper()}"


def _foundry(source: Path, target: Path) -> None:
    views = f"libs.ref/{_LIBRARY}"
    copied(
        ("libs.tech/combined/continuous", _MODELS),
        *((f"{views}/verilog/{name}", f"{_CELLS}/verilog/{name}") for name in _VERILOG),
    )(source, target)
    cells = target / _CELLS / "cells"
    netlist = source / views / "spice" / f"{_LIBRARY}.spice"
    netlists = {m[1]: m[0] for m in _SUBCKT.finditer(netlist.read_text(encoding="utf-8"))}
    for name, drawn in _drawn(source / views / "gds" / f"{_LIBRARY}.gds").items():
        if name not in netlists:
            continue
        view = cells / name.removeprefix(f"{_LIBRARY}__").rsplit("_", 1)[0] / name
        view.parent.mkdir(parents=True, exist_ok=True)
        drawn.write(str(view.with_name(f"{name}.gds")))
        view.with_name(f"{name}.spice").write_text(netlists[name] + "\n", encoding="utf-8")
        view.with_name(f"{name}.v").write_text(_all_of_it(), encoding="utf-8")
    if not cells.is_dir():
        raise InputError(f"{netlist}: none of its cells is in the library's layout; nothing was taken")


def _drawn(library: Path) -> dict[str, kdb.Layout]:
    """Every cell of the library's layout by itself."""
    layout = kdb.Layout()
    layout.read(str(_there(library)))
    found = {}
    for cell in layout.each_cell():
        alone = found[cell.name] = kdb.Layout()
        alone.dbu = layout.dbu
        alone.create_cell(cell.name).copy_tree(cell)
    return found


def _there(path: Path) -> Path:
    path.stat()  # OSError with the name, where KLayout's error has none
    return path


def _all_of_it() -> str:
    """The library's models, once for all of its cells."""
    includes = (f'`include "../../verilog/{name}"' for name in _VERILOG)
    return "\n".join([f"`ifndef {_GUARD}", f"`define {_GUARD}", *includes, "`endif", ""])


OPEN_PDKS = OpenPdks(
    "sky130A",
    {
        FOUNDRY: _foundry,
        SHUTTLE: copied(
            *(
                (f"libs.tech/klayout/drc/{deck}", f"cf_precheck/drc_scripts/{deck}")
                for deck in ("sky130A_mr.drc", "met_min_ca_density.lydrc")
            )
        ),
    },
)
"""Not in it as we need it: the binned cards with their mismatch (open_pdks rewrites them), frames of shuttles."""
