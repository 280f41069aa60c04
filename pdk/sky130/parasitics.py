"""Wiring capacitance and resistance of sky130, nominal corner.

Source: klayout-pex 0.6.12, `klayout_pex_protobuf/sky130A_tech.pb.json`, section `process_parasitics`. The same
numbers stand in the precheck package (cf-precheck 1.3.7, `be_checks/tech/sky130A/sky130A.tech`, `extract` section,
nominal variant), which names its own source: the foundry's document PEX/xRC/cap_models, "fringe capacitance values
are approximated". Where the two disagree, or agree on a number and not on its meaning:

- nwell sheet: 1700 ohm (klayout-pex) against 950 ohm (tech file; 550 to 1350 in its corners). Not used: wells are
  taken as equipotential.
- contact of a p tap in an nwell (`licon_ntap`, 185 ohm): klayout-pex; the tech file calls it `nsc`, same number.
- sidewall: both print 44 aF for met1. Magic up to 8.3.678 applied the whole number to a pair of facing edges,
  Magic from 8.3.679 and klayout-pex 0.6.12 apply half of it. A two-dimensional field solution of two met1 wires
  (tests/flow/test_pex_field.py) gives 140, 92, 57, 34, 19 aF/um at 0.14, 0.28, 0.5, 1 and 2 um: the whole number
  (113, 83, 59, 35, 20) is right within 20 %, half of it is not. So the whole is used here (`SIDEWALL_SHARE`), and
  comparisons with klayout-pex ask for its reading: `interconnect(KLAYOUT_PEX_SIDEWALL_SHARE)`.
- heights agree to 1 nm; klayout-pex alone has the dielectrics.
- the tech file has low and high corners (hrlc, lrhc ...); klayout-pex has none. Only nominal is here.
"""

from somaforge.pdk.interconnect import Interconnect, Sidewall

CONDUCTORS = ("substrate", "diffusion", "poly", "li", "met1", "met2", "met3", "met4", "met5")

# Plate capacitance in aF/um2; a row is the upper conductor, the columns the lower ones from the substrate upward.
# None: the transistor model has it (gate over channel, junctions), `overlaps` of the source for the rest.
_PLATE: dict[str, tuple[float | None, ...]] = {
    "poly": (106.13, None),
    "li": (36.99, 55.3, 94.16),
    "met1": (25.78, 33.6, 44.81, 114.2),
    "met2": (17.5, 20.8, 24.5, 37.56, 133.86),
    "met3": (12.37, 14.2, 16.06, 20.79, 34.54, 86.19),
    "met4": (8.42, 9.41, 10.01, 11.67, 15.03, 20.33, 84.03),
    "met5": (6.32, 6.88, 7.21, 8.03, 9.48, 11.34, 19.63, 68.33),
}

# Fringe capacitance in aF/um, `sideoverlaps` of the source: a row has the edge, a column receives its field.
_FRINGE_DOWN: dict[str, tuple[float | None, ...]] = {
    "poly": (55.27, None),
    "li": (40.7, 44.27, 51.85),
    "met1": (40.57, 43.1, 46.72, 59.5),
    "met2": (37.76, 39.54, 41.22, 46.28, 67.05),
    "met3": (40.99, 42.25, 43.53, 46.71, 54.81, 69.85),
    "met4": (36.68, 37.57, 38.11, 39.71, 42.56, 46.38, 70.52),
    "met5": (38.85, 39.52, 39.91, 41.15, 43.19, 45.59, 54.15, 82.82),
}
_FRINGE_UP: dict[str, tuple[float, ...]] = {
    "poly": (25.14, 16.69, 11.17, 9.18, 6.35, 6.49),
    "li": (34.7, 21.74, 15.08, 10.14, 7.64),
    "met1": (48.19, 26.68, 16.42, 12.02),
    "met2": (44.43, 22.33, 15.69),
    "met3": (42.64, 27.84),
    "met4": (46.98,),
}

# `sidewalls` of the source: (aF for length/spacing = 1, offset of the spacing in nm).
_SIDEWALL: dict[str, tuple[float, float]] = {
    "poly": (16.0, 0.0),
    "li": (25.5, 140.0),
    "met1": (44.0, 250.0),
    "met2": (50.0, 300.0),
    "met3": (74.0, 400.0),
    "met4": (94.0, 570.0),
    "met5": (155.0, 500.0),
}

SIDEWALL_SHARE = 1.0
"""Part of the printed sidewall number that a pair of facing edges has (see the module's docstring)."""
KLAYOUT_PEX_SIDEWALL_SHARE = 0.5
"""The part that klayout-pex 0.6.12 gives it: for comparisons only."""

_AF_PER_UM2 = 1e-18 / 1e-12
_AF_PER_UM = 1e-18 / 1e-6
_AF_UM_PER_UM = 1e-18


def _tables() -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    plate, fringe = {}, {}
    for upper, areas in _PLATE.items():
        for lower, area, edge in zip(CONDUCTORS, areas, _FRINGE_DOWN[upper], strict=False):
            if area is not None and edge is not None:
                plate[upper, lower] = area * _AF_PER_UM2
                fringe[upper, lower] = edge * _AF_PER_UM
    for lower, edges in _FRINGE_UP.items():
        for upper, edge in zip(CONDUCTORS[CONDUCTORS.index(lower) + 1 :], edges, strict=True):
            fringe[lower, upper] = edge * _AF_PER_UM
    return plate, fringe


_plate, _fringe = _tables()


def interconnect(sidewall_share: float = SIDEWALL_SHARE) -> Interconnect:
    """sky130's wiring, nominal; `sidewall_share` of the printed sidewall numbers."""
    return Interconnect(
        conductors=CONDUCTORS,
        plate_F_per_m2=_plate,
        fringe_F_per_m=_fringe,
        sidewall={k: Sidewall(sidewall_share * c * _AF_UM_PER_UM, o) for k, (c, o) in _SIDEWALL.items()},
        # alpha = 0.02 /um for each aF/um2: Magic's ExtTech halo constant, as klayout-pex uses it.
        fringe_alpha_per_plate=0.02 * 1e6 / _AF_PER_UM2,
        halo_nm=8000,  # `side_halo` (klayout-pex), `sidehalo 8` (tech file)
        device_pairs=frozenset({("poly", "diffusion"), ("diffusion", "substrate")}),
        # `resistance.layers`, mOhm in the source.
        sheet_ohm={
            "poly": 48.2,
            "li": 12.8,
            "met1": 0.125,
            "met2": 0.125,
            "met3": 0.047,
            "met4": 0.047,
            "met5": 0.029,
        },
        # `resistance.contacts` and `resistance.vias`, mOhm in the source. licon by what lies under it.
        cut_ohm={
            "licon_n": 185.0,
            "licon_p": 585.0,
            "licon_poly": 152.0,
            "mcon": 9.3,
            "via": 4.5,
            "via2": 3.41,
            "via3": 3.41,
            "via4": 0.38,
        },
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
