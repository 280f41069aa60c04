"""What the flow asks of a block that is no part of the macro's own layout: rules of the process, and its schematic."""

from pathlib import Path
from typing import NamedTuple

from somaforge.flow.checks import lvs
from somaforge.flow.checks.registry import LAYOUT_CHECKS
from somaforge.generator.circuit import Library
from somaforge.pdk import Pdk
from somaforge.pdk.errors import CheckError
from somaforge.pdk.files import atomic_write

REPORTS = ("mismatches.txt", *(check.report for check in LAYOUT_CHECKS))
"""What `require_clean` writes."""


class Clean(NamedTuple):
    """What was found."""

    violations: int
    mismatches: int


def require_clean(what: str, pdk: Pdk, library: Library, layout: Path, netlist: Path, limit_s: float) -> Clean:
    """Every check of layouts, and the comparison with the netlist; reports lie beside the layout.

    Returns violations and mismatches for the record; CheckError if there are any. `limit_s` ends one check.
    """
    folder, violations = layout.parent, 0
    for check in LAYOUT_CHECKS:
        violations += sum(check.run(pdk, layout, library.top, folder / check.report, limit_s).values())
    compared = lvs.run(pdk, layout, netlist, library.top, folder / "lvs.lvsdb")
    atomic_write(folder / "mismatches.txt", "".join(f"{line}\n" for line in compared.mismatches))
    if violations or compared.mismatches:
        first = f"; {compared.mismatches[0]}" if compared.mismatches else ""
        raise CheckError(
            f"{what}: {violations} violations of layout rules, {len(compared.mismatches)} mismatches of layout and "
            f"netlist{first}; see {folder}"
        )
    return Clean(violations, len(compared.mismatches))
