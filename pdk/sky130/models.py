"""sky130's transistors as decks, virtual chips and margins ask for them (pdk.models)."""

from dataclasses import dataclass
from typing import get_args

from somaforge.pdk.bsim4 import METRES, SCALE_OPTION, Bsim4
from somaforge.pdk.errors import InputError
from somaforge.pdk.models import Deviates, Law, OperatingPoint, Size, Spread
from somaforge.pdk.sky130 import binned, foundry, mismatch
from somaforge.pdk.sky130.binding import bind
from somaforge.pdk.sky130.devices import NETLIST_DEVICES

NARROWEST_NM = 420
MAX_SUPPLY_V = 1.95
"""Largest V_DS and V_GS of the 1.8 V devices "where SPICE models are valid" (README.md says where that stands)."""

NOMINAL = OperatingPoint("tt", 27.0, 1.8)
SLOW = OperatingPoint("ss", -40.0, 0.9 * NOMINAL.supply_V)
"""At low supply gates slow down with the cold."""
FAST = OperatingPoint("ff", -40.0, MAX_SUPPLY_V)
"""At the highest supply that the models are valid for; there the cold makes gates faster."""


@dataclass(frozen=True)
class Sky130Models:
    """The continuous library, and the older binned cards for their mismatch."""

    corners: tuple[str, ...] = foundry.CORNERS
    nominal: OperatingPoint = NOMINAL
    slow: OperatingPoint = SLOW
    fast: OperatingPoint = FAST
    laws: tuple[Law, ...] = (*get_args(mismatch.ThresholdLaw), *get_args(binned.BinnedLaw))
    options: str = SCALE_OPTION
    metres: float = METRES
    gate_F_per_m2: float = 8.3e-3
    """3.9 eps0 over the 4.15 nm of the models' toxe."""

    def bind(self, size: Size, at: OperatingPoint, weak_V: float = 0.0) -> Bsim4:
        """One flat card; the temperature is the deck's."""
        return bind(*size, at.corner, weak_V)

    def mismatch(self, size: Size, law: Law) -> Spread | Deviates:
        """Of the threshold, or of the parameters that the binned cards draw."""
        if law in get_args(mismatch.ThresholdLaw):
            return Spread(mismatch.sigma_vth_V(*size, law))  # type: ignore[arg-type]
        if law in get_args(binned.BinnedLaw):
            return binned.drawn(*size, law).deviates  # type: ignore[arg-type]
        raise InputError(f"sky130 has no mismatch by the law {law!r}; use one of: {', '.join(self.laws)}")

    def simulated(self, size: Size) -> Size:
        """The models begin at 0.42 um of width. The flip-flops' narrower feedback devices (0.36 um) get that width,
        which makes the flip-flops harder to write, not easier."""
        device = NETLIST_DEVICES.same.get(size.device)
        return size if device is None else Size(device, max(size.w_nm, NARROWEST_NM), size.l_nm)


MODELS = Sky130Models()
