"""The foundry's older, binned cards and what they draw for each transistor.

Every card gives some of its own parameters (vth0, voff, toxe, nfactor) a normal deviate each. The files of `binned` and
of `subthreshold` set how far; the cards are the same. Expressions are evaluated by us, nothing is executed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from somaforge.pdk.bsim4 import Bsim4
from somaforge.pdk.errors import ToolError
from somaforge.pdk.models import Deviates, Size
from somaforge.pdk.sky130 import foundry
from somaforge.pdk.sky130.binding import CONTACT_NM, check_request, pick_bin, sign_of
from somaforge.pdk.sky130.data import DATA

BinnedLaw = Literal["binned", "subthreshold"]
FILES: Mapping[BinnedLaw, str] = {"binned": "mismatch", "subthreshold": "subvt_mismatch"}
"""Part of the name of the file with the numbers of each law."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """One transistor of the binned library at tt."""

    card: Bsim4
    """Without mismatch."""
    deviations: Mapping[str, float]
    """Parameter of the card -> one standard deviation, in the parameter's unit."""

    @property
    def deviates(self) -> Deviates:
        """Its cards."""
        pairs = {
            name: (self.card.moved(name, sigma), self.card.moved(name, -sigma))
            for name, sigma in self.deviations.items()
        }
        return Deviates(self.card, pairs)


def drawn(device: str, w_nm: int, l_nm: int, law: BinnedLaw) -> Drawn:
    """InputError for devices and sizes that the binned library lacks; ToolError for other files than the pinned."""
    check_request(device)
    return _drawn(DATA.folder("binned"), device, w_nm, l_nm, law)


def files(device: str, law: BinnedLaw) -> tuple[Path, ...]:
    """What a deck includes for one device of the binned library, in this order."""
    cell = DATA.folder("binned") / "cells" / device.removeprefix("sky130_fd_pr__")
    numbers = cell / f"{device}__{FILES[law]}.corner.spice"
    return DATA.folder("binned") / "models/parameters/lod.spice", numbers, cell / f"{device}__tt.pm3.spice"


@lru_cache(maxsize=1024)
def _drawn(folder: Path, device: str, w_nm: int, l_nm: int, law: BinnedLaw) -> Drawn:
    stress, numbers, cards = files(device, law)
    part = foundry.subcircuit(cards.parent, device, cards.name)
    chosen = pick_bin(part, w_nm, l_nm)
    layers = (foundry.parameters(stress), foundry.parameters(numbers), part.parameters)
    size = {"w": w_nm / 1e3, "l": l_nm / 1e3, "nf": 1.0, "mult": 1.0}
    none = foundry.Names(*layers, size, {"mc_mm_switch": 0.0})
    up = foundry.Names(*layers, size, {"mc_mm_switch": 1.0}, functions={"agauss": foundry.one_sigma_up})
    values, deviations = {}, {}
    for name, expression in chosen.parameters.items():
        values[name] = none.evaluate(expression)
        if expression.count("agauss") > 1:
            raise ToolError(f"sky130 models: {name} of {device} has two deviates; the PDK data are not the pinned ones")
        if up.evaluate(expression) != values[name]:
            deviations[name] = up.evaluate(expression) - values[name]
    # the subcircuit passes on the squares that its netlist gives, none by default
    card = Bsim4(Size(device, w_nm, l_nm), sign_of(chosen), MappingProxyType(values), 0.0, CONTACT_NM)
    return Drawn(card, MappingProxyType(deviations))
