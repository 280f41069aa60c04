"""One flat BSIM4 model per transistor geometry instead of the foundry's subcircuit with dozens of bins.

`bind` picks the bin that ngspice would pick, evaluates its parameters for the corner, and folds in what the subcircuit
sets on its instance: the threshold shift of corner and size goes into `vth0`, so that the instance's `delvto` is free
for mismatch. Decks must say `.option scale=1u` (SCALE_OPTION), as the foundry's own library does. The temperature is
the deck's (`.temp`); one finger per transistor; no stress (sa = sb = 0), as in the foundry's subcircuit.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from somaforge.pdk.errors import InputError
from somaforge.pdk.sky130 import foundry
from somaforge.pdk.sky130.data import DATA
from somaforge.pdk.sky130.process import DEVICES

SCALE_OPTION = ".option scale=1u"
"""What a deck must contain: instance W, L, PD, PS are in um, AD and AS in um^2."""

_NAMES = frozenset(device.name for device in DEVICES)
_NO_BODY: Mapping[str, float] = {"rbodymod": 0.0}
_REDUCED: Mapping[str, float] = {"rbodymod": 0.0, "rsh": 0.0}
_CONTACT_HALF_NM = (
    140  # gate to middle of contact: licon.11 (55) + half of licon.1 (170); the foundry's nrd uses it too
)


@dataclass(frozen=True)
class Diffusion:
    """Source or drain of one transistor."""

    area_nm2: int
    perimeter_nm: int
    """The whole outline, gate edge included (the foundry's models say permod = 1)."""

    @classmethod
    def shared(cls, w_nm: int) -> "Diffusion":
        """Half of a contacted diffusion between two gates of width W: the other half belongs to the neighbour."""
        return cls(_CONTACT_HALF_NM * w_nm, 2 * _CONTACT_HALF_NM + w_nm)


@dataclass(frozen=True, eq=False)
class BoundModel:
    """BSIM4 model of one (device, W, L, corner)."""

    device: str
    w_nm: int
    l_nm: int
    corner: str
    kind: Literal["nmos", "pmos"]
    parameters: Mapping[str, float]
    """Evaluated model parameters in the foundry's units (SI); `vth0` has the shift of corner and size in it."""
    squares: float
    """Squares of diffusion between contact and gate, the instance's nrd and nrs."""

    def card(self, name: str, *, exact: bool = True, body: bool = True) -> str:
        """The `.model` text, with a line end.

        body=False leaves out the body resistor network (rbodymod=0): three internal nodes less for each transistor, and
        the currents of an array are the same to 1e-6, because only junctions leak through it. exact=False leaves out
        the diffusion resistance as well (rsh=0): two nodes less, currents up to some per cent off. InputError if `name`
        is not a plain SPICE name.
        """
        if not re.fullmatch(r"[A-Za-z]\w*", name):
            raise InputError(f"model name {name!r}: use letters, digits and _ and begin with a letter")
        left_out = _REDUCED if not exact else _NO_BODY if not body else {}
        values = {**self.parameters, **left_out}
        items = [f"{key}={int(value) if value.is_integer() else value!r}" for key, value in values.items()]
        rows = [" ".join(items[i : i + 8]) for i in range(0, len(items), 8)]
        return "\n+ ".join([f".model {name} {self.kind}", *rows]) + "\n"

    def instance(self, drain: Diffusion | None = None, source: Diffusion | None = None) -> str:
        """Parameters that follow the model's name on the M line, with a leading blank, for `.option scale=1u`.

        Diffusions that are not given are shared ones. Append ` delvto=V` for mismatch (its sign: mismatch.sign).
        """
        drain, source = (side or Diffusion.shared(self.w_nm) for side in (drain, source))
        return (
            f" w={self.w_nm / 1e3:g} l={self.l_nm / 1e3:g}"
            f" ad={drain.area_nm2 / 1e6:g} as={source.area_nm2 / 1e6:g}"
            f" pd={drain.perimeter_nm / 1e3:g} ps={source.perimeter_nm / 1e3:g}"
            f" nrd={self.squares:.9g} nrs={self.squares:.9g}"
        )


def bind(device: str, w_nm: int, l_nm: int, corner: str, weak_V: float = 0.0) -> BoundModel:
    """The model of one geometry; the same object for the same request.

    `weak_V` moves the gate in weak inversion alone (`voff`); positive makes it weaker, for both polarities. InputError
    for a device or corner that the library lacks and for sizes outside the foundry's bins.
    """
    check_request(device, corner)
    return _bound(DATA.folder("models"), device, w_nm, l_nm, corner, weak_V)


def check_request(device: str, corner: str = "tt") -> None:
    """InputError unless somaforge binds that device in that corner."""
    if device not in _NAMES:
        raise InputError(f"unknown sky130 device {device!r}; use one of: {', '.join(sorted(_NAMES))}")
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
def _bound(models: Path, device: str, w_nm: int, l_nm: int, corner: str, weak_V: float) -> BoundModel:
    part = foundry.subcircuit(models, device)
    chosen = pick_bin(part, w_nm, l_nm)
    names = names_of(models, part, corner, w_nm, l_nm)
    values = {key: names.evaluate(expression) for key, expression in chosen.parameters.items()}
    # ngspice adds an instance's delvto to the card's signed vth0, for both polarities: the same shift moved over
    values["vth0"] += names.evaluate(part.instance["delvto"])
    values["voff"] += weak_V
    kind: Literal["nmos", "pmos"] = "pmos" if chosen.kind == "pmos" else "nmos"
    return BoundModel(
        device, w_nm, l_nm, corner, kind, MappingProxyType(values), names.evaluate(part.parameters["nrd"])
    )
