"""Wiring capacitance and resistance of sky130 in three corners.

Source of the nominal corner: klayout-pex 0.6.12, `klayout_pex_protobuf/sky130A_tech.pb.json`, section
`process_parasitics`. The same numbers stand in the precheck package (cf-precheck 1.3.7,
`be_checks/tech/sky130A/sky130A.tech`, `extract` section, nominal variant), which names its own source: the foundry's
document PEX/xRC/cap_models, "fringe capacitance values are approximated". Where the two disagree, or agree on a number
and not on its meaning:

- nwell sheet: 1700 ohm (klayout-pex) against 950 ohm (tech file; 550 to 1350 in its corners). Not used: wells are
  taken as equipotential.
- contact of a p tap in an nwell (`licon_ntap`, 185 ohm): klayout-pex; the tech file calls it `nsc`, same number.
- sidewall: both print 44 aF for met1. Magic up to 8.3.678 applied the whole number to a pair of facing edges,
  Magic from 8.3.679 (a regression: RTimothyEdwards/magic issue 557) and klayout-pex 0.6.12 apply half of it. Solutions
  of the field with the foundry's dielectrics (docs/extraction.md, bench/results/field.json) say the whole: two met1
  wires have 142, 86, 51 aF/um at 0.14, 0.28, 0.56 um, the whole number gives 113, 83, 54; between planes above and
  below 114 at 0.14 um. So the whole is used here (`SIDEWALL_SHARE`), and comparisons with klayout-pex ask for its
  reading: `interconnect(KLAYOUT_PEX_SIDEWALL_SHARE)`.
- heights agree to 1 nm; the dielectrics are in `dielectrics`.
- corners: only the tech file has them, `low` here is its variant lrlc (least R and C), `high` its hrhc. Their sidewall
  rows have other offsets than the nominal row (met1: 0.14 instead of 0.25 um) and give more than nominal at small
  spacing in both corners (127 and 134 aF/um against 113 at 0.14 um), which cannot be. So the nominal row is kept and
  moved by the ratio of the corners to their geometric mean: 0 for poly, 3 to 4 % for li to met2, 8 % for met3, 10 % for
  met4, 21 % for met5.
- resistances of the corners: the same variants.
"""

from typing import Literal

from somaforge.pdk.interconnect import Cut, Interconnect, Sidewall, Stack
from somaforge.pdk.sky130.parasitic_tables import (
    CONDUCTORS,
    HIGH_C,
    HIGH_R,
    LOW_C,
    LOW_R,
    NOMINAL_C,
    NOMINAL_R,
    CapacitanceTable,
)

Corner = Literal["nominal", "low", "high"]
CORNERS: tuple[Corner, ...] = ("nominal", "low", "high")

SIDEWALL_SHARE = 1.0
"""Part of the printed sidewall number that a pair of facing edges has (see the module's docstring)."""
KLAYOUT_PEX_SIDEWALL_SHARE = 0.5
"""The part that klayout-pex 0.6.12 gives it: for comparisons only."""

STACK = Stack(
    wells=("nwell",),
    diffusions=("nsd", "psd", "ntap", "ptap"),
    channel=("diff", "poly"),
    # sides: rules licon.1, ct.1, via.1a, via2.1a, via3.1, via4.1
    cuts=(
        Cut("licon_poly", "licon", "poly", "li", 170, inside="poly"),
        Cut("licon_p", "licon", "diffusion", "li", 170, inside="nwell"),
        Cut("licon_n", "licon", "diffusion", "li", 170),
        Cut("mcon", "mcon", "li", "met1", 170),
        Cut("via", "via", "met1", "met2", 150),
        Cut("via2", "via2", "met2", "met3", 200),
        Cut("via3", "via3", "met3", "met4", 200),
        Cut("via4", "via4", "met4", "met5", 800),
    ),
    link="met1",
    link_width_nm=140,  # rule m1.1
)
"""What lies under a contact makes its resistance."""

_AF_PER_UM2 = 1e-18 / 1e-12
_AF_PER_UM = 1e-18 / 1e-6
_AF_UM_PER_UM = 1e-18

_CAPACITANCES: dict[Corner, CapacitanceTable] = {"nominal": NOMINAL_C, "low": LOW_C, "high": HIGH_C}
_RESISTANCES = {"nominal": NOMINAL_R, "low": LOW_R, "high": HIGH_R}


def _plates_and_fringes(table: CapacitanceTable) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    plate, fringe = {}, {}
    for upper, areas in table.plate.items():
        for lower, area, edge in zip(CONDUCTORS, areas, table.fringe_down[upper], strict=False):
            if area is not None and edge is not None:
                plate[upper, lower] = area * _AF_PER_UM2
                fringe[upper, lower] = edge * _AF_PER_UM
    for lower, edges in table.fringe_up.items():
        for upper, edge in zip(CONDUCTORS[CONDUCTORS.index(lower) + 1 :], edges, strict=True):
            fringe[lower, upper] = edge * _AF_PER_UM
    return plate, fringe


def _sidewalls(corner: Corner, share: float) -> dict[str, Sidewall]:
    found = {}
    for name, (farad, offset) in NOMINAL_C.sidewall.items():
        mean = (LOW_C.sidewall[name][0] * HIGH_C.sidewall[name][0]) ** 0.5
        moved = 1.0 if corner == "nominal" else _CAPACITANCES[corner].sidewall[name][0] / mean
        found[name] = Sidewall(share * moved * farad * _AF_UM_PER_UM, offset * 1000)
    return found


def interconnect(
    sidewall_share: float = SIDEWALL_SHARE, corner: Corner = "nominal", resistance: Corner | None = None
) -> Interconnect:
    """sky130's wiring; `sidewall_share` of the printed sidewall numbers. `resistance`: its corner if another one."""
    plate, fringe = _plates_and_fringes(_CAPACITANCES[corner])
    ohms = _RESISTANCES[resistance or corner]
    return Interconnect(
        conductors=CONDUCTORS,
        stack=STACK,
        plate_F_per_m2=plate,
        fringe_F_per_m=fringe,
        sidewall=_sidewalls(corner, sidewall_share),
        # alpha = 0.02 /um for each aF/um2: Magic's ExtTech halo constant, as klayout-pex uses it.
        fringe_alpha_per_plate=0.02 * 1e6 / _AF_PER_UM2,
        halo_nm=8000,  # `side_halo` (klayout-pex), `sidehalo 8` (tech file)
        device_pairs=frozenset({("poly", "diffusion"), ("diffusion", "substrate")}),
        sheet_ohm=ohms.sheet,
        cut_ohm=ohms.cut,
        # `height` of the tech file.
        height_nm={
            "diffusion": (206, 120),
            "poly": (326, 180),
            "li": (936, 100),
            "met1": (1376, 360),
            "met2": (2006, 360),
            "met3": (2786, 845),
            "met4": (4021, 845),
            "met5": (5371, 1260),
        },
    )


INTERCONNECT = interconnect()
