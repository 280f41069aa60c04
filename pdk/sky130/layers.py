"""sky130's layers by role (pdk.geometry)."""

from somaforge.pdk.sky130.gds import DRAWN, LABELS, PINS, SUBSTRATE_LABEL

ROLES: dict[str, str] = {
    "well": "nwell",
    "active": "diff",
    "tap": "tap",
    "gate": "poly",
    "contact": "licon",
    "nitride": "npc",
    "n_implant": "nsdm",
    "p_implant": "psdm",
    "low_threshold": "lvtn",
    "high_threshold": "hvtp",
    "local": "li",
    "local_via": "mcon",
    "inner": "met1",
    "inner_via": "via",
    "row": "met2",
    "row_via": "via2",
    "column": "met3",
    "column_via": "via3",
    "strap": "met4",
    "strap_via": "via4",
    "top": "met5",
    "boundary": "boundary",
}
"""Role -> the foundry's layer."""

LAYERS: dict[str, tuple[int, int]] = {
    **{role: DRAWN[name] for role, name in ROLES.items()},
    **{f"{role}_label": LABELS[name] for role, name in ROLES.items() if name in LABELS},
    **{f"{role}_pin": PINS[name] for role, name in ROLES.items() if name in PINS},
    "substrate_label": SUBSTRATE_LABEL,
}
