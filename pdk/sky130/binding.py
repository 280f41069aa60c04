"""One flat BSIM4 model per transistor geometry instead of the foundry's subcircuit with dozens of bins.

`bind` picks the bin that ngspice would pick, evaluates its parameters for the corner, and folds in what the subcircuit
sets on its instance: the threshold shift of corner and size goes into `vth0`, so that the instance's `delvto` is free
for mismatch. The temperature is the deck's (`.temp`); one finger per transistor; no stress (sa = sb = 0), as in the
foundry's subcircuit.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from somaforge.pdk.bsim4 import Bsim4
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Size
from somaforge.pdk.sky130 import foundry
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.devices import MODELLED

CONTACT_NM = 140
"""From a gate to the middle of a contact: licon.11 (55) + half of licon.1 (170); the foundry's nrd uses it too."""


def bind(device: str, w_nm: int, l_nm: int, corner: str, weak_V: float = 0.0) -> Bsim4:
    """The model of one geometry; the same object for the same request.

    `weak_V` moves the gate in weak inversion alone (`voff`); positive makes it weaker, for both polarities. InputError
    for a device or corner that the library lacks and for sizes outside the foundry's bins.
    """
    check_request(device, corner)
    return _bound(DATA.folder("models"), device, w_nm, l_nm, corner, weak_V)


def check_request(device: str, corner: str = "tt") -> None:
    """InputError unless somaforge binds that device in that corner."""
    if device not in MODELLED:
        raise InputError(f"unknown sky130 device {device!r}; use one of: {', '.join(sorted(MODELLED))}")
    if corner not in foundry.CORNERS:
        raise InputError(f"unknown sky130 corner {corner!r}; use one of: {', '.join(foundry.CORNERS)}")


def names_of(
    models: Path,
    part: foundry.Subcircuit,
    corner: str,
    w_nm: int,
    l_nm: int,
    switches: Mapping[str, float] = MappingProxyType({}),
    functions: Mapping[str, Callable[..., float]] = MappingProxyType({}),
) -> foundry.Names:
    """The names that the foundry's expressions of one transistor use: globals, subcircuit, size (um), our switches."""
    size = {"w": w_nm / 1e3, "l": l_nm / 1e3, "nf": 1.0, "mult": 1.0}
    return foundry.Names(
        foundry.corner_parameters(models, corner), part.parameters, size, switches, functions=functions
    )


def pick_bin(part: foundry.Subcircuit, w_nm: int, l_nm: int) -> foundry.Bin:
    """The bin for a size; InputError with the foundry's range if there is none."""
    for candidate in part.bins:
        if candidate.holds(w_nm, l_nm):
            return candidate
    w_min, w_max = min(b.w_min for b in part.bins), max(b.w_max for b in part.bins)
    l_min, l_max = min(b.l_min for b in part.bins), max(b.l_max for b in part.bins)
    raise InputError(
        f"{part.name}: W/L = {w_nm / 1e3:g}/{l_nm / 1e3:g} um is outside the foundry's models; "
        f"use {w_min / 1e3:g} <= W < {w_max / 1e3:g} and {l_min / 1e3:g} <= L < {l_max / 1e3:g}"
    )


@lru_cache(maxsize=4096)
def _bound(models: Path, device: str, w_nm: int, l_nm: int, corner: str, weak_V: float) -> Bsim4:
    part = foundry.subcircuit(models, device)
    chosen = pick_bin(part, w_nm, l_nm)
    names = names_of(models, part, corner, w_nm, l_nm)
    values = {key: names.evaluate(expression) for key, expression in chosen.parameters.items()}
    # ngspice adds an instance's delvto to the card's signed vth0, for both polarities: the same shift moved over
    values["vth0"] += names.evaluate(part.instance["delvto"])
    values["voff"] += weak_V
    return Bsim4(
        Size(device, w_nm, l_nm),
        sign_of(chosen),
        MappingProxyType(values),
        names.evaluate(part.parameters["nrd"]),
        CONTACT_NM,
    )


def sign_of(chosen: foundry.Bin) -> int:
    """+1 for n-channel, -1 for p-channel."""
    return -1 if chosen.kind == "pmos" else 1
