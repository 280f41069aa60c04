"""The corner tables against the tech file that they were taken from."""

import re

import pytest

from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.parasitic_tables import CONDUCTORS, HIGH_C, LOW_C, NOMINAL_C, CapacitanceTable
from somaforge.pdk.sky130.parasitics import CORNERS, INTERCONNECT, interconnect

TECH = "cf_precheck-1.3.7/cf_precheck/be_checks/tech/sky130A/sky130A.tech"
CALLED = {"*poly": "poly", "allpolynonres": "poly", "allli": "li"} | {f"allm{k}": f"met{k}" for k in range(1, 6)}
CALLED |= {"nwell,pwell": "substrate", "allactivenonfet": "diffusion", "allactive": "diffusion"}


def printed(variant: str) -> dict[tuple[str, str, str], float]:
    """(term, conductor, other) -> number of one variant of the capacitance section."""
    found: dict[tuple[str, str, str], float] = {}
    on = False
    text = (DATA.root() / TECH).read_text(encoding="utf-8", errors="replace")
    for line in text.partition("Parasitic capacitance values")[2].splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        if words[0] == "variants":
            on = words[1] == variant
        elif on and re.fullmatch("default(overlap|sideoverlap)", words[0]) and words[1] in CALLED:
            if words[3] in CALLED:
                found[words[0], CALLED[words[1]], CALLED[words[3]]] = float(words[5])
        elif on and words[0] == "defaultsidewall" and words[1] in CALLED:
            found["defaultsidewall", CALLED[words[1]], ""] = float(words[3])
    return found


@pytest.mark.needs_pdk
@pytest.mark.parametrize(
    ("variant", "table"), [("(),(orig),(si)", NOMINAL_C), ("(hrlc),(lrlc)", LOW_C), ("(hrhc),(lrhc)", HIGH_C)]
)
def test_tables_are_the_tech_files(variant: str, table: CapacitanceTable) -> None:
    """Every number, and none left out."""
    expected = printed(variant)
    ours: dict[tuple[str, str, str], float | None] = {}
    for term, rows in (("defaultoverlap", table.plate), ("defaultsideoverlap", table.fringe_down)):
        for upper, row in rows.items():
            ours |= {(term, upper, lower): v for lower, v in zip(CONDUCTORS, row, strict=False)}
    for lower, up in table.fringe_up.items():
        above = CONDUCTORS[CONDUCTORS.index(lower) + 1 :]
        ours |= {("defaultsideoverlap", lower, upper): v for upper, v in zip(above, up, strict=True)}
    ours |= {("defaultsidewall", name, ""): v for name, (v, _) in table.sidewall.items()}
    assert {k: v for k, v in ours.items() if v is not None} == expected


def test_corners_are_in_order() -> None:
    """Every capacitance and resistance: low below nominal below high."""
    nominal, low, high = (interconnect(corner=c) for c in CORNERS)
    assert nominal == INTERCONNECT
    for kind in ("plate_F_per_m2", "fringe_F_per_m", "sheet_ohm", "cut_ohm"):
        a, b, c = (getattr(process, kind) for process in (low, nominal, high))
        assert a.keys() == b.keys() == c.keys()
        assert all(a[k] < b[k] < c[k] for k in a)
    for name, side in nominal.sidewall.items():
        assert low.sidewall[name].farad <= side.farad <= high.sidewall[name].farad


def test_resistance_has_a_corner_of_its_own() -> None:
    """Least C with most R: the slowest edge of a coupling measurement."""
    mixed = interconnect(corner="low", resistance="high")
    assert mixed.sheet_ohm == interconnect(corner="high").sheet_ohm
    assert mixed.plate_F_per_m2 == interconnect(corner="low").plate_F_per_m2
