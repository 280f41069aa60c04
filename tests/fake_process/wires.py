"""Wiring of the fake process: plates by the heights, aluminium, and one corner that is 20 % worse."""

from tests.fake_process.layers import METALS, ROLES, VIAS
from tests.fake_process.rules import VALUES

from somaforge.pdk.interconnect import Cut, Interconnect, Sidewall, Stack
from somaforge.pdk.wires import Wires

NAMES = ("sub", "od", "GC", *METALS)
"""Conductors from the bottom."""
HEIGHTS = {
    "od": (0, 200),
    "GC": (350, 200),
    **{f"M{k}": (1000 + 1100 * (k - 1), 500) for k in range(1, 6)},
    "M6": (6600, 1200),
}
STACK = Stack(
    wells=("NW",),
    diffusions=("nsd", "psd", "ntap", "ptap"),
    channel=("OD", "GC"),
    cuts=(
        Cut("CO", "CO", "GC", "M1", VALUES["CO.W"], inside="GC"),
        Cut("CO", "CO", "od", "M1", VALUES["CO.W"]),
        *(Cut(via, via, METALS[k], METALS[k + 1], VALUES[f"{via}.W"]) for k, via in enumerate(VIAS)),
    ),
    link="M1",
    link_width_nm=VALUES["M1.W"],
)
EPSILON_F_PER_M = 3.9 * 8.854e-12


def interconnect(corner: str, resistance: str) -> Interconnect:
    """Plates of oxide between the faces; fringes of 40 aF/um; 0.1 ohm per square (top 0.02)."""
    c, r = ({"typical": 1.0, "worst": 1.2}[name] for name in (corner, resistance))
    plate, fringe = {}, {}
    for i, upper in enumerate(NAMES[1:], 1):
        for lower in NAMES[:i]:
            below = sum(HEIGHTS[lower]) if lower != "sub" else 0
            apart = max(HEIGHTS[upper][0] - below, 100) * 1e-9
            plate[upper, lower] = c * EPSILON_F_PER_M / apart
            fringe[upper, lower] = fringe[lower, upper] = c * 40e-12
    return Interconnect(
        conductors=NAMES,
        stack=STACK,
        plate_F_per_m2=plate,
        fringe_F_per_m=fringe,
        sidewall={name: Sidewall(c * 60e-18, 100.0) for name in NAMES[2:]},
        fringe_alpha_per_plate=2e10,
        halo_nm=6000,
        device_pairs=frozenset({("GC", "od"), ("od", "sub")}),
        sheet_ohm={"od": 80.0 * r, "GC": 9.0 * r, **dict.fromkeys(METALS, 0.1 * r), "M6": 0.02 * r},
        cut_ohm={"CO": 9.0 * r, **dict.fromkeys(VIAS, 5.0 * r)},
        height_nm=HEIGHTS,
    )


WIRES = Wires(
    ("typical", "worst"),
    interconnect,
    {name: 1e-3 for name in METALS},
    {name: 0.2e-3 for name in VIAS},
    {role: name for role, name in ROLES.items() if name in (*METALS, *VIAS)},
)
