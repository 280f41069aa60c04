"""Rules of the fake process: sizes of a 180 nm process on a grid of 10 nm, some of them odd multiples of it."""

from typing import Literal

from somaforge.pdk.base import DeviceType
from somaforge.pdk.geometry import Conductor, Cut, Length, Rules

GRID_NM = 10

VALUES: dict[str, int] = {
    "NW.S": 1000,
    "NW.E.OD": 430,
    "NW.E.TAP": 120,
    "NW.S.OD": 430,
    "OD.S": 290,
    "OD.X.GC": 240,
    "IMP.E": 160,
    "IMP.S": 170,
    "GC.W": 180,
    "GC.S": 250,
    "GC.S.OD": 100,
    "GC.X.OD": 220,
    "CO.W": 220,
    "CO.S": 250,
    "CO.E.OD": 70,
    "CO.E.OD.end": 80,
    "CO.E.GC": 70,
    "CO.E.GC.end": 80,
    "CO.S.GC": 150,
    "CO.S.OD": 170,
    "VTL.E": 180,
    "M1.W": 240,
    "M1.S": 230,
    "M1.A": 144_400,
    "M1.E.CO": 10,
    "M1.E.CO.end": 60,
    **{f"M{k}.W": 280 for k in (2, 3, 4)},
    **{f"M{k}.S": 290 for k in (2, 3, 4)},
    **{f"M{k}.A": 144_400 for k in (2, 3, 4)},
    "M5.W": 440,
    "M5.S": 460,
    "M5.A": 562_500,
    "M6.W": 1200,
    "M6.S": 1000,
    "M6.A": 4_000_000,
    **{f"V{k}.W": 260 for k in (1, 2, 3, 4)},
    **{f"V{k}.S": 270 for k in (1, 2, 3, 4)},
    "V5.W": 600,
    "V5.S": 500,
    **{f"M{k}.E.V{k}": 10 for k in (1, 2, 3, 4)},
    **{f"M{k}.E.V{k}.end": 60 for k in (1, 2, 3, 4)},
    **{f"M{k + 1}.E.V{k}": 10 for k in (1, 2, 3)},
    **{f"M{k + 1}.E.V{k}.end": 60 for k in (1, 2, 3)},
    "M5.E.V4": 90,
    "M5.E.V5": 110,
    "M6.E.V5": 300,
}
"""The foundry's name -> nm (areas: nm2)."""


def rule(name: str) -> Length:
    """A rule with its name."""
    return Length(VALUES[name], name)


NONE = Length(0, "no rule")


def _metal(k: int, role: str) -> Conductor:
    runs: Literal["horizontal", "vertical"] = "horizontal" if k % 2 == 0 else "vertical"
    return Conductor(role, f"METAL{k}", rule(f"M{k}.W"), rule(f"M{k}.S"), rule(f"M{k}.A"), runs)


def _via(k: int, role: str) -> Cut:
    def sides(metal: int) -> tuple[Length, Length]:
        name = f"M{metal}.E.V{k}"
        return rule(name), rule(f"{name}.end" if f"{name}.end" in VALUES else name)

    return Cut(f"{role}_via", rule(f"V{k}.W"), rule(f"V{k}.S"), sides(k), sides(k + 1))


RULES = Rules(
    local=_metal(1, "local"),
    inner=_metal(2, "inner"),
    row=_metal(3, "row"),
    column=_metal(4, "column"),
    strap=_metal(5, "strap"),
    top=_metal(6, "top"),
    local_via=_via(1, "local"),
    inner_via=_via(2, "inner"),
    row_via=_via(3, "row"),
    column_via=_via(4, "column"),
    strap_via=_via(5, "strap"),
    contact_size=rule("CO.W"),
    contact_space=rule("CO.S"),
    active_over_contact=rule("CO.E.OD"),
    active_over_contact_end=rule("CO.E.OD.end"),
    gate_over_contact=rule("CO.E.GC"),
    gate_over_contact_end=rule("CO.E.GC.end"),
    local_over_contact=rule("M1.E.CO.end"),
    local_beside_contact=rule("M1.E.CO"),
    contact_to_gate=rule("CO.S.GC"),
    gate_contact_to_active=rule("CO.S.OD"),
    gate_contact_to_p_implant=NONE,
    nitride_over_contact=NONE,
    nitride_space=NONE,
    gate_width=rule("GC.W"),
    gate_space=rule("GC.S"),
    gate_to_active=rule("GC.S.OD"),
    active_beyond_gate=rule("OD.X.GC"),
    gate_beyond_active=rule("GC.X.OD"),
    active_space=rule("OD.S"),
    well_space=rule("NW.S"),
    well_over_active=rule("NW.E.OD"),
    well_over_tap=rule("NW.E.TAP"),
    active_to_well=rule("NW.S.OD"),
    implant_over_active=rule("IMP.E"),
    implant_to_other=rule("IMP.S"),
)

DEVICES = (
    DeviceType("nch", "n", "standard", 220, 180),
    DeviceType("nch_lo", "n", "lvt", 220, 180, ("low_threshold", rule("VTL.E"))),
    DeviceType("pch", "p", "standard", 220, 180),
)
