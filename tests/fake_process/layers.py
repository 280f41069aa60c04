"""Layers of the fake process: its own names and numbers, six metals, no cut around gate contacts, taps on the same
layer as the diffusion of devices.
"""

Numbers = tuple[int, int]

NUMBERS: dict[str, Numbers] = {
    "NW": (3, 0),
    "OD": (5, 0),
    "NP": (11, 0),
    "PP": (12, 0),
    "VTL": (13, 0),
    "GC": (21, 0),
    "CO": (30, 0),
    **{f"M{k}": (30 + 2 * k, 0) for k in range(1, 7)},
    **{f"V{k}": (31 + 2 * k, 0) for k in range(1, 6)},
    "EDGE": (127, 0),
}
"""The foundry's layer -> GDS numbers."""

METALS = tuple(f"M{k}" for k in range(1, 7))
VIAS = tuple(f"V{k}" for k in range(1, 6))
CONDUCTOR_ROLES = ("local", "inner", "row", "column", "strap", "top")

ROLES: dict[str, str] = {
    "well": "NW",
    "active": "OD",
    "tap": "OD",
    "gate": "GC",
    "contact": "CO",
    "n_implant": "NP",
    "p_implant": "PP",
    "low_threshold": "VTL",
    "boundary": "EDGE",
    **dict(zip(CONDUCTOR_ROLES, METALS, strict=True)),
    **dict(zip((f"{role}_via" for role in CONDUCTOR_ROLES), VIAS, strict=False)),
}
"""Role -> the foundry's layer."""

LABELS: dict[str, Numbers] = {name: (NUMBERS[name][0], 10) for name in ("NW", *METALS)}
PINS: dict[str, Numbers] = {name: (NUMBERS[name][0], 2) for name in METALS}
SUBSTRATE_LABEL: Numbers = (2, 10)

LAYERS: dict[str, Numbers] = {
    **{role: NUMBERS[name] for role, name in ROLES.items()},
    **{f"{role}_label": LABELS[name] for role, name in ROLES.items() if name in LABELS},
    **{f"{role}_pin": PINS[name] for role, name in ROLES.items() if name in PINS},
    "substrate_label": SUBSTRATE_LABEL,
}
"""As Pdk.layers has them."""
